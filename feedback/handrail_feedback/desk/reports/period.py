"""The period in an address of the desk: the last days, or from one day to another. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from handrail_feedback.records.period import Period

# The periods to choose from, in days, with their names.
PERIODS = {7: "week", 28: "four weeks", 91: "quarter", 364: "year"}
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True)
class RequestedPeriod:
    """The last `days` days, or the days from `since` to `until`, both included."""

    days: int
    since: date | None = None
    until: date | None = None

    def period(self, at: datetime) -> Period:
        """The period, ending at `at` at the latest."""
        if self.since is None or self.until is None:
            return Period.last(self.days, at)
        start, end = (datetime.combine(day, time(), UTC) for day in (self.since, self.until + timedelta(days=1)))
        return Period(start, max(start, min(end, at)))

    def address(self, usual: int) -> dict[str, object]:
        """The parameters of an address for this period, without `days` if they are the `usual` ones."""
        if self.since and self.until:
            return {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {} if self.days == usual else {"days": self.days}


def asked_of(asked: Mapping[str, str], usual: int, at: datetime) -> RequestedPeriod:
    """The period in the parameters of an address. Invalid ones count as missing."""
    days = asked.get("days", "")
    known = int(days) if days in map(str, PERIODS) else usual
    since, until = _day(asked.get("since", "")), _day(asked.get("until", "")) or at.date()
    right = since is not None and since <= until and since <= at.date() and until - since < _LONGEST
    return RequestedPeriod(known, since, until) if right else RequestedPeriod(known)


def _day(text: str) -> date | None:
    """A day such as `2026-11-22`, in the range in which there may be searches; else None."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 3000 else None
