"""Timestamps as the store keeps them, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
SqlValue = str | int | float | bytes | None


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """The moment as it is stored: ISO 8601 in UTC, always of the same length, so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(stamped: str) -> datetime:
    """The moment in a text that `stamp` wrote."""
    return datetime.fromisoformat(stamped)


def moment_or_none(stamped: str | None) -> datetime | None:
    """The moment in a text that `stamp` wrote; None where there is none."""
    return moment(stamped) if stamped else None


def storable(text: str, longest: int) -> str:
    """The text, cut to `longest` characters, with replacements for NUL and lone surrogates, which databases refuse."""
    return text[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def storable_lines(typed: str, longest: int) -> str:
    """`storable` for lines typed in a browser, which sends line ends as CR LF: they would count as two characters."""
    return storable(typed, longest).replace("\r\n", "\n")
