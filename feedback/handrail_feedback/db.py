"""The store: one SQLite file that several processes and threads share, and that is mended by migrations.

Opening is put off until the first use and tried again after a failure, so that a full disk or a missing
folder costs what would have been kept, never a search. Knows nothing of searches, votes or messages but their tables.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from handrail_feedback.migrations import migrations
from handrail_kb.errors import StoreUnavailable
from handrail_kb.extras import install_command
from handrail_kb.state_folder import made

Row = dict[str, Any]
Value = str | int | float | None


class Store:
    """One SQLite file. Cheap to make: the file is opened, and made where missing, at the first use.

    Each thread has its own connection, and one thread of a process at a time uses the file.
    Every method raises StoreUnavailable when the file cannot be used, and tries anew the next time.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 5.0) -> None:
        """`busy_seconds` is how long a writer waits for another one."""
        self.path = path
        self._busy_seconds = busy_seconds
        self._local = threading.local()
        self._opened: weakref.WeakSet[_Opened] = weakref.WeakSet()
        self._using = threading.RLock()
        os.register_at_fork(
            before=weakly(self._before_fork),
            after_in_parent=weakly(self._after_fork),
            after_in_child=weakly(self._after_fork),
        )

    def read(self, sql: str, **values: Value) -> list[Row]:
        """The rows of a SELECT with named parameters."""
        with _reasons(self.path), self._using:
            return list(self._database().query(sql, values))

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Database]:
        """A database to write to, alone; all is kept at the end, or nothing if anything is raised.

        With `durable`, what was written survives a power cut once this returns; otherwise a kill only.
        """
        with _reasons(self.path), self._using:
            db = self._database()
            db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.commit()
            except BaseException:
                db.rollback()
                raise

    def check(self) -> None:
        """Raise StoreUnavailable with the reason unless the store can be written now: it writes what stands there."""
        with self.transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute(f"PRAGMA user_version = {int(version)}")

    def shred(self) -> None:
        """Empty the write-ahead log, so that nothing erased is left in it."""
        with _reasons(self.path), self._using:
            self._database().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        with self._using:
            for opened in list(self._opened):
                opened.db.close()
            self._local = threading.local()

    def _before_fork(self) -> None:
        """Hold no connection while forking: a child inherits SQLite's note of every lock, and never sees it lifted."""
        self._using.acquire()
        self.close()

    def _after_fork(self) -> None:
        self._using.release()

    def _database(self) -> Database:
        """This thread's connection, made anew when another file stands in the old one's place."""
        opened: _Opened | None = getattr(self._local, "opened", None)
        if opened is None or not opened.fits(self.path):
            opened = _Opened(_open(self.path, self._busy_seconds), _identity(self.path))
            self._local.opened = opened
            self._opened.add(opened)
        return opened.db


class _Opened:
    """A connection together with the file it belongs to; closed when its thread ends."""

    def __init__(self, db: Database, file: tuple[int, int]) -> None:
        self.db = db
        self._file = file

    def fits(self, path: Path) -> bool:
        """Whether the connection may be used: a message written to a deleted file would be lost."""
        return self._file == _identity(path)

    def __del__(self) -> None:
        self.db.close()


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """The moment as it is stored: UTC, ISO 8601, always of the same length so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(stamped: str) -> datetime:
    """The moment that `stamp` wrote."""
    return datetime.fromisoformat(stamped)


def storable(text: str, longest: int) -> str:
    """The text as SQLite and every reader can hold it: no NUL, no half characters, at most `longest` long."""
    return text[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _open(path: Path, busy_seconds: float) -> Database:
    """A connection to a file whose tables are up to date."""
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
        # A migration that makes a table anew would erase all that belongs to its rows; inside one this cannot be set.
        db.execute("PRAGMA foreign_keys=OFF")
        _migrate(db, path)
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


def _migrate(db: Database, path: Path) -> None:
    """Apply the pending migrations once, whichever process comes first."""
    known = {migration.name for migration in migrations._migrations}
    unknown = {migration.name for migration in migrations.applied(db)} - known
    if unknown:
        raise StoreUnavailable(
            f"{path} was written by a newer Handrail (it has {', '.join(sorted(unknown))}).",
            f"Install that version's wheel again: {install_command('handrail-VERSION-py3-none-any.whl')}",
        )
    if not migrations.pending(db):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(db)
        db.commit()
    except BaseException:
        db.rollback()
        raise


def _identity(path: Path) -> tuple[int, int]:
    """What tells one file from another of the same name."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def weakly(method: Callable[[], object]) -> Callable[[], None]:
    """Call a method only while its object lives: registries of the interpreter keep what they are given for ever."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call


def is_store_fault(error: Exception) -> bool:
    """Whether the file, the disk or a lock is to blame, and not what was to be written."""
    ours = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InternalError)
    return isinstance(error, (sqlite3.DatabaseError, OSError)) and not isinstance(error, ours)


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
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
