"""What leads a question to one of an article's sections: the map that headings teach, and the writers' own questions.

Found when the index is made: the headings of a site teach how to tell its sections apart (`scoring.heading_lesson`),
and each question that an article lists gets the section that answers it, the one its writer named or the nearest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.embedding.encoder import USUAL_REACH, stack
from handrail_search.embedding.vectors import Vectors, is_of_length_one
from handrail_search.lexical.bm25 import Held, Postings
from handrail_search.lexical.words import WordIndex, endings_known, open_words
from handrail_search.scoring.fusion import Scores
from handrail_search.scoring.heading_lesson import HeadedArticle, learn_from_headings
from handrail_search.scoring.sections import numbered_sections, section_scores

SECTIONS_SCHEMA = """
-- The section that answers a question of its article: its first passage, and whether the writer named it.
CREATE TABLE question_sections (row INTEGER PRIMARY KEY, passage_id INTEGER NOT NULL, given INTEGER NOT NULL);
-- Vectors of headings, for the next generation; and what they taught, one row, or none where they taught nothing.
CREATE TABLE heading_vectors (hash TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE section_map (map BLOB NOT NULL);
"""


@dataclass(frozen=True)
class ListedQuestion:
    """A question that an article lists, and the row of its vector."""

    row: int
    page_id: int
    text: str


@dataclass(frozen=True)
class EncodedSite:
    """The vectors of a site: those of passages and listed questions by row, those of headings by their trail.

    `row_of_passage` has the row of each passage; `trust` and `reach` are the encoder's, see `Manifest` and `Recipe`.
    """

    vectors: Vectors
    row_of_passage: Sequence[int]
    headings: Mapping[str, Vectors]
    trust: float
    reach: float


def trail_of(page: Page, passage: Passage) -> str:
    """The headings above a passage, from the title of its article on."""
    return " › ".join((page.title, *passage.path, *([passage.heading] if passage.heading else [])))


def trails_of(pages: Sequence[Page]) -> list[str]:
    """The trail of each section that has a heading, each once: what has to be encoded besides passages."""
    passages = ((page, passage) for page in pages for passage in page.passages if passage.heading)
    return list(dict.fromkeys(trail_of(page, passage) for page, passage in passages))


def write_sections(pages: Sequence[Page], site: EncodedSite, asked: Iterable[ListedQuestion], file: Path) -> None:
    """Fill the tables `section_map` and `question_sections` of a database whose passages and words are written."""
    section_map = learn_from_headings(_headed(pages, site), site.vectors.shape[1])
    with closing(sqlite3.connect(file)) as db, db:
        if section_map.any():
            db.execute("INSERT INTO section_map VALUES (?)", (section_map.astype("<f4").tobytes(),))
        words = open_words(db)
        endings = endings_known(passage.text for page in pages for passage in page.passages[:2])
        questions: dict[int, list[ListedQuestion]] = {}
        for question in asked:
            questions.setdefault(question.page_id, []).append(question)
        first = 0
        for page_id, page in enumerate(pages):
            if page.passages and page_id in questions:
                rows = list(site.row_of_passage[first : first + len(page.passages)])
                vectors = site.vectors[rows] * (USUAL_REACH / site.reach)
                article = _Article(page, first, vectors, words, site.trust, endings)
                for one in questions[page_id]:
                    vector = site.vectors[one.row]
                    found = article.section(db, vector + vector @ section_map, one.text)
                    db.execute("INSERT INTO question_sections VALUES (?, ?, ?)", (one.row, *found))
            first += len(page.passages)


def write_headings(headings: Mapping[str, Vectors], file: Path) -> None:
    """Keep the vectors of headings, by the hash of their text."""
    with closing(sqlite3.connect(file)) as db, db:
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in headings.items()]
        db.executemany("INSERT INTO heading_vectors VALUES (?, ?)", rows)


def kept_headings(db: sqlite3.Connection) -> dict[str, Vectors]:
    """The vectors of headings by the hash of their text; none where an older version wrote the database."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'heading_vectors'").fetchone():
        return {}
    found = db.execute("SELECT hash, vector FROM heading_vectors")
    vectors = {key: np.frombuffer(blob, dtype="<f4") for key, blob in found}
    return {key: vector for key, vector in vectors.items() if is_of_length_one(vector)}


def read_section_map(db: sqlite3.Connection, dimensions: int) -> Vectors | None:
    """What the headings of an index taught, shape (dimensions, dimensions); None where that is nothing."""
    found = db.execute("SELECT map FROM section_map").fetchone()
    return np.frombuffer(found[0], dtype="<f4").reshape(dimensions, dimensions) if found else None


def _headed(pages: Sequence[Page], site: EncodedSite) -> list[HeadedArticle]:
    """Each article with its headings; without passages that have no words, or links only."""
    found, first, dimensions = [], 0, site.vectors.shape[1]
    for page in pages:
        said = [
            (site.row_of_passage[first + number], trail_of(page, passage) if passage.heading else "")
            for number, passage in enumerate(page.passages)
            if passage.text and not passage.only_links
        ]
        first += len(page.passages)
        number_of = {trail: number for number, trail in enumerate(dict.fromkeys(trail for _, trail in said if trail))}
        headings = stack([site.headings[trail] for trail in number_of], dimensions)
        heading_of = np.array([number_of.get(trail, -1) for _, trail in said], dtype=np.int64)
        found.append(HeadedArticle(headings, site.vectors[[row for row, _ in said]], heading_of))
    return found


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
        scores = np.where(self._no_answer, -np.inf, self._scores(db, vector, question))
        section = self._sections[int(np.argmax(scores))]
        return self._first + int(np.searchsorted(self._sections, section)), False

    def _scores(self, db: sqlite3.Connection, vector: Vectors, question: str) -> Scores:
        nothing, count = np.zeros(len(self._begins)), np.array([self._sections[-1] + 1.0])
        held = self._held(self._words.held_in_passages(db, self._words.read(db, f"{question} ")))
        parts = section_scores(
            (self._vectors @ vector).astype(np.float64),
            self._own.tell_apart(held, self._sections, np.zeros_like(self._sections), count),
            nothing,
            nothing,
            self._begins,
            trust=self._trust,
            endings=self._endings,
        )
        scores: Scores = np.sum(list(parts.values()), axis=0)
        return scores

    def _held(self, held: Sequence[Held]) -> list[Held]:
        """The passages of this article that contain each word, numbered from 0."""
        bounds = (self._first, self._first + len(self._begins))
        cut = ((ids, counts, *np.searchsorted(ids, bounds)) for ids, counts in held)
        return [(ids[low:high] - self._first, counts[low:high]) for ids, counts, low, high in cut]
