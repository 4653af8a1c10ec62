"""The store: one SQLite file, shared by several processes and threads, brought up to date by migrations.

Opening is put off until the first use and tried again after a failure, so that a full disk or a missing
folder costs what would have been kept, never a search. Knows nothing of searches, votes or messages but their tables.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from handrail_feedback.records.stamps import Row, SqlValue
from handrail_feedback.storage.engines.sqlite import (
    Database,
    begin,
    empty_log,
    explained,
    file_identity,
    open_file,
    write_something,
)
from handrail_feedback.storage.schema.migrations import migrations
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts.installing import install_command


class Store:
    """One SQLite file. Cheap to make: the file is opened, and made where missing, at the first use.

    Each thread has its own connection, and one thread of a process at a time uses the file.
    Every method raises StoreUnavailable when the file cannot be used, and tries again the next time.
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

    def read(self, sql: str, **values: SqlValue) -> list[Row]:
        """The rows of a SELECT with named parameters."""
        with explained(self.path), self._using:
            return list(self._database().query(sql, values))

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Database]:
        """A database to write to, alone; all is kept at the end, or nothing if anything is raised.

        With `durable`, what was written survives a power cut once this returns; otherwise a kill only.
        """
        with explained(self.path), self._using:
            db = self._database()
            begin(db, durable=durable)
            try:
                yield db
                db.commit()
            except BaseException:
                db.rollback()
                raise

    def check(self) -> None:
        """Raise StoreUnavailable with the reason unless the store can be written now: it rewrites a value."""
        with self.transaction() as db:
            write_something(db)

    def shred(self) -> None:
        """Empty the write-ahead log, so that nothing erased is left in it."""
        with explained(self.path), self._using:
            empty_log(self._database())

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
        """This thread's connection, made again when another file has replaced the old one."""
        opened: _Opened | None = getattr(self._local, "opened", None)
        if opened is None or not opened.fits(self.path):
            db = open_file(self.path, self._busy_seconds, partial(_migrate, path=self.path))
            opened = _Opened(db, file_identity(self.path))
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
        return self._file == file_identity(path)

    def __del__(self) -> None:
        self.db.close()


def _migrate(db: Database, path: Path) -> None:
    """Apply the pending migrations once, whichever process comes first."""
    known = {migration.name for migration in migrations._migrations}  # noqa: SLF001 no public way
    unknown = {migration.name for migration in migrations.applied(db)} - known
    if unknown:
        raise StoreUnavailable(
            f"{path} was written by a newer Handrail (it has {', '.join(sorted(unknown))}).",
            f"Install that version's wheel again: {install_command('handrail-VERSION-py3-none-any.whl')}",
        )
    if not migrations.pending(db):
        return
    begin(db, durable=True)
    try:
        migrations.apply(db)
        db.commit()
    except BaseException:
        db.rollback()
        raise


def weakly(method: Callable[[], object]) -> Callable[[], None]:
    """Call a method only while its object lives: registries of the interpreter keep what they are given for ever."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call
