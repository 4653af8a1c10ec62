"""The period in an address of the desk: a span such as the last 28 days or last month, or two dates. Pure.

All periods are whole days in the site's time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from handrail_feedback.records.period import Period

_LONGEST = timedelta(days=3660)
_FIRST_OF_QUARTER = (1, 4, 7, 10)
Fault = Literal["", "no_date", "reversed", "too_long", "in_future"]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> date:
    return day.replace(day=1)


def _quarter(day: date) -> date:
    return day.replace(month=_FIRST_OF_QUARTER[(day.month - 1) // 3], day=1)


def _last(begin: Callable[[date], date], day: date) -> tuple[date, date]:
    """The whole week, month or quarter before the one that a day is in: its first and last day."""
    end = begin(day) - timedelta(days=1)
    return begin(end), end


# The spans to choose from, as first and last day; their words are the texts `period.NAME`.
SPANS: dict[str, Callable[[date], tuple[date, date]]] = {
    **{str(days): lambda day, days=days: (day - timedelta(days=days - 1), day) for days in (7, 28, 90, 364)},  # type: ignore[misc]
    "this-week": lambda day: (_monday(day), day),
    "last-week": lambda day: _last(_monday, day),
    "this-month": lambda day: (_month(day), day),
    "last-month": lambda day: _last(_month, day),
    "this-quarter": lambda day: (_quarter(day), day),
    "last-quarter": lambda day: _last(_quarter, day),
}


@dataclass(frozen=True)
class RequestedPeriod:
    """A span, or the days from `since` to `until`, both included; beside the days before, or those of last year.

    `fault` says why the dates in the address are not used.
    """

    span: str
    since: date | None = None
    until: date | None = None
    year_before: bool = False
    fault: Fault = ""

    def days(self, today: date) -> tuple[date, date]:
        """The first and the last day."""
        return (self.since, self.until) if self.since and self.until else SPANS[self.span](today)

    def period(self, at: datetime, zone: tzinfo = UTC) -> Period:
        """The period, ending at `at` at the latest."""
        first, last = self.days(at.astimezone(zone).date())
        return replace(Period.of_days(first, last, zone).up_to(at), year_before=self.year_before)

    def address(self, usual: str) -> dict[str, str]:
        """The parameters of an address for this period, without the `usual` span."""
        beside = {"beside": "year"} if self.year_before else {}
        if self.since and self.until:
            return {"since": self.since.isoformat(), "until": self.until.isoformat(), **beside}
        return ({} if self.span == usual else {"span": self.span}) | beside


def asked_of(asked: Mapping[str, str], usual: str, at: datetime, zone: tzinfo = UTC) -> RequestedPeriod:
    """The period in the parameters of an address; the usual one, with the fault, where its dates make no sense.

    A span goes before dates. `days` is another name of it, in links from before there were others.
    """
    span = asked.get("span") or asked.get("days", "")
    found = RequestedPeriod(span if span in SPANS else usual, year_before=asked.get("beside") == "year")
    typed = asked.get("since", "").strip(), asked.get("until", "").strip()
    if asked.get("span", "") in SPANS or not any(typed):
        return found
    today = at.astimezone(zone).date()
    since, until = _day(typed[0]), _day(typed[1]) if typed[1] else today
    fault = _fault(since, until, today)
    if fault or since is None or until is None:
        return RequestedPeriod(found.span, year_before=found.year_before, fault=fault)
    return RequestedPeriod(found.span, since, until, found.year_before)


def _fault(since: date | None, until: date | None, today: date) -> Fault:
    if since is None or until is None:
        return "no_date"
    if since > until:
        return "reversed"
    if since > today:
        return "in_future"
    return "too_long" if until - since >= _LONGEST else ""


def _day(text: str) -> date | None:
    """A day such as `2026-11-22`, in the range in which there may be searches; else None."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 3000 else None
