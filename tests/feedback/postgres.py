"""A PostgreSQL server of our own for tests: a data folder in /tmp, a socket, no port, nothing to set up by hand."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def programs() -> Path | None:
    """The folder of initdb and postgres; None where there is no PostgreSQL 15 or newer."""
    found = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(path).parent] if (path := shutil.which("initdb")) else []),
    ]
    numbered = [(int(one.parent.name) if one.parent.name.isdigit() else 15, one) for one in found]
    return max(((version, one) for version, one in numbered if version >= 15), default=(0, None))[1]


class PostgresServer:
    """A running server; `url(database)` is how Handrail names one of its databases."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._numbers = itertools.count(1)
        # PostgreSQL does not run as root.
        self._as_user = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        )

    @classmethod
    def create(cls, programs: Path) -> PostgresServer:
        """Make a data folder, and start a server on it. Sockets want a short path."""
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = cls(folder, programs)
        server._run(
            "initdb", "-D", folder / "data", "-U", "handrail", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        server.start()
        return server

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = (
            f"-c listen_addresses='' -k {self.folder} -c fsync=off -c full_page_writes=off -c shared_buffers=16MB "
            "-c max_connections=200 -c max_wal_size=64MB -c autovacuum=off"
        )
        self._run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop the server: `immediate` is a crash."""
        self._run("pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "stop")

    def remove(self) -> None:
        """Stop the server, and erase all it has."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://handrail@/{database}?host={self.folder}"

    def create_database(self) -> str:
        """Make an empty database; its name."""
        name = f"store_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected."""
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
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as_user, str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/tmp")
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")
