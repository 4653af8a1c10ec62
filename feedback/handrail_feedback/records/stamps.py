"""Timestamps as the store keeps them, in UTC, and whether a clock is believed that says it is time to erase.

A clock that is wrong for a moment must erase nothing. It is compared with the time when something was last erased, or
written, and was right. When more has passed than a service is usually stopped for, it is doubted, and believed a day
later if it says then that a day has passed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

Row = dict[str, Any]
SqlValue = str | int | float | bytes | None
# Looks are a day apart.
_LONGEST_GAP = timedelta(days=3)
_TRIAL = timedelta(hours=20)


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """The moment as it is stored: ISO 8601 in UTC, always of the same length, so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_or_none(at: datetime | None) -> str | None:
    """`stamp` of a moment; None where there is none."""
    return stamp(at) if at else None


def moment(stamped: str) -> datetime:
    """The moment in a text that `stamp` wrote."""
    return datetime.fromisoformat(stamped)


def moment_or_none(stamped: str | None) -> datetime | None:
    """The moment in a text that `stamp` wrote; None where there is none."""
    return moment(stamped) if stamped else None


def clock_time(at: datetime, zone: tzinfo = UTC) -> str:
    """A moment as people read it in a time zone: `2026-11-02 09:30 CET`."""
    here = at.astimezone(zone)
    name = here.tzname() or ""
    return f"{here:%Y-%m-%d %H:%M} {name if name[:1].isalpha() else f'UTC{name}'}"


def storable(text: str, longest: int) -> str:
    """The text, cut to `longest` characters, with replacements for NUL and lone surrogates, which databases refuse."""
    return text[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def storable_lines(typed: str, longest: int) -> str:
    """`storable` for lines typed in a browser, which sends line ends as CR LF: they would count as two characters."""
    return storable(typed, longest).replace("\r\n", "\n")


def is_believed(at: datetime, last: datetime | None, doubted: datetime | None) -> bool:
    """Whether it is `at` for certain enough; `doubted` is what the clock said when it was doubted, if it is."""
    if last is None or at - last <= _LONGEST_GAP:
        return True
    return doubted is not None and _TRIAL <= at - doubted <= _LONGEST_GAP


def begins_doubt(at: datetime, doubted: datetime | None) -> bool:
    """Whether the trial of a clock begins now: there is none yet, or it jumped again since."""
    return doubted is None or not timedelta(0) <= at - doubted <= _LONGEST_GAP
