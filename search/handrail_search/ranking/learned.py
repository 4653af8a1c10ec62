"""Turns learned questions into evidence for later questions.

They give three kinds of evidence. *Near*: a known question that means the same supports its article. *Fit*: a linear
map from questions to articles (ridge regression on their vectors, Hoerl and Kennard 1970) captures what the questions
of an article have in common. *Prior*: some articles are asked for more often than others. How much each of them is
worth differs from site to site, and is chosen by asking every known question with itself left out.

Records come from the caller; nothing here reads or writes a store.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from handrail_kb.language.normal_form import as_asked
from handrail_search.embedding.encoder import Encoder, stack
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.scoring.fusion import Scores
from handrail_search.scoring.verdict import Bands, Familiarity, familiarity

Source = Literal["writer", "agent", "import", "customer"]

# The weight of an opinion. A customer's click on "yes" is a weak sign, and anybody can click.
SOURCE_WEIGHT = {"writer": 1.0, "agent": 1.0, "import": 1.0, "customer": 0.3}
# Years after which an opinion counts half as much as a new one: products change.
_HALF_LIFE = 2.0
# The most that opinions of one session count together: a customer's in all, other people's for one article.
_SESSION_CAP = {"customer": 0.6, "agent": 10.0, "writer": 10.0}
# The most that all customers count together for one article, where people of the company count less than twice that.
_CROWD_CAP, _CROWD_SHARE = 3.0, 0.5
# Ridge: as if this many opinions said that all articles are alike.
_RIDGE = 2.0
# With fewer opinions than this, no article is known to be popular.
_FEW = 100
# Fewer opinions than this cannot show what learned evidence is worth.
ENOUGH_KNOWN_QUESTIONS = 30
# Increased when the meaning of a lesson changes: stored earlier ones are then learned again.
_RULES = 2
SAMPLE = 300
# How many of the nearest known questions may lead to a section.
_NEAREST = 5
_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class KnownAnswer:
    """A question that an article is known to answer, and who says so.

    `location` is the article's address relative to the site, without anchor. `session` is whose opinion it is: a
    browser tab's token, an agent's name, a file; opinions of one session count less together than those of several.
    """

    question: str
    location: str
    source: Source
    at: datetime
    session: str = ""

    @property
    def text(self) -> str:
        """The question in the form in which it is compared with others."""
        return same(self.question)


@dataclass(frozen=True)
class Mix:
    """How much each kind of learned evidence is worth on this site."""

    near: float = 1.0
    fit: float = 0.0
    prior: float = 0.0


@dataclass(frozen=True)
class LearnedModel:
    """What was learned from a site's known questions. `bands` are None while there are too few.

    `questions` is how many of them people of the company vouch for.
    """

    mix: Mix = Mix()
    bands: Bands | None = None
    questions: int = 0

    def holds_for(self, questions: int) -> bool:
        """Whether it is still valid for this many questions."""
        return (
            0.8 * self.questions < questions < 1.25 * self.questions
            or max(questions, self.questions) < ENOUGH_KNOWN_QUESTIONS
        )

    def to_json(self) -> str:
        """As text, for storing."""
        return json.dumps({"rules": _RULES, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> LearnedModel:
        """What `to_json` wrote. Raises ValueError, TypeError or KeyError when the text is something else."""
        data = json.loads(text)
        if data["rules"] != _RULES:
            raise ValueError("learnt by other rules")
        bands = Bands(**data["bands"]) if data["bands"] else None
        return cls(Mix(**data["mix"]), bands, int(data["questions"]))


_CHOICES = tuple(
    Mix(*each) for each in itertools.product((0.5, 1.0), (0.0, 0.5, 1.0, 1.5, 2.0, 3.0), (0.0, 0.15, 0.3, 0.5))
)


@dataclass(frozen=True)
class Heard:
    """What known questions say about a question: evidence over all pages, and how familiar the question is."""

    evidence: Mapping[str, Scores]
    familiarity: Familiarity


def same(question: str) -> str:
    """A question in the form in which it is compared exactly."""
    return as_asked(question)


class LearnedQuestions:
    """Known questions in use by one index: created anew for each index and each change. Immutable."""

    def __init__(self, known: Sequence[KnownAnswer], index: Index, vectors: Vectors, lesson: LearnedModel) -> None:
        """`vectors` are those of the questions, one row each; questions of pages that no longer exist are left out.

        `owner` has the page of each known question and `weights` the weight of its opinion.
        """
        page_of = {page.location: page.id for page in index.pages}
        kept = [number for number, question in enumerate(known) if question.location in page_of]
        self.known = tuple(known[number] for number in kept)
        self.lesson = lesson
        self._vectors = vectors[kept]
        self.owner = np.array([page_of[question.location] for question in self.known], dtype=np.int64)
        self._pages = len(index.pages)
        self._index = index
        # Looked up when a question comes near; known questions are many, and most are never the nearest.
        self._section_of: dict[int, int | None] = {}
        self.weights = weigh(self.known)
        self._rows_of: dict[str, list[int]] = {}
        for row, question in enumerate(self.known):
            self._rows_of.setdefault(question.text, []).append(row)
        # A question that several articles answer occurs several times here; for the verdict it counts once.
        self._once = np.array([rows[0] for rows in self._rows_of.values()], dtype=np.int64)
        self._said_by_staff = np.array([question.source != "customer" for question in self.known], dtype=bool)
        self._fit_ridge()
        self._count: Scores = np.bincount(self.owner, self.weights, minlength=self._pages).astype(np.float64)

    def hear(self, question: str, vector: Vectors, best: Scores) -> Heard:
        """What known questions say about a question. `best` is each page's own best cosine."""
        mix = self.lesson.mix
        cosines = self._cosines(vector)
        same_question = np.zeros(self._pages)
        same_question[
            [self.owner[row] for row in self._rows_of.get(same(question), ()) if self._said_by_staff[row]]
        ] = 1.0
        evidence = {
            "learned_near": mix.near * self._near(cosines, best),
            "learned_fit": mix.fit * ((vector - self._center) @ self._map),
            "learned_prior": mix.prior * self._prior(self._count),
            "same_question": same_question,
        }
        return Heard(evidence, self._familiarity(cosines))

    def answered_in(self, vector: Vectors) -> dict[int, float]:
        """Sections by their first passage, each with the cosine of the nearest known question that it answers."""
        cosines = self._cosines(vector)
        found: dict[int, float] = {}
        nearest = np.argsort(-cosines)[:_NEAREST]
        for row in nearest[cosines[nearest] > 0].tolist():
            passage = self._section(row)
            if passage is not None:
                found.setdefault(passage, float(cosines[row]))
        return found

    def _section(self, row: int) -> int | None:
        """The first passage of the section that a known question is nearest to, in its own article."""
        if row not in self._section_of:
            self._section_of[row] = self._index.nearest_section(int(self.owner[row]), self._vectors[row])
        return self._section_of[row]

    def familiarity_without(self, rows: Sequence[int]) -> list[Familiarity]:
        """How familiar each known question is to the others."""
        return [self._familiarity(self._cosines_without(row)) for row in rows]

    @property
    def vouched(self) -> int:
        """How many known questions people of the company vouch for."""
        return int(self._said_by_staff.sum())

    def sample(self) -> list[int]:
        """Which known questions to ask when choosing a mix: all that are vouched for, or some, evenly spread.

        Not customers': whoever writes a script must not choose what it is worth.
        """
        vouched: list[int] = np.flatnonzero(self._said_by_staff).tolist()
        return vouched[:: math.ceil(len(vouched) / SAMPLE) or 1]

    def choose(self, sample: Sequence[int], base: Scores, best: Scores) -> Mix:
        """The mix that ranks known questions' own articles best when each is asked with itself left out.

        `base` and `best` contain each page's score without learned evidence and its best cosine, shape (sample, pages).
        """
        rows = np.array(sample)
        near = np.stack([self._near_without(row, best[number]) for number, row in enumerate(rows)])
        fit, prior = self.fit_without(rows), self._prior_without(rows)
        own = (np.arange(len(rows)), self.owner[rows])
        worth = []
        for mix in _CHOICES:
            scores = base + mix.near * near + mix.fit * fit + mix.prior * prior
            mine = scores[own][:, None]
            rank = (scores > mine).sum(axis=1) + ((scores == mine).sum(axis=1) - 1) / 2
            gain = np.where(rank < 10, 1.0 / np.log2(rank + 2), 0.0)
            worth.append(float((gain * self.weights[rows]).sum()))
        return _CHOICES[int(np.argmax(worth))]

    def _cosines(self, vector: Vectors) -> Scores:
        cosines: Scores = (self._vectors @ vector).astype(np.float64)
        return cosines

    def _near(self, cosines: Scores, best: Scores) -> Scores:
        """How much nearer a known question is than the article's own text, weighted by the opinion."""
        gain = np.zeros(self._pages)
        np.maximum.at(gain, self.owner, self.weights * np.maximum(cosines - best[self.owner], 0.0))
        return gain

    def _near_without(self, row: int, best: Scores) -> Scores:
        return self._near(self._cosines_without(row), best)

    def _cosines_without(self, row: int) -> Scores:
        cosines = self._cosines(self._vectors[row])
        cosines[self._rows_of[self.known[row].text]] = 0.0
        return cosines

    def _familiarity(self, cosines: Scores) -> Familiarity:
        """Familiarity to the vouched questions, each counted once."""
        return familiarity(cosines[self._once][self._said_by_staff[self._once]])

    def _fit_ridge(self) -> None:
        total = max(self.weights.sum(), 1e-9)
        self._center = (self.weights @ self._vectors) / total
        centered = self._vectors - self._center
        weighted = centered * self.weights[:, None]
        dimensions = self._vectors.shape[1]
        self._inverse = np.linalg.inv(centered.T @ weighted + _RIDGE * np.eye(dimensions))
        by_page = np.zeros((self._pages, dimensions))
        np.add.at(by_page, self.owner, weighted)  # centred rows add up to zero, so the mean of the answers cancels out
        self._map = self._inverse @ by_page.T

    def fit_without(self, rows: _Rows) -> Scores:
        """Fits of known questions, each with itself left out, in closed form."""
        centered, weight = self._vectors[rows] - self._center, self.weights[rows]
        share = np.bincount(self.owner, self.weights, minlength=self._pages) / max(self.weights.sum(), 1e-9)
        leverage = weight * ((centered @ self._inverse * centered).sum(axis=1) + 1.0 / max(self.weights.sum(), 1e-9))
        answer = np.zeros((len(rows), self._pages))
        answer[np.arange(len(rows)), self.owner[rows]] = 1.0
        missed: Scores = answer - (centered @ self._map + share)
        fit: Scores = answer - missed / np.maximum(1.0 - leverage, 1e-3)[:, None] - share
        return fit

    def _prior(self, count: Scores) -> Scores:
        prior: Scores = np.log1p(np.maximum(count, 0.0)) / math.log1p(max(float(self.weights.sum()), _FEW))
        return prior

    def _prior_without(self, rows: _Rows) -> Scores:
        count = np.repeat(self._count[None, :], len(rows), axis=0)
        count[np.arange(len(rows)), self.owner[rows]] -= self.weights[rows]
        return self._prior(count)


def weigh(known: Sequence[KnownAnswer]) -> Scores:
    """The weight of each opinion: by its source, its age, and how many others the same person has given."""
    if not known:
        return np.zeros(0)
    newest = max(question.at for question in known)
    years = np.array([(newest - question.at).total_seconds() / (365.25 * 86400) for question in known])
    weight = np.array([SOURCE_WEIGHT[question.source] for question in known]) * 0.5 ** (years / _HALF_LIFE)
    for group, most in _sessions(known).items():
        _cap(weight, list(group), most)
    articles: dict[str, list[int]] = {}
    for number, question in enumerate(known):
        articles.setdefault(question.location, []).append(number)
    for article in articles.values():
        crowd = [number for number in article if known[number].source == "customer"]
        staff = float(weight[article].sum() - weight[crowd].sum())
        _cap(weight, crowd, max(_CROWD_CAP, _CROWD_SHARE * staff))
    return weight


def _sessions(known: Sequence[KnownAnswer]) -> dict[tuple[int, ...], float]:
    """Groups of opinions of one person, with the most they count together. A file counts as nobody's opinion."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for number, question in enumerate(known):
        if question.source in _SESSION_CAP and question.session:
            article = "" if question.source == "customer" else question.location
            groups.setdefault((question.source, question.session, article), []).append(number)
    return {tuple(group): _SESSION_CAP[source] for (source, _, _), group in groups.items()}


def _cap(weight: Scores, group: list[int], most: float) -> None:
    total = float(weight[group].sum()) if group else 0.0
    if total > most:
        weight[group] = weight[group] * (most / total)


def encode_known(
    known: Sequence[KnownAnswer], encoder: Encoder, known_vectors: MutableMapping[str, Vectors] | None = None
) -> Vectors:
    """Vectors of known questions, shape (questions, dimensions).

    `known_vectors` contains earlier ones by text; new ones are added to it.
    """
    kept = {} if known_vectors is None else known_vectors
    fresh = list(dict.fromkeys(question.question for question in known if question.question not in kept))
    kept.update(zip(fresh, (encoder.encode_query(text) for text in fresh), strict=True))
    return stack([kept[question.question] for question in known], encoder.recipe.dimensions)
