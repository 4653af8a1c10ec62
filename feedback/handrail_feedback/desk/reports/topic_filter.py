"""The filter, order and page of the queue of topics, read from its address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import partial

from handrail_feedback.desk.reports.list_view import ListView, page_of, words_of
from handrail_feedback.desk.reports.period import RequestedPeriod, asked_of
from handrail_feedback.desk.reports.topic_cache import USUAL_SPAN
from handrail_feedback.records.decisions import MEANINGS, Assignment
from handrail_feedback.topics.facts import SUGGESTIONS
from handrail_feedback.topics.listing import Listed

TOPICS_SHOWN = 25
# The value of a filter for topics that nobody takes care of.
NOBODY = "-"
_FAR = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Queued:
    """A topic in the queue, with who takes care of it."""

    topic: Listed
    assignment: Assignment | None = None

    @property
    def assignee(self) -> str:
        """Who takes care of it; empty for nobody."""
        return self.assignment.assignee if self.assignment else ""

    @property
    def due(self) -> datetime | None:
        """By when something is to be done: the day that was set, else the time by which to decide."""
        if self.assignment and self.assignment.due_on:
            return datetime.combine(self.assignment.due_on, time(), UTC)
        return self.topic.status.due

    @property
    def section(self) -> str:
        """The part of the site that the nearest article is in, such as `billing`; empty where there is none."""
        nearest = self.topic.facts.nearest
        first, slash, _ = nearest[0].location.partition("/") if nearest else ("", "", "")
        return first if slash else ""


def _trend(name: str) -> Callable[[Queued], bool]:
    return lambda one: one.topic.in_period and one.topic.facts.trend == name


def _state(name: str) -> Callable[[Queued], bool]:
    return lambda one: one.topic.status.state == name


# The names are those of addresses; their words are the texts `topics.status.NAME`. What was searched and what grew is
# a matter of the period, and what a topic's status is now is not.
STATUS_FILTERS: dict[str, Callable[[Queued], bool]] = {
    "open": lambda one: one.topic.status.is_open,
    "late": lambda one: one.topic.status.late,
    "new": _trend("new"),
    "growing": _trend("growing"),
    "reopened": _state("reopened"),
    "decided": lambda one: not one.topic.status.is_open,
    "proven": _state("proven"),
    **{verdict.replace(" ", "-"): _state(verdict) for verdict in MEANINGS},
    "all": lambda one: one.topic.in_period,
}
TOPIC_SORTS: dict[str, Callable[[Queued], tuple[object, ...]]] = {
    "people": lambda one: (-one.topic.facts.people, -one.topic.facts.people_before),
    "growth": lambda one: (-one.topic.facts.grew,),
    "due": lambda one: (one.due or _FAR,),
    "name": lambda one: (one.topic.facts.name.casefold(),),
}


@dataclass(frozen=True)
class View(ListView):
    """The visible part of the queue of topics."""

    span: str = USUAL_SPAN
    stands: str = "open"
    could: str = ""
    assignee: str = ""
    lang: str = ""
    section: str = ""
    q: str = ""
    sort: str = "people"
    page: int = 1
    since: str = ""
    until: str = ""
    beside: str = ""

    @property
    def asked(self) -> RequestedPeriod:
        """The period of the view."""
        year = self.beside == "year"
        if self.since:
            since, until = date.fromisoformat(self.since), date.fromisoformat(self.until)
            return RequestedPeriod(self.span, since, until, year)
        return RequestedPeriod(self.span, year_before=year)

    def holds(self, one: Queued) -> bool:
        """Whether a topic is in this view."""
        facts = one.topic.facts
        return (
            STATUS_FILTERS[self.stands](one)
            and self.could in ("", facts.suggestion)
            and self.assignee in ("", one.assignee or NOBODY)
            and (not self.lang or self.lang in facts.langs)
            and self.section in ("", one.section)
            and all(word in _said(one) for word in self.q.casefold().split())
        )

    def shown(self, queue: Iterable[Queued], also: int = 0) -> list[Queued]:
        """The topics of all pages of this view, in its order; the topic `also` among them, whatever it is."""
        found = [one for one in queue if one.topic.facts.topic == also or self.holds(one)]
        order = TOPIC_SORTS[self.sort]
        return sorted(found, key=lambda one: (*order(one), one.topic.facts.topic))


@dataclass(frozen=True)
class Place:
    """Where a topic stands in the queue: the topics before and after it, 0 for none, and how many there are."""

    before: int
    after: int
    number: int
    of: int


def place_of(topic: int, queue: Sequence[Queued]) -> Place:
    """The place of a topic in a queue; number 0 where it is not in it."""
    numbers = [one.topic.facts.topic for one in queue]
    if topic not in numbers:
        return Place(0, numbers[0] if numbers else 0, 0, len(numbers))
    at = numbers.index(topic)
    return Place(numbers[at - 1] if at else 0, numbers[at + 1] if at + 1 < len(numbers) else 0, at + 1, len(numbers))


def view_of(asked: Mapping[str, str], at: datetime, zone: tzinfo = UTC) -> View:
    """The view in the parameters of an address, at a moment."""
    asked_time, one_of = asked_of(asked, USUAL_SPAN, at, zone), partial(View.one_of, asked)
    return View(
        span=asked_time.span,
        since=asked_time.since.isoformat() if asked_time.since else "",
        until=asked_time.until.isoformat() if asked_time.until else "",
        stands=one_of("stands", STATUS_FILTERS),
        could=one_of("could", SUGGESTIONS),
        **{name: words_of(asked, name) for name in ("assignee", "lang", "section", "q")},
        sort=one_of("sort", TOPIC_SORTS),
        page=page_of(asked),
        beside="year" if asked_time.year_before else "",
    )


def _said(one: Queued) -> str:
    """The text in which words are looked for: the name, and what customers typed."""
    facts = one.topic.facts
    return " ".join((facts.name, *(example.query for example in facts.examples))).casefold()
