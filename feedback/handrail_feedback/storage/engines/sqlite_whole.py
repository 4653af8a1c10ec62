"""An SQLite file as a whole: read at one moment, filled, and told whether others have it open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from handrail_feedback.records.stamps import SqlValue
from handrail_feedback.storage.engines.sqlite import SqliteConnection, SqliteFile, explained
from handrail_feedback.storage.engines.whole import Bulk
from handrail_kb.errors import StoreUnavailable


class SqliteWhole:
    """A store in one file."""

    def __init__(self, file: SqliteFile) -> None:
        self.place = file.place
        self._file = file
        self._path = file.path

    def exists(self) -> bool:
        """Whether the file is there."""
        return self._path.exists()

    def applied(self) -> set[str]:
        """The migrations that the file had."""
        with self.snapshot() as bulk:
            [[there]] = bulk.execute("SELECT count(*) FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchall()
            if not there:
                return set()
            found = bulk.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'handrail'")
            return {str(name) for (name,) in found.fetchall()}

    def in_use(self) -> bool:
        """Whether another connection is open: with the write-ahead log each holds a lock on the file."""
        try:
            with closing(_opened(self._path, "rw", wait=0)) as raw:
                raw.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
                raw.execute("BEGIN IMMEDIATE")
                raw.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        except sqlite3.DatabaseError:  # reading it says what is wrong
            return False
        return False

    @contextmanager
    def snapshot(self) -> Iterator[Bulk]:
        """A transaction of a connection that cannot write."""
        with explained(self._path):
            raw = _opened(self._path, "ro", wait=5)
        with closing(raw):
            bulk = SqliteBulk(Database(raw, execute_plugins=False), self._path)
            bulk.execute("BEGIN")
            bulk.execute("SELECT count(*) FROM sqlite_master").fetchall()  # the moment is that of the first read
            yield bulk

    @contextmanager
    def filling(self, tables: Sequence[str]) -> Iterator[Bulk]:
        """A transaction without triggers: they are dropped in it, and made again."""
        try:
            with self._file.writing(durable=True) as connection:
                bulk = SqliteBulk(connection.db, self._path)
                triggers = bulk.drop_triggers()
                yield bulk
                bulk.define(*triggers)
        finally:
            self._file.close()


def _opened(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=wait, isolation_level=None
    )


class SqliteBulk(SqliteConnection):
    """A connection that reads and writes whole tables."""

    def columns(self, table: str) -> list[str]:
        """The names of the columns of a table."""
        return [str(row[1]) for row in self.execute(f"PRAGMA table_info({table})").fetchall()]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[SqlValue]]:
        """All rows, one after the other."""
        cursor = self.execute(f"SELECT {_listed(columns)} FROM {table}")  # noqa: S608 (our own words)
        while True:
            with explained(self.path):
                row = cursor.fetchone()
            if row is None:
                return
            yield row

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[SqlValue]]) -> None:
        """Write rows as they come."""
        places = ", ".join("?" * len(columns))
        try:
            with explained(self.path):
                self.db.conn.executemany(f"INSERT INTO {table} ({_listed(columns)}) VALUES ({places})", rows)  # noqa: S608
        except (sqlite3.IntegrityError, sqlite3.DataError) as error:
            raise StoreUnavailable(
                f"{self.path} cannot keep a row of {table}: {error}.", "Look at what refers to what: handrail doctor"
            ) from error

    def numbers(self) -> dict[str, int]:
        """The highest number that a row of each table was ever given."""
        return {str(name): int(number) for name, number in self.execute("SELECT name, seq FROM sqlite_sequence")}

    def number_on(self, numbers: Mapping[str, int]) -> None:
        """Go on from these numbers."""
        here = self.numbers()
        for table, number in numbers.items():
            sql = (
                "UPDATE sqlite_sequence SET seq = :number WHERE name = :name"
                if table in here
                else "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"
            )
            self.execute(sql, {"name": table, "number": max(number, here.get(table, 0))})

    def drop_triggers(self) -> list[str]:
        """Take the triggers away until the end of the transaction; returns what makes them again."""
        triggers = self.statements("trigger")
        for name, _ in triggers:
            self.execute(f"DROP TRIGGER {name}")
        return [statement for _, statement in triggers]


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{one}"' for one in columns)
