"""PostgreSQL's own programs for backups: pg_dump, pg_restore and psql, of the version that fits the server.

A password is never among their arguments, which everybody on the machine can read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, unquote, urlsplit

from handrail_feedback.storage.engines.whole import Contents
from handrail_kb.config.database_address import without_password
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import StoreUnavailable

_FOLDERS = (Path("/usr/lib/postgresql"), Path("/usr/pgsql"), Path("/opt/homebrew/opt"))
_COPY = re.compile(rb'COPY "?([^".]{1,63})"?\."?([^".]{1,63})"? \(')
_LOCK_SECONDS = 10


class PostgresPrograms:
    """Programs that work on one database."""

    def __init__(self, url: str) -> None:
        self._place = without_password(url)
        parts = urlsplit(url)
        password = unquote(parts.password or "") or parse_qs(parts.query).get("password", [""])[0]
        self._environment = {
            **os.environ,
            "PGCONNECT_TIMEOUT": "10",
            "PGAPPNAME": "handrail-backup",
            **({"PGPASSWORD": password} if password else {}),
        }

    def dump(self, file: Path, server: int, schema: str, moment: str) -> None:
        """Write a schema as a snapshot sees it that an open transaction exported; `server` is a major version."""
        self._run(
            [
                *(_program("pg_dump", server), "--format=custom", "--no-owner", "--no-privileges"),
                *(f"--schema={schema}", f"--snapshot={moment}", f"--lock-wait-timeout={_LOCK_SECONDS}s"),
                *(f"--file={file}", f"--dbname={self._place}"),
            ]
        )

    def read_dump(self, file: Path) -> tuple[Contents, str]:
        """What is in a dump, read from beginning to end, and the name of its schema."""
        rows: dict[str, int] = {}
        applied, schema, table = set(), "", ""
        with tempfile.TemporaryFile() as said:
            command = [_program("pg_restore"), "--data-only", "--file=-", str(file)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=self._environment) as running:
                for line in running.stdout or ():
                    if table and line == b"\\.\n":
                        table = ""
                    elif table:
                        rows[table] += 1
                        if table == "migrations":
                            applied.add(line.split(b"\t")[0].decode())
                    elif found := _COPY.match(line):
                        schema, table = found[1].decode(), found[2].decode()
                        rows[table] = 0
            if running.returncode:
                raise StoreUnavailable(
                    f"{file} cannot be read as a dump of PostgreSQL: {_last_line(said)}.",
                    f"Take another backup: ls -lt {as_typed(file.parent)}",
                )
        rows.pop("migrations", None)
        return Contents(frozenset(applied), rows), schema

    def load(self, file: Path, server: int, schema: str, drops: Iterable[str]) -> None:
        """Run statements that drop what is there, then those of the dump: all of it in one transaction, or nothing."""
        psql = [_program("psql", server), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"]
        script = [_program("pg_restore", server), "--clean", "--if-exists", "--no-owner", "--no-privileges"]
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as said_of_dump:
            with (
                subprocess.Popen(
                    [*psql, f"--dbname={self._place}"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    env=self._environment,
                ) as loading,
                subprocess.Popen(
                    [*script, f"--schema={schema}", "--file=-", str(file)], stdout=subprocess.PIPE, stderr=said_of_dump
                ) as reading,
            ):
                assert loading.stdin and reading.stdout  # noqa: S101 (they are pipes)
                try:
                    loading.stdin.write(
                        "\n".join(["BEGIN;", f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s';", *drops, ""]).encode()
                    )
                    shutil.copyfileobj(reading.stdout, loading.stdin)
                    if reading.wait() == 0:  # psql that comes to the end without this undoes all
                        loading.stdin.write(b"\nCOMMIT;\n")
                    loading.stdin.close()
                except BrokenPipeError:  # it ended at an error, and has said which
                    reading.kill()
                    with suppress(BrokenPipeError):
                        loading.stdin.close()
            if loading.returncode or reading.returncode:
                raise self._failed("psql", said if loading.returncode else said_of_dump)

    def _run(self, command: list[str]) -> None:
        with tempfile.TemporaryFile() as said:
            if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=said, env=self._environment).returncode:
                raise self._failed(Path(command[0]).name, said)

    def _failed(self, program: str, said: IO[bytes]) -> StoreUnavailable:
        return StoreUnavailable(
            f"{program} failed on {self._place}: {_last_line(said)}.", f"Ask it: psql '{self._place}' -c 'SELECT 1'"
        )


def _last_line(said: IO[bytes]) -> str:
    """What a program said that is to the point: its first error."""
    said.seek(0)
    lines = said.read(20_000).decode("utf-8", "replace").strip().splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines[-1:] or ["it said nothing"]
    return errors[0].strip().rstrip(".")


def _program(name: str, at_least: int = 0) -> str:
    """The program of the lowest version that a server of this major version accepts. Raises StoreUnavailable."""
    found = {_version(path): path for path in _candidates(name)}
    fit = [version for version in found if version >= max(at_least, 1)]
    if fit:
        return str(found[min(fit) if at_least else max(fit)])
    package = f"postgresql-client-{at_least}" if at_least else "postgresql-client"
    if found:
        raise StoreUnavailable(
            f"The server runs PostgreSQL {at_least}, and the newest {name} here is of {max(found)}, which it refuses.",
            f"Install the server's version: apt-get install {package}",
        )
    raise StoreUnavailable(
        f"Backups of PostgreSQL need {name}, which is not on this machine.", f"Install it: apt-get install {package}"
    )


def _candidates(name: str) -> list[Path]:
    on_path = shutil.which(name)
    return [
        *(path for folder in _FOLDERS for path in sorted(folder.glob(f"*/bin/{name}"))),
        *([Path(on_path)] if on_path else []),
    ]


def _version(path: Path) -> int:
    """The major version; 0 of what does not say it."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"\) (\d{1,3})", said)
    return int(found[1]) if found else 0
