"""Which section of an article a result opens, and its passage for the excerpt: what speaks for each passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from handrail_search.embedding.encoder import USUAL_REACH
from handrail_search.index.generation import Index
from handrail_search.index.manifest import PassageRow
from handrail_search.lexical.bm25 import Held
from handrail_search.lexical.words import AskedWord
from handrail_search.scoring.fusion import Scores
from handrail_search.scoring.sections import FOUND, GIVEN, TITLE, known_question, section_scores

_LOOKED_AT = 8


@dataclass(frozen=True)
class ScoredPassage:
    """A passage with its score among those of its article."""

    passage: PassageRow
    score: float


@dataclass
class SectionEvidence:
    """What speaks for each passage of an index, gathered for one question.

    `trust` is how far meaning is trusted, `letters` counts the codes and quotes that stand in a passage, and `held` is
    where each of the question's words is.
    """

    index: Index
    trust: float
    letters: Scores = field(init=False)
    held: Sequence[Held] = ()
    _meaning: Scores = field(init=False)
    _known: Scores = field(init=False)

    def __post_init__(self) -> None:
        self._scale = USUAL_REACH / self.index.manifest.recipe.reach
        passages = len(self.index.page_of_passage)
        self.letters, self._meaning, self._known = np.zeros(passages), np.zeros(passages), np.zeros(passages)

    def add_meaning(self, rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]) -> None:
        """The cosines of the index's rows; those of questions are passed over."""
        passages = self.index.passage_of_row[rows]
        own = passages >= 0
        self._meaning[passages[own]] = self._scale * cosines[own]

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

        `telling` are the words of the question that say what is asked.
        """
        first, end = self.index.first_passage[page_id : page_id + 2].tolist()
        scores = self._all_scores[first:end]
        if self._says_title(page_id, telling):
            scores = scores + TITLE * self.index.begins[first:end]
        order = np.lexsort((-scores, self.index.only_links[first:end]))[:_LOOKED_AT]
        found = self.index.passages((first + order).tolist())
        sections: dict[str, ScoredPassage] = {}
        for number in order.tolist():
            passage = found[first + number]
            if passage.text or not sections:
                sections.setdefault(passage.location, ScoredPassage(passage, max(0.0, float(scores[number]))))
        return list(sections.values())

    @cached_property
    def _all_scores(self) -> Scores:
        index, known = self.index, self._known
        if known.any():  # what leads to a section speaks for each of its passages: the best of them is the excerpt
            by_section = np.zeros(int(index.section_of_passage[-1]) + 1)
            np.maximum.at(by_section, index.section_of_passage, known)
            known = by_section[index.section_of_passage]
        return section_scores(
            self._meaning,
            index.words.tell_apart(self.held, index.section_of_passage, index.page_of_passage, index.sections_of_page),
            self.letters,
            known,
            index.begins,
            trust=self.trust,
            endings=index.manifest.endings,
        )

    def _says_title(self, page_id: int, telling: Sequence[AskedWord]) -> bool:
        """Whether all that a question asks for is the title of a page."""
        return bool(telling) and all(self.index.title_terms(page_id).intersection(word.forms) for word in telling)
