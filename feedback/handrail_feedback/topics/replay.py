"""Asks past searches again and compares the answers: what a change fixes and what it breaks.

Topics are proven answered by the same measure (`proving`). If the answer to a question is known, results are good if
that article is among the first three: the one that a decision on its topic names, else the one that customers opened
without coming back. Otherwise they are good if the verdict is `answered`. A change fixes a question whose results were
bad before and are good after it, and breaks one for which it is the reverse. Pure, except for reading the store.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from handrail_feedback.contracts import Past, PastAnswer
from handrail_feedback.records.decisions import in_force
from handrail_feedback.records.searches import Failure, Intent, failure, is_question
from handrail_feedback.records.topics import MemberKey
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.decisions import history
from handrail_feedback.storage.searches.intents import intents
from handrail_feedback.storage.searches.topics import members
from handrail_kb.errors import HandrailError

REPLAY_FORMAT = 1


@dataclass(frozen=True)
class MovedAnswer:
    """A question with its answers before and after."""

    past: Past
    before: PastAnswer
    after: PastAnswer


@dataclass(frozen=True)
class Replay:
    """What a change does to past questions. Questions that stay `good` or `bad` are only counted.

    `base` says in words what the site is compared with. Questions of fewer than `least` people must not be named.
    """

    base: str
    since: datetime
    until: datetime
    fixes: tuple[MovedAnswer, ...]
    breaks: tuple[MovedAnswer, ...]
    good: int
    bad: int
    least: int

    @property
    def unchanged(self) -> int:
        """The number of questions that stay good or bad."""
        return self.good + self.bad


Ask = Callable[[Past], PastAnswer]


def replay(
    questions: Iterable[Past], before: Ask, after: Ask, base: str, since: datetime, until: datetime, least: int
) -> Replay:
    """Ask every question before and after the change, and sort the questions by the outcome."""
    fixes, breaks = [], []
    good = bad = 0
    for past in questions:
        moved = MovedAnswer(past, before(past), after(past))
        was, is_now = past.is_good(moved.before), past.is_good(moved.after)
        if is_now and not was:
            fixes.append(moved)
        elif was and not is_now:
            breaks.append(moved)
        else:
            good, bad = good + was, bad + (not was)
    return Replay(base, since, until, _by_people(fixes), _by_people(breaks), good, bad, least)


def _by_people(found: Sequence[MovedAnswer]) -> tuple[MovedAnswer, ...]:
    return tuple(sorted(found, key=lambda moved: (-moved.past.people, moved.past.question)))


# --- Questions -----------------------------------------------------------------------------------------------------


def past_questions(
    store: Store, since: datetime, until: datetime, most: int, decided: Mapping[MemberKey, str] | None = None
) -> list[Past]:
    """At most `most` wordings that customers searched, most people first. Raises StoreUnavailable.

    `decided` holds the article that a decision names for a search, see `decided_articles`. Leaves out bots, staff,
    searches answered while degraded, and those without a sign of success or failure.
    """
    read = ((intent, failure(intent, following)) for intent, following in intents(store, since, until))
    found = by_wording((one for one in read if is_question(*one)), decided or {})
    return sorted(found, key=lambda past: (-past.people, past.question))[:most]


def by_wording(questions: Iterable[tuple[Intent, Failure | None]], decided: Mapping[MemberKey, str]) -> list[Past]:
    """Each wording of these searches once. All of them must satisfy `is_question`."""
    groups: dict[tuple[str, str], list[tuple[Intent, Failure | None]]] = defaultdict(list)
    for intent, kind in questions:
        groups[intent.lang, intent.shape].append((intent, kind))
    return [_past(lang, group, decided) for (lang, shape), group in groups.items() if shape]


def decided_articles(store: Store, find: Callable[[str], str]) -> dict[MemberKey, str]:
    """The article that a decision in force names, for each search and message of its topic.

    `find` returns the location that a link means, and raises LookupError if it is not an article, but an issue, say.
    Raises StoreUnavailable.
    """
    named: dict[int, str] = {}
    for topic, decisions in history(store).items():
        decision = in_force(decisions)
        if decision and decision.link and decision.verdict in ("writing", "reword"):
            with suppress(LookupError):
                named[topic] = find(decision.link)
    return {key: named[place.topic] for key, place in members(store).items() if place.topic in named}


def _past(lang: str, group: Sequence[tuple[Intent, Failure | None]], decided: Mapping[MemberKey, str]) -> Past:
    queries = Counter(intent.query for intent, _ in group)
    keys = (MemberKey("search", intent.id) for intent, _ in group)
    named = Counter(decided[key] for key in keys if key in decided)
    opened = Counter(_page(intent.clicked_location or "") for intent, kind in group if intent.clicked_at and not kind)
    known = named or opened
    last = group[-1][0]
    return Past(
        question=min(queries, key=lambda query: (-queries[query], query)),
        lang=lang,
        people=len({intent.person for intent, _ in group}),
        searches=len(group),
        failed=sum(kind is not None for _, kind in group),
        wanted=min(known, key=lambda page: (-known[page], page)) if known else None,
        then=PastAnswer(last.verdict, tuple(dict.fromkeys(_page(location) for location, _ in last.results))),
    )


def _page(location: str) -> str:
    return location.partition("#")[0]


def to_lines(questions: Iterable[Past], least: int) -> str:
    """Questions of at least `least` people as JSON lines, for a machine without a store."""
    return "".join(json.dumps(asdict(past), ensure_ascii=False) + "\n" for past in questions if past.people >= least)


def from_lines(text: str, name: str) -> list[Past]:
    """The questions that `to_lines` wrote. Raises HandrailError naming the file and an invalid line."""
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(_from_json(json.loads(line)))
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                raise HandrailError(
                    f"{name}:{number}: this is no question of a replay.",
                    f"Write it anew: handrail replay --export {name}",
                ) from error
    return found


def _from_json(data: dict[str, Any]) -> Past:
    then = PastAnswer(str(data["then"]["verdict"]), tuple(map(str, data["then"]["pages"])))
    wanted = data["wanted"]
    return Past(
        str(data["question"]),
        str(data["lang"]),
        int(data["people"]),
        int(data["searches"]),
        int(data["failed"]),
        None if wanted is None else str(wanted),
        then,
    )
