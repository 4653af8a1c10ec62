"""The vocabulary of a site: which words are known, which complete a beginning, which may have been meant."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

VOCABULARY_SCHEMA = """
-- Each word of the site once, by its letters without marks. forms are the terms the index keeps it under, parts those
-- of a compound's parts, articles in how many it stands.
CREATE TABLE vocabulary (word TEXT PRIMARY KEY, shown TEXT NOT NULL, forms TEXT NOT NULL, parts TEXT NOT NULL,
  articles INTEGER NOT NULL, heads INTEGER NOT NULL) WITHOUT ROWID;
"""
# How many words may complete a beginning; the commonest are taken.
_COMPLETIONS = 40
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class VocabularyEntry:
    """A word of the site. `shown` is its usual spelling; `heads` counts titles, headings and questions with it."""

    word: str
    shown: str
    forms: tuple[str, ...]
    parts: tuple[str, ...]
    articles: int
    heads: int = 0


def write_vocabulary(db: sqlite3.Connection, entries: Iterable[VocabularyEntry]) -> None:
    """Fill the table."""
    db.executemany(
        "INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?, ?)",
        ((one.word, one.shown, " ".join(one.forms), " ".join(one.parts), one.articles, one.heads) for one in entries),
    )


def look_up(db: sqlite3.Connection, words: Sequence[str]) -> dict[str, VocabularyEntry]:
    """Those of the folded words that the site uses."""
    marks = ",".join("?" * len(words))
    return {entry.word: entry for entry in _read(db, f"word IN ({marks})", words)}


def beginning(db: sqlite3.Connection, start: str) -> list[VocabularyEntry]:
    """The words that begin like this, those in the most articles first."""
    return _read(
        db,
        f"word > ? AND word < ? ORDER BY articles + 3 * heads DESC, word LIMIT {_COMPLETIONS}",
        (start, start + _AFTER_ALL),
    )


def commonest(db: sqlite3.Connection, most: int) -> list[tuple[str, str, int]]:
    """Word, usual spelling, and number of articles: at most so many, the commonest first."""
    query = "SELECT word, shown, articles + heads FROM vocabulary ORDER BY articles + heads DESC, word LIMIT ?"
    return db.execute(query, (most,)).fetchall()


def _read(db: sqlite3.Connection, which: str, values: Sequence[object]) -> list[VocabularyEntry]:
    query = f"SELECT word, shown, forms, parts, articles, heads FROM vocabulary WHERE {which}"  # noqa: S608 (our own words)
    return [
        VocabularyEntry(word, shown, tuple(forms.split()), tuple(parts.split()), articles, heads)
        for word, shown, forms, parts, articles, heads in db.execute(query, tuple(values))
    ]
