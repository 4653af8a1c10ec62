"""What is SQLite's own: how a file is opened, locked, written for good, and what its faults mean for a person.

The rest of the store is SQL that other databases know as well. No other module of feedback imports sqlite3 or
sqlite_utils; what they need of these is named here.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from handrail_kb.config.state_folder import made
from handrail_kb.errors import StoreUnavailable

__all__ = [
    "Database",
    "Migrations",
    "begin",
    "empty_log",
    "explained",
    "file_identity",
    "is_store_fault",
    "open_file",
    "write_something",
]


def open_file(path: Path, busy_seconds: float, migrate: Callable[[Database], None]) -> Database:
    """A connection to a file whose tables `migrate` brings up to date; the file is made where it is missing."""
    made(path.parent)
    # Only SQLite may open a file that is there: closing it anywhere else in this process drops all of SQLite's locks,
    # and the next command that reads the store would take the write-ahead log away from under the service.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        db = Database(connection, execute_plugins=False)
        db.execute("PRAGMA secure_delete=ON").fetchall()
        _use_wal(db, busy_seconds)
        # A migration that replaces a table would erase all that belongs to its rows; inside one this cannot be set.
        db.execute("PRAGMA foreign_keys=OFF")
        migrate(db)
        db.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()
        raise
    return db


def _use_wal(db: Database, busy_seconds: float) -> None:
    """Switch to the write-ahead log. SQLite does not wait by itself when two processes do so at once."""
    until = time.monotonic() + busy_seconds
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def begin(db: Database, *, durable: bool = False) -> None:
    """Begin to write, alone; with `durable`, what is committed survives a power cut, otherwise a kill only."""
    db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    db.execute("BEGIN IMMEDIATE")


def write_something(db: Database) -> None:
    """Write what is already in the file, to see whether it can be written."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute(f"PRAGMA user_version = {int(version)}")


def empty_log(db: Database) -> None:
    """Empty the write-ahead log, so that nothing erased is left in it."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def file_identity(path: Path) -> tuple[int, int]:
    """What tells one file from another of the same name."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def is_store_fault(error: Exception) -> bool:
    """Whether the file, the disk or a lock is to blame, and not what was to be written."""
    ours = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InternalError)
    return isinstance(error, (sqlite3.DatabaseError, OSError)) and not isinstance(error, ours)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a StoreUnavailable that a person can act upon."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_store_fault(error):
            raise
        raise _unavailable(path, getattr(error, "sqlite_errorcode", 0), str(error)) from error
    except OSError as error:
        raise StoreUnavailable(
            f"The store {path} cannot be opened: {error.strerror or error}.",
            f"Run this as the user of the service, who has to own {path.parent}: sudo -u USER handrail …",
        ) from error


def _unavailable(path: Path, code: int, said: str) -> StoreUnavailable:
    reasons = {
        sqlite3.SQLITE_NOTADB: (
            f"{path} is not a store of Handrail: {said}.",
            f"Move it away, then put your back-up in its place or start afresh: mv {path} {path}.broken",
        ),
        sqlite3.SQLITE_CORRUPT: (
            f"The store {path} is damaged: {said}.",
            f"Save what can be read: sqlite3 {path} .recover | sqlite3 {path}.recovered",
        ),
        sqlite3.SQLITE_FULL: (f"The disk is full: {path} cannot grow.", f"Make room: df -h {path.parent}"),
        sqlite3.SQLITE_READONLY: (
            f"The store {path} cannot be written.",
            f"Let the service write to the file and its folder: chmod u+rw {path} && chmod u+rwx {path.parent}",
        ),
        sqlite3.SQLITE_CANTOPEN: (
            f"The store {path} cannot be opened.",
            f"Give the service a folder it may write to: ls -ld {path.parent} {path}",
        ),
        sqlite3.SQLITE_BUSY: (
            f"The store {path} is held by another program.",
            f"See which one, and end it: fuser -v {path}",
        ),
    }
    what, mend = reasons.get(code & 0xFF, (f"The store {path} cannot be used: {said}.", "Ask: handrail doctor"))
    return StoreUnavailable(what, mend)
