"""Whether a tuned encoder is better, with everything that search has learned: a trial on the newest questions.

They are held back from training and from teaching, and asked of both indexes with the same questions taught. The tuned
encoder is kept if it is significantly better and harms nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from handrail_search.embedding.vectors import Vectors, means
from handrail_search.evaluation.evaluate import ask, row_of, sample
from handrail_search.evaluation.judged import Question
from handrail_search.evaluation.metrics import Difference, Sample, differences
from handrail_search.index.generation import Index
from handrail_search.ranking.evidence import Evidence
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.verdict import confidence, familiarity

# The newest fifth is held back, but no more than a few hundred: more would not add certainty.
HELD_BACK, MOST_ASKED = 0.2, 500
# The figure that decides, and how certain its rise must be.
DECIDES, SURE = "ndcg_at_10", 0.05
# How far each of these may get worse, as a share of the questions or on its own scale.
MAY_LOSE = {"hit_at_5": 0.01, "verdict_auroc": 0.01, "none_on_answerable": 0.02}
_LESS_IS_BETTER = frozenset({"none_on_answerable"})
_KIN_SHARE = 0.02


@dataclass(frozen=True)
class Split:
    """What is `taught` in the trial, what may be `trained` on, and what is `asked`: the newest, since `since`."""

    taught: tuple[KnownAnswer, ...]
    trained: tuple[KnownAnswer, ...]
    asked: tuple[Question, ...]
    since: datetime


@dataclass(frozen=True)
class TrialResult:
    """Figures before and after, their differences, and whether the encoder is kept; `spoilt` names what it harms."""

    asked: int
    before: Mapping[str, float]
    after: Mapping[str, float]
    changes: Mapping[str, Difference]
    spoilt: tuple[str, ...]

    @property
    def better(self) -> bool:
        """Whether it is significantly better at finding, and harms nothing else."""
        change = self.changes[DECIDES]
        return change.value > 0 and change.p < SURE and not self.spoilt


def vouched(known: Sequence[KnownAnswer], index: Index) -> list[KnownAnswer]:
    """Questions fit for training. Not customers': anybody can click, and an encoder cannot unlearn."""
    pages = {page.location for page in index.pages}
    return [one for one in known if one.source != "customer" and one.location in pages]


def hold_back(known: Sequence[KnownAnswer], index: Index) -> Split:
    """Hold back the newest questions that the company's people vouch for, by when each was first asked."""
    fit = vouched(known, index)
    first: dict[str, KnownAnswer] = {}
    for one in sorted(fit, key=lambda one: (one.at, _digest(one.text))):
        first.setdefault(one.text, one)
    held = list(first.values())[-min(max(1, round(HELD_BACK * len(first))), MOST_ASKED) :]
    texts = {one.text for one in held}
    articles: dict[str, dict[str, float]] = {}
    for one in fit:
        articles.setdefault(one.text, {})[one.location] = 1.0
    return Split(
        taught=tuple(one for one in known if one.text not in texts),
        trained=tuple(one for one in fit if one.text not in texts),
        asked=tuple(Question(str(number), one.question, articles[one.text]) for number, one in enumerate(held)),
        since=held[0].at,
    )


class Kin:
    """Articles that are left out to see how near an unanswerable question comes: its own, and those nearest."""

    def __init__(self, index: Index) -> None:
        """Nearness is taken from one index, so that the same articles are left out for both encoders."""
        self._means = means(index.vectors.all_vectors(), index.owner, len(index.pages))
        self._count = max(1, round(_KIN_SHARE * len(index.pages)))

    def of(self, articles: Iterable[int]) -> frozenset[int]:
        """The articles and their kin, by number."""
        own = sorted(articles)
        order = np.argsort(-(self._means @ self._means[own].T).max(axis=1), kind="stable")
        return frozenset([*own, *order[: len(own) + self._count].tolist()])


def measure_trial(searcher: Searcher, parts: Split, vectors: MutableMapping[str, Vectors], kin: Kin) -> Sample:
    """Teach and ask; `vectors` collects those of known questions. Raises EncoderUnavailable.

    The unanswerable questions are the same ones, asked without the articles that answer them.
    """
    searcher.teach(parts.taught, known_vectors=vectors)
    index = searcher.index
    locations = {page.location for page in index.pages}
    rows = tuple(row_of(question, ask(searcher, question, locations)) for question in parts.asked)
    page_of = {page.location: page.id for page in index.pages}
    beside = vouched(parts.taught, index)
    known = np.stack([vectors[one.question] for one in beside])
    owner = np.array([page_of[one.location] for one in beside])
    encoder = index.encoder()
    sure, unsure = [], []
    for question in parts.asked:
        vector = encoder.encode_query(question.text)
        finding, cosines = Evidence(index, question.text, vector, None), known @ vector
        out = kin.of(page_of[article] for article in question.relevant)
        sure.append(_sureness(finding, cosines))
        unsure.append(_sureness(finding, np.where(np.isin(owner, list(out)), 0.0, cosines), out))
    return replace(sample(rows, ()), unanswerable={}, confidence=np.array(sure), confidence_un=np.array(unsure))


def _sureness(finding: Evidence, cosines: npt.NDArray[np.float32], without: frozenset[int] = frozenset()) -> float:
    """The confidence of the verdict if some articles did not exist."""
    best = finding.nearness.copy()
    best[list(without)] = 0.0
    coverage = {page: share for page, share in finding.coverage().items() if page not in without}
    return confidence(best, coverage, familiarity(cosines.astype(np.float64)))


def judge(before: Sample, after: Sample) -> TrialResult:
    """Compare what `measure_trial` returned for the same questions."""
    former, now, changes = before.once(), after.once(), differences(before, after)
    asked = len(before.confidence)
    # A difference of one question proves nothing.
    spoilt = tuple(
        name
        for name, most in MAY_LOSE.items()
        if (changes[name].value if name in _LESS_IS_BETTER else -changes[name].value) > max(most, 1 / asked) + 1e-9
    )
    return TrialResult(asked, former, now, changes, spoilt)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
