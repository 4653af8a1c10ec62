"""Vectors of known questions and what was learned from them, in a file, so that a restart is quick.

The file is separate from the store: it can be lost at any time, and backups need not include it. It holds no words, and
only vectors of questions that are known now. Knows nothing of where questions come from.
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
from handrail_search.embedding.vectors import Vectors

log = Log(__name__)


_WAIT_SECONDS = 2.0


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
                rows = db.execute("SELECT question, vector FROM vectors WHERE encoder = ?", [self._fingerprint])
                kept = {digest: blob for digest, blob in rows if len(blob) == self._bytes}
            digests = {question: _digest(question) for question in questions}
            return {
                question: np.frombuffer(kept[digest], dtype="<f4")
                for question, digest in digests.items()
                if digest in kept
            }
        return {}

    def write(self, vectors: Mapping[str, Vectors], *, keep_others: bool = False) -> None:
        """Store these vectors; all others are removed, unless `keep_others` is set."""
        wanted = {_digest(question): vector for question, vector in vectors.items()}
        with _tolerated(self._file), closing(self._open()) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM vectors WHERE encoder <> ?", [self._fingerprint])
            kept = {row[0] for row in db.execute("SELECT question FROM vectors")}
            gone = set() if keep_others else kept - wanted.keys()
            db.executemany("DELETE FROM vectors WHERE question = ?", [[digest] for digest in gone])
            db.executemany(
                "INSERT OR REPLACE INTO vectors (question, encoder, vector) VALUES (?, ?, ?)",
                [
                    [digest, self._fingerprint, wanted[digest].astype("<f4").tobytes()]
                    for digest in wanted.keys() - kept
                ],
            )

    def read_lesson(self, generation: str) -> str:
        """What `write_lesson` stored for this generation of the index; empty where there is nothing."""
        with _tolerated(self._file):
            if self._file.exists():
                with closing(self._open()) as db:
                    row = db.execute("SELECT lesson FROM lessons WHERE generation = ?", [generation]).fetchone()
                    return str(row[0]) if row else ""
        return ""

    def write_lesson(self, generation: str, lesson: str) -> None:
        """Store what was learned from the known questions of a generation, replacing that of any other."""
        with _tolerated(self._file), closing(self._open()) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM lessons")
            db.execute("INSERT INTO lessons VALUES (?, ?)", [generation, lesson])

    def _open(self) -> sqlite3.Connection:
        with suppress(FileExistsError):
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(self._file, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete = ON")
            db.execute(
                "CREATE TABLE IF NOT EXISTS vectors"
                " (question BLOB PRIMARY KEY, encoder TEXT NOT NULL, vector BLOB NOT NULL) WITHOUT ROWID"
            )
            db.execute("CREATE TABLE IF NOT EXISTS lessons (generation TEXT PRIMARY KEY, lesson TEXT NOT NULL)")
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
    except (sqlite3.Error, OSError) as error:
        log("vectors.unused", file=file, reason=error)
        if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            file.unlink(missing_ok=True)
