"""Lays out charts as shapes, each with a text: stacked bars, lines, and a topic's last weeks. Pure.

A drawing consists of rectangles, points and words; the template turns it into SVG, and the style sheet sets colours,
fonts and dark mode. All bars whose numbers are hidden look the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.records.topics import Member
from handrail_feedback.topics.facts import people
from handrail_feedback.topics.text import shown_count
from handrail_kb.texts.amounts import percent
from handrail_kb.texts.staff import ENGLISH, Say

WIDTH, HEIGHT = 300, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 8, 20
_STUB = 2.0
_GAP = 0.25
_NAMED_EVERY = 5


@dataclass(frozen=True)
class Bar:
    """A rectangle for one kind of number; kinds are numbered from 1."""

    kind: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Word:
    """A label: at the vertical axis, with a line across, or below the weeks. Also a point of a line."""

    text: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """A chart: shapes, the names of its kinds, and a table of the same numbers for screen readers.

    `lines` are strings of points, one for each piece of a line with gaps; `dots` are its points.
    """

    name: str
    title: str
    said: str
    kinds: tuple[str, ...]
    bars: tuple[Bar, ...]
    lines: tuple[str, ...]
    dots: tuple[Word, ...]
    across: tuple[Word, ...]
    below: tuple[Word, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    foot: int = HEIGHT - _BOTTOM

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw. Say so in that case, because bare axes look like a fault."""
        return not self.bars and not self.dots

    @property
    def columns(self) -> list[tuple[float, float]]:
        """Where each week begins, and how wide it is."""
        of = len(self.rows)
        return [(round(_LEFT + place * _step(of), 1), round(_step(of), 1)) for place in range(of)]


def stacked(
    name: str,
    title: str,
    said: str,
    weeks: Sequence[str],
    numbers: Mapping[str, Sequence[int | None]],
    least: int,
    *,
    total: str,
    words: Say = ENGLISH,
) -> Drawing:
    """Stacked bars of several kinds. A number that is None is unknown; one below `least` is hidden."""
    columns = list(zip(*numbers.values(), strict=True))
    sums = [sum(number or 0 for number in column) for column in columns]
    top = nice_top(max((*sums, least)))
    bars = [bar for place, column in enumerate(columns) for bar in _column(place, len(columns), column, top, least)]
    rows = tuple(
        (
            week,
            *(_shown(number, least, words) for number in column),
            _shown(amount if None not in column else None, least, words),
        )
        for week, column, amount in zip(weeks, columns, sums, strict=True)
    )
    return Drawing(
        name,
        title,
        said,
        tuple(numbers),
        tuple(bars),
        (),
        (),
        _across(top),
        _below(weeks),
        (words("report.drawn.week"), *numbers, total),
        rows,
    )


def shares(
    name: str,
    title: str,
    said: str,
    weeks: Sequence[str],
    values: Sequence[tuple[int, int] | None],
    enough: int,
    least: int,
    *,
    what: str,
    words: Say = ENGLISH,
) -> Drawing:
    """A line of shares from 0 to 100 %, from (part, whole); with gaps for wholes below `enough` and hidden numbers."""
    points: list[list[Word]] = [[]]
    rows = []
    for place, (week, value) in enumerate(zip(weeks, values, strict=True)):
        gap = _why_gap(value, enough, least, words)
        if value is None or gap:
            points.append([])
            rows.append((week, gap))
            continue
        share = value[0] / value[1]
        points[-1].append(Word(f"{week}: {percent(share)}", _middle(place, len(weeks)), _height_at(1 - share)))
        rows.append((week, f"{percent(share)} ({value[0]} {words('report.of')} {value[1]})"))
    lines = tuple(" ".join(f"{one.x:.1f},{one.y:.1f}" for one in piece) for piece in points if len(piece) > 1)
    dots = tuple(one for piece in points for one in piece)
    return Drawing(
        name,
        title,
        said,
        (),
        (),
        lines,
        dots,
        _across(100, "%"),
        _below(weeks),
        (words("report.drawn.week"), what),
        tuple(rows),
    )


def _why_gap(value: tuple[int, int] | None, enough: int, least: int, words: Say) -> str:
    """The text in place of a hidden share; empty if the share is shown."""
    if value is None:
        return words("report.not_kept")
    if value[1] < enough:
        return words("report.not_enough")
    return f"{shown_count(value[0], least)} {words('report.of')} {value[1]}" if 0 < value[0] < least else ""


def nice_top(most: int) -> int:
    """The next round number, such as 2, 4, 10, 40 or 100, whose half is a whole number."""
    power = 10 ** max(math.floor(math.log10(max(most, 1))), 0)
    steps = (power * step for step in (1, 2, 4, 6, 8, 10))
    return next(int(step) for step in steps if step >= most and step % 2 == 0)


def _step(of: int) -> float:
    """How wide the place of one week is, of so many."""
    return (WIDTH - _LEFT - _RIGHT) / of


def _column(place: int, of: int, numbers: Sequence[int | None], top: int, least: int) -> list[Bar]:
    step = _step(of)
    x, width = _LEFT + place * step + step * _GAP / 2, step * (1 - _GAP)
    y, bars = float(HEIGHT - _BOTTOM), []
    for kind, number in enumerate(numbers, start=1):
        if not number:
            continue
        height = _STUB if number < least else max((HEIGHT - _TOP - _BOTTOM) * number / top, _STUB)
        y -= height
        bars.append(Bar(kind, round(x, 1), round(y, 1), round(width, 1), round(height, 1)))
    return bars


def _middle(place: int, of: int) -> float:
    return round(_LEFT + (place + 0.5) * _step(of), 1)


def _height_at(share: float) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * share, 1)


def _across(top: int, unit: str = "") -> tuple[Word, ...]:
    """The labels at the bottom, the middle and the top of the vertical axis."""
    return tuple(Word(f"{number}{unit}", _LEFT - 4, _height_at(1 - number / top)) for number in (0, top // 2, top))


def _below(weeks: Sequence[str]) -> tuple[Word, ...]:
    """Labels with the first day of every few weeks, counted from the last week, without the year."""
    last = len(weeks) - 1
    return tuple(
        Word(week[5:], _middle(place, len(weeks)), HEIGHT - 5)
        for place, week in enumerate(weeks)
        if (last - place) % _NAMED_EVERY == 0
    )


def _shown(number: int | None, least: int, words: Say) -> str:
    return words("report.not_kept") if number is None else shown_count(number, least)


SPARKLINE_WEEKS = 12
_WEEK = timedelta(days=7)
_HEIGHT, _STEP, _WIDTH, _WEEK_STUB = 24, 8, 6, 2


@dataclass(frozen=True)
class WeekBar:
    """One week, as a rectangle in the drawing."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Weeks:
    """The last weeks, oldest first: bars, and their text for screen readers."""

    bars: tuple[WeekBar, ...]
    text: str
    width: int = SPARKLINE_WEEKS * _STEP
    height: int = _HEIGHT


def draw(members: Sequence[Member], until: datetime, least: int, words: Say = ENGLISH) -> Weeks:
    """The last twelve weeks before `until`. All weeks with fewer than `least` people look the same."""
    counts = people_by_week(members, until)
    most = max(*counts, least)
    heights = [_height(count, most, least) for count in counts]
    bars = (WeekBar(place * _STEP, _HEIGHT - height, _WIDTH, height) for place, height in enumerate(heights))
    said = ", ".join(shown_count(count, least) for count in counts)
    text = words("report.a_week", weeks=SPARKLINE_WEEKS, numbers=said)
    return Weeks(tuple(bar for bar in bars if bar.height), text)


def people_by_week(members: Sequence[Member], until: datetime) -> list[int]:
    """The number of people in each of the last weeks, oldest first."""
    weeks: list[list[Member]] = [[] for _ in range(SPARKLINE_WEEKS)]
    for one in members:
        ago = (until - one.first_at) // _WEEK
        if one.first_at < until and ago < SPARKLINE_WEEKS:
            weeks[SPARKLINE_WEEKS - 1 - ago].append(one)
    return [people(week) for week in weeks]


def _height(count: int, most: int, least: int) -> int:
    if not count:
        return 0
    return _WEEK_STUB if count < least else max(round(_HEIGHT * count / most), _WEEK_STUB + 1)
