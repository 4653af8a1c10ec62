"""An SQLite file as a whole: read at one moment, filled, backed up and restored."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from handrail_feedback.records.stamps import SqlValue
from handrail_feedback.storage.engines.known_files import BESIDE
from handrail_feedback.storage.engines.sqlite import SqliteConnection, SqliteFile
from handrail_feedback.storage.engines.sqlite_words import explained, is_of_connection
from handrail_feedback.storage.engines.whole import Bulk, Contents, listed
from handrail_kb.config.shown import as_typed
from handrail_kb.config.state_folder import made
from handrail_kb.errors import StoreUnavailable

_STEPS_BETWEEN_LOOKS = 10_000


class SqliteWhole:
    """A store in one file."""

    ending = "db"

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
            return bulk.applied()

    def damage(self, seconds: float) -> str:
        """Read the pages of the file, and see whether they fit each other."""
        until = time.monotonic() + seconds
        with self.snapshot() as bulk:
            bulk.db.conn.set_progress_handler(lambda: time.monotonic() > until, _STEPS_BETWEEN_LOOKS)
            try:
                found = str(bulk.execute("PRAGMA quick_check(1)").fetchone()[0])
            except UnicodeError:  # in what says that it is damaged
                return "what it holds cannot be read"
            except StoreUnavailable as error:
                if getattr(error.__cause__, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                    return ""  # as far as that was in so many seconds
                raise
            return "" if found == "ok" else " ".join(found.split())

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

    def snapshot(self) -> AbstractContextManager[SqliteBulk]:
        """A transaction of a connection that cannot write."""
        return _snapshot(self._path)

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

    def back_up(self, file: Path) -> Contents:
        """Copy the file while it is used."""
        return _copy(self._path, file)

    def examine(self, file: Path) -> Contents:
        """Check every page of a backup."""
        return _examined(file)

    def restore(self, file: Path) -> None:
        """Copy a backup beside the store, then rename it."""
        new = made(self._path.parent) / f".{self._path.name}.restoring"
        with explained(self._path):
            new.unlink(missing_ok=True)
            os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            owner = (self._path if self._path.exists() else self._path.parent).stat()
            if os.geteuid() == 0:  # the service has to be able to write it
                os.chown(new, owner.st_uid, owner.st_gid)
        try:
            _copy(file, new)
            _write_down(self._path)
            with explained(self._path):
                for ending in BESIDE:
                    self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
                new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)

    def put_aside(self, kept: Path) -> None:
        """Give the file another name, too, and what belongs to it; it may be damaged."""
        _write_down(self._path)
        with explained(self._path):
            shutil.copy2(self._path, kept)
            for ending in BESIDE:
                beside = self._path.with_name(self._path.name + ending)
                if beside.exists():
                    shutil.copy2(beside, kept.with_name(kept.name + ending))


@contextmanager
def _snapshot(path: Path) -> Iterator[SqliteBulk]:
    with explained(path):
        raw = _opened(path, "ro", wait=5)
    with closing(raw):
        bulk = SqliteBulk(Database(raw, execute_plugins=False), path)
        bulk.execute("BEGIN")
        bulk.execute("SELECT count(*) FROM sqlite_master").fetchall()  # the moment is that of the first read
        yield bulk


def _copy(path: Path, to: Path) -> Contents:
    """Copy a store at one moment into a file that needs no other beside it, by SQLite's own backup; compare both."""
    with _snapshot(path) as bulk:
        contents = bulk.contents()
        with explained(to), closing(sqlite3.connect(to, isolation_level=None)) as copy:
            bulk.db.conn.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    if _examined(to) != contents:
        raise StoreUnavailable(f"{to} is not the same as {path}.", "Look at the disk: dmesg | tail")
    return contents


def _examined(file: Path) -> Contents:
    """What is in a file that is whole. Raises StoreUnavailable."""
    another = f"Take another backup: ls -lt {as_typed(file.parent)}"
    damaged = StoreUnavailable(f"{file} is damaged: it cannot be read to its end.", another)
    try:
        with _snapshot(file) as bulk:
            found = [str(line) for (line,) in bulk.execute("PRAGMA integrity_check").fetchall()]
            if found == ["ok"]:
                return bulk.contents()
    except UnicodeError as error:  # in what says that it is damaged
        raise damaged from error
    except StoreUnavailable as error:
        if error.passing:
            raise
        if is_of_connection(error):  # what SQLite says of it names tables, and pages of the file
            raise damaged from error
        raise StoreUnavailable(error.what, another) from error
    raise damaged


def _write_down(path: Path) -> None:
    """Write the write-ahead log into its file, where that can be read, so that nothing belongs to it beside it."""
    with suppress(sqlite3.DatabaseError), closing(_opened(path, "rw", wait=0)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _opened(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=wait, isolation_level=None
    )


class SqliteBulk(SqliteConnection):
    """A connection that reads and writes whole tables."""

    def applied(self) -> set[str]:
        """The migrations that the file had."""
        [[there]] = self.execute("SELECT count(*) FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchall()
        if not there:
            return set()
        found = self.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'handrail'")
        return {str(name) for (name,) in found.fetchall()}

    def contents(self) -> Contents:
        """The migrations, and the rows of each table."""
        tables = [name for name, _ in self.statements("table") if name[0] != "_" and not name.startswith("sqlite_")]
        rows = {name: int(self.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in tables}  # noqa: S608
        return Contents(frozenset(self.applied()), rows)

    def columns(self, table: str) -> list[str]:
        """The names of the columns of a table."""
        return [str(row[1]) for row in self.execute(f"PRAGMA table_info({table})").fetchall()]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[SqlValue]]:
        """All rows, one after the other."""
        cursor = self.execute(f"SELECT {listed(columns)} FROM {table}")  # noqa: S608 (our own words)
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
                self.db.conn.executemany(f"INSERT INTO {table} ({listed(columns)}) VALUES ({places})", rows)  # noqa: S608
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
