"""The report of failed searches: what people did not find, how many people, and what they did next.

Every number carries its definition, numerator, denominator and window, and reads "not enough data" in place of the
rate of a handful. `build_report` reads the store; `failed_searches_text` writes the report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import get_args

from handrail_feedback.records.period import Period
from handrail_feedback.records.redaction.redact import says_nothing
from handrail_feedback.records.searches import Counted, Failure, Following, Intent, as_tallied, shape, tally
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.people.human_reach import Figure, human_reach, meaning
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import intents
from handrail_feedback.storage.searches.votes import votes
from handrail_kb.texts.staff import ENGLISH, Say

REPORT_FORMAT = 1
ENOUGH_SEARCHES = 20
_NEXT_SHOWN = 3

# The numbers about searches, each with its name in `tally`.
TALLIED_AS: dict[str, str] = {
    "searches": "searches",
    "failed searches": "failed",
    **{f"failed: {kind}": f"failed: {kind}" for kind in get_args(Failure)},
    **{
        name: name for name in ("clicked", "contacted", "asked back", "asked for a person", "bots", "staff", "degraded")
    },
}


@dataclass(frozen=True)
class Measure:
    """One number of the report: `numerator` of `denominator`, with the definition of both."""

    name: str
    definition: str
    numerator: int
    denominator: int

    @property
    def rate(self) -> float | None:
        """The share, 0..1; None if the denominator is too small."""
        return self.numerator / self.denominator if self.denominator >= ENOUGH_SEARCHES else None


@dataclass(frozen=True)
class FailedSearch:
    """Failed searches for the same words. `people` counts browser tabs; a search without a tab counts as one."""

    query: str
    people: int
    searches: int
    first_at: datetime
    last_at: datetime
    kinds: dict[Failure, int]
    langs: dict[str, int]
    nearest: str | None
    clicked: int
    contacted: int
    searched_next: tuple[str, ...]


@dataclass(frozen=True)
class FailedSearchReport:
    """The failed searches of a period, most people first, with totals.

    `reach` holds the figures on whether those who wrote reached a person.

    `left_out` counts the searches that are in no figure, by reason; `not_listed` counts the lines beyond the limit.
    """

    period: Period
    made_at: datetime
    totals: tuple[Measure, ...]
    failed: tuple[FailedSearch, ...]
    left_out: dict[str, int]
    not_listed: int
    reach: tuple[Figure, ...] = ()


@dataclass
class _Group:
    """Collects failed searches for the same words."""

    people: set[str] = field(default_factory=set)
    first: Intent | None = None
    last: Intent | None = None
    queries: Counter[str] = field(default_factory=Counter)
    kinds: Counter[Failure] = field(default_factory=Counter)
    langs: Counter[str] = field(default_factory=Counter)
    nearest: Counter[str] = field(default_factory=Counter)
    searched_next: Counter[str] = field(default_factory=Counter)
    clicked: int = 0
    contacted: int = 0

    def add(self, intent: Intent, kind: Failure, following: Following | None) -> None:
        self.people.add(intent.person)
        self.first = self.first or intent
        self.last = intent
        self.queries[intent.query] += 1
        self.kinds[kind] += 1
        self.langs[intent.lang] += 1
        if intent.results:
            self.nearest[intent.results[0][0]] += 1
        if following and following.shape != intent.shape and not says_nothing(following.query):
            self.searched_next[following.query] += 1
        self.clicked += intent.clicked_at is not None
        self.contacted += intent.contacted_at is not None

    def done(self) -> FailedSearch:
        assert self.first and self.last  # noqa: S101 (a group begins with its first search)
        return FailedSearch(
            query=_most(self.queries) or "",
            people=len(self.people),
            searches=sum(self.kinds.values()),
            first_at=self.first.first_at,
            last_at=self.last.last_at,
            kinds=dict(self.kinds),
            langs=dict(self.langs),
            nearest=_most(self.nearest),
            clicked=self.clicked,
            contacted=self.contacted,
            searched_next=tuple(query for query, _ in self.searched_next.most_common(_NEXT_SHOWN)),
        )


def _most(counted: Counter[str]) -> str | None:
    """The most frequent text, or None; among equals the alphabetically first, so that reports are reproducible."""
    return min(counted, key=lambda item: (-counted[item], item), default=None)


def build_report(
    store: Store,
    period: Period,
    *,
    include_degraded: bool = False,
    limit: int = 100,
    made_at: datetime | None = None,
    one_click: tuple[int, int] | None = None,
) -> FailedSearchReport:
    """Read the store and count, without bots, staff and, unless `include_degraded`, searches answered while degraded.

    Raises StoreUnavailable.
    """
    groups: dict[str, _Group] = {}
    searches: list[Counted] = []
    for intent, following in intents(store, period.since, period.until):
        one = as_tallied(intent, following)
        if include_degraded and one.left_out == "degraded":
            one = replace(one, left_out="")
        searches.append(one)
        if one.kind and not one.left_out and not says_nothing(intent.query):
            groups.setdefault(same_words_key(intent.query), _Group()).add(intent, one.kind, following)
    counts = tally(searches)
    failed = sorted(
        (group.done() for group in groups.values()), key=lambda line: (-line.people, -line.searches, line.query)
    )
    return FailedSearchReport(
        period=period,
        made_at=made_at or now(),
        totals=search_totals(counts) + vote_totals(store, period.since, period.until),
        failed=tuple(failed[:limit]),
        left_out=left_out(counts),
        not_listed=max(0, len(failed) - limit),
        reach=human_reach(store, period, made_at or now(), one_click=one_click),
    )


def same_words_key(query: str) -> str:
    """A key that is equal for queries of the same words: ignores case, spaces and signs."""
    return " ".join(re.findall(r"\w+", shape(query).replace("#", " 0 "))) or shape(query)


def left_out(counts: Mapping[str, int]) -> dict[str, int]:
    """The number of searches that are in no figure, by reason."""
    return {reason: counts.get(reason, 0) for reason in ("bots", "staff", "degraded")}


def search_totals(counts: Mapping[str, int]) -> tuple[Measure, ...]:
    """The figures about searches, from the counts of `tally`."""
    names = (
        "failed searches",
        *(f"failed: {kind}" for kind in get_args(Failure)),
        "clicked",
        "contacted",
        "asked back",
        "asked for a person",
    )
    searches = counts.get("searches", 0)
    return tuple(Measure(name, definition(name), counts.get(TALLIED_AS[name], 0), searches) for name in names)


def definition(name: str, words: Say = ENGLISH, called: Callable[[Failure], str] = str) -> str:
    """What a number about searches or votes counts, in a language; why searches failed is `called` so."""
    if name != "failed searches":
        return meaning(name, words)
    kinds: tuple[Failure, ...] = get_args(Failure)
    return meaning(
        name, words, kinds=", ".join(f"{called(kind)} ({meaning(f'failed: {kind}', words)})" for kind in kinds)
    )


def vote_totals(store: Store, since: datetime, until: datetime) -> tuple[Measure, ...]:
    """The figures about votes on articles. Raises StoreUnavailable."""
    given = votes(store, since, until)
    helpful = sum(vote.helpful for vote in given)
    return (Measure("said it helped", definition("said it helped"), helpful, len(given)),)
