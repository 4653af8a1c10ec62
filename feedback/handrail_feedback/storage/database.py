"""The store: searches, votes, messages and topics in an SQLite file or a PostgreSQL database.

Opening is put off until the first use and tried again after a failure, so that a full disk, a missing folder or a
server that is down costs what would have been kept, never a search. Knows nothing of searches, votes or messages but
their tables.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from handrail_feedback.records.stamps import Row, SqlValue
from handrail_feedback.storage.engines.connection import Connection, Engine, StoreBehind, Undone
from handrail_feedback.storage.engines.sqlite import SqliteFile
from handrail_feedback.storage.engines.sqlite_whole import SqliteWhole
from handrail_feedback.storage.engines.whole import WholeStore
from handrail_feedback.storage.schema.migrations import MIGRATIONS
from handrail_kb.config.plain_files import no_folder
from handrail_kb.errors import StoreUnavailable

__all__ = ["Connection", "Store", "StoreBehind", "existing_store", "retried", "weakly", "whole_store"]

_BUSY_SECONDS = 5.0


class Store:
    """Where everything is kept. Cheap to make: it is opened, and made where missing, at the first use.

    Every method raises StoreUnavailable when the store cannot be used, and tries again the next time.
    """

    def __init__(self, place: Path | str, *, busy_seconds: float = _BUSY_SECONDS) -> None:
        """`place` is a file, or the address of a database; `busy_seconds` is how long a writer waits for another."""
        self.at = place
        self._engine = _engine(place, busy_seconds)
        os.register_at_fork(
            before=weakly(self._engine.before_fork),
            after_in_parent=weakly(self._engine.after_fork),
            after_in_child=weakly(self._engine.after_fork),
        )

    @property
    def place(self) -> str:
        """Where the store is, as people may read it: without a password."""
        return self._engine.place

    @property
    def shared(self) -> bool:
        """Whether several machines may use it at once."""
        return not isinstance(self._engine, SqliteFile)

    def exists(self) -> bool:
        """Whether there may be something in it; asking makes nothing."""
        return self._engine.exists()

    def read(self, sql: str, **values: SqlValue) -> list[Row]:
        """The rows of a SELECT with named parameters."""
        return list(self.each(sql, **values))

    def each(self, sql: str, **values: SqlValue) -> Iterator[Row]:
        """As `read`, one after the other: of many rows, those that nobody keeps need half the memory."""
        with self._engine.reading() as connection:
            return connection.query(sql, values)

    def transaction(self, *, durable: bool = False, in_turn: bool = True) -> AbstractContextManager[Connection]:
        """A connection to write with; all is kept at the end, or nothing if anything is raised.

        With `durable`, what was written survives a power cut once this returns; otherwise a kill of this process only.
        Writers take turns, those on other machines too: what one has read is true until it has written. Claims go
        without a turn (`in_turn` false, `Connection.claiming`): a row that can be claimed may be claimed meanwhile.
        """
        return self._engine.writing(durable=durable, in_turn=in_turn)

    def only_one(self, what: str) -> AbstractContextManager[bool]:
        """Whether this process alone does `what` until the end of the block, of all that use the store; never waits."""
        return self._engine.only_one(what)

    def check(self) -> None:
        """Raise StoreUnavailable with the reason unless the store can be written now: what is there is written."""
        self._engine.check()

    def look(self) -> None:
        """As `check`, for whoever asks again and again: nothing is written, which overlooks a full disk of a server."""
        self._engine.look()

    def upgrade(self) -> list[str]:
        """Bring the tables of an older store up to date, or make them; the names of the steps that an older one lacked.

        Nothing else does: a store that lacks a step is refused. Older programs go on with it meanwhile and afterwards.
        """
        return self._engine.upgrade()

    def refuse_lost(self) -> None:
        """Raise StoreUnavailable where a store was made, and nothing of it is left."""
        if lost := self._engine.lost():
            raise lost

    def begin_anew(self) -> list[Path]:
        """Make an empty store in the place of one that is gone; the files that are left of that, under new names."""
        return self._engine.begin_anew()

    def shred(self) -> None:
        """See to it that nothing erased is left in logs that belong to the store."""
        self._engine.shred()

    def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        self._engine.close()


def _engine(place: Path | str, busy_seconds: float) -> Engine:
    if "://" not in str(place):
        return SqliteFile(Path(place), MIGRATIONS, busy_seconds)
    from handrail_feedback.storage.engines.postgres import PostgresDatabase

    return PostgresDatabase(str(place), MIGRATIONS, busy_seconds)


def whole_store(place: Path | str) -> WholeStore:
    """The store at a place as a whole, for moving, backing up and restoring it; it need not be up to date."""
    if "://" not in str(place):
        return SqliteWhole(SqliteFile(Path(place), MIGRATIONS, _BUSY_SECONDS))
    from handrail_feedback.storage.engines.postgres import PostgresDatabase
    from handrail_feedback.storage.engines.postgres_whole import PostgresWhole

    return PostgresWhole(str(place), PostgresDatabase(str(place), MIGRATIONS, _BUSY_SECONDS))


def existing_store(place: Path | str, nothing_kept: str, first: str) -> Store:
    """The store at a place; a mistyped folder must not leave an empty one behind.

    Raises StoreUnavailable, which says that `nothing_kept` and what to do `first`.
    """
    store = Store(place)
    store.refuse_lost()
    if not store.exists():
        if isinstance(place, Path) and (known := no_folder(place.parent, written=False)):
            raise StoreUnavailable(*known)
        raise StoreUnavailable(
            f"There is no store at {store.place}: {nothing_kept}.",
            f"{first}, or name the right site: --config PATH/mkdocs.yml",
        )
    return store


Given = ParamSpec("Given")
Done = TypeVar("Done")
_PAUSES = (0.02, 0.1, 0.5)


def retried(write: Callable[Given, Done]) -> Callable[Given, Done]:
    """Do what writes in one transaction again when the database undid it in favour of another one's."""

    @wraps(write)
    def again(*args: Given.args, **more: Given.kwargs) -> Done:
        for pause in _PAUSES:
            try:
                return write(*args, **more)
            except Undone:
                time.sleep(pause)
        return write(*args, **more)

    return again


def weakly(method: Callable[[], object]) -> Callable[[], None]:
    """Call a method only while its object lives: registries of the interpreter keep what they are given for ever."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call
