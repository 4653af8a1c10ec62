"""A question in, a list of articles with a verdict out. Search always answers: what failed is named in the answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from handrail_kb.errors import EncoderUnavailable
from handrail_search import words
from handrail_search.encoder import Encoder
from handrail_search.fusion import FULL, Scores, best_and_mean, fuse, saturate, weights
from handrail_search.index import Index, PageRow, PassageRow
from handrail_search.snippets import marking, snippet
from handrail_search.vectors import Vectors

log = logging.getLogger(__name__)

Verdict = Literal["answered", "weak", "none"]
MAX_QUESTION = 500
MAX_LIMIT = 50
MORE_SECTIONS = 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
# A mean cosine below which the encoder's opinion is noise; an article needs words in common then.
_RELEVANT = 0.15
# Trust in meaning from which the verdict rests on it.
_TRUSTED = 0.5
# What words and codes add to a passage's cosine when the best section of an article is chosen.
_WORDS_IN_PASSAGE, _LETTERS_IN_PASSAGE = 0.3, 2.0
_LOOKED_AT = 8


@dataclass(frozen=True)
class Section:
    """A further section of an article that also fits. `snippet` is escaped text with <mark>."""

    location: str
    heading: str
    snippet: str
    score: float


@dataclass(frozen=True)
class Hit:
    """An article with its best section. `why` holds each kind of evidence with what it added to the score."""

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


@dataclass(frozen=True)
class Results:
    """The answer to a question. `mode` is `hybrid`, or `words` when meaning could not be asked."""

    query: str
    verdict: Verdict
    mode: Literal["hybrid", "words"]
    hits: tuple[Hit, ...]
    degraded: bool = False
    fallback_reason: str | None = None
    corrected: str | None = None
    confidence: float = 0.0


def clean_question(text: str) -> str:
    """A question as search reads it: no control characters or half characters, one line, MAX_QUESTION characters."""
    return " ".join(_CONTROL.sub(" ", text[: 4 * MAX_QUESTION]).split())[:MAX_QUESTION].strip()


class Searcher:
    """Answers questions from one generation of the index. Thread-safe."""

    def __init__(self, index: Index, encoder: Encoder | None, *, missing: str | None = None) -> None:
        """Search `index`; without an `encoder` words answer alone and `missing` says why."""
        self.index = index
        self._encoder = encoder
        self._missing = missing or (None if encoder else "encoder_unavailable")

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
    def missing(self) -> str | None:
        """Why meaning is not searched; None when it is."""
        return self._missing

    def search(self, question: str, *, limit: int = 10, lang: str = "") -> Results:
        """The best articles for a question, best first, at most `limit`, and whether they are an answer.

        Where the index holds several languages, articles in `lang` come before the others.
        """
        question = clean_question(question)
        limit = max(1, min(limit, MAX_LIMIT))
        if not question or not self.index.pages:
            return Results(question, "none", "hybrid", ())
        vector, reason = self._encode(question)
        finding = _Finding(self.index, question, vector)
        scores = fuse(finding.evidence, self._trust(vector), self.index.boost)
        order = [page for page in self._order(scores, lang) if finding.relevant[page]][:limit]
        verdict, confidence = self._verdict(finding, order, vector)
        return Results(
            query=question,
            verdict=verdict,
            mode="hybrid" if vector is not None else "words",
            hits=tuple(self._hit(finding, page, float(scores[page]), vector) for page in order),
            degraded=reason is not None,
            fallback_reason=reason,
            confidence=confidence,
        )

    def _order(self, scores: Scores, lang: str) -> list[int]:
        """Pages best first, those in the reader's language before all others."""
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        short = lang.replace("_", "-").split("-")[0].lower()
        if len(self.index.languages) > 1 and short in self.index.languages:
            order.sort(key=lambda page: self.index.pages[page].lang != short)
        return order

    def _encode(self, question: str) -> tuple[Vectors | None, str | None]:
        if self._encoder is None:
            return None, self._missing
        try:
            return self._encoder.encode_query(question), None
        except EncoderUnavailable as error:
            log.error("encoder failed, words answer alone: %s", error.what)
            return None, "encoder_failed"

    def _trust(self, vector: Vectors | None) -> float:
        return self.index.manifest.trust if vector is not None else 0.0

    def _verdict(self, finding: _Finding, order: Sequence[int], vector: Vectors | None) -> tuple[Verdict, float]:
        """What the list is: judged by the best article's similarity, or by words where meaning cannot be trusted."""
        if not order:
            return "none", 0.0
        first = order[0]
        if finding.evidence["same_title"][first] or (finding.asks_for_letters and finding.evidence["exact"][first]):
            return "answered", 1.0
        if finding.asks_for_unknown_code and len(finding.question.split()) == 1:
            return "none", 0.0
        floor = self.index.manifest.floor
        if self._trust(vector) >= _TRUSTED:
            confidence = float(finding.evidence["meaning_best"][order].max())
            none, confident = floor.none, floor.confident
        else:
            confidence = words.best_coverage(self.index.db, finding.question, len(self.index.pages))
            none, confident = floor.words_none, floor.words_confident
        certain = confidence >= confident and not finding.asks_for_unknown_code
        verdict: Verdict = "none" if confidence < none else "answered" if certain else "weak"
        return verdict, round(confidence, 4)

    def _hit(self, finding: _Finding, page_id: int, score: float, vector: Vectors | None) -> Hit:
        page = self.index.pages[page_id]
        passages = finding.best_passages(page_id)
        first = passages[0] if passages else None
        marked = finding.marking
        share = weights(self._trust(vector))
        return Hit(
            location=first.location if first else page.location,
            title=page.title,
            heading=first.heading.rpartition(" › ")[2] if first else "",
            breadcrumb=page.breadcrumb,
            snippet=snippet(_shown(first, page), marked),
            score=round(max(0.0, min(score / FULL, 1.0)), 4),
            lang=page.lang,
            people_only=page.people_only,
            why={name: round(share[name] * float(values[page_id]), 4)
                 for name, values in finding.evidence.items() if values[page_id]},
            sections=tuple(
                Section(other.location, other.heading.rpartition(" › ")[2], snippet(other.text, marked),
                        round(finding.passage_score(other.id), 4))
                for other in passages[1 : 1 + MORE_SECTIONS]
            ),
        )  # fmt: skip


class _Finding:
    """All evidence for one question, gathered once."""

    def __init__(self, index: Index, question: str, vector: Vectors | None) -> None:
        self.index = index
        self.question = question
        self.words = words.word_set(question)
        self.marking = marking(self.words, index.common_words)
        self._passage_scores = np.zeros(len(index.page_of_passage))
        pages = len(index.pages)
        self.evidence: dict[str, Scores] = {}
        if vector is not None:
            self._ask_meaning(vector, pages)
        self._ask_words(pages)
        self._ask_letters(pages)
        self._ask_titles(pages)
        self.relevant = self._relevant(pages)

    def best_passages(self, page_id: int) -> list[PassageRow]:
        """The sections of a page that fit best, one passage each, best first."""
        first, end = self.index.first_passage[page_id : page_id + 2].tolist()
        ranked = (first + np.argsort(-self._passage_scores[first:end], kind="stable")[:_LOOKED_AT]).tolist()
        found = self.index.passages(ranked)
        sections: dict[str, PassageRow] = {}
        for passage_id in ranked:
            passage = found[passage_id]
            if passage.text or not sections:
                sections.setdefault(passage.location, passage)
        return list(sections.values())

    def passage_score(self, passage_id: int) -> float:
        """How well a passage fits, compared with others of its page."""
        return max(0.0, float(self._passage_scores[passage_id]))

    def _ask_meaning(self, vector: Vectors, pages: int) -> None:
        rows, cosines = self.index.vectors.nearest(vector)
        best, mean = best_and_mean(rows, cosines, self.index.owner, pages)
        self.evidence["meaning_best"], self.evidence["meaning_mean"] = best, mean
        passages = self.index.passage_of_row[rows]
        self._passage_scores[passages[passages >= 0]] += cosines[passages >= 0]

    def _ask_words(self, pages: int) -> None:
        db = self.index.db
        last = words.last_word(self.question)
        prefix = bool(last) and not words.is_known(db, last)
        expression = words.match_expression(self.question, prefix_last=prefix)
        for name in ("article_words", "title_words"):
            self.evidence[name] = saturate(_array(words.search(db, name, expression), pages))
        bm25 = saturate(_array(words.search(db, "passage_words", expression), len(self._passage_scores)))
        best = np.zeros(pages)
        np.maximum.at(best, self.index.page_of_passage, bm25)
        self.evidence["passage_words"] = best
        self._passage_scores += _WORDS_IN_PASSAGE * bm25

    def _ask_letters(self, pages: int) -> None:
        """Codes, settings, file names and quotes, to the letter."""
        asked = words.literals(self.question)
        in_letters = sum(len(words.word_set(literal)) for literal in asked)
        self.asks_for_letters = bool(asked) and len(self.words) <= in_letters + 2
        self.asks_for_unknown_code = self.asks_for_letters and all(
            words.is_unknown(self.index.db, literal) for literal in asked
        )
        exact = np.zeros(pages)
        for literal in asked:
            for page_id, passages in words.find_literal(self.index.db, literal).items():
                exact[page_id] += 1.0 / len(asked)
                self._passage_scores[list(passages)] += _LETTERS_IN_PASSAGE
        self.evidence["exact"] = exact

    def _ask_titles(self, pages: int) -> None:
        same = np.zeros(pages)
        same[self.index.by_title.get(self.question.lower().rstrip("?.! "), [])] = 1.0
        self.evidence["same_title"] = same

    def _relevant(self, pages: int) -> npt.NDArray[np.bool_]:
        near = self.evidence.get("meaning_best", np.zeros(pages)) >= _RELEVANT
        found: npt.NDArray[np.bool_] = near | (self.evidence["article_words"] > 0) | (self.evidence["exact"] > 0)
        return found


def _shown(passage: PassageRow | None, page: PageRow) -> str:
    return (passage.text if passage else "") or page.description


def _array(scores: Mapping[int, float], size: int) -> Scores:
    array = np.zeros(size)
    if scores:
        array[list(scores)] = list(scores.values())
    return array
