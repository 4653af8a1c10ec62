"""Each request's id, its time in the metrics, and its line in the log.

Around the whole application, so that every answer has an id and is counted, whatever failed inside.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from handrail_kb.texts.log.logger import REQUEST, Log, Request
from handrail_search.service.monitoring.refusals import Refusals

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = Log(__name__)

# What a proxy's or another service's id looks like: UUIDs, hex, and `Root=1-67891233-abcdef`.
_SANE = re.compile(r"[A-Za-z0-9._:=+-]{1,128}")
_HEADER = "X-Request-ID"
# Anybody may invent others.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ENDPOINT = "none"


@dataclass(frozen=True)
class Answered:
    """A request that was answered; `seconds` until the answer was ready to be sent."""

    method: str
    endpoint: str
    status: int
    seconds: float


def watch_requests(app: Flask, count: Callable[[Answered], None], *, log_each: bool) -> None:
    """Give each request an id and `count` its answer; with `log_each` it has a line in the log."""
    app.before_request_funcs.setdefault(None, []).insert(0, _note_endpoint)
    app.wsgi_app = _Requests(app.wsgi_app, count, log_each)  # type: ignore[method-assign]


def _note_endpoint() -> None:
    seen = REQUEST.get()
    if seen is not None:
        seen.endpoint = request.endpoint or NO_ENDPOINT


class _Requests:
    """WSGI around an application."""

    def __init__(self, application: WSGIApplication, count: Callable[[Answered], None], log_each: bool) -> None:
        self._application = application
        self._count = count
        self._log_each = log_each
        self._refusals = Refusals()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen = Request(_id_of(environ.get("HTTP_X_REQUEST_ID", "")))
        # Left in place where this raises: the server's line about that belongs to the request, too.
        REQUEST.set(seen)
        began = time.perf_counter()
        status = 500

        def start(line: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, [*headers, (_HEADER, seen.id)], *error)

        try:
            answer = self._application(environ, start)
        finally:
            self._note(environ["REQUEST_METHOD"], seen.endpoint, status, time.perf_counter() - began)
        REQUEST.set(None)
        return answer

    def _note(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        answered = Answered(method if method in _METHODS else "other", endpoint or NO_ENDPOINT, status, seconds)
        self._count(answered)
        self._refusals.note(status, answered.method, answered.endpoint)
        if self._log_each:
            log(
                "request.answered",
                method=answered.method,
                endpoint=answered.endpoint,
                status=status,
                duration=round(seconds, 4),
            )


def _id_of(given: str) -> str:
    """The id that a proxy gave, if it is one; else a new one."""
    return given if _SANE.fullmatch(given) else secrets.token_hex(16)
