"""Refuses early what has waited too long for a thread, so that a busy service stays quick for those it answers.

Requests wait in line for a thread. Without a bound, a service that is asked more than it can answer makes everybody
wait until they have gone, and works for those who have. So what has waited longer than it is worth is answered 503 with
`Retry-After`, which costs little; the dialog then searches in the browser. Votes and events give way first, then
searches, then pages. Messages, codes, health and the desk never do: their line is short, because the rest of it is
refused quickly. As in CoDel (RFC 8289), the time in line is the measure, and not its length.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Flask, request
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import ServiceUnavailable

# Seconds a request may have waited, by its endpoint, or by the blueprint before the dot.
_PATIENCE = {
    "feedback.events": 0.25,
    "feedback.vote": 0.25,
    "search": 0.5,
    "site": 1.5,
    "site_home": 1.5,
}
RETRY_AFTER_SECONDS = 2
_this_thread = threading.local()


class WatchedWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which knows how long a request has waited for one."""

    def enqueue_req(self, conn: Any) -> None:
        """Note when a connection with a request came into the line."""
        conn.in_line_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer it, in a thread."""
        _this_thread.waited = time.monotonic() - conn.in_line_since
        return super().handle(conn)


def refuse_late(app: Flask) -> None:
    """Answer 503 to what has waited too long, before anything else is done for it."""
    app.before_request_funcs.setdefault(None, []).insert(0, _refuse_late)


def _refuse_late() -> None:
    patience = patience_with(request.endpoint or "")
    if patience is not None and getattr(_this_thread, "waited", 0.0) > patience:
        raise ServiceUnavailable("The service is busy.", retry_after=RETRY_AFTER_SECONDS)


def patience_with(endpoint: str) -> float | None:
    """How long a request for an endpoint may have waited, in seconds; None without a limit."""
    return _PATIENCE.get(endpoint, _PATIENCE.get(endpoint.partition(".")[0]))
