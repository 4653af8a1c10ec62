"""Logs an event of the catalogue: the only way to the log.

log = Log(__name__)
log("message.delivered", outbox=12, channel="mail")
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from handrail_kb.errors import HandrailError, place_of
from handrail_kb.texts.amounts import counted
from handrail_kb.texts.log.events import EVENTS, Event

Value = str | int | float | Path | BaseException
_LONGEST = 2000
# A mail server's login may be one. Tried where a word begins and nowhere else, so that it is found in one pass.
# The user of a database's address is none: postgresql://handrail@db.example.com.
_MAIL_ADDRESS = re.compile(r"(?<!://)(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass
class Request:
    """The request under way: its id, and what was asked for once that is known."""

    id: str
    endpoint: str = ""


# Of this thread; see `part_of` and `thread_of_request`.
REQUEST: ContextVar[Request | None] = ContextVar("request", default=None)


class Log:
    """Logs events under the name of a module, or by a given logger. Costs next to nothing below the level in force."""

    def __init__(self, logger: str | logging.LoggerAdapter[logging.Logger]) -> None:
        """A logger of MkDocs makes what is logged a message of its build."""
        self._logger = logging.getLogger(logger) if isinstance(logger, str) else logger

    def __call__(self, event: str, /, **fields: Value) -> None:
        """Log an event with its fields. A `reason` is given as an error, and says nothing that a customer wrote."""
        known = EVENTS[event]
        if self._logger.isEnabledFor(known.level):
            shown = {name: _plain(value, known) for name, value in fields.items()}
            message = _SENTENCES.vformat(known.sentence, (), shown)
            self._logger.log(known.level, "%s", message, extra={"event": event, "fields": shown}, stacklevel=2)


def reason_of(error: BaseException) -> str:
    """An error for the log: what Handrail says of it, or its kind and place. Its own words may be a customer's."""
    if isinstance(error, HandrailError):
        return f"{error.what} {error.mend}".rstrip()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return place_of(error)


@contextmanager
def part_of(request: Request | None) -> Iterator[None]:
    """What is logged meanwhile carries the id of a request that began in another thread."""
    before = REQUEST.set(request)
    try:
        yield
    finally:
        REQUEST.reset(before)


def thread_of_request(target: Callable[..., object], name: str, args: tuple[Any, ...] = ()) -> threading.Thread:
    """A daemon thread whose lines carry the id of the request that starts it, if one does."""
    return threading.Thread(target=copy_context().run, args=(target, *args), name=name, daemon=True)


def _plain(value: Value, event: Event) -> str | int | float:
    if isinstance(value, int | float):
        return value
    words = reason_of(value) if isinstance(value, BaseException) else str(value)
    return words if event.for_writers else _MAIL_ADDRESS.sub("(mail address)", words[:_LONGEST])


class _Sentences(Formatter):
    """Formats sentences, where `{messages:message}` is `1 message` or `2 messages`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, _, many = format_spec.partition("/")
        return counted(value, one, many) if one else str(value)


_SENTENCES = _Sentences()
