"""How many people searched for a topic, week by week, as a small drawing with the same in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.topic_facts import people
from handrail_feedback.topic_render import shown_count
from handrail_feedback.topics import Failed

WEEKS = 12
_WEEK = timedelta(days=7)
_HEIGHT, _STEP, _WIDTH, _STUB = 24, 8, 6, 2


@dataclass(frozen=True)
class Bar:
    """One week, as a rectangle in the drawing."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Weeks:
    """The last weeks, the oldest first: bars, and what they say to who cannot see them."""

    bars: tuple[Bar, ...]
    text: str
    width: int = WEEKS * _STEP
    height: int = _HEIGHT


def draw(searches: Sequence[Failed], until: datetime, least: int) -> Weeks:
    """The last twelve weeks up to a moment. Weeks of fewer people than `least` all look the same."""
    counts = people_by_week(searches, until)
    most = max(*counts, least)
    heights = [_height(count, most, least) for count in counts]
    bars = (Bar(place * _STEP, _HEIGHT - height, _WIDTH, height) for place, height in enumerate(heights))
    said = ", ".join(shown_count(count, least) for count in counts)
    return Weeks(tuple(bar for bar in bars if bar.height), f"People a week, the last {WEEKS} weeks: {said}")


def people_by_week(searches: Sequence[Failed], until: datetime) -> list[int]:
    """People in each of the last weeks, the oldest first."""
    weeks: list[list[Failed]] = [[] for _ in range(WEEKS)]
    for one in searches:
        ago = (until - one.intent.first_at) // _WEEK
        if one.intent.first_at < until and ago < WEEKS:
            weeks[WEEKS - 1 - ago].append(one)
    return [people(week) for week in weeks]


def _height(count: int, most: int, least: int) -> int:
    if not count:
        return 0
    return _STUB if count < least else max(round(_HEIGHT * count / most), _STUB + 1)
