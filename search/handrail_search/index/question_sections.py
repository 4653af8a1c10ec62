"""The section that answers each question of an article: the one its writer named, or the nearest by meaning and words.

Found when the index is made, so that a customer's question that resembles one of them leads there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from handrail_kb.site.built.passages import Page
from handrail_search.embedding.encoder import USUAL_REACH
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import hash_of, numbered_sections
from handrail_search.lexical.bm25 import Held, Postings
from handrail_search.lexical.words import WordIndex, endings_known, open_words
from handrail_search.scoring.sections import section_scores


def write_question_sections(
    pages: Sequence[Page],
    vectors: Vectors,
    written_for: Sequence[int | None],
    file: Path,
    *,
    trust: float,
    reach: float,
) -> None:
    """Fill the table `question_sections` of a database whose passages, rows and words are written.

    `vectors` has a row for each passage and question, `written_for` its passage, or None for a question.
    """
    with closing(sqlite3.connect(file)) as db, db:
        words = open_words(db)
        endings = endings_known(passage.text for page in pages for passage in page.passages[:2])
        by_passage = {passage: row for row, passage in enumerate(written_for) if passage is not None}
        questions: dict[int, list[tuple[int, str]]] = {}
        for row, page_id, question in _questions(db, pages):
            questions.setdefault(page_id, []).append((row, question))
        first = 0
        for page_id, page in enumerate(pages):
            if page.passages and page_id in questions:
                rows = [by_passage[first + at] for at in range(len(page.passages))]
                article = _Article(page, first, vectors[rows] * (USUAL_REACH / reach), words, trust, endings)
                found = ((row, *article.section(db, vectors[row], question)) for row, question in questions[page_id])
                db.executemany("INSERT INTO question_sections VALUES (?, ?, ?)", list(found))
            first += len(page.passages)


def _questions(db: sqlite3.Connection, pages: Sequence[Page]) -> Iterator[tuple[int, int, str]]:
    """Row, page and text of each question that a writer listed."""
    asked = {(page_id, hash_of(text)): text for page_id, page in enumerate(pages) for text in page.questions}
    for row, page_id, name in db.execute("SELECT row, page_id, hash FROM rows WHERE passage_id IS NULL"):
        if (page_id, name) in asked:
            yield row, page_id, asked[page_id, name]


class _Article:
    """The passages of an article, to be compared with its questions."""

    def __init__(
        self, page: Page, first: int, vectors: Vectors, words: WordIndex, trust: float, endings: float
    ) -> None:
        places = [passage.location for passage in page.passages]
        self._first, self._vectors, self._words = first, vectors, words
        self._own = Postings("passages", words.places["passages"].norms[first : first + len(places)])
        self._trust, self._endings = trust, endings
        self._sections = numbered_sections(places)
        self._begins = np.array([place == page.location for place in places])
        # The first passage of each section.
        self._at = {place: number for number, place in reversed(list(enumerate(places)))}
        self._given = dict(page.answered_in)
        links = np.array([passage.only_links for passage in page.passages])
        self._no_answer = links & ~links.all()

    def section(self, db: sqlite3.Connection, vector: Vectors, question: str) -> tuple[int, bool]:
        """The first passage of the section that answers a question, and whether the writer named it."""
        given = self._at.get(self._given.get(question, ""))
        if given is not None:
            return self._first + given, True
        nothing, count = np.zeros(len(self._begins)), np.array([self._sections[-1] + 1.0])
        held = self._held(self._words.held_in_passages(db, self._words.read(db, f"{question} ")))
        scores = section_scores(
            (self._vectors @ vector).astype(np.float64),
            self._own.tell_apart(held, self._sections, np.zeros_like(self._sections), count),
            nothing,
            nothing,
            self._begins,
            trust=self._trust,
            endings=self._endings,
        )
        best = int(np.argmax(np.where(self._no_answer, -np.inf, scores)))
        return self._first + int(np.searchsorted(self._sections, self._sections[best])), False

    def _held(self, held: Sequence[Held]) -> list[Held]:
        """The passages of this article that contain each word, numbered from 0."""
        bounds = (self._first, self._first + len(self._begins))
        cut = ((ids, counts, *np.searchsorted(ids, bounds)) for ids, counts in held)
        return [(ids[low:high] - self._first, counts[low:high]) for ids, counts, low, high in cut]
