"""Opening hours of a week: `mon-fri: 09:00-12:00, 13:00-18:00`, read, checked, and grouped for display.

A span is a pair of minutes since midnight, in the company's own time; 24:00 is 1440. Knows nothing of time zones,
holidays or channels: the browser works out what a week means on a given day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from handrail_kb.problems import Keys, Note, nearest

Span = tuple[int, int]
Spans = tuple[Span, ...]
WeekHours = tuple[Spans, ...]  # seven days, Monday first

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = 24 * 60
ALWAYS: WeekHours = (((0, MIDNIGHT),),) * 7
NEVER: WeekHours = ((),) * 7

_NAMES = {name: number for number, day in enumerate(WEEKDAYS) for name in (day, day[:3], day[:2], day[:4])}
_SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*(?:-|\u2013|to)\s*(\d{1,2})[:.](\d{2})")
_EXAMPLE = "Write 'mon-fri: 09:00-12:00, 13:00-18:00'"


def read_week(value: Any, where: Keys, note: Note) -> WeekHours:
    """The week in `value`. Passes what is wrong to `note`, and treats those days as closed."""
    if value == "always":
        return ALWAYS
    if not isinstance(value, dict) or not value:
        note(where, f"hours should be days with times, or 'always', but here is '{value}'. {_EXAMPLE}.")
        return NEVER
    week: dict[int, Spans] = {}
    for names, times in value.items():
        spans = read_spans(times, (*where, str(names)), note)
        for day in _days(str(names), (*where, str(names)), note):
            if day in week:
                note((*where, str(names)), f"{WEEKDAYS[day].capitalize()} stands twice. Keep one of the two.")
            week[day] = spans
    return tuple(week.get(day, ()) for day in range(7))


def _days(names: str, where: Keys, note: Note) -> Iterator[int]:
    """The days in `mon-thu, sat`, from 0 for Monday. A range may pass the end of the week, as `sat-mon` does."""
    for part in names.lower().split(","):
        ends = [end.strip() for end in re.split(r"(?<!\s)\s*+(?:-|\u2013|\bto\b)\s*", part.strip())]
        unknown = [end for end in ends if end not in _NAMES]
        if unknown or len(ends) > 2:
            close = nearest(unknown[0], list(_NAMES)) if unknown else ""
            note(where, f"'{part.strip()}' is no day of the week.{close} {_EXAMPLE}.")
            continue
        first, last = _NAMES[ends[0]], _NAMES[ends[-1]]
        for step in range((last - first) % 7 + 1):
            yield (first + step) % 7


def read_spans(value: Any, where: Keys, note: Note) -> Spans:
    """The spans of one day, in order: `09:00-12:00, 13:00-18:00`, a list of them, or `closed`."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    parts = [str(part).strip() for part in parts]
    if parts == ["closed"]:
        return ()
    spans = [span for part in parts if (span := _span(part, where, note))]
    spans.sort()
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            note(where, f"{show_span(before)} and {show_span(after)} overlap. Make one of them, or move one.")
            return ()
    return tuple(spans)


def _span(text: str, where: Keys, note: Note) -> Span | None:
    match = _SPAN.fullmatch(text)
    if not match:
        note(where, f"'{text}' is no time. {_EXAMPLE}; a closed day may be left out.")
        return None
    hours = [int(number) for number in match.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) > 59 or start >= MIDNIGHT or end > MIDNIGHT:
        note(where, f"'{text}' is no time of a day: it goes from 00:00 to 24:00.")
        return None
    if end <= start:
        note(
            where,
            f"'{text}' ends before it begins. Hours over midnight are two: until 24:00, and from 00:00 "
            "on the next day.",
        )
        return None
    return start, end


def show_time(minutes: int) -> str:
    """`09:00`, the same in every language of Handrail."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def show_span(span: Span) -> str:
    """`09:00-12:00`, with the dash that belongs between numbers."""
    return f"{show_time(span[0])}\u2013{show_time(span[1])}"


def group_days(week: WeekHours) -> list[tuple[int, int, Spans]]:
    """The first day, last day and spans of each run of days with the same hours, which a reader grasps at a glance."""
    groups: list[tuple[int, int, Spans]] = []
    for day, spans in enumerate(week):
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], day, spans)
        else:
            groups.append((day, day, spans))
    return groups
