"""Kills commands of Handrail at the places where they change a file or the store, one after another.

A command is run in a fork of a process that has loaded everything, so that a hundred kills take a minute. A place is
just before something is opened for writing, named, linked, moved or removed, or before a statement of SQLite.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

_CHANGES = ("os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.remove", "os.truncate")


class Killer:
    """Runs commands in a folder. `run` lets them end, and `kill` kills them at a place."""

    def __init__(self, process):
        self._process = process

    def run(self, folder, *arguments):
        """How many places there were; a command that fails is an AssertionError with what it said."""
        done = self._ask(folder, arguments, 0)
        assert done["status"] == 0, done
        return done["places"]

    def kill(self, folder, place, *arguments):
        """Whether it was killed; it has ended before that place where it was not."""
        done = self._ask(folder, arguments, place)
        assert done["status"] in (0, -signal.SIGKILL), done
        return done["status"] != 0

    def _ask(self, folder, arguments, place):
        asked = {"folder": str(folder), "arguments": [str(one) for one in arguments], "place": place}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that runs commands has ended"
        return json.loads(answer)


@contextmanager
def killer():
    """The process that runs commands, as long as it is needed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield Killer(process)
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def some_places(count, most, last=0):
    """So many places at most, evenly over all of them, and each of the last ones."""
    step = max(count // most, 1)
    return sorted({*range(1, count + 1, step), *range(max(count - last, 0) + 1, count + 1)})


def _serve():
    """Run what is asked for, a line each, until there is no more."""
    import handrail_search.index.site_build  # noqa: F401 (loaded once, for all forks)
    from handrail_kb.cli.group import main

    for line in sys.stdin:
        asked = json.loads(line)
        told, said = os.memfd_create("told"), os.memfd_create("said")
        child = os.fork()
        if not child:
            _be_killed(main, asked, told, said)
        _, status = os.waitpid(child, 0)
        counted = os.pread(told, 20, 0)
        answer = {
            "status": os.waitstatus_to_exitcode(status),
            "places": int(counted or 0),
            "said": os.pread(said, 20_000, 0).decode(errors="replace"),
        }
        os.close(told)
        os.close(said)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _be_killed(main, asked, told, said):
    """The command, in a process of its own."""
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.chdir(asked["folder"])
    passed = 0

    def pass_by(*_):
        nonlocal passed
        passed += 1
        if passed == asked["place"]:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event, values):
        writes = event == "open" and isinstance(values[2], int) and values[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if event in _CHANGES or (writes and values[0] != os.devnull):
            pass_by()

    def connect_watched(*values, **named):
        connection = connect(*values, **named)
        connection.set_trace_callback(pass_by)
        return connection

    connect, sqlite3.connect = sqlite3.connect, connect_watched
    sys.addaudithook(watch)
    try:
        main(asked["arguments"], prog_name="handrail")
    except SystemExit as ended:
        os.pwrite(told, str(passed).encode(), 0)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(70)


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))
    _serve()
