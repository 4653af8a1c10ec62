"""A connection to PostgreSQL that takes the SQL of the store, and its values as SQLite has them."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import Dumper, Loader

from handrail_feedback.records.stamps import Row
from handrail_feedback.storage.engines.connection import Trigger, Values
from handrail_feedback.storage.engines.postgres_words import as_psycopg, defined, explained


def speak_as_sqlite(raw: psycopg.Connection[Any]) -> None:
    """Give and take values as SQLite does."""
    raw.adapters.register_dumper(bool, _WholeNumber)
    raw.adapters.register_loader("numeric", _Number)


class _WholeNumber(Dumper):
    """Yes and no are 1 and 0 in every column of the store."""

    oid = psycopg.adapters.types["int4"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"

    def quote(self, obj: bool) -> bytes:
        return self.dump(obj)


class _Number(Loader):
    """Sums of whole numbers, which PostgreSQL gives as decimals."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


# What is no fault of what was to be written.
_OF_THE_SERVER = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.IdleInTransactionSessionTimeout,
    errors.InsufficientPrivilege,
    errors.InvalidSchemaName,
    errors.ReadOnlySqlTransaction,
    errors.UndefinedTable,
)


class PostgresConnection:
    """A connection that takes the SQL of the store."""

    def __init__(self, raw: psycopg.Connection[Any], place: str) -> None:
        self.raw = raw
        self.place = place

    def run(self, statements: str) -> None:
        """Run statements of PostgreSQL's own, without values, at one go."""
        with self.explained():
            self.raw.execute(statements)

    def value(self, sql: str) -> Any:
        """The one value that a statement gives."""
        found = self.execute(sql).fetchone()
        return found and found[0]

    def execute(self, sql: str, values: Values = {}) -> psycopg.Cursor[Any]:  # noqa: B006 (never written to)
        """Run a statement."""
        with self.explained():
            return self.raw.execute(as_psycopg(sql), values)

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """Run a statement once for each of these values."""
        with self.explained(), self.raw.cursor() as cursor:
            cursor.executemany(as_psycopg(sql), rows)

    def claiming(self, table: str) -> str:
        """What locks the rows of this table that a SELECT chooses, and passes over those that are locked."""
        return f"FOR UPDATE OF {table} SKIP LOCKED"

    def query(self, sql: str, values: Values = {}) -> Iterator[Row]:  # noqa: B006 (never written to)
        """The rows of a SELECT by the names of their columns."""
        with self.explained(), self.raw.cursor() as cursor:
            cursor.execute(as_psycopg(sql), values)
            names = [column.name for column in cursor.description or ()]
            return (dict(zip(names, row, strict=True)) for row in cursor.fetchall())

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside if it raises, and nothing else."""
        with self.explained(), self.raw.transaction():
            yield

    def define(self, *definitions: str | Trigger) -> None:
        """Create tables, columns, indexes and triggers."""
        for one in definitions:
            for statement in defined(one):
                self.run(statement)

    def number_rows_for_good(self) -> None:
        """Nothing: a sequence never goes back."""

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what is the fault of the server into a StoreUnavailable."""
        try:
            yield
        except _OF_THE_SERVER as error:
            raise explained(self.place, error) from error


# For longer nobody waits for a statement without looking whether the server is there at all; how often it is looked.
_PATIENCE_SECONDS, _LOOK_SECONDS = 5.0, 1.0


class FrozenServers:
    """Ends the connections of those who wait for a server that has stopped answering without going away.

    Its machine still confirms all that is sent, so no time limit of the server's or the system's ever ends: whoever
    waited would wait for ever, and soon all threads would.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """`url` and `options` are what connects to the server, within seconds. A thread looks until `stop`."""
        self._url, self._options = url, options
        self._lent: dict[psycopg.Connection[Any], float] = {}
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="handrail-store-watch", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    @contextmanager
    def watched(self, raw: psycopg.Connection[Any]) -> Iterator[None]:
        """Look after this connection while it is used."""
        self._lent[raw] = time.monotonic()
        try:
            yield
        finally:
            self._lent.pop(raw, None)

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            at = time.monotonic()
            late = [raw for raw, since in self._lent.copy().items() if at - since > _PATIENCE_SECONDS]
            if late and not self._answers():
                for raw in late:
                    _hang_up(raw)

    def _answers(self) -> bool:
        """Whether the server takes a connection on, or says why it does not."""
        try:
            psycopg.connect(self._url, **self._options).close()
        except errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True


def _hang_up(raw: psycopg.Connection[Any]) -> None:
    """Have whoever waits for something on a connection be told that it has ended."""
    with (
        suppress(OSError, psycopg.Error),  # it has ended meanwhile
        socket.socket(fileno=os.dup(raw.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)


def has_said_something(raw: psycopg.Connection[Any]) -> bool:
    """Whether anything arrived on a connection that waits for nothing, be it its end."""
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))
