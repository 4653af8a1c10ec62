"""Human reach: how many of the customers who write get an answer from a person, and how soon.

Every number carries its definition, numerator, denominator and window, and reads "not enough data" in place of the
rate of a handful. Missing answers never improve a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from handrail_feedback.records.messages import LEAST_MESSAGES, SETTLING
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import notification_figures
from handrail_feedback.storage.messages.threads import count_reached, count_undelivered, reply_times_between
from handrail_kb.texts.amounts import in_one_unit, percent

UNKNOWN = "not enough data"


_LABELS = {
    "first reply, half within": "median first response time",
    "first reply, nine in ten within": "90th percentile first response time",
    "undelivered now": "queued",
    "told when there was an answer": "follow-up notifications sent",
}


@dataclass(frozen=True)
class Figure:
    """One number. `amount` is a share, a number of seconds or a count, or None if there is not enough data."""

    name: str
    definition: str
    amount: float | None
    unit: Literal["share", "seconds", "count"]
    numerator: int
    denominator: int
    window: str

    @property
    def label(self) -> str:
        """The name as people read it; programs read `name`."""
        return _LABELS.get(self.name, self.name)

    @property
    def value(self) -> str:
        """The number as people read it."""
        if self.amount is None:
            return UNKNOWN
        if self.unit == "share":
            return percent(self.amount)
        return f"{self.amount:.0f}" if self.unit == "count" else in_one_unit(timedelta(seconds=self.amount))

    @property
    def of(self) -> str:
        """The numbers that it was computed from: `58 of 60`."""
        return f"{self.numerator} of {self.denominator}"


def human_reach(
    store: Store, since: datetime, until: datetime, at: datetime, *, one_click: tuple[int, int] | None = None
) -> tuple[Figure, ...]:
    """The numbers for messages written from `since` up to, but not including, `until`, as known at `at`.

    `one_click` is the number of pages that link to a person, and the number of all pages. Raises StoreUnavailable.
    """
    reach = None if one_click is None else _pages_one_click_away(*one_click)
    return (
        _reached(store, since, until),
        *_first_replies(store, since, min(until, at - SETTLING)),
        *([reach] if reach else []),
        _undelivered(store, at),
        _told(store, since, until),
    )


def _reached(store: Store, since: datetime, until: datetime) -> Figure:
    [(reached, sent)] = count_reached(store, (since, until))
    return Figure(
        "messages that reached a person",
        "messages that a mailbox, program or folder took, that somebody opened at the desk, or that were answered; "
        "of all messages sent. What is read with `handrail contact` alone is not seen",
        reached / sent if sent >= LEAST_MESSAGES else None,
        "share",
        reached,
        sent,
        f"{since:%Y-%m-%d} to {until:%Y-%m-%d}, UTC",
    )


def _pages_one_click_away(near: int, pages: int) -> Figure:
    return Figure(
        "pages with a person one click away",
        "pages of the built site with a link to the contact page, or that are it; of all pages. From the "
        "others it takes more than one click",
        near / pages if pages else None,
        "share",
        near,
        pages,
        "the site as it is served now",
    )


def _undelivered(store: Store, at: datetime) -> Figure:
    waiting, kept = count_undelivered(store)
    return Figure(
        "undelivered now",
        "messages that wait on some way of `deliver`; of all messages in the store",
        waiting,
        "count",
        waiting,
        kept,
        f"{at:%Y-%m-%d %H:%M} UTC",
    )


def _told(store: Store, since: datetime, until: datetime) -> Figure:
    # The period ends before `until`, because midnight belongs to the next day.
    last = until - timedelta(milliseconds=1)
    counts = notification_figures(store, since, last)
    return Figure(
        "told when there was an answer",
        "customers who were mailed the article that answers what they had searched in vain; of those who confirmed "
        "that they want to hear of it. Who was told may have confirmed in an earlier span",
        counts["told"],
        "count",
        counts["told"],
        counts["confirmed"],
        f"{since:%Y-%m-%d} to {last:%Y-%m-%d}, whole days, UTC",
    )


def _first_replies(store: Store, since: datetime, until: datetime) -> list[Figure]:
    times = reply_times_between(store, since, max(since, until))
    definition = (
        "from a message to the first answer to it, day and night; messages whose writers left an address, that add to "
        "no other and are a day old. One without an answer is slower than all others; those marked as nothing to "
        "answer are left out. Fraction: answered, of all these"
    )
    window = f"{since:%Y-%m-%d} to {times.until:%Y-%m-%d}, UTC"
    return [
        Figure(
            name,
            definition,
            span.total_seconds() if span is not None else None,
            "seconds",
            times.answered,
            times.messages,
            window,
        )
        for name, span in (("first reply, half within", times.p50), ("first reply, nine in ten within", times.p90))
    ]


def reach_for_programs(figure: Figure) -> dict[str, Any]:
    """A number as plain values for JSON."""
    return {
        "name": figure.name,
        "definition": figure.definition,
        "amount": figure.amount,
        "unit": figure.unit,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "window": figure.window,
    }
