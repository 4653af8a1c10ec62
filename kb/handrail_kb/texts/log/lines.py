"""How a line of the log is written: for a terminal, for a journal that people read, or as JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from handrail_kb.errors import place_of
from handrail_kb.texts.log.events import OTHER
from handrail_kb.texts.log.logger import REQUEST

OURS = ("handrail_search", "handrail_feedback", "handrail_kb")


class TextLines(logging.Formatter):
    """`2026-03-02T12:00:00.123Z WARNING vote.not_kept: a vote was not kept: … request_id=4f endpoint=feedback.vote`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        seen = _request_of(record)
        tail = "".join(f" {name}={value}" for name, value in seen.items())
        return f"{_time(record)} {record.levelname} {_event(record)}: {_message(record)}{tail}"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, message, the id of the request, and the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": _event(record),
            **_request_of(record),
            **{name: _one_line(value) for name, value in getattr(record, "fields", {}).items()},
            "message": _message(record),
        }
        if line["event"] == OTHER:
            line["logger"] = record.name
        return json.dumps(line)  # ASCII: whatever letters the terminal takes, the line stays JSON


def log_lines(form: str, level: int = logging.INFO) -> None:
    """Write every line of this process to standard error, as `text` or `json`; other libraries' only if serious."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(level)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(record: logging.LogRecord) -> str:
    return str(getattr(record, "event", OTHER))


def _message(record: logging.LogRecord) -> str:
    """The sentence of an event; of another library's line its fixed text and numbers, for the rest may be words."""
    if hasattr(record, "event"):
        return str(_one_line(record.getMessage()))
    values = record.args if isinstance(record.args, tuple) else ()
    try:
        told = str(record.msg) % tuple(value if isinstance(value, int | float) else "…" for value in values)
    except (TypeError, ValueError):
        told = str(record.msg)
    error = record.exc_info[1] if record.exc_info else None
    return f"{_one_line(told)} ({place_of(error)})" if error else str(_one_line(told))


def _one_line(value: str | float) -> str | float:
    return " ".join(value.split()) if isinstance(value, str) else value


def _request_of(record: logging.LogRecord) -> dict[str, str]:
    """The request that a line belongs to. An access line names its own endpoint."""
    request = REQUEST.get()
    if request is None:
        return {}
    return {"request_id": request.id} | ({"endpoint": request.endpoint} if request.endpoint else {})
