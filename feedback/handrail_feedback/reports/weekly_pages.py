"""Writes the weekly report: for the desk, as a file, and as a mail. Pure.

Template and charts are the same everywhere: at the desk in the language of whoever reads, in file and mail in that of
the site. What leaves the desk contains no word that too few people typed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from markupsafe import Markup

from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import clock_time
from handrail_feedback.reports.charts import Drawing, draw, shares, stacked
from handrail_feedback.reports.failed_searches import ENOUGH_SEARCHES, Measure, definition
from handrail_feedback.reports.people.human_reach import Figure, label, meaning, slug
from handrail_feedback.reports.weekly import Compared, Fixed, TopicLine, TopicSection, WeeklyReport
from handrail_feedback.topics.text import (
    cannot_be_told,
    comparison_period,
    longest_wait,
    people_before,
    shown_count,
    what_was_proved,
)
from handrail_kb.language.printable import printable
from handrail_kb.texts import FALLBACK_LANGUAGE
from handrail_kb.texts.amounts import in_days, percent
from handrail_kb.texts.staff import ENGLISH, STAFF_WORDS, Say, in_language

_TEMPLATES = Path(__file__).parent / "templates"
# The desk serves these, too, so that a report looks the same there and as a file.
STATIC = Path(__file__).parent / "static"
_FILE_STYLES = ("desk.css", "weekly.css", "file.css")


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

    def days(self, period: Period) -> str:
        """The address of the report about the days of a period."""
        return f"{self.desk}report/?since={period.first_day}&until={period.last_day}"

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


def body(report: WeeklyReport, links: DeskLinks, *, inside: bool = False, words: Say = ENGLISH) -> Markup:
    """The report without a frame. `inside` the desk, names and numbers are shown in full."""
    return Markup(_template("weekly.html").render(**_values(report, links, inside, words)))  # noqa: S704 (autoescaped)


def to_html(report: WeeklyReport, desk: str, site: str, lang: str = FALLBACK_LANGUAGE) -> str:
    """The report as one self-contained HTML file: to attach to a mail, to put into a wiki, to print."""
    style, words = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in _FILE_STYLES), in_language(lang)
    values = {
        "main": body(report, DeskLinks(desk), words=words),
        "style": Markup(style),  # noqa: S704 (ours)
        "site": site,
        "lang": STAFF_WORDS.known(lang),
    }
    return _template("weekly_file.html").render(**_spans(report, words), **values)


def to_mail(report: WeeklyReport, desk: str, site: str, lang: str = FALLBACK_LANGUAGE) -> tuple[str, str, str]:
    """The subject, text and HTML of the weekly mail."""
    words = in_language(lang)
    values = _values(report, DeskLinks(desk), inside=False, words=words)
    values |= {"desk": desk, "site": site, "lang": STAFF_WORDS.known(lang)}
    return (
        subject(report, site, words),
        _template("weekly_mail.txt").render(values),
        _template("weekly_mail.html").render(values),
    )


def subject(report: WeeklyReport, site: str, words: Say = ENGLISH) -> str:
    """The subject of the mail, without any words of customers."""
    where = f"{site}: " if site else ""
    new = f"{words('report.subject_new', number=report.new.of)}, " if report.is_comparable else ""
    days = words("report.subject_days", since=report.period.first_day, last=report.period.last_day)
    return f"{where}{new}{words('report.subject_waiting', number=report.waiting.of)} {days}"


def charts(report: WeeklyReport, words: Say = ENGLISH) -> list[Drawing]:
    """The charts, over the last half year."""
    weeks = [week.period.first_day.isoformat() for week in report.weeks]
    numbers = {
        words(f"report.drawn.{slug(verdict)}"): [week.verdicts[verdict] if week.kept else None for week in report.weeks]
        for verdict in ("answered", "asked back", "asked for a person", "weak", "none")
    }
    failed = [(week.failed, week.searches) if week.kept else None for week in report.weeks]
    now, least = report.weeks[-1], report.least
    last = f"{shown_count(now.failed, least)} {words('report.of')} {shown_count(now.searches, least)}"
    return [
        stacked(
            "verdicts",
            words("report.drawn.verdicts_title"),
            words("report.drawn.verdicts_said", weeks=len(weeks), number=shown_count(now.searches, least)),
            weeks,
            numbers,
            least,
            total=words("report.drawn.all_searches"),
            words=words,
        ),
        shares(
            "failed",
            words("report.drawn.failed_title"),
            words("report.drawn.failed_said", weeks=len(weeks), number=last),
            weeks,
            failed,
            ENOUGH_SEARCHES,
            least,
            what=words("report.drawn.failed"),
            words=words,
        ),
        _messages_chart(report, weeks, words),
    ]


def _messages_chart(report: WeeklyReport, weeks: list[str], words: Say) -> Drawing:
    now, least = report.weeks[-1], report.least
    messages = {
        words("report.drawn.reached"): [week.reached for week in report.weeks],
        words("report.drawn.not_yet"): [week.sent - week.reached for week in report.weeks],
    }
    sent, reached = (shown_count(number, least) for number in (now.sent, now.reached))
    return stacked(
        "messages",
        words("report.drawn.messages_title"),
        words("report.drawn.messages_said", weeks=len(weeks), sent=sent, reached=reached),
        weeks,
        messages,
        least,
        total=words("report.drawn.all_messages"),
        words=words,
    )


# The numbers of which no list can be opened: whoever was notified is erased, and only counted.
_WITHOUT_LIST = ("told when there was an answer",)


def figure_rows(report: WeeklyReport, links: DeskLinks, words: Say = ENGLISH) -> list[FigureRow]:
    """All numbers, each with its definition and the lists of what it counts."""
    found = [_searches(report, links, words)]
    found += [_row(one, report, links, words) for one in report.measures]
    for one in report.reach:
        now, was = one.now, one.before
        found.append(
            FigureRow(
                now.name,
                now.label_in(words),
                now.value_in(words),
                was.value_in(words) if was else "",
                now.definition_in(words),
                _of_reach(now, "now", links, words),
                _of_reach(was, "before", links, words) if was else None,
            )
        )
    return found


def _of_reach(one: Figure, when: str, links: DeskLinks, words: Say) -> Basis:
    return _basis(one.name, str(one.numerator), str(one.denominator), when, one.time.said(words), links)


def _basis(name: str, number: str, of: str, when: str, window: str, links: DeskLinks) -> Basis:
    if name in _WITHOUT_LIST:
        return Basis(number, of, window=window)
    return Basis(number, of, links.counted(name, "part", when), links.counted(name, "all", when) if of else "", window)


def _searches(report: WeeklyReport, links: DeskLinks, words: Say) -> FigureRow:
    name, now, past = "searches", shown_count(report.searches, report.least), report.period.before.said(words)
    kept = report.searches_before
    was = words("report.not_kept") if kept is None else shown_count(kept, report.least)
    return FigureRow(
        name,
        label(name, words),
        now,
        was,
        meaning(name, words),
        _basis(name, now, "", "now", report.period.said(words), links),
        Basis(was, window=past) if kept is None else _basis(name, was, "", "before", past, links),
    )


def _row(one: Compared, report: WeeklyReport, links: DeskLinks, words: Say) -> FigureRow:
    def basis(measure: Measure, when: str, period: Period) -> Basis:
        number, of = (shown_count(each, report.least) for each in (measure.numerator, measure.denominator))
        return _basis(measure.name, number, of, when, period.said(words), links)

    return FigureRow(
        one.now.name,
        label(one.now.name, words),
        _share(one.now, report.least, words),
        _share(one.before, report.least, words) if one.before else words("report.not_kept"),
        definition(one.now.name, words, lambda kind: words(f"failed.{kind}")),
        basis(one.now, "now", report.period),
        basis(one.before, "before", report.period.before) if one.before else None,
    )


def _share(measure: Measure, least: int, words: Say) -> str:
    """A share as readers see it; hidden if its numbers are small."""
    if measure.rate is None or 0 < measure.numerator < least:
        return words("report.not_enough")
    return percent(measure.rate)


def _part(name: str, part: int, of: int, links: DeskLinks, words: Say) -> Basis:
    """`7 of 9`, or a text that there was nothing to count."""
    return _basis(name, str(part), str(of), "now", "", links) if of else Basis(words("report.none_yet"))


def _spans(report: WeeklyReport, words: Say) -> dict[str, Any]:
    return {
        "t": words,
        "report": report,
        "since": report.period.first_day,
        "last": report.period.last_day,
        "made": clock_time(report.made_at, report.period.zone),
        "beside": comparison_period(report.period, words),
        "is_week": report.period.length == timedelta(days=7),
    }


def _values(report: WeeklyReport, links: DeskLinks, inside: bool, words: Say) -> dict[str, Any]:
    hidden_below, report = report.least, replace(report, least=1 if inside else report.least)
    every = figure_rows(report, links, words)
    return _spans(report, words) | {
        "links": links,
        "hidden_below": hidden_below,
        "day": lambda at: _day(at, report.period.zone),
        "inside": inside,
        "charts": charts(report, words),
        "rows": every,
        "row": {one.name: one for one in every},
        "sections": _sections(report, words),
        "count": lambda number: shown_count(number, report.least),
        "before": lambda facts: people_before(facts, report.least, words),
        "compared": lambda number: number if report.is_comparable else words("report.not_enough"),
        "longest": longest_wait(report.longest, report.late, words),
        "how_long": lambda span: in_days(span, words),
        "name": lambda line: _name(line, inside, report.least, words),
        "sparkline_of": lambda line: draw(line.members, report.period.until, report.least, words),
        "fixed": lambda one: _fixed(one, report.least, words, report.period.zone),
        "in_time": _part("decided in time", report.kept.in_time, report.kept.of, links, words),
        "held": _part("resolution held", report.held.holds, report.held.of, links, words),
        "part": lambda one: f"{one.number} {words('report.of')} {one.of}" if one.of else one.number,
    }


def _sections(report: WeeklyReport, words: Say) -> list[tuple[str, str, TopicSection, str, str, str]]:
    """For each section: anchor, heading, topics, the text for none, and the status and order of the full list."""
    none_new, none_grew = words("report.none_new"), words("report.none_growing")
    if not report.is_comparable:
        none_new = cannot_be_told(report.known_since, "new", words, report.period.zone)
        none_grew = cannot_be_told(report.known_since, "growing", words, report.period.zone)
    none_again, none_waiting = words("report.none_reopened"), words("topics.nothing_open")
    return [
        ("new", words("topics.status.new"), report.new, none_new, "new", "people"),
        ("growing", words("topics.status.growing"), report.growing, none_grew, "growing", "growth"),
        ("again", words("topics.status.reopened"), report.again, none_again, "reopened", ""),
        ("waiting", words("topics.status.open"), report.waiting, none_waiting, "open", "due"),
    ]


def _name(line: TopicLine, inside: bool, least: int, words: Say) -> str:
    """The topic's name; outside the desk its number, unless enough people typed all of its words."""
    facts = line.topic.facts
    number = words("report.topic", number=facts.topic, people=shown_count(facts.people, least))
    return printable(facts.name if inside else line.shared) or number


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def _fixed(one: Fixed, least: int, words: Say, zone: tzinfo) -> str:
    """What became of a fixed topic, in words."""
    status = one.line.topic.status
    fixed = "decision" if status.decision else "proof"
    said = [words("report.before_not_kept")]
    if one.before is not None:
        said = [words(f"report.fixed.before_{fixed}", number=shown_count(one.before, least))]
    if status.decision and not one.weeks:
        said.append(words("report.fixed.not_over"))
    elif weeks := round(one.weeks):
        key = f"report.fixed.after_{fixed}{'_one' if weeks == 1 else ''}"
        said.append(words(key, number=shown_count(one.since, least), weeks=weeks))
    if status.proof:
        proved = what_was_proved(status.proof, least, words)
        said.append(words("report.fixed.on", what=proved, day=_day(status.proof.at, zone)))
    return f"{words(f'report.fixed.state.{one.state}')}: {'; '.join(said)}"


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=select_autoescape(("html",)),
    )
    environment.filters |= {"plain": printable, "slug": slug}
    return environment.get_template(name)
