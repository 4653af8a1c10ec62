"""The command blocks of the documents, and a terminal that runs them line by line as a reader would."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from waiting import until

ROOT = Path(__file__).parents[3]
PORT = 8000  # the one that the documents name
_STARTS_A_SERVER = re.compile(r"(\S*/)?handrail (serve|run)\b|make serve\b")
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.M | re.S)
_MADE_FOR_TESTS = ("VIRTUAL_ENV", "PYTHON", "PYTEST", "HANDRAIL", "COV_", "COVERAGE", "MAKE", "MFLAGS", "OMP_")


@dataclass(frozen=True)
class Block:
    """One fenced block: the heading it stands under, and its lines without their indent."""

    heading: str
    language: str
    lines: tuple[str, ...]


def blocks(file: Path, language: str = "") -> list[Block]:
    """The fenced blocks of a document in order; of one language where it is named."""
    text = file.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        headings = re.findall(r"^#+ (.*?)(?: \{.*\})?$", _FENCE.sub("", text[: match.start()]), re.M)
        lines = tuple(line.removeprefix(match[1]) for line in match[3].splitlines())
        found.append(Block(headings[-1] if headings else "", match[2], lines))
    return [block for block in found if not language or block.language == language]


def copy_of_the_clone(folder: Path) -> Path:
    """What a clone of this working copy would hold: the files that git knows, as they are now."""
    known = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, known.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


class Terminal:
    """Runs lines as somebody types them: folder and environment last from one line to the next.

    There is nothing of this project's own environment in it: `python3` is the bare one that made it. A line that
    starts a server is left running until its site has answered and `look` has been called, then gets a Ctrl-C.
    Lines are not changed; the port is, by the variables for it, since another program may have the usual one.
    """

    def __init__(self, folder: Path, constraints: Path | None = None, python: Path | None = None) -> None:
        self.folder = folder
        self.written: list[str] = []
        self.port = free_port()
        bare = (python or Path(sys.base_prefix)) / "bin"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(_MADE_FOR_TESTS)
        } | {"PATH": f"{bare}:/usr/local/bin:/usr/bin:/bin", "PORT": str(self.port), "HANDRAIL_PORT": str(self.port)}
        if constraints:
            self.environment["PIP_CONSTRAINT"] = str(constraints)

    def run(self, line: str, *, code: int = 0) -> str:
        """Run one line, and give what it wrote. Fails unless it ends with this exit code."""
        after = self.folder / f".after-{os.getpid()}"
        script = f"{line}\nended=$?\n{{ pwd; env -0; }} > {after}\nexit $ended\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        self.written.append(f"$ {line}\n{done.stdout}{done.stderr}")
        assert done.returncode == code, self.transcript()
        folder, _, environment = after.read_text().partition("\n")
        after.unlink()
        self.folder = Path(folder)
        self.environment = dict(entry.split("=", 1) for entry in environment.split("\0") if "=" in entry)
        return done.stdout + done.stderr

    def follow(self, lines: tuple[str, ...], *, look=lambda _terminal: None) -> None:
        """Run a block: what starts a server is looked at and stopped, everything else runs to its end."""
        for line in lines:
            if _STARTS_A_SERVER.match(line):
                with self.server(line):
                    look(self)
            else:
                self.run(line)

    @contextlib.contextmanager
    def server(self, line: str, *, seconds: float = 1500) -> Iterator[None]:
        """Run a line that starts a server; its site answers when this yields, and it ends by a Ctrl-C after that."""
        log = self.folder / f".server-{os.getpid()}"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                ["bash", "-c", f"trap 'exit 130' INT\n{line}"], cwd=self.folder, env=self.environment,
                stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:

            def answers() -> bool:
                assert process.poll() is None, f"{self.transcript()}\n$ {line}\n{log.read_text(errors='replace')}"
                return self._answers()

            until(answers, f"an answer of: {line}", seconds=seconds, every=0.5)
            yield
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.written.append(f"$ {line}\n{log.read_text(errors='replace')}")
            log.unlink()
        assert "Traceback" not in self.written[-1], self.written[-1]

    def get(self, path: str) -> str:
        """What the running site answers at this path."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
            return answer.read().decode()

    def post(self, path: str, sent: dict[str, str]) -> dict[str, object]:
        """What the running site answers to this JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}", json.dumps(sent).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def transcript(self) -> str:
        """All that was typed and written, the end of it."""
        return "\n".join(self.written)[-8000:]

    def _answers(self) -> bool:
        try:
            return bool(self.get(""))
        except (urllib.error.URLError, OSError):
            return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
