"""Counts in the memory of this process that a clock which is set back or forward neither prolongs nor ends."""

from __future__ import annotations

import threading
import time

from limits.storage import MemoryStorage

# A clock that is corrected little by little is no jump.
_JUMP_SECONDS = 1.0


class SteadyCounts(MemoryStorage):
    """Moves what it has counted along with the clock, whenever that jumps."""

    STORAGE_SCHEME = ["steady"]  # noqa: RUF012 (as the library reads it)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        self._ahead = _ahead()
        self._moving = threading.Lock()
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether `amount` more fit into the window of `expiry` seconds; counted if they do."""
        self._move_along()
        return super().acquire_entry(key, limit, expiry, amount)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the window began, in seconds since 1970, and how many are in it."""
        self._move_along()
        return super().get_moving_window(key, limit, expiry)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count in a fixed window."""
        self._move_along()
        return super().incr(key, expiry, amount)

    def _move_along(self) -> None:
        with self._moving:
            jumped = _ahead() - self._ahead
            if abs(jumped) < _JUMP_SECONDS:
                return
            self._ahead += jumped
            for entry in {id(entry): entry for events in list(self.events.values()) for entry in events}.values():
                entry.atime += jumped
                entry.expiry += jumped
            self.expirations.update({key: until + jumped for key, until in list(self.expirations.items())})


def _ahead() -> float:
    """How far the clock on the wall is ahead of one that nobody sets, in seconds."""
    return time.time() - time.monotonic()
