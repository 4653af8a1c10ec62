"""Requests that were refused, in the log: by each process at most two lines a minute for each kind of refusal.

Who tries to get round a limit, a form's token or a check of what they send is refused a great many times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from handrail_kb.texts.log.logger import Log

log = Log(__name__)

_TOGETHER_SECONDS = 60.0
# Statuses by which a check refuses: of input, of sign-in, of permission or origin, of method, of size, of rate.
_REFUSED = frozenset({400, 401, 403, 405, 413, 414, 415, 422, 429, 431})
# A wrong reference code is a guess; other pages that are not there are links that have grown old.
_GUESSED, _MISSING = "feedback.code", 404


@dataclass
class _Minute:
    """Refusals of one status since its last line: how many more there were, and what the first of them asked for."""

    began: float
    more: int = 0
    method: str = ""
    endpoint: str = ""


class Refusals:
    """Counts refusals by status. The first is told at once, and those of the minute after it together. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minutes: dict[int, _Minute] = {}

    def note(self, status: int, method: str, endpoint: str) -> None:
        """Count a request that was answered, refused or not: those that came before are told by and by."""
        refused = status in _REFUSED or (status == _MISSING and endpoint == _GUESSED)
        if not refused and not self._minutes:
            return
        at = self._clock()
        with self._lock:
            told = self._over(at)
            if refused and status not in self._minutes:
                self._minutes[status] = _Minute(at)
                told.append((status, 1, method, endpoint))
            elif refused:
                minute = self._minutes[status]
                minute.more += 1
                minute.method, minute.endpoint = minute.method or method, minute.endpoint or endpoint
        for status, number, method, endpoint in told:
            log("request.refused", requests=number, status=status, method=method, endpoint=endpoint)

    def _over(self, at: float) -> list[tuple[int, int, str, str]]:
        """What is to be told of minutes that are over, which are forgotten."""
        over = [status for status, minute in self._minutes.items() if at - minute.began >= _TOGETHER_SECONDS]
        ended = [(status, self._minutes.pop(status)) for status in over]
        return [(status, one.more, one.method, one.endpoint) for status, one in ended if one.more]
