"""PostgreSQL: one database, shared by several machines.

Values are put into statements on this side (`ClientCursor`): PostgreSQL then finds
their types as SQLite does, from what they are compared with, and poolers between need to keep no statements.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from handrail_feedback.storage.engines.connection import WRITES_NOTHING, Connection, Migration, behind, refuse_newer
from handrail_kb.config.database_address import without_password
from handrail_kb.errors import ConfigError, StoreUnavailable
from handrail_kb.texts.installing import install_command

try:
    import psycopg
    from psycopg import errors
    from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

    from handrail_feedback.storage.engines.postgres_connection import (
        FrozenServers,
        PostgresConnection,
        has_said_something,
        speak_as_sqlite,
    )
    from handrail_feedback.storage.engines.postgres_words import SHOWS, explained
except ImportError as missing:
    raise ConfigError(
        f"A store in PostgreSQL needs the package {missing.name}, which is not installed.",
        f"Install it: {install_command('handrail[postgres]')}",
    ) from missing

Pool = ConnectionPool[psycopg.Connection[Any]]

_OLDEST = 15
_MOST_CONNECTIONS = 8
_CONNECT_SECONDS = 3
# A pool does not say why it has no connection: who waits for one looks for themselves, so often.
_LOOK_SECONDS = 0.5
# While the server is away, so long every call fails at once with the reason that the last one found.
_BREATH = 1.0
_STATEMENT_SECONDS = 60
# How long one waits for what somebody else holds once that was in vain, and for how long that is remembered.
_HELD_SECONDS, _HELD_FOR_SECONDS = 0.25, 10.0
_IDLE_SECONDS = 60
# After so long without use, a machine between may have forgotten a connection without a word.
_TRUSTED_SECONDS = 30.0
# Whatever the server's default: a snapshot must not be older than the turn to write.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TOO_MANY = "connection slots"

# It says no more than what is raised here, and in words for programmers.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)


class PostgresDatabase:
    """A store in a database of a PostgreSQL server. Connections are lent by a pool, one for each process."""

    def __init__(self, url: str, migrations: Sequence[Migration], busy_seconds: float) -> None:
        """`url` is what libpq takes; `busy_seconds` is how long a writer waits for its turn."""
        self.place = without_password(url)
        self._url = url
        self._migrations = migrations
        self._busy_seconds = busy_seconds
        self._local = threading.local()
        self._opening = threading.RLock()
        self._pool: Pool | None = None
        self._watch: FrozenServers | None = None
        self._away: tuple[float, StoreUnavailable] | None = None
        # Until when nobody waits long for what somebody else holds, and which connections have been told so.
        self._held_until = 0.0
        self._hurried: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()
        self._used: weakref.WeakKeyDictionary[psycopg.Connection[Any], float] = weakref.WeakKeyDictionary()

    def exists(self) -> bool:
        """Whether there may be a store: a server is asked when it is needed."""
        return True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection of the pool; inside a transaction of this thread, that one."""
        mine: PostgresConnection | None = getattr(self._local, "writing", None)
        if mine is not None:
            yield mine
            return
        with self._lent() as raw:
            yield PostgresConnection(raw, self.place)

    @contextmanager
    def writing(self, *, durable: bool, in_turn: bool = True) -> Iterator[PostgresConnection]:
        """A transaction in READ COMMITTED; `in_turn` waits until no other such one is open, as SQLite has it.

        Durable always: without, a server that is killed forgets what customers were told is kept.
        """
        with self._lent() as raw:
            connection = PostgresConnection(raw, self.place)
            turn = f"SELECT pg_advisory_xact_lock({_key('write')})" if in_turn else ""
            self._local.writing = connection
            try:
                connection.run(f"{_BEGIN}; {turn}")
                yield connection
                connection.run("COMMIT")
                self._held_until = 0.0
            except BaseException:
                with suppress(psycopg.Error):
                    raw.execute("ROLLBACK")
                raise
            finally:
                self._local.writing = None

    @contextmanager
    def only_one(self, what: str) -> Iterator[bool]:
        """Hold a lock of the server, which ends with this connection, however this process ends."""
        with self._lent() as raw:
            connection = PostgresConnection(raw, self.place)
            mine = connection.value(f"SELECT pg_try_advisory_lock({_key(what)})")
            try:
                yield bool(mine)
            finally:
                if mine:
                    with suppress(psycopg.Error):  # a connection that broke has given its lock back
                        raw.execute(f"SELECT pg_advisory_unlock({_key(what)})")

    def check(self) -> None:
        """Write what is already there, to see whether it can be written."""
        with self.writing(durable=False) as connection:
            connection.execute("UPDATE learned_changes SET number = number")

    def look(self) -> None:
        """Ask whether it could be written, without a turn to write."""
        with self.reading() as connection:
            connection.execute(WRITES_NOTHING)

    def upgrade(self) -> list[str]:
        """Bring the tables up to date, or make them."""
        with self.connect() as raw:
            return migrate(PostgresConnection(raw, self.place), self._migrations, upgrade=True)

    def lost(self) -> None:
        """Nothing: a database is made by its server, and what was in it is known there."""

    def begin_anew(self) -> list[Path]:
        """Make the tables of an empty database."""
        self.upgrade()
        return []

    def shred(self) -> None:
        """Nothing: what the server keeps of erased rows, and for how long, is for its vacuum and its archive."""

    def close(self) -> None:
        """Close the connections of this process."""
        with self._opening:
            pool, self._pool, self._away = self._pool, None, None
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()
        if pool is not None:
            pool.close()

    def before_fork(self) -> None:
        """Close all connections: a child must not speak on those of its parent."""
        self._opening.acquire()
        self.close()

    def after_fork(self) -> None:
        """Let threads open connections again."""
        self._opening.release()

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection[Any]]:
        pool, raw = self._borrow()
        try:
            with self._watched(raw):
                self._wait_less(raw)
                yield raw
        except StoreUnavailable as error:
            if isinstance(error.__cause__, errors.LockNotAvailable):
                self._held_until = time.monotonic() + _HELD_FOR_SECONDS
            if isinstance(error.__cause__, errors.UndefinedTable):  # the database was made anew
                self._let_go(pool)
            raise
        finally:
            self._used[raw] = time.monotonic()
            pool.putconn(raw)

    def _wait_less(self, raw: psycopg.Connection[Any]) -> None:
        """Have a connection wait for what somebody else holds as long as is worth it now."""
        hurries = time.monotonic() < self._held_until
        if hurries != (raw in self._hurried):
            seconds = min(_HELD_SECONDS, self._busy_seconds) if hurries else self._busy_seconds
            PostgresConnection(raw, self.place).run(f"SET lock_timeout = '{seconds}s'")
            (self._hurried.add if hurries else self._hurried.discard)(raw)

    def _borrow(self) -> tuple[Pool, psycopg.Connection[Any]]:
        """A connection, and the pool that gets it back."""
        deadline = time.monotonic() + self._busy_seconds
        while True:
            pool = self._opened()
            try:
                return pool, pool.getconn(timeout=_LOOK_SECONDS)
            except PoolClosed:  # another thread has let it go meanwhile
                continue
            except PoolTimeout as error:
                self._find_out(pool)
                if time.monotonic() > deadline:
                    raise StoreUnavailable(
                        f"{self.place} gave this process none of its {_MOST_CONNECTIONS} connections for "
                        f"{self._busy_seconds:g} seconds.",
                        f"See what they wait for: psql '{self.place}' -c 'TABLE pg_stat_activity'",
                        passing=True,
                    ) from error
            except psycopg.Error as error:
                raise explained(self.place, error) from error

    def _let_go(self, pool: Pool) -> None:
        """Have the next call look at the database afresh."""
        with self._opening:
            if self._pool is pool:
                self._pool = None
        pool.close(timeout=0)

    def _opened(self) -> Pool:
        """The pool of this process, once the database was found to be usable and up to date."""
        with self._opening:
            if self._away and time.monotonic() < self._away[0]:
                found = self._away[1]
                raise StoreUnavailable(found.what, found.mend, passing=found.passing)
            if self._pool is None:
                if self._watch is None:
                    self._watch = FrozenServers(self._url, _CONNECTION)
                    weakref.finalize(self, self._watch.stop)
                self._prepare()
                self._pool = self._new_pool()
            return self._pool

    def _prepare(self) -> None:
        """Connect once by hand, since a pool hides why it cannot; make the tables of an empty database."""
        try:
            with self.connect() as raw, self._watched(raw):
                migrate(PostgresConnection(raw, self.place), self._migrations)
        except StoreUnavailable as error:
            self._away = (time.monotonic() + _BREATH, error)
            raise
        self._away = None

    def _find_out(self, pool: Pool) -> None:
        """Raise StoreUnavailable with the reason where no connection can be had, and open the pool anew next time."""
        try:
            self.connect().close()
        except StoreUnavailable as error:
            if _TOO_MANY in error.what and pool.get_stats().get("pool_size"):
                return  # those that this process has are as good as ever
            self._let_go(pool)
            self._away = (time.monotonic() + _BREATH, error)
            raise

    def connect(self) -> psycopg.Connection[Any]:
        """A connection beside the pool, to a store of any version. Raises StoreUnavailable."""
        try:
            raw = psycopg.connect(self._url, **_CONNECTION)
        except psycopg.Error as error:
            raise explained(self.place, error) from error
        try:
            self._configure(raw)
        except BaseException:
            raw.close()
            raise
        return raw

    def _new_pool(self) -> Pool:
        return ConnectionPool(
            self._url,
            kwargs=_CONNECTION,
            min_size=0,
            max_size=_MOST_CONNECTIONS,
            configure=self._configure,
            check=self._refuse_broken,
            reconnect_timeout=_CONNECT_SECONDS,
            max_idle=300,
            num_workers=1,
            name="handrail-store",
            open=True,
        )

    def _refuse_broken(self, raw: psycopg.Connection[Any]) -> None:
        """Raise psycopg.Error for a connection that its server has ended, so that another one is lent.

        Asking takes as long as most statements: one that was used just now is asked only where its server has said
        something unasked, which it does when it ends.
        """
        used = self._used.get(raw)
        if used is None or time.monotonic() - used > _TRUSTED_SECONDS or has_said_something(raw):
            with self._watched(raw):
                ConnectionPool.check_connection(raw)

    def _configure(self, raw: psycopg.Connection[Any]) -> None:
        """Bound what a connection may wait for, and let it speak as SQLite does.

        What a page of the desk reads is in memory: an index is worth it for small tables, which are read once for each
        message otherwise.
        """
        speak_as_sqlite(raw)
        with self._watched(raw):
            raw.execute(
                f"SET statement_timeout = '{_STATEMENT_SECONDS}s'; SET lock_timeout = '{self._busy_seconds}s';"
                f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'; SET timezone = 'UTC';"
                "SET random_page_cost = 1.1"
            )

    def _watched(self, raw: psycopg.Connection[Any]) -> AbstractContextManager[None]:
        """Have a connection end where its server freezes."""
        return self._watch.watched(raw) if self._watch else nullcontext()


_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "cursor_factory": psycopg.ClientCursor,
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "handrail",
    # A machine that is gone says nothing: without these a writer would wait for it for two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def _key(what: str) -> str:
    """The number of a lock, in SQL: stores in two schemas of one database have nothing to do with each other."""
    return f"hashtextextended('handrail {what} ' || current_schema(), 0)"


def migrate(connection: PostgresConnection, migrations: Sequence[Migration], *, upgrade: bool = False) -> list[str]:
    """Make the tables, or with `upgrade` bring older ones up to date, once, whichever node comes first.

    The names of the steps that older ones lacked. Raises StoreUnavailable.
    """
    refuse_unfit(connection)
    known = {one.name for one in migrations}
    done = applied(connection)
    refuse_newer(connection.place, done, known, in_use=True)
    if known <= done:
        return []
    if done and not upgrade:
        raise behind(connection.place, known - done)
    # A step may take long on a large store; nobody waits for it but those who need it.
    connection.run(f"{_BEGIN}; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({_key('migrate')})")
    connection.define("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at TEXT NOT NULL)")
    connection.run(SHOWS)
    done = applied(connection)
    missing = [one for one in migrations if one.name not in done]
    for one in missing:
        one.apply(connection)
        connection.execute("INSERT INTO migrations VALUES (:name, CAST(clock_timestamp() AS text))", {"name": one.name})
    connection.run("COMMIT")
    return [one.name for one in missing] if done else []


def applied(connection: PostgresConnection) -> set[str]:
    """The migrations that were applied; none where there are no tables."""
    there = connection.value("SELECT to_regclass('migrations') IS NOT NULL")
    return {str(name) for (name,) in connection.execute("SELECT name FROM migrations").fetchall()} if there else set()


def refuse_unfit(connection: PostgresConnection) -> None:
    """Raise StoreUnavailable for a server or a database that cannot hold a store."""
    info = connection.raw.info
    if info.server_version < _OLDEST * 10_000:
        raise StoreUnavailable(
            f"{connection.place} runs PostgreSQL {info.server_version // 10_000}; Handrail needs {_OLDEST} or newer.",
            "Upgrade the server, or name another one: HANDRAIL_STORE=postgresql://…",
        )
    if info.parameter_status("server_encoding") != "UTF8":
        raise StoreUnavailable(
            f"The database {info.dbname} keeps text as {info.parameter_status('server_encoding')}, and not as UTF8.",
            "Make another one: createdb --encoding=UTF8 --template=template0 NAME",
        )
