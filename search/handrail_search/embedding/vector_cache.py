"""Vectors of known questions and what was learned from them, in a file, so that a restart is quick.

The file is separate from the store: it can be lost at any time, and backups need not include it. It holds no words, and
only vectors of questions that are known now. What is read is checked: SQLite does not notice a damaged number, and one
would make every answer wrong. Knows nothing of where questions come from.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np

from handrail_kb.texts.log.logger import Log
from handrail_search.embedding.vectors import Vectors, is_of_length_one

log = Log(__name__)


_WAIT_SECONDS = 2.0
# The last where a damaged schema does not fit our statements.
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)


class KnownVectors:
    """The file for one encoder. Nothing here raises: without the file questions are encoded again."""

    def __init__(self, file: Path, fingerprint: str, dimensions: int) -> None:
        """Vectors of another `fingerprint` (see `Recipe`) are not read, and are removed at the next write."""
        self._file = file
        self._fingerprint = fingerprint
        self._bytes = dimensions * 4

    def read(self, questions: Iterable[str]) -> dict[str, Vectors]:
        """The vectors, shape (dimensions,), of those questions that are in the file."""
        with _tolerated(self._file):
            if not self._file.exists():
                return {}
            with closing(self._open()) as db:
                wanted = "SELECT question, vector, seal FROM sealed_vectors WHERE encoder = ?"
                rows = db.execute(wanted, [self._fingerprint])
                kept = {question: blob for question, blob, seal in rows if self._is_whole(question, blob, seal)}
            digests = {question: _digest(question) for question in questions}
            found = {
                question: np.frombuffer(kept[digest], dtype="<f4")
                for question, digest in digests.items()
                if digest in kept
            }
            return {question: vector for question, vector in found.items() if is_of_length_one(vector)}
        return {}

    def write(self, vectors: Mapping[str, Vectors], *, keep_others: bool = False) -> None:
        """Store these vectors; all others are removed, unless `keep_others` is set."""
        wanted = {_digest(question): vector for question, vector in vectors.items()}
        with _tolerated(self._file), closing(self._open()) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM sealed_vectors WHERE encoder <> ?", [self._fingerprint])
            rows = db.execute("SELECT question, vector, seal FROM sealed_vectors").fetchall()
            kept = {row[0] for row in rows if self._is_whole(*row)}
            gone = set() if keep_others else kept - wanted.keys()
            db.executemany("DELETE FROM sealed_vectors WHERE question = ?", [[digest] for digest in gone])
            fresh = [(digest, wanted[digest].astype("<f4").tobytes()) for digest in wanted.keys() - kept]
            db.executemany(
                "INSERT OR REPLACE INTO sealed_vectors (question, encoder, vector, seal) VALUES (?, ?, ?, ?)",
                [[digest, self._fingerprint, blob, self._seal(digest, blob)] for digest, blob in fresh],
            )

    def read_lesson(self, generation: str) -> str:
        """What `write_lesson` stored for this generation of the index; empty where there is nothing."""
        with _tolerated(self._file):
            if self._file.exists():
                with closing(self._open()) as db:
                    row = db.execute(
                        "SELECT lesson, seal FROM sealed_lessons WHERE generation = ?", [generation]
                    ).fetchone()
                    return str(row[0]) if row and row[1] == _digest(generation + str(row[0])) else ""
        return ""

    def write_lesson(self, generation: str, lesson: str) -> None:
        """Store what was learned from the known questions of a generation, replacing that of any other."""
        with _tolerated(self._file), closing(self._open()) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM sealed_lessons")
            db.execute(
                "INSERT INTO sealed_lessons VALUES (?, ?, ?)", [generation, lesson, _digest(generation + lesson)]
            )

    def _seal(self, question: bytes, blob: bytes) -> bytes:
        return hashlib.sha256(self._fingerprint.encode() + question + blob).digest()[:16]

    def _is_whole(self, question: bytes, blob: bytes, seal: bytes) -> bool:
        """Whether this is what was written; whatever else a damaged file may hold instead is not."""
        if not (isinstance(question, bytes) and isinstance(blob, bytes) and len(blob) == self._bytes):
            return False
        return seal == self._seal(question, blob)

    def _open(self) -> sqlite3.Connection:
        with suppress(FileExistsError):
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(self._file, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete = ON")
            for table in ("vectors", "lessons"):  # without seals, as they were before
                db.execute(f"DROP TABLE IF EXISTS {table}")
            db.execute(
                "CREATE TABLE IF NOT EXISTS sealed_vectors (question BLOB PRIMARY KEY, encoder TEXT NOT NULL,"
                " vector BLOB NOT NULL, seal BLOB NOT NULL) WITHOUT ROWID"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS sealed_lessons"
                " (generation TEXT PRIMARY KEY, lesson TEXT NOT NULL, seal BLOB NOT NULL)"
            )
        except BaseException:
            db.close()
            raise
        return db


def _digest(question: str) -> bytes:
    return hashlib.sha256(question.encode("utf-8", "replace")).digest()[:16]


@contextmanager
def _tolerated(file: Path) -> Iterator[None]:
    """Go on without the file when it cannot be used, and remove a broken one."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:  # the last where SQLite quotes what is damaged
        log("vectors.unused", file=file, reason=error)
        if isinstance(error, UnicodeError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            file.unlink(missing_ok=True)
