"""Which documents contain a term and how often, stored in SQLite, scored by BM25.

BM25 as SQLite's FTS5 computes it (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75), over blobs that numpy adds up: a
tenth of the time, and several terms can count as one. Knows nothing of words and languages: a term is a string, a
document a number, a place one of several collections of documents over the same terms.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
# The documents that contain a term, in rising order, and how often each does.
Held = tuple[Ids, Scores]

POSTINGS_SCHEMA = """
CREATE TABLE postings (term TEXT NOT NULL, place TEXT NOT NULL, documents BLOB NOT NULL, counts BLOB NOT NULL,
  PRIMARY KEY (term, place)) WITHOUT ROWID;
-- How many terms each document holds, in the order of their numbers.
CREATE TABLE lengths (place TEXT PRIMARY KEY, lengths BLOB NOT NULL);
"""
_K1, _B = 1.2, 0.75
_MOST = 65535
# The sum of `tell_apart` that counts half.
_HALF_TOLD = 3.0


class Writer:
    """Collects documents of several places, then writes them at once."""

    def __init__(self, places: Iterable[str]) -> None:
        """`places` are all the places, including those that will have no document."""
        self._terms: dict[tuple[str, str], tuple[array[int], array[int]]] = {}
        self._lengths = {place: array("i") for place in places}

    def add(self, place: str, counts: Mapping[str, int], length: int) -> None:
        """The next document of a place: its terms with how often each counts, and its length in terms."""
        lengths = self._lengths[place]
        for term, count in counts.items():
            documents, often = self._terms.setdefault((term, place), (array("i"), array("H")))
            documents.append(len(lengths))
            often.append(min(count, _MOST))
        lengths.append(length)

    def write(self, db: sqlite3.Connection) -> None:
        """Fill the tables."""
        rows = ((term, place, *_blobs(*found)) for (term, place), found in sorted(self._terms.items()))
        db.executemany("INSERT INTO postings VALUES (?, ?, ?, ?)", rows)
        lengths = ((place, np.array(values, dtype="<i4").tobytes()) for place, values in self._lengths.items())
        db.executemany("INSERT INTO lengths VALUES (?, ?)", lengths)


def _blobs(documents: array[int], counts: array[int]) -> tuple[bytes, bytes]:
    return np.array(documents, dtype="<i4").tobytes(), np.array(counts, dtype="<u2").tobytes()


@dataclass(frozen=True)
class Postings:
    """One place, for reading. `norms` is what BM25 adds for a document's length. Thread-safe: holds no connection."""

    place: str
    norms: Scores

    @property
    def documents(self) -> int:
        """How many documents the place has."""
        return len(self.norms)

    def held(self, db: sqlite3.Connection, terms: Sequence[str]) -> Held:
        """Documents that contain any of the terms, and how often all of them together, counted as one term."""
        marks = ",".join("?" * len(terms))
        query = f"SELECT documents, counts FROM postings WHERE place = ? AND term IN ({marks})"  # noqa: S608 (only question marks)
        found = db.execute(query, (self.place, *terms)).fetchall()
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        ids = np.concatenate([np.frombuffer(documents, dtype="<i4") for documents, _ in found]).astype(np.int64)
        counts = np.concatenate([np.frombuffer(often, dtype="<u2") for _, often in found]).astype(np.float64)
        if len(found) == 1:
            return ids, counts
        together: Scores = np.bincount(ids, weights=counts, minlength=self.documents).astype(np.float64)
        either: Ids = np.flatnonzero(together).astype(np.int64)
        return either, together[either]

    def score(
        self, db: sqlite3.Connection, asked: Sequence[Sequence[str]], less: tuple[int, Sequence[int]] | None = None
    ) -> Scores:
        """BM25 of every document; each of `asked` is a term, or several that count as one.

        `less` is a document, and how often each of `asked` is to be left out of its count.
        """
        found = [self.held(db, terms) for terms in asked]
        if less:
            found = [
                (ids, np.where(ids == less[0], np.maximum(counts - often, 0.0), counts))
                for (ids, counts), often in zip(found, less[1], strict=True)
            ]
        return self.score_held(found)

    def score_held(self, found: Sequence[Held]) -> Scores:
        """BM25 of every document, from what `held` found for each term."""
        scores = np.zeros(self.documents)
        for ids, counts in found:
            rarity = np.log((self.documents - len(ids) + 0.5) / (len(ids) + 0.5))
            scores[ids] += max(rarity, 1e-6) * counts * (_K1 + 1) / (counts + self.norms[ids])
        return scores

    def tell_apart(self, found: Sequence[Held], part_of: Ids, work_of: Ids, parts: Scores) -> Scores:
        """How well terms tell the parts of a work from each other, 0..1, for each document.

        Documents are in the order of their parts and works: `part_of` and `work_of` number those of each, and `parts`
        has how many parts each work has. A term counts the more, the fewer parts of the work contain it, and not at all
        where all of them do.
        """
        scores = np.zeros(self.documents)
        for ids, counts in found:
            works, here = work_of[ids], part_of[ids]
            holders = np.bincount(works[np.diff(here, prepend=-1) != 0], minlength=len(parts))
            rarity = np.where(holders < parts, np.log((parts + 1) / (holders + 0.5)), 0.0)
            scores[ids] += rarity[works] * counts * (_K1 + 1) / (counts + self.norms[ids])
        told: Scores = scores / (scores + _HALF_TOLD)
        return told


def open_places(db: sqlite3.Connection) -> dict[str, Postings]:
    """All places of an index, by name."""
    places = {}
    for place, blob in db.execute("SELECT place, lengths FROM lengths"):
        lengths = np.frombuffer(blob, dtype="<i4").astype(np.float64)
        norms = _K1 * (1 - _B + _B * lengths / max(lengths.sum() / max(len(lengths), 1), 1e-9))
        places[place] = Postings(place, norms)
    return places
