"""A PostgreSQL server of our own for tests: a data folder in /tmp, a socket, nothing to set up by hand.

It has no port unless it is asked for one, and does not wait for the disk unless it may be killed.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")


def programs() -> Path | None:
    """The folder of initdb and postgres; None where there is no PostgreSQL 15 or newer."""
    found = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(path).parent] if (path := shutil.which("initdb")) else []),
    ]
    numbered = [(int(one.parent.name) if one.parent.name.isdigit() else 15, one) for one in found]
    return max(((version, one) for version, one in numbered if version >= 15), default=(0, None))[1]


_QUICK = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c max_wal_size=64MB"
_SECONDS_AFTER_A_KILL = 60


class PostgresServer:
    """A running server; `url(database)` is how Handrail names one of its databases.

    With a `port` it is as operators have it: it listens on 127.0.0.1, waits for the disk, and vacuums.
    """

    def __init__(self, folder: Path, programs: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port
        self._programs = programs
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        self._kept: dict[str, Any] = {}
        # PostgreSQL does not run as root.
        self._as_user = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        )

    @classmethod
    def create(cls, programs: Path, port: int | None = None) -> PostgresServer:
        """Make a data folder, and start a server on it. Sockets want a short path."""
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = cls(folder, programs, port)
        server._run(
            "initdb", "-D", folder / "data", "-U", "handrail", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        server.start()
        return server

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        where = f"-c listen_addresses=127.0.0.1 -p {self.port}" if self.port else f"-c listen_addresses='' {_QUICK}"
        options = f"{where} -k {self.folder} -c shared_buffers=16MB -c max_connections=200"
        self._run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop the server: `immediate` is a crash."""
        self._let_go(*list(self._kept))
        self._run("pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "stop")

    def kill(self) -> None:
        """Kill every process of the server at once, as the end of its machine would."""
        self._let_go(*list(self._kept))
        self._signal(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the server do nothing, as when its disk does not answer: its machine confirms all that is sent to it."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        main = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        for pid in (main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())):
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def start_after_a_kill(self) -> None:
        """Start the server as soon as the last of its killed processes is gone."""
        deadline = time.monotonic() + _SECONDS_AFTER_A_KILL
        while True:
            try:
                self.start()
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)  # noqa: TID251 the system takes a moment to give back what they shared
            else:
                return

    def remove(self) -> None:
        """Stop the server, and erase all it has."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """The address of a database."""
        if self.port:
            return f"postgresql://handrail@127.0.0.1:{self.port}/{database}"
        return f"postgresql://handrail@/{database}?host={self.folder}"

    def create_database(self) -> str:
        """Make an empty database; its name."""
        name = f"store_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def borrow_database(self) -> str:
        """A database that nobody uses, empty or with empty tables; its name."""
        return self._free.pop() if self._free else self.create_database()

    def give_database_back(self, name: str) -> None:
        """Empty the tables for the next one; a database whose tables a test has changed is dropped."""
        if self._on(name, self._empty):
            self._free.append(name)
        else:
            self.drop_database(name)

    @staticmethod
    def _empty(connection: Any) -> bool:
        """Empty the tables of a database, which nobody else is left to use; false where they are not as they were."""
        from handrail_feedback.storage.schema.migrations import MIGRATIONS, TABLES

        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        if {table for (table,) in tables} != {*TABLES, "migrations"}:
            return False
        applied = connection.execute("SELECT name FROM migrations").fetchall()
        if {migration for (migration,) in applied} != {one.name for one in MIGRATIONS}:
            return False
        connection.execute(";".join(f"DELETE FROM {table}" for table in reversed(TABLES)))
        connection.execute(
            "SELECT setval(pg_get_serial_sequence(table_name, column_name), 1, false) FROM "
            "information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES';"
            "INSERT INTO learned_changes VALUES (1); INSERT INTO outbox_alarm VALUES (NULL)"
        )
        return True

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        self._let_go(name)
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def refuse(self, name: str) -> None:
        """Let nobody use a database until `accept`."""
        self.sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def accept(self, name: str) -> None:
        """Let a database be used again."""
        self.sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")

    def ask_for_passwords_of(self, role: str) -> None:
        """From now on this role needs its password."""
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text())
        self.sql("SELECT pg_reload_conf()")

    def sql(self, statement: str) -> None:
        """Run a statement in the server's own database."""
        self._on("postgres", lambda connection: connection.execute(statement))

    def _on(self, name: str, work: Callable[[Any], Found]) -> Found:
        """Do something on a connection to a database, which is kept, because to make one takes longer."""
        import psycopg

        if name in self._kept:
            try:
                return work(self._kept[name])
            except psycopg.OperationalError:
                if not self._kept[name].broken:
                    raise
                self._let_go(name)  # the server was killed meanwhile, or let nobody stay
        self._kept[name] = psycopg.connect(self.url(name), autocommit=True)
        return work(self._kept[name])

    def _let_go(self, *names: str) -> None:
        """Keep no connection to these databases."""
        for name in names:
            if name in self._kept:
                self._kept.pop(name).close()

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as_user, str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/tmp")
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")
