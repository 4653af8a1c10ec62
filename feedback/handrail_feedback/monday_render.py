"""This Monday's page written down: the part that the desk frames, a file of its own, and a mail. Pure.

The same template and the same charts everywhere. What leaves the desk holds no word that too few people typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from markupsafe import Markup

from handrail_feedback.charts import Drawing, shares, stacked
from handrail_feedback.monday import Compared, Fixed, Line, Monday, Section
from handrail_feedback.render import printable
from handrail_feedback.report import ENOUGH, Measure
from handrail_feedback.topic_facts import SUGGESTIONS, Period
from handrail_feedback.topic_render import (
    FAILED_BY,
    beside,
    cannot_be_told,
    how_long,
    longest_wait,
    people_before,
    shown_count,
    what_was_proved,
)
from handrail_feedback.weeks import draw
from handrail_kb.counting import counted, percent

_HERE = Path(__file__).parent
_STYLES = (_HERE / "desk" / "static" / "desk.css", _HERE / "desk" / "static" / "monday.css",
           _HERE / "templates" / "file.css")  # fmt: skip
_NOT_ENOUGH = "not enough data"
_DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class Links:
    """Where the page leads: the desk's address with its last slash; empty where it is not known."""

    desk: str

    def topic(self, number: int) -> str:
        """One topic in full."""
        return f"{self.desk}topics/{number}/" if self.desk else ""

    def view(self, stands: str, period: str = "", sort: str = "") -> str:
        """The list of topics that stand like that."""
        more = "".join(f"&{part}" for part in (period, f"sort={sort}" if sort else "") if part)
        return f"{self.desk}topics/?stands={stands}{more}" if self.desk else ""


@dataclass(frozen=True)
class Row:
    """One number as it is read: what it is, what it was, and how both came about."""

    name: str
    value: str
    before: str
    definition: str
    counted: str


def body(monday: Monday, links: Links, *, period: str = "", inside: bool = False) -> Markup:
    """The page without a frame. `period` are parameters of addresses; `inside` the desk, whole names are shown."""
    return Markup(_template("monday.html").render(**_values(monday, links, period, inside)))  # noqa: S704 (autoescaped)


def to_html(monday: Monday, desk: str, site: str) -> str:
    """One file that needs nothing else: for a mail's attachment, a wiki, a printer."""
    style = "\n".join(file.read_text(encoding="utf-8") for file in _STYLES)
    main = body(monday, Links(desk))
    return _template("monday_file.html").render(main=main, style=Markup(style), site=site, **_spans(monday))  # noqa: S704


def to_mail(monday: Monday, desk: str, site: str) -> tuple[str, str, str]:
    """Subject, text and HTML of the weekly mail."""
    values = _values(monday, Links(desk), "", inside=False) | {"desk": desk, "site": site}
    return (
        subject(monday, site),
        _template("monday_mail.txt").render(values),
        _template("monday_mail.html").render(values),
    )


def subject(monday: Monday, site: str) -> str:
    """What the mail is about, without a customer's word."""
    new = f"{monday.new.of} new, " if monday.is_comparable else ""
    where = f"{site}: " if site else ""
    return (
        f"{where}{new}{monday.waiting.of} to decide ({monday.period.since:{_DAY}} to {last_day(monday.period):{_DAY}})"
    )


def last_day(period: Period) -> date:
    """The last day that is in a period."""
    return (period.until - timedelta(milliseconds=1)).date()


def charts(monday: Monday) -> list[Drawing]:
    """What people look at rather than read, over the last half year."""
    weeks = [f"{week.since:{_DAY}}" for week in monday.weeks]
    numbers = {
        name: [week.verdicts[verdict] if week.kept else None for week in monday.weeks]
        for verdict, name in (("answered", "answered"), ("weak", "no sure answer"), ("none", "nothing found"))
    }
    messages = {
        "reached a person": [week.reached for week in monday.weeks],
        "not yet": [week.sent - week.reached for week in monday.weeks],
    }
    failed = [(week.failed, week.searches) if week.kept else None for week in monday.weeks]
    now, least = monday.weeks[-1], monday.least
    return [
        stacked(
            "verdicts", "Searches a week, by verdict",
            f"{len(weeks)} weeks. In the last one {shown_count(now.searches, least)} searches.",
            weeks, numbers, least, total="all searches",
        ),
        shares(
            "failed", "Failed searches, share by week",
            f"{len(weeks)} weeks. In the last one {_of(now.failed, now.searches, least)}. A gap: {_NOT_ENOUGH}.",
            weeks, failed, ENOUGH, least, what="failed",
        ),
        stacked(
            "messages", "Messages to people, by week",
            f"{len(weeks)} weeks. In the last one {shown_count(now.sent, least)} messages, of which "
            f"{shown_count(now.reached, least)} reached a person.",
            weeks, messages, least, total="all messages",
        ),
    ]  # fmt: skip


def rows(monday: Monday) -> list[Row]:
    """All numbers, each with what it means."""
    window = f"{_window(monday.period)}; before: {_window(monday.period.before)}"
    found = [_searches(monday, window)]
    found += [_row(one, monday.least, window) for one in monday.measures]
    for one in monday.reach:
        was = one.before
        basis = f"{one.now.of}, {one.now.window}" + (f"; before: {was.of}, {was.window}" if was else "")
        found.append(Row(one.now.name, one.now.value, was.value if was else "", one.now.definition, basis))
    return found


def _searches(monday: Monday, window: str) -> Row:
    before = monday.searches_before
    weekly = "not kept" if before is None else f"{before / monday.period.times:.0f} in the same time"
    was = "not kept" if before is None else shown_count(before, monday.least)
    basis = f"{shown_count(monday.searches, monday.least)}; before: {was}; {window}"
    definition = "what customers meant: keystrokes and small edits in one tab within 30 s are one search"
    return Row("searches", shown_count(monday.searches, monday.least), weekly, definition, basis)


def _row(one: Compared, least: int, window: str) -> Row:
    before = _share(one.before, least) if one.before else "not kept"
    was = f"; before: {_of(one.before.numerator, one.before.denominator, least)}" if one.before else ""
    basis = f"{_of(one.now.numerator, one.now.denominator, least)}{was}; {window}"
    name, definition = _in_words(one.now)
    return Row(name, _share(one.now, least), before, definition, basis)


def _in_words(measure: Measure) -> tuple[str, str]:
    """A number's name and definition with words in place of the codes that programs read."""
    name, definition = measure.name, measure.definition
    for code, words in FAILED_BY.items():
        definition = definition.replace(f"{code} (", f"{words} (")
        if name == f"failed: {code}":
            name = f"failed: {words}"
    return name, definition


def _share(measure: Measure, least: int) -> str:
    """A share as it is read; of small numbers nothing is said."""
    if measure.rate is None or 0 < measure.numerator < least:
        return _NOT_ENOUGH
    return percent(measure.rate)


def _of(number: int, whole: int, least: int) -> str:
    return f"{shown_count(number, least)} of {shown_count(whole, least)}"


def _window(period: Period) -> str:
    return f"{period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC"


def _part(part: int, of: int) -> str:
    """`7 of 9`, or that there was nothing to count."""
    return f"{part} of {of}" if of else "none yet"


def _spans(monday: Monday) -> dict[str, Any]:
    return {
        "monday": monday,
        "since": monday.period.since.date(),
        "last": last_day(monday.period),
        "beside": beside(monday.period),
        "is_week": monday.period.length == timedelta(days=7),
    }


def _values(monday: Monday, links: Links, period: str, inside: bool) -> dict[str, Any]:
    every = rows(monday)
    return _spans(monday) | {
        "links": links,
        "period": period,
        "inside": inside,
        "charts": charts(monday),
        "rows": every,
        "row": {one.name: one for one in every},
        "sections": _sections(monday),
        "count": lambda number: shown_count(number, monday.least),
        "before": lambda facts: people_before(facts, monday.least),
        "compared": lambda number: number if monday.is_comparable else _NOT_ENOUGH,
        "longest": longest_wait(monday.longest, monday.late),
        "how_long": how_long,
        "name": lambda line: _name(line, inside),
        "sparkline_of": lambda line: draw(line.searches, monday.period.until, monday.least),
        "fixed": lambda one: _fixed(one, monday.least),
        "in_time": _part(monday.kept.in_time, monday.kept.of),
        "held": _part(monday.held.holds, monday.held.of),
        "suggestions": SUGGESTIONS,
    }


def _sections(monday: Monday) -> list[tuple[str, str, Section, str, str, str]]:
    """Anchor, heading, topics, what it says when there are none, and the view of the desk that lists all."""
    none_new, none_grew = (
        "Nothing was searched for the first time by enough people.", "Nothing grew by more than chance would do.",
    )  # fmt: skip
    if not monday.is_comparable:
        none_new, none_grew = (cannot_be_told(monday.known_since, what) for what in ("what is new", "what grows"))
    return [
        ("new", "New", monday.new, none_new, "new", "people"),
        ("growing", "Growing", monday.growing, none_grew, "growing", "growth"),
        ("again", "Came back", monday.again, "Nothing that was decided or proven fails again.", "reopened", ""),
        ("waiting", "Waits for a decision", monday.waiting, "Nothing waits.", "open", "due"),
    ]


def _name(line: Line, inside: bool) -> str:
    """The topic as customers named it; outside of the desk only with words that enough people typed."""
    return printable(line.topic.facts.name if inside else line.shared) or f"Topic {line.topic.facts.topic}"


def _fixed(one: Fixed, least: int) -> str:
    """What became of it, in words."""
    stands = one.line.topic.standing
    what, after = ("decision", "after the two for writing") if stands.decision else ("proof", "since")
    said = ["before: not kept"]
    if one.before is not None:
        said = [f"{shown_count(one.before, least)} people in the four weeks before the {what}"]
    if stands.decision and not one.weeks:
        said.append("its two weeks for writing are not over")
    elif weeks := round(one.weeks):
        said.append(f"{shown_count(one.since, least)} in the {counted(weeks, 'week')} {after}")
    if stands.proof:
        said.append(f"{what_was_proved(stands.proof, least)} on {stands.proof.at:%Y-%m-%d}")
    return "; ".join(said)


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), trim_blocks=True, lstrip_blocks=True,
        autoescape=select_autoescape(("html",)),
    )  # fmt: skip
    environment.filters["plain"] = printable
    return environment.get_template(name)
