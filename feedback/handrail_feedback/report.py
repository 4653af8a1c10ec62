"""The report of failed searches: what customers looked for and did not find, how many, and what they did next.

Every number carries its definition, numerator, denominator and window, and says "not enough data" instead of a rate
of a handful. `build_report` reads the store; the four writers are pure. Knows nothing of the command line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, get_args

from handrail_feedback.db import Store, now, stamp
from handrail_feedback.intents import Failure, Following, Intent, failure, intents, shape
from handrail_feedback.votes import votes

FORMAT = 1
ENOUGH = 20
_NEXT_SHOWN = 3

DEFINITIONS: dict[Failure, str] = {
    "none": "nothing was found above the floor",
    "weak": "the best match was under the confident band",
    "said_no": "the customer chose 'None of these', or voted No on what they opened",
    "rephrased": "a different search followed in the same tab within 60 s, without a click",
    "no_click": "results were seen for 5 s or more, nothing was clicked, and the customer left",
}


@dataclass(frozen=True)
class Measure:
    """One number of the report: `numerator` of `denominator`, and what both of them count."""

    name: str
    definition: str
    numerator: int
    denominator: int

    @property
    def rate(self) -> float | None:
        """The share, or None when there are too few to say."""
        return self.numerator / self.denominator if self.denominator >= ENOUGH else None


@dataclass(frozen=True)
class FailedSearch:
    """Failed searches of the same words. `people` counts browser tabs; a search without a tab counts as one."""

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
class Report:
    """Failed searches from `since` to before `until`, most people first, with the totals they belong to.

    `left_out` says how many searches are in no number here, and why; `not_listed` how many lines `limit` cut off.
    """

    since: datetime
    until: datetime
    made_at: datetime
    totals: tuple[Measure, ...]
    failed: tuple[FailedSearch, ...]
    left_out: dict[str, int]
    not_listed: int


@dataclass
class _Group:
    """Failed searches of the same words while they are counted."""

    tabs: set[str] = field(default_factory=set)
    without_tab: int = 0
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
        if intent.tab:
            self.tabs.add(intent.tab)
        else:
            self.without_tab += 1
        self.first = self.first or intent
        self.last = intent
        self.queries[intent.query] += 1
        self.kinds[kind] += 1
        self.langs[intent.lang] += 1
        if intent.results:
            self.nearest[intent.results[0][0]] += 1
        if following and following.shape != intent.shape:
            self.searched_next[following.query] += 1
        self.clicked += intent.clicked_at is not None
        self.contacted += intent.contacted_at is not None

    def done(self) -> FailedSearch:
        assert self.first and self.last  # noqa: S101 (a group begins with its first search)
        return FailedSearch(
            query=_most(self.queries) or "",
            people=len(self.tabs) + self.without_tab,
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
    """The most frequent, the first of the alphabet among equals, so that a report is the same each time."""
    return min(counted, key=lambda item: (-counted[item], item), default=None)


def build_report(
    store: Store,
    since: datetime,
    until: datetime,
    *,
    include_degraded: bool = False,
    limit: int = 100,
    made_at: datetime | None = None,
) -> Report:
    """Read the store and count. Bots and staff are left out, and so are searches answered while degraded unless asked.

    Raises StoreUnavailable.
    """
    groups: dict[str, _Group] = {}
    left_out: Counter[str] = Counter({"bots": 0, "staff": 0, "degraded": 0})
    counted: Counter[str] = Counter()
    for intent, following in intents(store, since, until):
        reason = _left_out(intent, include_degraded)
        if reason:
            left_out[reason] += 1
            continue
        kind = failure(intent, following)
        counted.update(_counts(intent, kind))
        if kind:
            groups.setdefault(words(intent.query), _Group()).add(intent, kind, following)
    failed = sorted(
        (group.done() for group in groups.values()), key=lambda line: (-line.people, -line.searches, line.query)
    )
    return Report(
        since=since,
        until=until,
        made_at=made_at or now(),
        totals=_totals(counted) + _vote_totals(store, since, until),
        failed=tuple(failed[:limit]),
        left_out=dict(left_out),
        not_listed=max(0, len(failed) - limit),
    )


def words(query: str) -> str:
    """What two queries share when they are the same words: case, spaces and signs make no difference."""
    return " ".join(re.findall(r"\w+", shape(query).replace("#", " 0 "))) or shape(query)


def _left_out(intent: Intent, include_degraded: bool) -> str | None:
    if intent.bot:
        return "bots"
    if intent.staff:
        return "staff"
    return "degraded" if intent.degraded and not include_degraded else None


def _counts(intent: Intent, kind: Failure | None) -> Iterable[str]:
    yield "searches"
    if kind:
        yield from ("failed", kind)
    if intent.clicked_at:
        yield "clicked"
    if intent.contacted_at:
        yield "contacted"


def _totals(counted: Counter[str]) -> tuple[Measure, ...]:
    searches = counted["searches"]
    kinds = ", ".join(f"{kind} ({meaning})" for kind, meaning in DEFINITIONS.items())
    return (
        Measure(
            "failed searches",
            f"searches that failed, by the first that applies of: {kinds}",
            counted["failed"],
            searches,
        ),
        *(Measure(f"failed: {kind}", DEFINITIONS[kind], counted[kind], searches) for kind in get_args(Failure)),
        Measure(
            "clicked",
            "searches after which a result was opened; not proof that it helped",
            counted["clicked"],
            searches,
        ),
        Measure(
            "contacted",
            "searches after which the contact link was followed; not a failure",
            counted["contacted"],
            searches,
        ),
    )


def _vote_totals(store: Store, since: datetime, until: datetime) -> tuple[Measure, ...]:
    given = votes(store, since, until)
    helpful = sum(vote.helpful for vote in given)
    return (Measure("said it helped", "votes on articles that say Yes, of all votes", helpful, len(given)),)


_PEOPLE = (
    "People are counted as browser tabs: someone who searches from two tabs counts twice; "
    "a search without a tab counts as one."
)
_SEARCH = "A search is what one customer meant: keystrokes and small edits in one tab within 30 s are one search."


def _notes(report: Report) -> list[str]:
    out = ", ".join(f"{count} {name}" for name, count in report.left_out.items())
    notes = [_SEARCH, _PEOPLE, f"Left out: {out}. 'degraded' are searches answered while a part of search was down."]
    if report.not_listed:
        notes.append(f"{report.not_listed} more lines are not shown; raise --limit to see them.")
    return notes


def _window(report: Report) -> str:
    return f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"


def _share(measure: Measure) -> str:
    rate = f"{measure.rate:.0%}" if measure.rate is not None else "not enough data"
    return f"{measure.numerator} of {measure.denominator} ({rate})"


def _after(line: FailedSearch) -> str:
    """What the customers did next, in words."""
    did = [f"{line.clicked} clicked"] if line.clicked else []
    did += [f"{line.contacted} contacted a person"] if line.contacted else []
    did += ["searched " + ", ".join(f"“{query}”" for query in line.searched_next)] if line.searched_next else []
    return "; ".join(did) or "nothing known"


def _kinds(line: FailedSearch) -> str:
    return ", ".join(f"{kind} {line.kinds[kind]}" for kind in get_args(Failure) if kind in line.kinds)


def to_text(report: Report) -> str:
    """The report for a terminal. Control characters of what customers typed are taken out."""
    lines = [f"Failed searches, {_window(report)}", ""]
    for measure in report.totals:
        lines += [f"  {measure.name}: {_share(measure)}", f"      {measure.definition}"]
    lines += ["", *(f"  {note}" for note in _notes(report)), ""]
    for line in report.failed:
        people = "1 person" if line.people == 1 else f"{line.people} people"
        lines += [
            f"{people}: {_printable(line.query)}",
            f"    {line.first_at:%Y-%m-%d} to {line.last_at:%Y-%m-%d}; {_kinds(line)}",
            f"    next: {_printable(_after(line))}",
            f"    nearest article: {_printable(line.nearest or 'none')}",
        ]
    return "\n".join([*lines, "" if report.failed else "No failed searches.\n"])


def to_markdown(report: Report) -> str:
    """The report as Markdown that shows what customers typed and never obeys it."""
    lines = [f"# Failed searches, {_window(report)}", ""]
    lines += _table(["Number", "Value", "Definition"], [[m.name, _share(m), m.definition] for m in report.totals])
    lines += ["", *(f"- {_markdown(note)}" for note in _notes(report)), ""]
    lines += _table(
        ["People", "Looked for", "Failed by", "First", "Last", "Nearest article", "What came next"],
        [
            [
                str(line.people),
                line.query,
                _kinds(line),
                f"{line.first_at:%Y-%m-%d}",
                f"{line.last_at:%Y-%m-%d}",
                line.nearest or "none",
                _after(line),
            ]
            for line in report.failed
        ],
    )
    return "\n".join([*lines, ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [[_markdown(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [list(head), ["---"] * len(head), *cells]]


def _markdown(words: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", _printable(words))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _printable(words: str) -> str:
    """One line without anything that could steer a terminal or reverse the direction of reading."""
    return "".join(character if character.isprintable() else " " for character in words)


def _count_of(kind: Failure, line: FailedSearch) -> int:
    return line.kinds.get(kind, 0)


_COLUMNS: dict[str, Callable[[FailedSearch], str | int]] = {
    "query": lambda line: line.query,
    "people": lambda line: line.people,
    "searches": lambda line: line.searches,
    **{kind: partial(_count_of, kind) for kind in get_args(Failure)},
    "first_at": lambda line: stamp(line.first_at),
    "last_at": lambda line: stamp(line.last_at),
    "nearest": lambda line: line.nearest or "",
    "clicked": lambda line: line.clicked,
    "contacted": lambda line: line.contacted,
    "searched_next": lambda line: "; ".join(line.searched_next),
    "langs": lambda line: " ".join(sorted(line.langs)),
}


def to_csv(report: Report) -> str:
    """The failed searches as CSV. A cell that a spreadsheet would calculate gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for line in report.failed:
        writer.writerow([_cell(column(line)) for column in _COLUMNS.values()])
    return out.getvalue()


def _cell(value: str | int) -> str | int:
    if not isinstance(value, str):
        return value
    value = _printable(value)
    return f"'{value}" if value.lstrip()[:1] in tuple("=+-@|%\uff1d\uff0b\uff0d\uff20") else value


def to_json(report: Report) -> str:
    """The report as JSON of a stable form; fields are added, never changed, while `format` stays 1.

    {"format": 1, "since", "until", "made_at": UTC ISO 8601,
     "totals": [{"name", "definition", "numerator", "denominator", "rate": share or null for "not enough data"}],
     "left_out": {"bots", "staff", "degraded"}, "not_listed": lines beyond the limit, "notes": [text],
     "failed": [{"query" (redacted), "people", "searches", "kinds": {"none" | "weak" | "said_no" | "rephrased" |
       "no_click": count}, "first_at", "last_at", "langs": {lang: count}, "nearest": location or null,
       "clicked", "contacted", "searched_next": [text]}]}
    """
    document: dict[str, Any] = {
        "format": FORMAT,
        "since": stamp(report.since),
        "until": stamp(report.until),
        "made_at": stamp(report.made_at),
        "totals": [_measure(measure) for measure in report.totals],
        "left_out": report.left_out,
        "not_listed": report.not_listed,
        "notes": _notes(report),
        "failed": [_line(line) for line in report.failed],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "definition": measure.definition,
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "rate": measure.rate,
    }


def _line(line: FailedSearch) -> dict[str, Any]:
    return {
        "query": line.query,
        "people": line.people,
        "searches": line.searches,
        "kinds": line.kinds,
        "first_at": stamp(line.first_at),
        "last_at": stamp(line.last_at),
        "langs": line.langs,
        "nearest": line.nearest,
        "clicked": line.clicked,
        "contacted": line.contacted,
        "searched_next": list(line.searched_next),
    }
