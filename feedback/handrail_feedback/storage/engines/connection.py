"""What the store asks of a database: a connection that speaks the SQL of the store, and an engine that lends them.

The SQL of the store is one text in the words that SQLite and PostgreSQL share, with parameters such as `:code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from handrail_feedback.records.stamps import Row
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts.installing import install_command

Values = Mapping[str, object]

# Fails for whatever keeps a store from being written but a full disk. Both databases touch no page for it.
WRITES_NOTHING = "UPDATE messages SET at = at WHERE 1 = 0"


class Undone(StoreUnavailable):
    """A transaction that the database undid in favour of another one; the same again may well succeed."""


class Cursor(Protocol):
    """What a statement found or changed."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """The next row as a tuple; None after the last one."""

    def fetchall(self) -> list[Any]:
        """All rows that are left, as tuples."""


@dataclass(frozen=True)
class Trigger:
    """A statement that runs after each row that `event` changes in `table`, such as `UPDATE OF query, bot`.

    `action` and `when`, a condition, may use OLD and NEW.
    """

    name: str
    event: str
    table: str
    action: str
    when: str = ""


class Connection(Protocol):
    """A connection inside a transaction."""

    def execute(self, sql: str, values: Values = ...) -> Cursor:
        """Run a statement."""

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """Run a statement once for each of these values."""

    def claiming(self, table: str) -> str:
        """What follows LIMIT in a SELECT to lock the rows that it chooses, passing over those that others lock.

        Empty where one writes at a time anyway.
        """

    def query(self, sql: str, values: Values = ...) -> Iterator[Row]:
        """The rows of a SELECT by the names of their columns. All are read at once, and become dicts one by one."""

    def savepoint(self) -> AbstractContextManager[object]:
        """Undo what is done inside if it raises, and nothing else."""

    def define(self, *definitions: str | Trigger) -> None:
        """Create tables, columns, indexes and triggers, written in SQLite's words for their types."""

    def number_rows_for_good(self) -> None:
        """See to it that the number of an erased row is never given to another."""


@dataclass(frozen=True)
class Migration:
    """A step from an older store to a newer one. Its name is kept in the store, and never changes."""

    name: str
    apply: Callable[[Connection], None]


class Engine(Protocol):
    """A database that holds the store. Making one touches nothing.

    Every call, and every statement of a connection, raises StoreUnavailable where the database itself is at fault,
    and not what was to be written.
    """

    # Where the store is, as people may read it: without a password.
    place: str

    def exists(self) -> bool:
        """Whether there is a store already. A database on a server counts as one."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with: that of this thread's transaction, where there is one."""

    def writing(self, *, durable: bool, in_turn: bool) -> AbstractContextManager[Connection]:
        """A transaction; see `Store.transaction`."""

    def only_one(self, what: str) -> AbstractContextManager[bool]:
        """Whether this process alone does `what` until the end of the block; never waits."""

    def before_fork(self) -> None:
        """Get ready for a fork of this process: no connection survives one."""

    def after_fork(self) -> None:
        """Go on after a fork, in the parent and in the child."""

    def check(self) -> None:
        """Write what is already there; raise StoreUnavailable unless that can be done."""

    def look(self) -> None:
        """As `check`, and write nothing: `WRITES_NOTHING` finds out what can be found out so."""

    def upgrade(self) -> list[str]:
        """Bring the tables up to date, or make them; the names of the steps that an older store lacked."""

    def lost(self) -> StoreUnavailable | None:
        """What to say where it is known that there was a store, and nothing of it is left."""

    def begin_anew(self) -> list[Path]:
        """Make an empty store in the place of one that is gone; the files that are left of that, under new names."""

    def shred(self) -> None:
        """See to it that what was erased can be read nowhere."""

    def close(self) -> None:
        """Give all connections back; the next use opens new ones."""


def refuse_newer(place: str, applied: set[str], known: set[str], *, in_use: bool = False) -> None:
    """Raise StoreUnavailable for a store that a newer version has changed already.

    Who only uses it goes on (`in_use`): nearly every step adds what older programs do not look at, and the name of one
    that does more ends in `_breaking`.
    """
    unknown = applied - known
    if in_use:
        unknown = {name for name in unknown if name.endswith("_breaking")}
    if unknown:
        raise StoreUnavailable(
            f"{place} was written by a newer Handrail (it has {', '.join(sorted(unknown))}).",
            f"Install that version's wheel again: {install_command('handrail-VERSION-py3-none-any.whl')}",
        )


class StoreBehind(StoreUnavailable):
    """A store that an older version made: it is brought up to date in a step of its own."""


def behind(place: str, missing: set[str], *, of_another: str = "") -> StoreBehind:
    """What to say of a store that lacks these steps; `of_another` names it where it is not that of the settings."""
    named = f"HANDRAIL_STORE='{of_another}' " if of_another else ""
    return StoreBehind(
        f"{place} was written by an older Handrail: it lacks {', '.join(sorted(missing))}.",
        f"Bring it up to date, which starting the service does, too: {named}handrail store upgrade",
    )
