"""The searches of one topic as its page lists them, and why its nearest articles were not the answer. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handrail_feedback.desk.downloads import Columns
from handrail_feedback.records.stamps import stamp
from handrail_feedback.records.topics import Member, MemberKey, SearchMember
from handrail_feedback.topics.facts import Next, next_of, people

_AMONG = 3


@dataclass(frozen=True)
class WordingRow:
    """The searches with the same words: how many, by how many people, what came next, and what was shown last.

    `key` is the newest of them, which stands for all in forms.
    """

    key: MemberKey
    query: str
    searches: int
    people: int
    last_at: datetime
    next: tuple[tuple[Next, int], ...]
    shown: str | None
    messages: int


@dataclass(frozen=True)
class Lost:
    """Why an article that was among the first three was not the answer, in numbers of searches."""

    unsure: int
    unopened: int
    not_helped: int


def wording_rows(held: Sequence[Member]) -> list[WordingRow]:
    """One row for each wording, those of most people first."""
    by_shape: dict[str, list[Member]] = defaultdict(list)
    for one in held:
        by_shape[one.shape].append(one)
    rows = [_row(same) for same in by_shape.values()]
    return sorted(rows, key=lambda row: (-row.people, -row.searches, row.query))


def _row(same: Sequence[Member]) -> WordingRow:
    newest = max(same, key=lambda one: one.last_at)
    results = newest.intent.results if isinstance(newest, SearchMember) else ()
    typed = Counter(" ".join(one.query.split()) for one in same)
    return WordingRow(
        key=newest.key,
        query=min(typed, key=lambda query: (-typed[query], query)),
        searches=len(same),
        people=people(same),
        last_at=newest.last_at,
        next=tuple(Counter(next_of(one) for one in same).most_common()),
        shown=results[0][0].partition("#")[0] if results else None,
        messages=sum(not isinstance(one, SearchMember) for one in same),
    )


def wording_columns(least: int) -> Columns[WordingRow]:
    """The columns of these rows as a file, in which numbers below `least` are left out."""

    def shown(number: int) -> int | None:
        return number if number >= least else None

    return Columns(
        "searches",
        {
            "query": lambda row: row.query,
            "people": lambda row: shown(row.people),
            "searches": lambda row: shown(row.searches),
            "last_at": lambda row: stamp(row.last_at),
            "next": lambda row: "; ".join(name for name, _ in row.next),
            "shown": lambda row: row.shown,
        },
    )


def why_lost(held: Sequence[Member], location: str) -> Lost:
    """Why the article at `location` was not the answer to these searches, where it was shown."""
    shown = [one for one in held if isinstance(one, SearchMember) and location in _pages(one)]
    opened = [one for one in shown if (one.intent.clicked_location or "").partition("#")[0] == location]
    unsure = sum(one.intent.verdict != "answered" for one in shown)
    not_helped = sum(one.intent.said_no_at is not None for one in opened)
    return Lost(unsure, len(shown) - len(opened), not_helped)


def _pages(one: SearchMember) -> list[str]:
    return list(dict.fromkeys(location.partition("#")[0] for location, _ in one.intent.results))[:_AMONG]
