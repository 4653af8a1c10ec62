"""A question in, a list of articles with a verdict out. Search always answers: what failed is named in the answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from handrail_kb.errors import EncoderUnavailable
from handrail_search.encoder import Encoder
from handrail_search.evidence import Finding
from handrail_search.fusion import FULL, Scores, contributions, fuse, lifts, weights
from handrail_search.index import TRUSTED, Index, PageRow, PassageRow
from handrail_search.learned import ENOUGH, Known, LearnedQuestions, Lesson, encode_known
from handrail_search.snippets import snippet
from handrail_search.stemming import words_in
from handrail_search.understanding import Encode, Reader
from handrail_search.vectors import Vectors
from handrail_search.verdict import NO_BANDS, Bands, bands, confidence

log = logging.getLogger(__name__)

Verdict = Literal["answered", "weak", "none"]
MAX_QUESTION = 500
MAX_LIMIT = 50
MORE_SECTIONS = 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
# Results in other languages that keep their places under a full list in the reader's.
_STRONG_OTHERS = 3
# What is shown for a question that asks for nothing.
_FEW = 3


@dataclass(frozen=True)
class Section:
    """A further section of an article that also fits. `snippet` is escaped text with <mark>."""

    location: str
    heading: str
    snippet: str
    score: float


@dataclass(frozen=True)
class Hit:
    """An article with its best section. `why` holds each kind of evidence with what it added to the score.

    `score` is their sum as a share of what an article reaches that all ordinary evidence speaks for, at most 1.
    `other_language` is set where the site has articles in the reader's language and this is none of them.
    """

    location: str
    title: str
    heading: str
    breadcrumb: tuple[str, ...]
    snippet: str
    score: float
    lang: str
    people_only: bool
    why: Mapping[str, float]
    sections: tuple[Section, ...] = ()
    other_language: bool = False


@dataclass(frozen=True)
class Results:
    """The answer to a question. `mode` is `hybrid`, or `words` when meaning could not be asked.

    `matter` is what the question is about when that should stay with people, see `matters`.
    """

    query: str
    verdict: Verdict
    mode: Literal["hybrid", "words"]
    hits: tuple[Hit, ...]
    degraded: bool = False
    fallback_reason: str | None = None
    corrected: str | None = None
    confidence: float = 0.0
    bands: Bands = NO_BANDS
    matter: str | None = None


def clean_question(text: str) -> str:
    """A question as search reads it: no control characters or half characters, one line, MAX_QUESTION characters."""
    return " ".join(_CONTROL.sub(" ", text[: 4 * MAX_QUESTION]).split())[:MAX_QUESTION].strip()


class Searcher:
    """Answers questions from one generation of the index. Thread-safe."""

    def __init__(self, index: Index, encoder: Encoder | None, *, missing: str | None = None) -> None:
        """Search `index`; without an `encoder` words answer alone and `missing` says why.

        `lesson` is what known questions taught the last time, to be given back to a new Searcher of the same index.
        """
        self.index = index
        self._encoder = encoder
        self._missing = missing or (None if encoder else "encoder_unavailable")
        self._learned: LearnedQuestions | None = None
        self.lesson = Lesson()
        self._reader = Reader(index, encoder)

    @property
    def taught(self) -> int:
        """How many learned questions of articles that are in the index are answered with."""
        return len(self._learned.known) if self._learned is not None else 0

    def teach(self, known: Sequence[Known], *, known_vectors: MutableMapping[str, Vectors] | None = None) -> None:
        """Answer with these known questions from now on, in place of those taught before.

        Takes seconds for the first hundreds, because they are asked to choose what learning is worth on this site.
        `known_vectors` keeps the questions' vectors by text from one time to the next.
        """
        self._reader = Reader(self.index, self._encoder, [one.question for one in known])
        if self._encoder is None or not known:
            self._learned = None
            return
        vectors = encode_known(known, self._encoder, known_vectors)
        learned = LearnedQuestions(known, self.index, vectors, self.lesson)
        if not self.lesson.holds_for(learned.vouched):
            self.lesson = self._take_lesson(learned)
            learned = LearnedQuestions(known, self.index, vectors, self.lesson)
        self._learned = learned

    def _take_lesson(self, learned: LearnedQuestions) -> Lesson:
        """Ask known questions as if each were not known, and see what learning is worth and what can be answered."""
        if learned.vouched < ENOUGH:
            return Lesson()
        rows = learned.sample()
        base, nearness, coverages = [], [], []
        for row in rows:
            question = learned.known[row].question
            vector, _ = self._encode(question)
            finding = Finding(self.index, question, vector, None)
            base.append(self._fuse(finding, vector))
            nearness.append(finding.nearness)
            coverages.append(finding.coverage())
        mix = learned.choose(rows, np.array(base), np.array(nearness))
        reached = map(confidence, nearness, coverages, learned.familiarity_without(rows))
        return Lesson(mix, bands(np.array(list(reached))), learned.vouched)

    @classmethod
    def open(cls, folder: Path) -> Searcher:
        """Open a generation; a broken encoder leaves words. Raises IndexUnusable."""
        index = Index(folder)
        try:
            return cls(index, index.encoder())
        except EncoderUnavailable as error:
            log.error("encoder unavailable, words answer alone: %s", error.what)
            return cls(index, None, missing="encoder_unavailable")

    @property
    def encoder(self) -> Encoder | None:
        """What turns questions into vectors; None while words answer alone."""
        return self._encoder

    @property
    def missing(self) -> str | None:
        """Why meaning is not searched; None when it is."""
        return self._missing

    def vector_of(self, text: str) -> Vectors | None:
        """The vector of a question; None when meaning cannot be asked."""
        return self._encode(text)[0]

    def search(self, question: str, *, limit: int = 10, lang: str = "") -> Results:
        """The best articles for a question, best first, at most `limit`, and whether they are an answer.

        Where the index holds several languages, articles in `lang` come before the others.
        """
        question = clean_question(question)
        limit = max(1, min(limit, MAX_LIMIT))
        if not self.index.pages or not words_in(question):  # signs alone ask for nothing
            return Results(question, "none", "hybrid", ())
        understood = self._reader.read(question, self._encode)
        vector, reason = understood.vector, understood.failed
        finding = Finding(self.index, understood.text, vector, self._learned, understood.words)
        others = self._of_other_languages(lang)
        scores, lifted, order, twins = self._rank(finding, vector, others, limit)
        verdict, confident, limits = self._verdict(finding, order, vector)
        if verdict == "none" and understood.unfinished:
            verdict = "weak"  # half a word is no question yet
        if finding.says_little and verdict != "answered":
            order = order[:_FEW]
        return Results(
            query=question,
            verdict=verdict,
            mode="hybrid" if vector is not None else "words",
            hits=tuple(
                self._hit(finding, page, scores, lifted, vector, twins.get(page, ()), page in others) for page in order
            ),
            degraded=reason is not None,
            fallback_reason=reason,
            corrected=understood.corrected,
            confidence=confident,
            bands=limits,
            matter=self.index.matters.matter_of(vector) if vector is not None else None,
        )

    def pages(self, question: str, *, limit: int = 10, without: int | None = None) -> tuple[str, ...]:
        """The pages that `search` would find, best first, and nothing else of them: in a third of the time.

        `without` is a page that says it answers this very question: it is asked as if the page did not say so.
        """
        question = clean_question(question)
        if not question or not self.index.pages:
            return ()
        understood = self._reader.read(question, self._encode if without is None else self._known(without))
        finding = Finding(self.index, understood.text, understood.vector, self._learned, understood.words, without)
        _, _, order, _ = self._rank(finding, understood.vector, frozenset(), limit)
        return tuple(self.index.pages[page].location for page in order)

    def _rank(
        self, finding: Finding, vector: Vectors | None, others: Set[int], limit: int
    ) -> tuple[Scores, Scores, list[int], dict[int, list[int]]]:
        """Every page's score and its boost's part in it, the best `limit` pages, and those shown by one of them."""
        scores = self._fuse(finding, vector)
        lifted = self._lifts(finding, scores, vector)
        scores = scores + lifted
        order, twins = self._fold([page for page in self._order(scores, others) if finding.relevant[page]])
        return scores, lifted, _with_strong_others(order, scores, others, limit), twins

    def _fuse(self, finding: Finding, vector: Vectors | None) -> Scores:
        return fuse(finding.evidence, self._trust(vector), len(self.index.pages), self.index.manifest.endings)

    def _lifts(self, finding: Finding, scores: Scores, vector: Vectors | None) -> Scores:
        """What boosts add: all that they can where an answer is sure, nothing where there is none."""
        if not self.index.boosted:
            return np.zeros_like(scores)
        confident, limits = self._confidence(finding, vector)
        sure = limits.confident - limits.none
        fit = (confident - limits.none) / sure if sure > 0 else float(confident >= limits.none)
        return lifts(finding.evidence, scores, self.index.boost, min(max(fit, 0.0), 1.0))

    def _of_other_languages(self, lang: str) -> frozenset[int]:
        """Pages that are not in the reader's language, where the site has pages that are."""
        short = lang.replace("_", "-").split("-")[0].lower()
        if len(self.index.languages) < 2 or short not in self.index.languages:
            return frozenset()
        return frozenset(page.id for page in self.index.pages if page.lang != short)

    def _order(self, scores: Scores, others: Set[int]) -> list[int]:
        """Pages best first, those in the reader's language before all others; of equal ones the shortest address."""
        order: list[int] = np.lexsort((self.index.address_lengths, -scores.round(9))).tolist()
        return sorted(order, key=lambda page: page in others)

    def _fold(self, order: Sequence[int]) -> tuple[list[int], dict[int, list[int]]]:
        """Of pages that say nearly the same, the best; the others by it."""
        shown: dict[int, int] = {}
        folded: dict[int, list[int]] = {}
        for page in order:
            first = self.index.twin_of.get(page, page)
            if first in shown:
                folded.setdefault(shown[first], []).append(page)
            else:
                shown[first] = page
        return list(shown.values()), folded

    def _encode(self, question: str) -> tuple[Vectors | None, str | None]:
        if self._encoder is None:
            return None, self._missing
        try:
            return self._encoder.encode_query(question), None
        except EncoderUnavailable as error:
            log.error("encoder failed, words answer alone: %s", error.what)
            return None, "encoder_failed"

    def _known(self, page_id: int) -> Encode:
        """As `_encode`, but a question of this page was encoded when the index was made."""
        recipe = self.index.manifest.recipe

        def encode(text: str) -> tuple[Vectors | None, str | None]:
            row = self.index.row_of_question(page_id, text) if recipe.query_prefix == recipe.passage_prefix else None
            return (self.index.vectors.vector(row), None) if row is not None else self._encode(text)

        return encode

    def _trust(self, vector: Vectors | None) -> float:
        return self.index.manifest.trust if vector is not None else 0.0

    def _verdict(self, finding: Finding, order: Sequence[int], vector: Vectors | None) -> tuple[Verdict, float, Bands]:
        """What the list is, how surely, and the bands that was judged by."""
        confident, limits = self._confidence(finding, vector)
        if not order:
            return "none", 0.0, limits
        first = order[0]
        if finding.is_asked_by_name(first) or finding.holds_what_is_asked(first):
            return "answered", 1.0, limits
        if finding.asks_for_unknown_code and len(finding.question.split()) == 1:
            return "none", 0.0, limits
        certain = confident >= limits.confident and not finding.asks_for_unknown_code
        certain = certain and not finding.holds_another_code(first) and not finding.says_little
        verdict: Verdict = "none" if confident < limits.none else "answered" if certain else "weak"
        return verdict, round(confident, 4), limits

    def _confidence(self, finding: Finding, vector: Vectors | None) -> tuple[float, Bands]:
        """How surely there is an answer, and the bands to judge that by: by words where meaning cannot be trusted."""
        floor = self.index.manifest.floor
        if vector is None or self._trust(vector) < TRUSTED:
            covered = max(finding.coverage().values(), default=0.0)
            return covered, Bands(floor.words_none, floor.words_confident)
        coverage = finding.coverage()
        learned = self._learned
        if learned is not None and learned.lesson.bands is not None:
            return confidence(finding.nearness, coverage, finding.familiarity), learned.lesson.bands
        return confidence(finding.nearness, coverage), Bands(floor.none, floor.confident)

    def _hit(self, finding: Finding, page_id: int, scores: Scores, lifted: Scores, vector: Vectors | None,
             twins: Sequence[int], other_language: bool) -> Hit:  # fmt: skip
        page = self.index.pages[page_id]
        passages = finding.best_passages(page_id)
        first = passages[0] if passages else None
        marked = finding.marking
        share = weights(self._trust(vector), self.index.manifest.endings)
        return Hit(
            location=first.location if first else page.location,
            title=page.title,
            heading=first.heading.rpartition(" › ")[2] if first else "",
            breadcrumb=page.breadcrumb,
            snippet=snippet(_shown(first, page), marked),
            score=round(max(0.0, min(float(scores[page_id]) / FULL, 1.0)), 4),
            lang=page.lang,
            people_only=page.people_only,
            why={name: round(value, 4)
                 for name, value in contributions(finding.evidence, page_id, share, float(lifted[page_id])).items()},
            sections=tuple(
                Section(other.location, other.heading.rpartition(" › ")[2], snippet(other.text, marked),
                        round(finding.passage_score(other.id), 4))
                for other in passages[1 : 1 + MORE_SECTIONS]
            ) + tuple(self._twin(twin) for twin in twins[:MORE_SECTIONS]),
            other_language=other_language,
        )  # fmt: skip

    def _twin(self, page_id: int) -> Section:
        """A page that says nearly the same as a result, as a further place of that result."""
        page = self.index.pages[page_id]
        return Section(page.location, page.title, "", 0.0)


def _with_strong_others(order: Sequence[int], scores: Scores, others: Set[int], limit: int) -> list[int]:
    """The first `limit` pages; a few in other languages that fit better than any in the reader's keep their places."""
    own = [page for page in order if page not in others]
    foreign = [page for page in order if page in others]
    best = scores[own[0]] if own else 0.0
    strong = [page for page in foreign if scores[page] > best][:_STRONG_OTHERS]
    kept = max(limit - len(strong), 1)
    return [*own[:kept], *foreign][:limit]


def _shown(passage: PassageRow | None, page: PageRow) -> str:
    return (passage.text if passage else "") or page.description
