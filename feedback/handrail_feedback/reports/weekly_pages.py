"""Writes the weekly report: for the desk, as a file, and as a mail. Pure.

Template and charts are the same everywhere. What leaves the desk contains no word that too few people typed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from markupsafe import Markup

from handrail_feedback.records.period import Period
from handrail_feedback.reports.charts import Drawing, draw, shares, stacked
from handrail_feedback.reports.failed_searches import ENOUGH_SEARCHES, Measure
from handrail_feedback.reports.weekly import Compared, Fixed, TopicLine, TopicSection, WeeklyReport
from handrail_feedback.topics.facts import SUGGESTIONS
from handrail_feedback.topics.text import (
    FAILED_BY,
    cannot_be_told,
    comparison_period,
    longest_wait,
    people_before,
    shown_count,
    what_was_proved,
)
from handrail_kb.language.printable import printable
from handrail_kb.texts.amounts import counted, in_days, percent

_TEMPLATES = Path(__file__).parent / "templates"
# The desk serves these, too, so that a report looks the same there and as a file.
STATIC = Path(__file__).parent / "static"
_FILE_STYLES = ("desk.css", "weekly.css", "file.css")
_NOT_ENOUGH = "not enough data"
_NOT_KEPT = "not kept"
_DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class DeskLinks:
    """The links of the report. `desk` is the desk's address with its final slash; empty if unknown.

    `period` holds the parameters of the report's period; only with them do numbers link to what they count.
    """

    desk: str
    period: str = ""

    def topic(self, number: int) -> str:
        """The address of one topic."""
        return f"{self.desk}topics/{number}/" if self.desk else ""

    def view(self, stands: str, sort: str = "") -> str:
        """The address of the list of topics with this status."""
        more = "".join(f"&{part}" for part in (self.period, f"sort={sort}" if sort else "") if part)
        return f"{self.desk}topics/?stands={stands}{more}" if self.desk else ""

    def counted(self, number: str, of: str = "part", when: str = "now", topic: int = 0) -> str:
        """The address of the list that a number counts: its `part`, or `all` that this is a part of."""
        if not self.period:
            return ""
        asked = {"number": number, "of": of, "when": when} | ({"topic": str(topic)} if topic else {})
        return f"{self.desk}report/counted/?{urlencode(asked)}&{self.period}"


@dataclass(frozen=True)
class Basis:
    """What a number was computed from: so many, `of` so many if it is a part, in a time; with the lists of both."""

    number: str
    of: str = ""
    number_at: str = ""
    of_at: str = ""
    window: str = ""

    def __str__(self) -> str:
        return f"{self.number} of {self.of}" if self.of else self.number


@dataclass(frozen=True)
class FigureRow:
    """One number as readers see it: now, before, and how both were computed."""

    name: str
    label: str
    value: str
    before: str
    definition: str
    now: Basis
    was: Basis | None


def body(report: WeeklyReport, links: DeskLinks, *, inside: bool = False) -> Markup:
    """The report without a frame. `inside` the desk, names and numbers are shown in full."""
    return Markup(_template("weekly.html").render(**_values(report, links, inside)))  # noqa: S704 (autoescaped)


def to_html(report: WeeklyReport, desk: str, site: str) -> str:
    """The report as one self-contained HTML file: to attach to a mail, to put into a wiki, to print."""
    style = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in _FILE_STYLES)
    main = body(report, DeskLinks(desk))
    return _template("weekly_file.html").render(main=main, style=Markup(style), site=site, **_spans(report))  # noqa: S704


def to_mail(report: WeeklyReport, desk: str, site: str) -> tuple[str, str, str]:
    """The subject, text and HTML of the weekly mail."""
    values = _values(report, DeskLinks(desk), inside=False) | {"desk": desk, "site": site}
    return (
        subject(report, site),
        _template("weekly_mail.txt").render(values),
        _template("weekly_mail.html").render(values),
    )


def subject(report: WeeklyReport, site: str) -> str:
    """The subject of the mail, without any words of customers."""
    new = f"{report.new.of} new, " if report.is_comparable else ""
    where = f"{site}: " if site else ""
    days = f"{report.period.since:{_DAY}} to {last_day_of(report.period):{_DAY}}"
    return f"{where}{new}{report.waiting.of} to triage ({days})"


def last_day_of(period: Period) -> date:
    """The last day of a period."""
    return (period.until - timedelta(milliseconds=1)).date()


_VERDICTS = {
    "answered": "answered",
    "asked back": "asked what was meant",
    "weak": "low confidence",
    "none": "nothing found",
}


def charts(report: WeeklyReport) -> list[Drawing]:
    """The charts, over the last half year."""
    weeks = [f"{week.since:{_DAY}}" for week in report.weeks]
    numbers = {
        name: [week.verdicts[verdict] if week.kept else None for week in report.weeks]
        for verdict, name in _VERDICTS.items()
    }
    failed = [(week.failed, week.searches) if week.kept else None for week in report.weeks]
    now, least = report.weeks[-1], report.least
    return [
        stacked(
            "verdicts",
            "Searches a week, by verdict",
            f"{len(weeks)} weeks. In the last one {shown_count(now.searches, least)} searches.",
            weeks,
            numbers,
            least,
            total="all searches",
        ),
        shares(
            "failed",
            "Failed searches, share by week",
            f"{len(weeks)} weeks. In the last one {_of(now.failed, now.searches, least)}. A gap: {_NOT_ENOUGH}.",
            weeks,
            failed,
            ENOUGH_SEARCHES,
            least,
            what="failed",
        ),
        _messages_chart(report, weeks),
    ]


def _messages_chart(report: WeeklyReport, weeks: list[str]) -> Drawing:
    now, least = report.weeks[-1], report.least
    messages = {
        "reached a person": [week.reached for week in report.weeks],
        "not yet": [week.sent - week.reached for week in report.weeks],
    }
    return stacked(
        "messages",
        "Messages to people, by week",
        f"{len(weeks)} weeks. In the last one {shown_count(now.sent, least)} messages, of which "
        f"{shown_count(now.reached, least)} reached a person.",
        weeks,
        messages,
        least,
        total="all messages",
    )


# The numbers of which no list can be opened: whoever was notified is erased, and only counted.
_WITHOUT_LIST = ("told when there was an answer",)


def figure_rows(report: WeeklyReport, links: DeskLinks) -> list[FigureRow]:
    """All numbers, each with its definition and the lists of what it counts."""
    found = [_searches(report, links)]
    found += [_row(one, report, links) for one in report.measures]
    for one in report.reach:
        now, was = one.now, one.before
        found.append(
            FigureRow(
                now.name,
                now.label,
                now.value,
                was.value if was else "",
                now.definition,
                _basis(now.name, str(now.numerator), str(now.denominator), "now", now.window, links),
                _basis(was.name, str(was.numerator), str(was.denominator), "before", was.window, links)
                if was
                else None,
            )
        )
    return found


def _basis(name: str, number: str, of: str, when: str, window: str, links: DeskLinks) -> Basis:
    if name in _WITHOUT_LIST:
        return Basis(number, of, window=window)
    return Basis(number, of, links.counted(name, "part", when), links.counted(name, "all", when) if of else "", window)


def _searches(report: WeeklyReport, links: DeskLinks) -> FigureRow:
    name, now = "searches", shown_count(report.searches, report.least)
    was = _NOT_KEPT if report.searches_before is None else shown_count(report.searches_before, report.least)
    definition = "what customers meant: keystrokes and small edits in one tab within 30 s are one search"
    before = Basis(was, window=report.period.before.in_words)
    if report.searches_before is not None:
        before = _basis(name, was, "", "before", report.period.before.in_words, links)
    return FigureRow(
        name, name, now, was, definition, _basis(name, now, "", "now", report.period.in_words, links), before
    )


def _row(one: Compared, report: WeeklyReport, links: DeskLinks) -> FigureRow:
    def basis(measure: Measure, when: str, window: str) -> Basis:
        number, of = (shown_count(each, report.least) for each in (measure.numerator, measure.denominator))
        return _basis(measure.name, number, of, when, window, links)

    before = _share(one.before, report.least) if one.before else _NOT_KEPT
    label, definition = _in_words(one.now)
    return FigureRow(
        one.now.name,
        label,
        _share(one.now, report.least),
        before,
        definition,
        basis(one.now, "now", report.period.in_words),
        basis(one.before, "before", report.period.before.in_words) if one.before else None,
    )


def _in_words(measure: Measure) -> tuple[str, str]:
    """The name and definition of a number, with words in place of the codes for programs."""
    name, definition = measure.name, measure.definition
    for code, words in FAILED_BY.items():
        definition = definition.replace(f"{code} (", f"{words} (")
        if name == f"failed: {code}":
            name = f"failed: {words}"
    return name, definition


def _share(measure: Measure, least: int) -> str:
    """A share as readers see it; hidden if its numbers are small."""
    if measure.rate is None or 0 < measure.numerator < least:
        return _NOT_ENOUGH
    return percent(measure.rate)


def _of(number: int, whole: int, least: int) -> str:
    return f"{shown_count(number, least)} of {shown_count(whole, least)}"


def _part(name: str, part: int, of: int, links: DeskLinks) -> Basis:
    """`7 of 9`, or a text that there was nothing to count."""
    return _basis(name, str(part), str(of), "now", "", links) if of else Basis("none yet")


def _spans(report: WeeklyReport) -> dict[str, Any]:
    return {
        "report": report,
        "since": report.period.since.date(),
        "last": last_day_of(report.period),
        "beside": comparison_period(report.period),
        "is_week": report.period.length == timedelta(days=7),
    }


def _values(report: WeeklyReport, links: DeskLinks, inside: bool) -> dict[str, Any]:
    hidden_below, report = report.least, replace(report, least=1 if inside else report.least)
    every = figure_rows(report, links)
    return _spans(report) | {
        "links": links,
        "hidden_below": hidden_below,
        "inside": inside,
        "charts": charts(report),
        "rows": every,
        "row": {one.name: one for one in every},
        "sections": _sections(report),
        "count": lambda number: shown_count(number, report.least),
        "before": lambda facts: people_before(facts, report.least),
        "compared": lambda number: number if report.is_comparable else _NOT_ENOUGH,
        "longest": longest_wait(report.longest, report.late),
        "how_long": in_days,
        "name": lambda line: _name(line, inside, report.least),
        "sparkline_of": lambda line: draw(line.members, report.period.until, report.least),
        "fixed": lambda one: _fixed(one, report.least),
        "in_time": _part("decided in time", report.kept.in_time, report.kept.of, links),
        "held": _part("resolution held", report.held.holds, report.held.of, links),
        "suggestions": SUGGESTIONS,
    }


def _sections(report: WeeklyReport) -> list[tuple[str, str, TopicSection, str, str, str]]:
    """For each section: anchor, heading, topics, the text for none, and the status and order of the full list."""
    none_new, none_grew = (
        "Nothing was searched for the first time by enough people.",
        "Nothing grew by more than chance.",
    )
    if not report.is_comparable:
        none_new, none_grew = (cannot_be_told(report.known_since, what) for what in ("what is new", "what grows"))
    return [
        ("new", "New", report.new, none_new, "new", "people"),
        ("growing", "Trending up (significant)", report.growing, none_grew, "growing", "growth"),
        ("again", "Reopened", report.again, "Nothing that was decided or verified fails again.", "reopened", ""),
        ("waiting", "Needs triage", report.waiting, "Nothing needs triage.", "open", "due"),
    ]


def _name(line: TopicLine, inside: bool, least: int) -> str:
    """The topic's name; outside the desk its number, unless enough people typed all of its words."""
    facts = line.topic.facts
    number = f"Topic {facts.topic} ({shown_count(facts.people, least)} people)"
    return printable(facts.name if inside else line.shared) or number


def _fixed(one: Fixed, least: int) -> str:
    """What became of a fixed topic, in words."""
    status = one.line.topic.status
    what, after = ("decision", "after the two for writing") if status.decision else ("proof", "since")
    said = ["before: not kept"]
    if one.before is not None:
        said = [f"{shown_count(one.before, least)} people in the four weeks before the {what}"]
    if status.decision and not one.weeks:
        said.append("its two weeks for writing are not over")
    elif weeks := round(one.weeks):
        said.append(f"{shown_count(one.since, least)} in the {counted(weeks, 'week')} {after}")
    if status.proof:
        said.append(f"{what_was_proved(status.proof, least)} on {status.proof.at:%Y-%m-%d}")
    return "; ".join(said)


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=select_autoescape(("html",)),
    )
    environment.filters["plain"] = printable
    return environment.get_template(name)
