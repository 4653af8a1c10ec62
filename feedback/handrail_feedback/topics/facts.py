"""The facts about a topic: its name, how many people, its trend, the nearest articles, and a suggested action.

Pure: the caller gives topics, searches, and what is known about the articles, see `Articles`. All numbers are about
one period and the one before it. Leaves out topics of fewer people than the caller asks for.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from handrail_feedback.contracts import Articles
from handrail_feedback.records.period import Period
from handrail_feedback.records.redaction.redact import says_nothing
from handrail_feedback.records.searches import Intent
from handrail_feedback.records.topics import FailedBy, Member, MemberKey, MemberPlace, MessageMember, SearchMember
from handrail_kb.texts import short_language

Trend = Literal["new", "growing", "steady", "falling", "not enough data"]
SuggestedAction = Literal["write", "reword", "fix", "people"]
Next = Literal["contacted", "clicked", "rephrased", "left", "nothing known"]

SUGGESTIONS: dict[SuggestedAction, str] = {
    "write": "write article",
    "reword": "improve article",
    "fix": "fix article",
    "people": "handle by support",
}
SUGGESTION_REASONS: dict[SuggestedAction, str] = {
    "write": "for half of the searches or more, nothing was above the floor, or a message says that one is needed",
    "reword": "an article is near, and was not shown well enough to be opened",
    "fix": "a quarter of the searches or more led to an article that was opened and did not help",
    "people": "the nearest article leaves it to people, or half of the people wrote to one",
}
# The least number of searches in both periods together for which a trend is shown.
ENOUGH_FOR_TREND = 10
_EXAMPLES, _NEAREST, _NEXT_SHOWN = 5, 3, 3
_LOOKED_AT = 3
# What a name loses that has so few words: "Password" names everything about passwords.
_TOO_SHORT = {0: 0.4, 1: 0.4, 2: 0.2, 3: 0.1}
_LONG_NAME = 8
# What a name loses in another language than the site's: more than any other can be ahead by being near or frequent.
_FOREIGN = 2.0


@dataclass(frozen=True)
class Wording:
    """A wording, as most customers typed it, and how many people did."""

    query: str
    people: int


@dataclass(frozen=True)
class NearArticle:
    """An article among the first three results: `shown` for how many searches, with its mean `score`."""

    location: str
    title: str
    shown: int
    score: float


@dataclass(frozen=True)
class Facts:
    """The facts about a topic in a period. People are browser tabs, searches without a tab, and threads of messages.

    `people_before` counts them in the period that is shown beside this one; `before_kept` says whether searches were
    kept for all of it: numbers about a part of it must not be shown. `grew` is the number of people beyond what the
    baseline of the period would lead to expect. `kinds` and `next` count
    searches and messages, each once. `first_at`, `last_at` and `three_at` (when the third person came) cover all time.
    `lacks` are words that the suggested article lacks. `reasons` counts the searches of the period that led to a no
    vote, by its reasons.
    """

    topic: int
    name: str
    people: int
    people_before: int
    before_kept: bool
    grew: float
    searches: int
    trend: Trend
    first_at: datetime
    last_at: datetime
    three_at: datetime | None
    kinds: Mapping[FailedBy, int]
    langs: Mapping[str, int]
    next: Mapping[Next, int]
    searched_next: tuple[str, ...]
    examples: tuple[Wording, ...]
    nearest: tuple[NearArticle, ...]
    suggestion: SuggestedAction
    article: str | None
    lacks: tuple[str, ...]
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class _OfSearches:
    """What is told of some of a topic's searches and messages."""

    examples: tuple[Wording, ...]
    nearest: tuple[NearArticle, ...]
    suggestion: SuggestedAction
    article: str | None
    lacks: tuple[str, ...]


class Describer:
    """Computes the facts about topics in any period; what is the same in all periods, once.

    Each topic's searches must be oldest first. `known_since` is the time of the oldest stored search, before which no
    trend is known. `names` are those that leads gave.
    """

    def __init__(
        self,
        by_topic: Mapping[int, Sequence[Member]],
        places: Mapping[MemberKey, MemberPlace],
        articles: Articles,
        known_since: datetime,
        names: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Nothing is computed before it is asked for."""
        self._by_topic, self._places, self._articles = by_topic, places, articles
        self._known_since, self._given_names = known_since, names
        self._names: dict[int, str] = {}
        self._of_all: dict[int, _OfSearches] = {}

    def all(self, period: Period, least: int = 1) -> list[Facts]:
        """The facts about topics with at least `least` people in the period, most people first."""
        told = (
            self.one(topic, period)
            for topic, held in self._by_topic.items()
            if people(_within(held, period)) >= max(least, 1)
        )
        return sorted(told, key=lambda facts: (-facts.people, -facts.searches, facts.topic))

    def one(self, topic: int, period: Period) -> Facts:
        """The facts about one topic with at least one search, even if nobody searched it in this period."""
        held = self._by_topic[topic]
        now, before, baseline = (_within(held, one) for one in (period, period.before, period.baseline))
        shown = self._told(now) if now else self._of_all_searches(topic)
        return Facts(
            topic=topic,
            name=self._given_names.get(topic) or self._own_name(topic),
            people=people(now),
            people_before=people(before),
            before_kept=period.is_comparable(self._known_since),
            grew=people(now) - people(baseline) / period.times,
            searches=len(now),
            trend=_trend(held, now, baseline, period, self._known_since),
            first_at=held[0].first_at,
            last_at=max(one.last_at for one in held),
            three_at=nth_person_at(held, 3),
            kinds=Counter(one.failed_by for one in now),
            langs=Counter(one.lang for one in now),
            next=Counter(next_of(one) for one in now),
            searched_next=_searched_next(now),
            examples=shown.examples,
            nearest=shown.nearest,
            suggestion=shown.suggestion,
            article=shown.article,
            lacks=shown.lacks,
            reasons=Counter(reason for one in _searches(now) for reason in dict.fromkeys(one.reasons)),
        )

    def _told(self, members: Sequence[Member]) -> _OfSearches:
        nearest = _nearest(members, self._articles)
        suggestion, article = _suggest(members, nearest, self._articles)
        lacks: tuple[str, ...] = ()
        if article and suggestion == "reword":
            lacks = self._articles.lacks(article, Counter(one.query for one in members))
        return _OfSearches(_examples(members), nearest, suggestion, article, lacks)

    def _of_all_searches(self, topic: int) -> _OfSearches:
        if topic not in self._of_all:
            self._of_all[topic] = self._told(self._by_topic[topic])
        return self._of_all[topic]

    def _own_name(self, topic: int) -> str:
        if topic not in self._names:
            self._names[topic] = _name(self._by_topic[topic], self._places, self._articles)
        return self._names[topic]


def people(members: Iterable[Member]) -> int:
    """The number of people: browser tabs and threads of messages; a search without a tab counts as one."""
    return len({one.person for one in members})


def _within(members: Iterable[Member], period: Period) -> list[Member]:
    return [one for one in members if period.holds(one.first_at)]


def _searches(members: Iterable[Member]) -> list[SearchMember]:
    return [one for one in members if isinstance(one, SearchMember)]


def nth_person_at(members: Iterable[Member], count: int) -> datetime | None:
    """When the `count`-th person came, given members oldest first; None if there are fewer people."""
    seen: set[str] = set()
    for one in members:
        seen.add(one.person)
        if len(seen) == count:
            return one.first_at
    return None


def _trend(
    held: Sequence[Member], now: Sequence[Member], baseline: Sequence[Member], period: Period, known_since: datetime
) -> Trend:
    """The trend: growing or falling if the change exceeds two standard deviations, which is unlikely by chance."""
    if not period.has_baseline(known_since):
        return "not enough data"
    if now and period.holds(held[0].first_at):
        return "new"
    one, other = people(now), people(baseline)
    if one + other < ENOUGH_FOR_TREND:
        return "not enough data"
    share = 1 / (1 + period.times)
    expected = (one + other) * share
    if abs(one - expected) <= 2 * math.sqrt(expected * (1 - share)):
        return "steady"
    return "growing" if one > expected else "falling"


def _name(held: Sequence[Member], places: Mapping[MemberKey, MemberPlace], articles: Articles) -> str:
    """The name of a topic: a wording that somebody typed, central, frequent, and of enough words to tell something.

    One in the site's language is preferred. Words that the site writes otherwise are corrected.
    """
    by_shape: dict[str, list[Member]] = defaultdict(list)
    for one in held:
        by_shape[one.shape].append(one)
    home = short_language(articles.lang)

    def worth(shape: str) -> float:
        same = by_shape[shape]
        words = sum(any(map(str.isalpha, word)) for word in shape.split())
        odd = _TOO_SHORT.get(words, 0.0) + 0.03 * max(0, words - _LONG_NAME) + 0.1 * ("#" in shape)
        foreign = _FOREIGN * all(short_language(one.lang) != home for one in same)
        return places[same[0].key].nearness + 0.1 * math.log2(people(same)) - odd - foreign

    best = min(by_shape, key=lambda shape: (-round(worth(shape), 6), shape))
    return articles.spelled(_most_typed(by_shape[best]))


def _most_typed(members: Iterable[Member]) -> str:
    typed = Counter(" ".join(one.query.split()) for one in members)
    return min(typed, key=lambda query: (-typed[query], query))


def _examples(members: Iterable[Member]) -> tuple[Wording, ...]:
    by_shape: dict[str, list[Member]] = defaultdict(list)
    for one in members:
        by_shape[one.shape].append(one)
    found = [Wording(_most_typed(group), people(group)) for group in by_shape.values()]
    return tuple(sorted(found, key=lambda one: (-one.people, len(one.query), one.query))[:_EXAMPLES])


def _nearest(members: Iterable[Member], articles: Articles) -> tuple[NearArticle, ...]:
    """Articles among the first three results of these searches, those with most weight first."""
    scores: dict[str, list[float]] = defaultdict(list)
    for one in _searches(members):
        pages: dict[str, float] = {}
        for location, score in one.intent.results:
            pages.setdefault(location.partition("#")[0], score)
        for location, score in list(pages.items())[:_LOOKED_AT]:
            scores[location].append(score)
    order = sorted(scores, key=lambda location: (-sum(scores[location]), location))[:_NEAREST]
    return tuple(
        NearArticle(location, articles.title(location), len(found), round(sum(found) / len(found), 2))
        for location, found in ((location, scores[location]) for location in order)
    )


def _suggest(
    members: Sequence[Member], nearest: Sequence[NearArticle], articles: Articles
) -> tuple[SuggestedAction, str | None]:
    """The first of `SUGGESTION_REASONS` that applies, and the article it is about, if any."""
    first = nearest[0].location if nearest else None
    if any(isinstance(one, MessageMember) for one in members):  # people know better than scores do
        return "write", first
    searches = _searches(members)
    wrote = [one for one in searches if one.intent.contacted_at]
    if (first is not None and articles.people_only(first)) or (
        len(searches) > 1 and 2 * people(wrote) >= people(searches)
    ):
        return "people", first
    read = Counter(_page(one.intent) for one in searches if one.intent.clicked_at and one.intent.said_no_at)
    if sum(read.values()) > 1 and 4 * sum(read.values()) >= len(searches):
        return "fix", min(read, key=lambda location: (-read[location], location))
    nothing = sum(one.failed_by == "none" or not one.intent.results for one in searches)
    if first is None or 2 * nothing >= len(searches):
        return "write", first
    return "reword", first


def _page(intent: Intent) -> str:
    return (intent.clicked_location or "").partition("#")[0]


def next_of(one: Member) -> Next:
    """What the customer did next, by the first rule that applies."""
    if isinstance(one, MessageMember) or one.intent.contacted_at:
        return "contacted"
    if one.intent.clicked_at:
        return "clicked"
    if one.following and one.following.shape != one.intent.shape:
        return "rephrased"
    return "left" if one.intent.left_at else "nothing known"


def _searched_next(members: Iterable[Member]) -> tuple[str, ...]:
    following = [one.following.query for one in _searches(members) if next_of(one) == "rephrased" and one.following]
    found = Counter(query for query in following if not says_nothing(query))
    return tuple(sorted(found, key=lambda query: (-found[query], query))[:_NEXT_SHOWN])
