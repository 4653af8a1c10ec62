"""Human reach: how many of the customers who write get an answer from a person, and how soon.

Every number carries its definition, numerator, denominator and window, and reads "not enough data" in place of the
rate of a handful. Missing answers never improve a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from handrail_feedback.records.messages import LEAST_MESSAGES, settled_until
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
    store: Store, since: datetime, until: datetime, at: datetime, *, one_click: tuple[int, int] | None = None
) -> tuple[Figure, ...]:
    """The numbers for messages written from `since` up to, but not including, `until`, as known at `at`.

    `one_click` is the number of pages that link to a person, and the number of all pages. Raises StoreUnavailable.
    """
    reach = None if one_click is None else _pages_one_click_away(*one_click)
    return (
        _reached(store, since, until),
        *_first_replies(store, since, settled_until(since, until, at)),
        *([reach] if reach else []),
        _undelivered(store, at),
        _told(store, since, until),
    )


def _reached(store: Store, since: datetime, until: datetime) -> Figure:
    [(reached, sent)] = count_reached(store, (since, until))
    return Figure(
        "messages that reached a person",
        meaning("messages that reached a person"),
        reached / sent if sent >= LEAST_MESSAGES else None,
        "share",
        reached,
        sent,
        _days("days", since, until),
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


def _undelivered(store: Store, at: datetime) -> Figure:
    waiting, kept = count_undelivered(store)
    return Figure(
        "undelivered now",
        meaning("undelivered now"),
        waiting,
        "count",
        waiting,
        kept,
        Phrase("window.moment", {"at": f"{at:%Y-%m-%d %H:%M}"}),
    )


def _told(store: Store, since: datetime, until: datetime) -> Figure:
    # The period ends before `until`, because midnight belongs to the next day.
    last = until - timedelta(milliseconds=1)
    counts = notification_figures(store, since, last)
    return Figure(
        "told when there was an answer",
        meaning("told when there was an answer"),
        counts["told"],
        "count",
        counts["told"],
        counts["confirmed"],
        _days("whole_days", since, last),
    )


def _first_replies(store: Store, since: datetime, until: datetime) -> list[Figure]:
    times = reply_times_between(store, since, until)
    return [
        Figure(
            name,
            meaning(name),
            span.total_seconds() if span is not None else None,
            "seconds",
            times.answered,
            times.messages,
            _days("days", since, times.until),
        )
        for name, span in (("first reply, half within", times.p50), ("first reply, nine in ten within", times.p90))
    ]


def _days(key: str, since: datetime, until: datetime) -> Phrase:
    return Phrase(f"window.{key}", {"since": f"{since:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}"})


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
