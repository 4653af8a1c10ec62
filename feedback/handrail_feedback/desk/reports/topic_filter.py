"""The filter, order and page of the list of topics, read from its address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from handrail_feedback.desk.reports.list_view import ListView, page_of, words_of
from handrail_feedback.desk.reports.period import RequestedPeriod, asked_of
from handrail_feedback.desk.reports.topic_cache import USUAL_DAYS
from handrail_feedback.records.decisions import MEANINGS
from handrail_feedback.topics.facts import SUGGESTIONS
from handrail_feedback.topics.listing import Listed

TOPICS_SHOWN = 50
_FAR = datetime(9000, 1, 1, tzinfo=UTC)


def _trend(name: str) -> Callable[[Listed], bool]:
    return lambda one: one.facts.trend == name


def _state(name: str) -> Callable[[Listed], bool]:
    return lambda one: one.status.state == name


STATUS_FILTERS: dict[str, tuple[str, Callable[[Listed], bool]]] = {
    "open": ("wait for a decision", lambda one: one.status.is_open),
    "late": ("late", lambda one: one.status.late),
    "new": ("new", _trend("new")),
    "growing": ("growing", _trend("growing")),
    "reopened": ("open again", _state("reopened")),
    "decided": ("decided", lambda one: not one.status.is_open),
    "proven": ("proven answered", _state("proven")),
    **{verdict.replace(" ", "-"): (verdict, _state(verdict)) for verdict in MEANINGS},
    "all": ("all", lambda _one: True),
}
TOPIC_SORTS: dict[str, tuple[str, Callable[[Listed], tuple[object, ...]]]] = {
    "people": ("most people", lambda one: (-one.facts.people,)),
    "growth": ("grew most", lambda one: (-one.facts.grew,)),
    "due": ("due first", lambda one: (one.status.due or _FAR,)),
    "name": ("name", lambda one: (one.facts.name.casefold(),)),
}


@dataclass(frozen=True)
class View(ListView):
    """The visible part of the list of topics."""

    days: int = USUAL_DAYS
    stands: str = "open"
    could: str = ""
    q: str = ""
    sort: str = "people"
    page: int = 1
    since: str = ""
    until: str = ""

    @property
    def asked(self) -> RequestedPeriod:
        """The period of the view."""
        if self.since:
            return RequestedPeriod(self.days, date.fromisoformat(self.since), date.fromisoformat(self.until))
        return RequestedPeriod(self.days)

    def shown(self, topics: Iterable[Listed]) -> list[Listed]:
        """The topics of all pages of this view, in its order."""
        stands, words = STATUS_FILTERS[self.stands][1], self.q.casefold().split()
        found = [
            one
            for one in topics
            if stands(one) and self.could in ("", one.facts.suggestion) and all(word in _said(one) for word in words)
        ]
        order = TOPIC_SORTS[self.sort][1]
        return sorted(found, key=lambda one: (*order(one), one.facts.topic))


def view_of(asked: Mapping[str, str], at: datetime) -> View:
    """The view in the parameters of an address, at a moment."""
    time, one_of = asked_of(asked, USUAL_DAYS, at), partial(View.one_of, asked)
    return View(
        days=time.days,
        since=time.since.isoformat() if time.since else "",
        until=time.until.isoformat() if time.until else "",
        stands=one_of("stands", STATUS_FILTERS),
        could=one_of("could", SUGGESTIONS),
        q=words_of(asked),
        sort=one_of("sort", TOPIC_SORTS),
        page=page_of(asked),
    )


def _said(one: Listed) -> str:
    """The text in which words are looked for: the name, and what customers typed."""
    return " ".join((one.facts.name, *(example.query for example in one.facts.examples))).casefold()
