"""What moving, backing up and restoring ask of a database: the store as a whole, without bringing it up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from handrail_feedback.records.stamps import SqlValue
from handrail_feedback.storage.engines.connection import Connection


class Bulk(Connection, Protocol):
    """A connection inside a transaction that sees a store at one moment, or fills one."""

    def contents(self) -> Contents:
        """The migrations that were applied, and the rows of each table, those of others in the same place too."""

    def columns(self, table: str) -> list[str]:
        """The names of the columns of a table."""

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[SqlValue]]:
        """All rows, one after the other: memory holds one of them."""

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[SqlValue]]) -> None:
        """Write rows as they come. Raises StoreUnavailable, without words of a row, where one cannot be kept."""

    def numbers(self) -> dict[str, int]:
        """The highest number that a row of each table was ever given; tables without such numbers are missing."""

    def number_on(self, numbers: Mapping[str, int]) -> None:
        """Give new rows of these tables numbers above these, and above those that were given here."""


@dataclass(frozen=True)
class Contents:
    """What a store or a backup has: the migrations that were applied, and how many rows each table has."""

    applied: frozenset[str]
    rows: Mapping[str, int]


class WholeStore(Protocol):
    """A store that is read or filled as a whole. Making one touches nothing; each call raises StoreUnavailable."""

    # Where the store is, as people may read it: without a password.
    place: str
    # How names of its backups end: db, dump.
    ending: str

    def exists(self) -> bool:
        """Whether there is a store already. A database on a server counts as one."""

    def applied(self) -> set[str]:
        """The migrations that were applied: none where there are no tables. Applies none itself."""

    def damage(self, seconds: float) -> str:
        """The first damage that is found in so many seconds, in the database's words; empty where there is none."""

    def in_use(self) -> bool:
        """Whether another process has the store open just now, as far as it can be told."""

    def snapshot(self) -> AbstractContextManager[Bulk]:
        """Read all that is kept at one moment, whatever is written meanwhile, and write nothing."""

    def filling(self, tables: Sequence[str]) -> AbstractContextManager[Bulk]:
        """One transaction that survives a power cut, in which no trigger of these tables fires.

        The store is made where there is none, and brought up to date.
        """

    def back_up(self, file: Path) -> Contents:
        """Write all that is kept at one moment to a file that is there and empty, and verify it."""

    def examine(self, file: Path) -> Contents:
        """Read a backup of this kind from beginning to end, and say what is in it."""

    def restore(self, file: Path) -> None:
        """Put a backup that was examined in the place of all that is there, in one step. Nobody may use the store."""

    def put_aside(self, kept: Path) -> None:
        """Keep all that is there in a file of this name, which is not there yet."""


def listed(columns: Sequence[str]) -> str:
    """Columns as they stand in a statement."""
    return ", ".join(f'"{one}"' for one in columns)
