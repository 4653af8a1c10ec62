"""Public holidays of a country, and a company's own closed days and days with special hours.

Public holidays of this year and the next come from the library `holidays` when the site is built. So a page stays
right for at least a year without any request, and every build of the same year gives the same page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from handrail_kb.contact.hours import Spans, read_spans
from handrail_kb.problems import Keys, Note, nearest
from handrail_kb.texts import short_language
from handrail_kb.texts.installing import install_extra

_RANGE = re.compile(r"(?<!\s)\s*+(?:\bto\b|\u2013|\.\.)\s*")
_LONGEST_RANGE = 366


@dataclass(frozen=True)
class Day:
    """A day that differs from the usual week: its hours (empty: closed), and the reason in the reader's language."""

    spans: Spans
    why: str = ""


def last_day(today: date) -> date:
    """The last day that is looked up: the end of what a page knows about holidays."""
    return date(today.year + 1, 12, 31)


def check_country(country: str, subdivision: str, where: Keys, note: Note) -> bool:
    """Whether the holidays of this place can be looked up. Passes what is wrong to `note`."""
    try:
        import holidays
    except ImportError:
        install = install_extra("contact")
        note(
            (*where, "country"),
            f"public holidays need the library 'holidays', which is not here. Install it: {install}",
        )
        return False
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        close = nearest(country.upper(), list(known))
        note(
            (*where, "country"),
            f"'{country}' is no country whose holidays are known.{close} "
            "Write its two letters, such as DE, FR, ES or GB.",
        )
        return False
    if subdivision and subdivision not in known[country]:
        parts = ", ".join(sorted(known[country])) or "none: leave it out"
        note(
            (*where, "subdivision"),
            f"'{subdivision}' is no part of {country} whose holidays are known. There are: {parts}.",
        )
        return False
    return True


def public_holidays(country: str, subdivision: str, today: date, lang: str) -> dict[date, str]:
    """The names of public holidays of this year and the next, by date, in `lang` where the library knows it."""
    if not country:
        return {}
    import holidays

    years = [today.year, today.year + 1]
    place = holidays.country_holidays(country, subdiv=subdivision or None)
    language = _language(lang, place.supported_languages, place.default_language)
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=language)
    return {day: found[day] for day in sorted(found)}


@lru_cache(maxsize=32)  # asked for each day that a message waits
def holidays_in(country: str, subdivision: str, year: int) -> frozenset[date]:
    """The public holidays of a year and the next; none where no country is set."""
    return frozenset(public_holidays(country, subdivision, date(year, 1, 1), ""))


def _language(lang: str, known: tuple[str, ...], default: str | None) -> str | None:
    """The library's own code of a language: it has `en_US` and `en_GB`, a site has `en`."""
    short = short_language(lang)
    return next((name for name in known if name.split("_")[0] == short), default)


def read_closed(value: Any, where: Keys, note: Note) -> dict[date, Day]:
    """The company's own closed days: dates, or `2026-12-27 to 2026-12-31: Stocktaking`."""
    days: dict[date, Day] = {}
    for number, item in enumerate(_listed(value, where, note)):
        pairs = item.items() if isinstance(item, dict) else [(item, "")]
        for text, why in pairs:
            for day in _range(str(text), (*where, number), note):
                days[day] = Day((), str(why or "").strip())
    return days


def read_special(value: Any, where: Keys, note: Note) -> dict[date, Day]:
    """Days with hours of their own: `2026-12-24: 09:00-12:00`."""
    days: dict[date, Day] = {}
    if not isinstance(value, dict):
        note(
            where, f"special hours should be dates with times, but here is '{value}'. Write '2026-12-24: 09:00-12:00'."
        )
        return days
    for text, times in value.items():
        for day in _range(str(text), (*where, str(text)), note):
            days[day] = Day(read_spans(times, (*where, str(text)), note))
    return days


def _listed(value: Any, where: Keys, note: Note) -> list[Any]:
    if isinstance(value, list):
        return value
    note(where, "closed days should be a list: one line for each, beginning with '- '.")
    return []


def _range(text: str, where: Keys, note: Note) -> list[date]:
    ends = _RANGE.split(text.strip())
    try:
        first, last = date.fromisoformat(ends[0]), date.fromisoformat(ends[-1])
    except ValueError:
        note(where, f"'{text}' is no day. Write 2026-12-24, or 2026-12-27 to 2026-12-31.")
        return []
    length = (last - first).days + 1
    if len(ends) > 2 or not 0 < length <= _LONGEST_RANGE:
        note(where, f"'{text}' is no stretch of days: the last one comes before the first, or is over a year later.")
        return []
    return [first + timedelta(days=step) for step in range(length)]
