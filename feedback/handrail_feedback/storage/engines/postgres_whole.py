"""A PostgreSQL database as a whole: read at one moment, filled, backed up and restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from handrail_feedback.records.stamps import SqlValue
from handrail_feedback.storage.engines.postgres import PostgresDatabase, applied, refuse_unfit
from handrail_feedback.storage.engines.postgres_connection import PostgresConnection
from handrail_feedback.storage.engines.postgres_programs import PostgresPrograms
from handrail_feedback.storage.engines.whole import Bulk, Contents, listed
from handrail_kb.errors import StoreUnavailable

# Rows of a whole store are read and written for as long as they take.
_NO_HURRY = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"


class PostgresWhole:
    """A store in a database of a server."""

    ending = "dump"

    def __init__(self, url: str, database: PostgresDatabase) -> None:
        self.place = database.place
        self._database = database
        self._programs = PostgresPrograms(url)

    def exists(self) -> bool:
        """Whether there may be a store: a server is asked when it is needed."""
        return True

    def applied(self) -> set[str]:
        """The migrations that the database had."""
        with closing(self._database.connect()) as raw:
            connection = PostgresConnection(raw, self.place)
            refuse_unfit(connection)
            return applied(connection)

    def damage(self, seconds: float) -> str:
        """Nothing: a server sees to its own pages (data checksums, pg_amcheck)."""
        return ""

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
    def snapshot(self) -> Iterator[PostgresBulk]:
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

    def back_up(self, file: Path) -> Contents:
        """Dump the moment that this transaction sees, and compare what is in the dump with it."""
        with self.snapshot() as bulk:
            contents = bulk.contents()
            schema, moment = bulk.execute("SELECT current_schema(), pg_export_snapshot()").fetchone() or ("", "")
            self._programs.dump(file, bulk.server, str(schema), str(moment))
        if self.examine(file) != contents:
            raise StoreUnavailable(f"{file} is not the same as {self.place}.", "Look at the disk: dmesg | tail")
        return contents

    def examine(self, file: Path) -> Contents:
        """Read a dump from beginning to end. Raises StoreUnavailable also for one of another schema."""
        contents, of_dump = self._programs.read_dump(file)
        with self.snapshot() as bulk:
            schema = str(bulk.value("SELECT current_schema()"))
        if contents.applied and of_dump != schema:
            raise StoreUnavailable(
                f"{file} is of the schema {of_dump}, and {self.place} uses {schema}.",
                f"Name that one in HANDRAIL_STORE: {self.place}{'&' if '?' in self.place else '?'}"
                f"options=-csearch_path%3D{of_dump}",
            )
        return contents

    def restore(self, file: Path) -> None:
        """Drop what is there and load the dump, in one transaction."""
        with self.snapshot() as bulk:
            schema, server = str(bulk.value("SELECT current_schema()")), bulk.server
            drops = [str(row[0]) for row in bulk.execute(_DROPS).fetchall()]
        self._programs.load(file, server, schema, drops)

    def put_aside(self, kept: Path) -> None:
        """Dump what is there."""
        kept.touch(mode=0o600)
        self.back_up(kept)


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'migrations'"
# All of the store; whoever restores has seen to it that nothing else is in its schema.
_DROPS = """
SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE;', schemaname, tablename)
FROM pg_tables WHERE schemaname = current_schema()
UNION ALL
SELECT DISTINCT format('DROP FUNCTION IF EXISTS %I.%I(%s) CASCADE;', current_schema(), proname,
                       pg_get_function_identity_arguments(pg_proc.oid))
FROM pg_proc JOIN pg_trigger ON tgfoid = pg_proc.oid WHERE pronamespace = current_schema()::regnamespace"""


class PostgresBulk(PostgresConnection):
    """A connection that reads and writes whole tables."""

    @property
    def server(self) -> int:
        """The major version of the server."""
        return self.raw.info.server_version // 10_000

    def contents(self) -> Contents:
        """The migrations, and the rows of each table."""
        tables = [str(name) for (name,) in self.execute(_TABLES).fetchall()]
        rows = {name: int(self.value(f"SELECT count(*) FROM {name}")) for name in tables}  # noqa: S608
        return Contents(frozenset(applied(self)), rows)

    def columns(self, table: str) -> list[str]:
        """The names of the columns of a table."""
        return [column.name for column in self._described(table)]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[SqlValue]]:
        """All rows as the server sends them."""
        types = {column.name: column.type_code for column in self._described(table)}
        sql = f"COPY {table} ({listed(columns)}) TO STDOUT"
        with self.explained(), self.raw.cursor() as cursor, cursor.copy(sql) as copy:
            copy.set_types([types[name] for name in columns])
            yield from copy.rows()

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[SqlValue]]) -> None:
        """Send rows as they come."""
        try:
            with (
                self.explained(),
                self.raw.cursor() as cursor,
                cursor.copy(f"COPY {table} ({listed(columns)}) FROM STDIN") as copy,
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
