"""Numbers, shares, days and lengths of time in words: '1 message', '2 messages', '3 hours'."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil, floor

from handrail_kb.texts import text
from handrail_kb.texts.staff import ENGLISH, Say

# Binary fractions are inexact: 58 of 100 is a little less than 0.58.
_NOISE = 1e-9


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


def exactly(span: timedelta, words: Say = ENGLISH) -> str:
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


def in_one_unit(span: timedelta, words: Say = ENGLISH) -> str:
    """A time as a figure: `12 min`, `3.1 h`, `2.2 days`; by default in English."""
    minutes = span.total_seconds() / 60
    if minutes < 90:
        return words("time.minutes", amount=f"{max(minutes, 1):.0f}")
    amount, unit = (minutes / 60, "hours") if minutes < 48 * 60 else (minutes / 1440, "days")
    return words(f"time.{unit}", amount=f"{amount:.1f}".replace(".", words("time.decimal")))


def in_days(span: timedelta, words: Say = ENGLISH) -> str:
    """For how long something waits, in whole days: `for 3 days`, `since today`; by default in English."""
    if span.days <= 0:
        return words("time.since_today")
    return words("time.for_days_one" if span.days == 1 else "time.for_days", number=span.days)


def date_in_words(lang: str, day: date) -> str:
    """A day as people write it: 30 November 2026."""
    month = text(lang, "calendar.months").split()[day.month - 1]
    return text(lang, "calendar.date", day=day.day, month=month, year=day.year)
