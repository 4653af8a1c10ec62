"""What happens by itself, in a thread or another process: waiting for it, ending it. No test waits for mere time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import TypeVar

Found = TypeVar("Found")
Server = TypeVar("Server", bound=BaseServer)


def until(wanted: Callable[[], Found], what: str = "", *, seconds: float = 40.0, every: float = 0.02) -> Found:
    """The first true value of `wanted`; fails after so many seconds, saying `what` was waited for.

    A service that cannot be reached (OSError) is asked again.
    """
    deadline = time.monotonic() + seconds
    while True:
        trouble = ""
        try:
            if found := wanted():
                return found
        except OSError as error:
            trouble = f": {error!r}"
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain{what and f' for {what}'}{trouble}"
        time.sleep(every)  # noqa: TID251 the one place


def newer_than(file: Path) -> None:
    """Wait until what is written beside `file` from now on is newer, by the clock of its file system."""
    probe = file.with_name(f".{file.name}.now")

    def moved_on() -> bool:
        probe.write_bytes(b"")
        return probe.stat().st_mtime_ns > file.stat().st_ctime_ns

    until(moved_on, every=0.002)
    probe.unlink()


@contextmanager
def served(server: Server) -> Iterator[Server]:
    """Serve in a thread, and close the server afterwards.

    By itself a server looks twice a second whether it shall end: every test would wait for that.
    """
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
