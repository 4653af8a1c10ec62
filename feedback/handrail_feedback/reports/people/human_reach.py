"""Human reach: how many of the customers who write get an answer from a person, and how soon.

Every number carries its definition, numerator, denominator and window, and reads "not enough data" in place of the
rate of a handful. Missing answers never improve a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from handrail_feedback.records.messages import LEAST_MESSAGES, settled_until
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import clock_time
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import notification_figures
from handrail_feedback.storage.messages.threads import count_reached, count_undelivered, reply_times_between
from handrail_kb.texts.amounts import in_one_unit, percent
from handrail_kb.texts.staff import ENGLISH, Phrase, Say


@dataclass(frozen=True)
class Figure:
    """One number. `amount` is a share, a number of seconds or a count, or None if there is not enough data."""

    name: str
    definition: str
    amount: float | None
    unit: Literal["share", "seconds", "count"]
    numerator: int
    denominator: int
    time: Phrase

    @property
    def window(self) -> str:
        """The time that it is about, in English; in another language, say `time`."""
        return self.time.said()

    @property
    def value(self) -> str:
        """The number as people read it in English."""
        return self.value_in(ENGLISH)

    def value_in(self, words: Say) -> str:
        """The number as people read it in a language."""
        if self.amount is None:
            return words("report.not_enough")
        if self.unit == "share":
            return percent(self.amount)
        return f"{self.amount:.0f}" if self.unit == "count" else in_one_unit(timedelta(seconds=self.amount), words)

    def label_in(self, words: Say) -> str:
        """What it is called, in a language."""
        return label(self.name, words)

    def definition_in(self, words: Say) -> str:
        """What it counts, in a language."""
        return meaning(self.name, words)

    @property
    def of(self) -> str:
        """The numbers that it was computed from: `58 of 60`."""
        return f"{self.numerator} of {self.denominator}"


def human_reach(
    store: Store, period: Period, at: datetime, *, one_click: tuple[int, int] | None = None
) -> tuple[Figure, ...]:
    """The numbers for messages written in a period, as known at `at`.

    `one_click` is the number of pages that link to a person, and the number of all pages. Raises StoreUnavailable.
    """
    reach = None if one_click is None else _pages_one_click_away(*one_click)
    return (
        _reached(store, period),
        *_first_replies(store, replace(period, until=settled_until(period.since, period.until, at))),
        *([reach] if reach else []),
        _undelivered(store, at, period.zone),
        _told(store, period),
    )


def _reached(store: Store, period: Period) -> Figure:
    [(reached, sent)] = count_reached(store, (period.since, period.until))
    return Figure(
        "messages that reached a person",
        meaning("messages that reached a person"),
        reached / sent if sent >= LEAST_MESSAGES else None,
        "share",
        reached,
        sent,
        _days(period),
    )


def _pages_one_click_away(near: int, pages: int) -> Figure:
    return Figure(
        "pages with a person one click away",
        meaning("pages with a person one click away"),
        near / pages if pages else None,
        "share",
        near,
        pages,
        Phrase("window.site"),
    )


def _undelivered(store: Store, at: datetime, zone: tzinfo) -> Figure:
    waiting, kept = count_undelivered(store)
    return Figure(
        "undelivered now",
        meaning("undelivered now"),
        waiting,
        "count",
        waiting,
        kept,
        Phrase("window.moment", {"at": clock_time(at, zone)}),
    )


def _told(store: Store, period: Period) -> Figure:
    counts = notification_figures(store, period.first_day, period.last_day)
    return Figure(
        "told when there was an answer",
        meaning("told when there was an answer"),
        counts["told"],
        "count",
        counts["told"],
        counts["confirmed"],
        # Only how many there were on each day is kept, and its days are those of UTC.
        Phrase("window.whole_days", {"since": f"{period.first_day:%Y-%m-%d}", "until": f"{period.last_day:%Y-%m-%d}"}),
    )


def _first_replies(store: Store, settled: Period) -> list[Figure]:
    times = reply_times_between(store, settled.since, settled.until)
    return [
        Figure(
            name,
            meaning(name),
            span.total_seconds() if span is not None else None,
            "seconds",
            times.answered,
            times.messages,
            _days(settled),
        )
        for name, span in (("first reply, half within", times.p50), ("first reply, nine in ten within", times.p90))
    ]


def _days(period: Period) -> Phrase:
    days = {"since": f"{period.first_day:%Y-%m-%d}", "until": f"{period.last_day:%Y-%m-%d}"}
    return Phrase("window.days", days | {"zone": str(period.zone)})


def slug(name: str) -> str:
    """The name of a number as a part of a text's key: `failed_none` for `failed: none`."""
    return re.sub(r"\W+", "_", name)


def label(name: str, words: Say) -> str:
    """What a number is called in a language wherever people read it, by its name."""
    return words(f"figure.{slug(name)}")


def meaning(name: str, words: Say = ENGLISH, **values: object) -> str:
    """The definition of a number in a language, by its name."""
    return words("means." + ("first_reply" if name.startswith("first reply") else slug(name)), **values)


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
