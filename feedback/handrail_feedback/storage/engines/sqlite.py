"""SQLite: one file, shared by the processes and threads of one machine.

No other module of feedback imports sqlite3 or sqlite_utils.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from handrail_feedback.records.learned import shows
from handrail_feedback.records.stamps import Row
from handrail_feedback.storage.engines.connection import (
    WRITES_NOTHING,
    Connection,
    Migration,
    Trigger,
    Values,
    behind,
    refuse_newer,
)
from handrail_feedback.storage.engines.known_files import BESIDE, StoreNote, identity_of, is_gone, locked
from handrail_feedback.storage.engines.sqlite_log import LogWatch
from handrail_feedback.storage.engines.sqlite_words import (
    TRY_SECONDS,
    defined,
    explained,
    is_held,
    is_of_connection,
    is_of_log,
    refuse_full,
    refuse_no_file,
    restored_by,
    use_wal,
)
from handrail_kb.config.plain_files import how_to_clear
from handrail_kb.config.state_folder import made
from handrail_kb.errors import StoreLost, StoreUnavailable

# How long one waits to write where another program does, once that was in vain; and for a look.
_HELD_SECONDS, _LOOK_SECONDS = 0.25, 1.0
_REST_SECONDS = (0.1, 1.0)  # several processes must all have the files closed at one moment


class SqliteFile:
    """A store in one file. Each thread has its own connection, and one thread of a process at a time uses the file."""

    def __init__(self, path: Path, migrations: Sequence[Migration], busy_seconds: float) -> None:
        """`busy_seconds` is how long a writer waits for another one."""
        self.path = path
        self.place = str(path)
        self._migrations = _as_sqlite_utils(migrations)
        self._known = {one.name for one in migrations}
        self._busy_seconds = busy_seconds
        self._local = threading.local()
        self._opened: weakref.WeakSet[_Opened] = weakref.WeakSet()
        self._using = threading.RLock()
        self._log = LogWatch(path)
        self._resting: StoreUnavailable | None = None
        self._resting_until = 0.0
        # Whether another program was writing for longer than anybody waits, when it was last tried.
        self._is_held = False
        self._note = StoreNote(path)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """This thread's connection."""
        with self._using, self._mended():
            yield self._connection()

    @contextmanager
    def writing(self, *, durable: bool, in_turn: bool = True) -> Iterator[SqliteConnection]:
        """A transaction, alone; with `durable`, it survives a power cut, otherwise a kill only."""
        with self._turn(durable=durable, patience=self._busy_seconds) as connection:
            try:
                before = self._log.whole()  # now that it is our turn, which may have taken long
                yield connection
                self._log.still_has(before)
                connection.execute("COMMIT")
                self._log.still_has(before)
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # what was wrong before is told
                    connection.db.rollback()
                raise

    @contextmanager
    def _turn(self, *, durable: bool, patience: float) -> Iterator[SqliteConnection]:
        """A transaction that has begun, of this thread, which alone uses the file until the end of the block.

        What another program writes is not waited for with the file in hand: threads wait side by side, and who only
        reads goes on. Once one has waited in vain, nobody waits for long until that program is done.
        """
        until = time.monotonic() + (min(patience, _HELD_SECONDS) if self._is_held else patience)
        while True:
            with self._using, self._mended():
                connection = self._connection()
                if self._begins(connection, durable, until):
                    yield connection
                    return
            time.sleep(TRY_SECONDS)

    def _begins(self, connection: SqliteConnection, durable: bool, until: float) -> bool:
        """Begin a transaction; False where another program is writing. Raises StoreUnavailable where it is too late."""
        try:
            connection.begin(durable=durable, patience=TRY_SECONDS)
        except StoreUnavailable as error:
            if is_held(error) and time.monotonic() < until:
                return False
            self._is_held = is_held(error)
            raise
        finally:
            connection.wait_at_most(self._busy_seconds)
        self._is_held = False
        return True

    @contextmanager
    def _mended(self) -> Iterator[None]:
        """Give all connections up after a fault that may be theirs, such as a log that was cut short under them.

        SQLite reads the files afresh once no process has them open: this one opens nothing for a moment.
        """
        if self._resting and time.monotonic() < self._resting_until:
            raise StoreUnavailable(self._resting.what, self._resting.mend, passing=True)
        try:
            yield
        except StoreUnavailable as error:
            cut = is_of_connection(error) and self._log.cut_at_gap()
            if is_of_connection(error):
                self.close()
            if cut or is_of_log(error):
                self._resting, self._resting_until = error, time.monotonic() + random.uniform(*_REST_SECONDS)  # noqa: S311
            raise

    @contextmanager
    def only_one(self, what: str) -> Iterator[bool]:
        """Hold a lock on a file beside the store, where no other process does."""
        file = self.path.with_name(f"{what}.lock")
        refuse_no_file(file, then="")
        with contextlib.ExitStack() as held:
            with explained(self.path):
                made(self.path.parent)
                mine = held.enter_context(locked(file))
            yield mine

    def check(self) -> None:
        """Write what is already in the file, to see whether it can be written."""
        with self.writing(durable=False) as connection:
            [version] = connection.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version = {int(version)}")

    def look(self) -> None:
        """Ask whether it could be written: its turn can be had, and the disk has room."""
        with self._turn(durable=False, patience=min(_LOOK_SECONDS, self._busy_seconds)) as connection:
            try:
                connection.execute(WRITES_NOTHING)
            finally:
                connection.db.rollback()
        refuse_full(self.path)

    def shred(self) -> None:
        """Empty the write-ahead log, so that nothing erased is left in it."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connections of this process."""
        with self._using:
            for opened in list(self._opened):
                opened.connection.db.close()
            self._local = threading.local()

    def upgrade(self) -> list[str]:
        """Bring the tables up to date, or make them; the names of the steps that an older store lacked."""
        with self._using:
            self.close()
            with explained(self.path):
                connection, taken = self._open(upgrade=True)
            connection.db.close()
            return taken

    def lost(self) -> StoreUnavailable | None:
        """What to say where a store was made, and nothing of it is left; raised where there is something else."""
        refuse_no_file(self.path)
        return self._lost() if self._note.was_made() and is_gone(self.path) else None

    def begin_anew(self) -> list[Path]:
        """Make an empty store where there is none any more; the files that are left of the old one, under new names."""
        if not is_gone(self.path):
            raise StoreUnavailable(
                f"{self.path} holds something.", f"Nothing was changed. Move it away: {how_to_clear(self.path)}"
            )
        with explained(self.path):
            files = (self.path.with_name(self.path.name + ending) for ending in ("", *BESIDE))
            left = [file.rename(f"{file}.lost-{time.time():.0f}") for file in files if file.exists()]
            self._note.forget()
        self.upgrade()
        return left

    def _lost(self) -> StoreLost:
        return StoreLost(
            f"The store {self.path} is gone or was emptied: one was made there, with messages perhaps.",
            f"Put a backup in its place: {restored_by(self.path)}, or begin an empty one: handrail store new",
        )

    def before_fork(self) -> None:
        """Hold no connection while forking: a child inherits SQLite's note of every lock, and never sees it lifted."""
        self._using.acquire()
        self.close()

    def after_fork(self) -> None:
        """Let threads use the file again."""
        self._using.release()

    def _connection(self) -> SqliteConnection:
        """This thread's connection, made again when another file has replaced the old one."""
        opened: _Opened | None = getattr(self._local, "opened", None)
        fresh = False
        if opened is None or not opened.fits(self.path):
            with explained(self.path):
                opened = _Opened(self._open()[0], identity_of(self.path))
            self._local.opened = opened
            self._opened.add(opened)
            fresh = True
        self._log.look(closely=fresh)
        return opened.connection

    def _open(self, *, upgrade: bool = False) -> tuple[SqliteConnection, list[str]]:
        """A connection to the file, made where there never was one, and the steps that brought it up to date."""
        refuse_no_file(self.path)
        known = self._note.was_made()
        if known and is_gone(self.path):
            raise self._lost()
        made(self.path.parent)
        # Only SQLite may open a file that is there: closing it anywhere else in this process drops all of SQLite's
        # locks, and the next command that reads the store would take the write-ahead log away from under the service.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)
        raw = sqlite3.connect(self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            raw.create_function("shows", 2, shows, deterministic=True)
            connection = SqliteConnection(Database(raw, execute_plugins=False), self.path)
            connection.execute("PRAGMA secure_delete=ON").fetchall()
            # What SQLite sorts, and what it may have to undo: a full disk for temporary files is no fault of the store.
            connection.execute("PRAGMA temp_store=MEMORY").fetchall()
            use_wal(raw, self._busy_seconds)
            # A migration that replaces a table would erase all that belongs to its rows; inside one this cannot be set.
            connection.execute("PRAGMA foreign_keys=OFF")
            taken = self._migrate(connection, known=known, upgrade=upgrade)
            connection.execute("PRAGMA foreign_keys=ON")
            self._note.remember()
        except BaseException:
            raw.close()
            raise
        return connection, taken

    def _migrate(self, connection: SqliteConnection, *, known: bool, upgrade: bool) -> list[str]:
        """Make the tables of a new store; those of an older one are changed by `upgrade` alone."""
        applied = {one.name for one in self._migrations.applied(connection.db)}
        refuse_newer(self.place, applied, self._known, in_use=True)
        if not (missing := self._known - applied):
            return []
        if known and not applied:
            raise self._lost()
        if applied and not upgrade:
            raise behind(self.place, missing)
        connection.begin(durable=True, patience=self._busy_seconds)
        try:
            self._migrations.apply(_Migrating(connection.db.conn, connection))
            connection.execute("COMMIT")
        except BaseException:
            connection.db.rollback()
            raise
        return sorted(missing) if applied else []


class SqliteConnection:
    """A connection to the file of a store."""

    def __init__(self, db: Database, path: Path) -> None:
        self.db = db
        self.path = path

    def begin(self, *, durable: bool, patience: float) -> None:
        """Begin to write, alone; see `SqliteFile.writing`. Waits for another program so many seconds."""
        self.wait_at_most(patience)
        self.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self.execute("BEGIN IMMEDIATE")

    def wait_at_most(self, seconds: float) -> None:
        """How long statements wait for another program."""
        self.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")

    def execute(self, sql: str, values: Values = {}) -> sqlite3.Cursor:  # noqa: B006 (never written to)
        """Run a statement."""
        with explained(self.path):
            return self.db.conn.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """Run a statement once for each of these values."""
        with explained(self.path):
            self.db.conn.executemany(sql, rows)

    def claiming(self, table: str) -> str:
        """Nothing: one writes at a time."""
        return ""

    def query(self, sql: str, values: Values = {}) -> Iterator[Row]:  # noqa: B006 (never written to)
        """The rows of a SELECT by the names of their columns."""
        cursor = self.execute(sql, values)
        names = [column[0] for column in cursor.description]
        with explained(self.path):
            return (dict(zip(names, row, strict=True)) for row in cursor.fetchall())

    def savepoint(self) -> AbstractContextManager[object]:
        """Undo what is done inside if it raises, and nothing else."""
        return self.db.atomic()

    def define(self, *definitions: str | Trigger) -> None:
        """Create tables, columns, indexes and triggers."""
        for one in definitions:
            self.execute(defined(one))

    def number_rows_for_good(self) -> None:
        """Make the tables again with AUTOINCREMENT, since SQLite cannot change them so. Foreign keys must be off."""
        triggers = self.statements("trigger")
        for name, _ in triggers:
            self.execute(f"DROP TRIGGER {name}")
        for table, statement in self.statements("table"):
            new = statement.replace("id INTEGER PRIMARY KEY,", "id INTEGER PRIMARY KEY AUTOINCREMENT,", 1)
            if new != statement and "topic_id INTEGER PRIMARY KEY," not in statement:
                self._make_anew(table, new)
        for _, statement in triggers:
            self.execute(statement)

    def _make_anew(self, table: str, statement: str) -> None:
        """Give a table another definition and the same rows and indexes."""
        indexes = self.statements("index", table)
        self.execute(re.sub(r"^CREATE TABLE \S+", "CREATE TABLE made_anew", statement))
        self.execute(f"INSERT INTO made_anew SELECT * FROM {table}")  # noqa: S608 (our own words)
        self.execute(f"DROP TABLE {table}")
        self.execute(f"ALTER TABLE made_anew RENAME TO {table}")
        self.define(*(index for _, index in indexes))

    def statements(self, kind: str, table: str = "") -> list[tuple[str, str]]:
        """Names and definitions of what is in the store: of a kind, and of one table where it is named."""
        found = self.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = :kind AND sql IS NOT NULL AND :table IN ('', tbl_name) "
            "ORDER BY rowid",
            {"kind": kind, "table": table},
        )
        return [(str(name), str(sql)) for name, sql in found.fetchall()]


class _Migrating(Database):
    """What sqlite-utils applies migrations to; it carries the connection that they are written for."""

    def __init__(self, raw: sqlite3.Connection, connection: SqliteConnection) -> None:
        super().__init__(raw, execute_plugins=False)
        self.connection = connection


def _as_sqlite_utils(migrations: Sequence[Migration]) -> Any:
    """The migrations as sqlite-utils keeps account of them."""
    found = Migrations("handrail")
    for one in migrations:
        found(name=one.name)(lambda db, apply=one.apply: apply(db.connection))
    return found


class _Opened:
    """A connection together with the file it belongs to; closed when its thread ends."""

    def __init__(self, connection: SqliteConnection, file: tuple[int, int]) -> None:
        self.connection = connection
        self._file = file

    def fits(self, path: Path) -> bool:
        """Whether the connection may be used: a message written to a deleted file would be lost."""
        return self._file == identity_of(path)

    def __del__(self) -> None:
        self.connection.db.close()
