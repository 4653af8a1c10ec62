"""A PostgreSQL database as a whole: read at one moment, filled, and told whether others use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import psycopg

from handrail_feedback.records.stamps import SqlValue
from handrail_feedback.storage.engines.postgres import PostgresConnection, PostgresDatabase, applied, refuse_unfit
from handrail_feedback.storage.engines.whole import Bulk
from handrail_kb.errors import StoreUnavailable

# Rows of a whole store are read and written for as long as they take.
_NO_HURRY = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"


class PostgresWhole:
    """A store in a database of a server."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.place = database.place
        self._database = database

    def exists(self) -> bool:
        """Whether there may be a store: a server is asked when it is needed."""
        return True

    def applied(self) -> set[str]:
        """The migrations that the database had."""
        with closing(self._database.connect()) as raw:
            connection = PostgresConnection(raw, self.place)
            refuse_unfit(connection)
            return applied(connection)

    def in_use(self) -> bool:
        """Whether another Handrail is connected."""
        with closing(self._database.connect()) as raw:
            return bool(
                PostgresConnection(raw, self.place).value(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND application_name = 'handrail' AND pid <> pg_backend_pid()"
                )
            )

    @contextmanager
    def snapshot(self) -> Iterator[Bulk]:
        """A transaction that sees one moment, and cannot write."""
        with closing(self._database.connect()) as raw:
            bulk = PostgresBulk(raw, self.place)
            bulk.run(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_NO_HURRY}; SELECT 1")
            yield bulk

    @contextmanager
    def filling(self, tables: Sequence[str]) -> Iterator[Bulk]:
        """A transaction in which the triggers of these tables are disabled."""
        try:
            with self._database.writing(durable=True) as connection:
                bulk = PostgresBulk(connection.raw, self.place)
                bulk.run(_NO_HURRY)
                bulk.run(";".join(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
                yield bulk
                bulk.run(";".join(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables))
        finally:
            self._database.close()


class PostgresBulk(PostgresConnection):
    """A connection that reads and writes whole tables."""

    def columns(self, table: str) -> list[str]:
        """The names of the columns of a table."""
        return [column.name for column in self._described(table)]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[SqlValue]]:
        """All rows as the server sends them."""
        types = {column.name: column.type_code for column in self._described(table)}
        sql = f"COPY {table} ({_listed(columns)}) TO STDOUT"
        with self.explained(), self.raw.cursor() as cursor, cursor.copy(sql) as copy:
            copy.set_types([types[name] for name in columns])
            yield from copy.rows()

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[SqlValue]]) -> None:
        """Send rows as they come."""
        try:
            with (
                self.explained(),
                self.raw.cursor() as cursor,
                cursor.copy(f"COPY {table} ({_listed(columns)}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            # Its own text may quote the row.
            said = error.diag.message_primary or str(error)
            raise StoreUnavailable(
                f"{self.place} cannot keep a row of {table}: {said}.", "Look at what refers to what: handrail doctor"
            ) from error

    def numbers(self) -> dict[str, int]:
        """The highest number that a row of each table was ever given."""
        found = {}
        for table, sequence in self._sequences():
            last = self.value(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
            found[table] = int(last)
        return found

    def number_on(self, numbers: Mapping[str, int]) -> None:
        """Go on from these numbers."""
        here = self.numbers()
        for table, sequence in self._sequences():
            if number := max(numbers.get(table, 0), here[table]):
                self.execute("SELECT setval(:sequence, :number)", {"sequence": sequence, "number": number})

    def _sequences(self) -> list[tuple[str, str]]:
        """Tables that number their rows, each with its sequence."""
        return self.execute(
            """SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
               FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'"""
        ).fetchall()

    def _described(self, table: str) -> Sequence[psycopg.Column]:
        return self.execute(f"SELECT * FROM {table} LIMIT 0").description or ()  # noqa: S608 (our own words)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{one}"' for one in columns)
