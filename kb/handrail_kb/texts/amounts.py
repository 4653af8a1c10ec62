"""Numbers, shares, days and lengths of time in words: '1 message', '2 messages', '3 hours'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from math import ceil, floor

from handrail_kb.texts import text
from handrail_kb.texts.staff import STAFF_WORDS

# Binary fractions are inexact: 58 of 100 is a little less than 0.58.
_NOISE = 1e-9
_ENGLISH = partial(STAFF_WORDS.text, "en")


def counted(number: int, one: str, many: str = "") -> str:
    """A number with the word for so many; the plural has an 's' unless it is given."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share, 0..1, as people read it: the half is rounded up, but never to all where one is missing, or to none."""
    whole = floor(share * 100 + 0.5 + _NOISE)
    if whole == 0 < share:
        return "<1%"
    return f"{whole if share >= 1 else min(whole, 99)}%"


def in_words(lang: str, span: timedelta) -> str:
    """A time as people say it, rounded up: 50 minutes, 3 hours, 2 days."""
    minutes = max(ceil(span / timedelta(minutes=1)), 1)
    amount, unit = minutes, "minutes"
    if minutes > 90:
        amount, unit = ceil(minutes / 60), "hours"
    if minutes > 36 * 60:
        amount, unit = ceil(minutes / (24 * 60)), "days"
    return text(lang, f"time.{unit}_{'one' if amount == 1 else 'many'}", amount=amount)


def exactly(span: timedelta, words: Callable[..., str] = _ENGLISH) -> str:
    """A time for staff to the minute or hour, rounded down: `12 min`, `3 h 5 min`, `2 days 4 h`.

    `words` gives the words of a key in the reader's language; by default in English.
    """
    minutes = max(int(span.total_seconds() // 60), 0)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [
        words("time.days_one" if days == 1 else "time.days", amount=days) if days else "",
        words("time.hours", amount=hours) if hours and days < 10 else "",
        words("time.minutes", amount=minutes) if minutes and not days else "",
    ]
    return " ".join(filter(None, parts)) or words("time.moment")


def in_one_unit(span: timedelta) -> str:
    """A time in English as a figure: `12 min`, `3.1 h`, `2.2 days`."""
    minutes = span.total_seconds() / 60
    if minutes < 90:
        return f"{max(minutes, 1):.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} days"


def in_days(span: timedelta) -> str:
    """For how long something waits, in English and whole days: `for 3 days`, `since today`."""
    return f"for {counted(span.days, 'day')}" if span.days > 0 else "since today"


def date_in_words(lang: str, day: date) -> str:
    """A day as people write it: 30 November 2026."""
    month = text(lang, "calendar.months").split()[day.month - 1]
    return text(lang, "calendar.date", day=day.day, month=month, year=day.year)
