"""Which section of an article a result opens, and its passage for the excerpt: what speaks for each passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from handrail_search.embedding.encoder import USUAL_REACH
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.index.manifest import PassageRow
from handrail_search.lexical.bm25 import Held
from handrail_search.lexical.words import AskedWord
from handrail_search.scoring.fusion import Scores
from handrail_search.scoring.sections import FOUND, GIVEN, NEARLY, TITLE, known_question, section_scores

_LOOKED_AT = 8


@dataclass(frozen=True)
class ScoredPassage:
    """A passage with its score among those of its article: the sum of what each kind of evidence added, `why`.

    `only_links` is set where its section links to other places and says nothing itself.
    """

    passage: PassageRow
    why: Mapping[str, float]
    only_links: bool = False

    @property
    def total(self) -> float:
        """What all evidence added together, less than 0 where much speaks against it."""
        return sum(self.why.values())

    @property
    def score(self) -> float:
        """How well it fits, compared with others of its article; 0 and up."""
        return max(0.0, self.total)


def whole_first(sections: Sequence[ScoredPassage]) -> list[ScoredPassage]:
    """The sections of an article, best first, but first the one above the best if it fits nearly as well.

    Whoever opens that one has the best right below it; the other way round, what leads there is out of sight.
    """
    if not sections:
        return []
    best = sections[0]
    above = [
        other
        for other in sections[1:]
        if best.passage.is_below(other.passage) and best.total - other.total < NEARLY and not other.only_links
    ]
    if not above:
        return list(sections)
    whole = min(above, key=lambda other: len(other.passage.heading))
    lifted = replace(whole, why={**whole.why, "whole": best.total - whole.total})
    return [lifted, *(other for other in sections if other is not whole)]


@dataclass
class SectionEvidence:
    """What speaks for each passage of an index, gathered for one question.

    `vector` is the question's, None where meaning is not searched; `letters` counts the codes and quotes that stand in
    a passage, and `held` is where each of the question's words is.
    """

    index: Index
    vector: Vectors | None
    letters: Scores = field(init=False)
    held: Sequence[Held] = ()
    _known: Scores = field(init=False)

    def __post_init__(self) -> None:
        self._scale = USUAL_REACH / self.index.manifest.recipe.reach
        passages = len(self.index.page_of_passage)
        self.letters, self._known = np.zeros(passages), np.zeros(passages)
        self._asked = None if self.vector is None else self.index.towards_sections(self.vector)

    def add_questions(self, rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]) -> None:
        """The cosines of the questions that articles list, each for the section that answers it."""
        passages = self.index.answered_in[rows]
        own = passages >= 0
        vouched = np.where(self.index.answer_is_given[rows[own]], GIVEN, FOUND)
        added = known_question(self._scale * cosines[own].astype(np.float64), vouched)
        np.maximum.at(self._known, passages[own], added)

    def add_known(self, answered_in: Mapping[int, float]) -> None:
        """Learned questions: for the first passage of a section the cosine of the nearest one that it answers."""
        for passage, cosine in answered_in.items():
            added = float(known_question(np.array([self._scale * cosine]))[0])
            self._known[passage] = max(self._known[passage], added)

    def best_passages(self, page_id: int, telling: Sequence[AskedWord]) -> list[ScoredPassage]:
        """The sections of a page that fit best, one passage each, best first; those with links only come last.

        A section that fits nearly as well as the best one below it comes first, see `whole_first`. `telling` are the
        words of the question that say what is asked.
        """
        first, end = self.index.first_passage[page_id : page_id + 2].tolist()
        parts = self._parts(page_id, first, end)
        if self._says_title(page_id, telling):
            parts["title"] = np.where(self.index.begins[first:end], TITLE, 0.0)
        scores = np.sum(list(parts.values()), axis=0)
        order = np.lexsort((-scores, self.index.only_links[first:end]))[:_LOOKED_AT]
        found = self.index.passages((first + order).tolist())
        sections: dict[str, ScoredPassage] = {}
        for number in order.tolist():
            passage = found[first + number]
            if passage.text or not sections:
                why = {name: float(part[number]) for name, part in parts.items() if part[number]}
                links = bool(self.index.only_links[passage.id])
                sections.setdefault(passage.location, ScoredPassage(passage, why, links))
        return whole_first(list(sections.values()))

    def _parts(self, page_id: int, first: int, end: int) -> dict[str, Scores]:
        """What each kind of evidence adds to the passages of a page."""
        index, meaning = self.index, np.zeros(end - first)
        if self._asked is not None:
            meaning = self._scale * index.cosines_within(page_id, self._asked)
        return section_scores(
            meaning,
            self._words[first:end],
            self.letters[first:end],
            self._led_to[first:end],
            index.begins[first:end],
            trust=index.manifest.trust if self._asked is not None else 0.0,
            endings=index.manifest.endings,
        )

    @cached_property
    def _words(self) -> Scores:
        index = self.index
        return index.words.tell_apart(
            self.held, index.section_of_passage, index.page_of_passage, index.sections_of_page
        )

    @cached_property
    def _led_to(self) -> Scores:
        """What known questions add: for each passage of the section that they lead to, the best of them being shown."""
        sections, known = self.index.section_of_passage, self._known
        if not known.any():
            return known
        by_section = np.zeros(int(sections[-1]) + 1)
        np.maximum.at(by_section, sections, known)
        led_to: Scores = by_section[sections]
        return led_to

    def _says_title(self, page_id: int, telling: Sequence[AskedWord]) -> bool:
        """Whether all that a question asks for is the title of a page."""
        return bool(telling) and all(self.index.title_terms(page_id).intersection(word.forms) for word in telling)
