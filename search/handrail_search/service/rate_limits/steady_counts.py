"""Counts in the memory of this process: what is over is forgotten, and a clock that is set changes no window."""

from __future__ import annotations

import threading
import time

from limits.storage import MemoryStorage

# A clock that is corrected little by little is no jump.
_JUMP_SECONDS = 1.0
_FORGET_EVERY_SECONDS = 60.0


class SteadyCounts(MemoryStorage):
    """Moves what it has counted along with the clock, whenever that jumps, and forgets what is over once a minute.

    The library would walk through all clients of the day after each request, and keep the names of all for ever.
    """

    STORAGE_SCHEME = ["steady"]  # noqa: RUF012 (as the library reads it)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        self._ahead = _ahead()
        self._counting = threading.RLock()
        self._forgot_at = time.monotonic()
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.timer = _NoTimer()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether `amount` more fit into the window of `expiry` seconds; counted if they do."""
        with self._counting:
            self._keep_up()
            return super().acquire_entry(key, limit, expiry, amount)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the window began, in seconds since 1970, and how many are in it."""
        with self._counting:
            self._keep_up()
            return super().get_moving_window(key, limit, expiry)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count in a fixed window."""
        with self._counting:
            self._keep_up()
            return super().incr(key, expiry, amount)

    def _keep_up(self) -> None:
        self._move_along()
        if time.monotonic() - self._forgot_at >= _FORGET_EVERY_SECONDS:
            self._forgot_at = time.monotonic()
            self._forget()

    def _move_along(self) -> None:
        jumped = _ahead() - self._ahead
        if abs(jumped) < _JUMP_SECONDS:
            return
        self._ahead += jumped
        for entry in {id(entry): entry for events in list(self.events.values()) for entry in events}.values():
            entry.atime += jumped
            entry.expiry += jumped
        self.expirations.update({key: until + jumped for key, until in list(self.expirations.items())})

    def _forget(self) -> None:
        at = time.time()
        for key, events in list(self.events.items()):  # the newest first
            while events and events[-1].expiry <= at:
                events.pop()
            if not events:
                self.events.pop(key, None)
                self.locks.pop(key, None)
        for key in list(self.expirations):
            self.get(key)  # which forgets it where it is over


class _NoTimer(threading.Timer):
    """Never starts, and says that it runs: so the library starts none of its own."""

    def __init__(self) -> None:
        super().__init__(0, lambda: None)

    def is_alive(self) -> bool:
        return True


def _ahead() -> float:
    """How far the clock on the wall is ahead of one that nobody sets, in seconds."""
    return time.time() - time.monotonic()
