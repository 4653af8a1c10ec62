"""Waiting for what happens by itself, in a thread or another process. No test waits for mere time to pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


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
