"""Computes the weekly report: new, growing and returning topics, what waits, what was fixed, human reach.

It compares a period with the one before it. `weekly_pages` writes it.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Literal

from handrail_feedback.contracts import Articles
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import Counted, tally
from handrail_feedback.records.topics import Member
from handrail_feedback.reports.failed_searches import Measure, left_out, search_totals, vote_totals
from handrail_feedback.reports.people.human_reach import Figure, human_reach
from handrail_feedback.reports.site_articles import KnownArticles
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.threads import count_reached
from handrail_feedback.topics.facts import people
from handrail_feedback.topics.listing import Book, Listed, TopicList, find_topic, list_topics, read_book
from handrail_feedback.topics.status import (
    TIME_TO_WRITE,
    DecidedInTime,
    HeldShare,
    TopicStatus,
    fixed_at,
    held,
    is_fixed,
)
from handrail_kb.site.built.site_info import read_site_info
from handrail_kb.site.help_links import one_click

# The most topics that a section shows; the others are only counted.
LINES_SHOWN = 5
CHART_WEEKS = 26  # at most
LEAST_WEEKS = 4
_WEEK = timedelta(days=7)
_FOUR_WEEKS = timedelta(days=28)


@dataclass(frozen=True)
class Compared:
    """One number, now and in the period before; `before` is None if not all searches of that time were kept."""

    now: Measure
    before: Measure | None


@dataclass(frozen=True)
class Reached:
    """One number of human reach, now and in the period before; `before` is None for numbers about this moment."""

    now: Figure
    before: Figure | None


@dataclass(frozen=True)
class TopicLine:
    """A topic in a section. `shared` is its name, empty if too few people typed some word of it."""

    topic: Listed
    members: Sequence[Member]
    shared: str


@dataclass(frozen=True)
class TopicSection:
    """The first few topics of one kind, and the number of all."""

    lines: tuple[TopicLine, ...]
    of: int


@dataclass(frozen=True)
class Fixed:
    """A topic that an article was to answer, or is proven to, with how many people failed before and since.

    `before` counts the four weeks before the decision or, if nobody decided, before the proof; None if not all kept.
    `since` counts the last `weeks` weeks: from two weeks after a decision, the time that a writer is given, or from
    the proof.
    """

    line: TopicLine
    before: int | None
    since: int
    weeks: float

    @property
    def state(self) -> Literal["proven", "lost", "written", "reopened", "held"]:
        """What became of it."""
        status = self.line.topic.status
        if status.state == "proven":
            return "proven"
        if status.proof and status.proof.change == "lost":
            return "lost"
        if not self.weeks:
            return "written"
        return "reopened" if status.is_open else "held"


@dataclass(frozen=True)
class WeekFigures:
    """The numbers of one week. `kept` is False if it ended before searches were first kept."""

    period: Period
    searches: int
    failed: int
    verdicts: Mapping[str, int]
    sent: int
    reached: int
    kept: bool


@dataclass(frozen=True)
class WeeklyReport:
    """The content of the report. Numbers of people and searches below `least` must not be shown.

    `new` and `growing` compare the period with the one before it. The other sections show the present: topics in
    `again` failed after they were decided or proven, those in `waiting` are to be decided by a certain day.
    """

    period: Period
    made_at: datetime
    known_since: datetime | None
    least: int
    new: TopicSection
    growing: TopicSection
    again: TopicSection
    waiting: TopicSection
    late: int
    longest: timedelta | None
    kept: DecidedInTime
    fixed: tuple[Fixed, ...]
    held: HeldShare
    searches: int
    searches_before: int | None
    measures: tuple[Compared, ...]
    reach: tuple[Reached, ...]
    weeks: tuple[WeekFigures, ...]
    left_out: Mapping[str, int]
    hidden: int

    @property
    def is_comparable(self) -> bool:
        """Whether searches were kept long enough that something can be called new or growing."""
        return self.period.has_baseline(self.known_since)


def build_weekly_report(
    store: Store,
    book: Book,
    found: TopicList,
    articles: Articles,
    at: datetime,
    *,
    one_click: tuple[int, int] | None = None,
) -> WeeklyReport:
    """The report for the period of a list of topics, which includes decided ones. Raises StoreUnavailable."""
    period, look = found.period, _Look(book, articles, found.period, at, found.least)
    counts = tally(_within(book.counted, period))
    before = tally(_within(book.counted, period.before)) if period.is_comparable(book.since) else None
    status = {topic: book.status(topic, at) for topic in book.by_topic}
    waiting = _waiting(book, status, Period(period.baseline.since, period.until), found.least)
    return WeeklyReport(
        period=period,
        made_at=at,
        known_since=book.since,
        least=found.least,
        new=look.section(one for one in found.topics if one.facts.trend == "new"),
        growing=look.section(one for one in found.topics if one.facts.trend == "growing"),
        again=look.of(_again(status)),
        waiting=look.of(waiting),
        late=sum(status[topic].late for topic in waiting),
        longest=max((at - since for topic in waiting if (since := status[topic].waits_since)), default=None),
        kept=found.kept,
        fixed=tuple(look.fixed(topic, status[topic]) for topic in _fixed(status)[:LINES_SHOWN]),
        held=held(status.values(), at),
        searches=counts["searches"],
        searches_before=before["searches"] if before else None,
        measures=_compared(store, period, counts, before),
        reach=_reached(store, period, at, one_click),
        weeks=_weeks(store, book, period),
        left_out=left_out(counts),
        hidden=found.hidden,
    )


def weekly_report_of(store: Store, site_dir: Path, period: Period, least: int, at: datetime) -> WeeklyReport:
    """The report for a period, made outside the desk, without an index. Raises StoreUnavailable."""
    articles, book = KnownArticles(read_site_info(site_dir)), read_book(store)
    found = list_topics(book, articles, period, at, least=least, decided=True)
    return build_weekly_report(store, book, found, articles, at, one_click=one_click(site_dir))


@dataclass(frozen=True)
class _Look:
    """Looks up topics for the sections."""

    book: Book
    articles: Articles
    period: Period
    at: datetime
    least: int

    def section(self, listed: Iterable[Listed]) -> TopicSection:
        every = list(listed)
        return TopicSection(tuple(map(self._line, every[:LINES_SHOWN])), len(every))

    def of(self, topics: Sequence[int]) -> TopicSection:
        return TopicSection(tuple(self._line(self._find(topic)) for topic in topics[:LINES_SHOWN]), len(topics))

    def fixed(self, topic: int, status: TopicStatus) -> Fixed:
        members, fixed = self.book.by_topic[topic], fixed_at(status)
        begins = fixed + TIME_TO_WRITE if status.decision else fixed
        before = Period(fixed - _FOUR_WEEKS, fixed)
        is_kept = self.book.since is not None and self.book.since <= before.since
        return Fixed(
            self._line(self._find(topic)),
            before=_people_within(members, before) if is_kept else None,
            since=_people_within(members, Period(begins, self.at)),
            weeks=max((self.at - begins) / _WEEK, 0),
        )

    def _find(self, topic: int) -> Listed:
        found = find_topic(self.book, self.articles, topic, self.period, self.at)
        assert found  # noqa: S101 (it is one of the book's)
        return found

    def _line(self, one: Listed) -> TopicLine:
        held = self.book.by_topic[one.facts.topic]
        given = self.book.names.get(one.facts.topic)
        return TopicLine(one, held, given or shared_words(one.facts.name, held, self.least))


def shared_words(name: str, members: Iterable[Member], least: int) -> str:
    """The name, if it may leave the desk: at least `least` people typed each of its words. Else empty."""
    typed: dict[str, set[str]] = {}
    for one in members:
        for word in set(one.query.casefold().split()):
            typed.setdefault(word, set()).add(one.person)
    return name if all(len(typed.get(word, ())) >= least for word in name.casefold().split()) else ""


def _waiting(book: Book, status: Mapping[int, TopicStatus], lately: Period, least: int) -> list[int]:
    """Topics that need triage: most people in `lately` first, then the longest waiting."""
    since = {topic: status[topic].waits_since or lately.until for topic in book.needs_triage(status, least)}
    missed = {topic: _people_within(book.by_topic[topic], lately) for topic in since}
    return sorted(since, key=lambda topic: (-missed[topic], since[topic], topic))


def _again(status: Mapping[int, TopicStatus]) -> list[int]:
    """Topics that are open again, latest first."""
    again = {topic: one.reopened_at for topic, one in status.items() if one.reopened_at}
    return sorted(again, key=lambda topic: (-again[topic].timestamp(), topic))


def _fixed(status: Mapping[int, TopicStatus]) -> list[int]:
    """Topics that an article was to answer, or is proven to answer, latest first."""
    fixed = {topic: _latest(one) for topic, one in status.items() if is_fixed(one)}
    return sorted(fixed, key=lambda topic: (-fixed[topic].timestamp(), topic))


def _latest(one: TopicStatus) -> datetime:
    return max(fixed_at(one), *(proof.at for proof in one.proofs)) if one.proofs else fixed_at(one)


def _within(searches: Iterable[Counted], period: Period) -> Iterable[Counted]:
    return (one for one in searches if period.holds(one.at))


def _people_within(members: Iterable[Member], period: Period) -> int:
    return people(one for one in members if period.holds(one.first_at))


def _compared(store: Store, period: Period, counts: Counter[str], before: Counter[str] | None) -> tuple[Compared, ...]:
    """The shares of searches and votes, each with that of the period before."""
    of_now = search_totals(counts) + vote_totals(store, period.since, period.until)
    if before is None:
        return tuple(Compared(one, None) for one in of_now)
    of_before = search_totals(before) + vote_totals(store, period.before.since, period.before.until)
    return tuple(Compared(one, other) for one, other in zip(of_now, of_before, strict=True))


def _reached(store: Store, period: Period, at: datetime, one_click: tuple[int, int] | None) -> tuple[Reached, ...]:
    def figures(of: Period) -> tuple[Figure, ...]:
        return human_reach(store, of, at, one_click=one_click)

    of_the_moment = ("pages with a person one click away", "undelivered now")
    return tuple(
        Reached(one, None if one.name in of_the_moment else other)
        for one, other in zip(figures(period), figures(period.before), strict=True)
    )


def _weeks(store: Store, book: Book, period: Period) -> tuple[WeekFigures, ...]:
    """The last weeks up to the end of the period, oldest first, from the first one of which anything is known.

    The last of them ends with the last day of the period, so that it counts the same as the seven days up to that one.
    """
    last = [period.last_day - ago * _WEEK for ago in reversed(range(CHART_WEEKS))]
    spans = [Period.of_days(day - timedelta(days=6), day, period.zone).up_to(period.until) for day in last]
    ends = [one.until for one in spans]
    by_week: dict[int, list[Counted]] = {}
    for one in book.counted:
        if spans[0].since <= one.at < period.until:
            by_week.setdefault(bisect(ends, one.at), []).append(one)
    counted = count_reached(store, *((one.since, one.until) for one in spans))
    weeks = [
        _week(one, by_week.get(place, ()), messages, book.since)
        for place, (one, messages) in enumerate(zip(spans, counted, strict=True))
    ]
    empty = sum(1 for _ in takewhile(lambda week: not week.kept and not week.sent, weeks))
    return tuple(weeks[min(empty, CHART_WEEKS - LEAST_WEEKS) :])


def _week(
    week: Period, searches: Iterable[Counted], messages: tuple[int, int], known_since: datetime | None
) -> WeekFigures:
    """The figures of one week; `messages` are those that reached a person, and those that were sent."""
    counts = tally(searches)
    reached, sent = messages
    verdicts = {verdict: counts[f"verdict {verdict}"] for verdict in ("answered", "weak", "none")}
    verdicts |= {apart: counts[apart] for apart in ("asked back", "asked for a person")}
    # Counts the week of the first search, although it is not complete, so that a new site sees something.
    kept = known_since is not None and known_since < week.until
    return WeekFigures(week, counts["searches"], counts["failed"], verdicts, sent, reached, kept)
