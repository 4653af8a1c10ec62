"""The topics of a period with where each stands: what a support lead looks at on Monday. Pure but for `read_book`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handrail_feedback.db import Store
from handrail_feedback.decisions import Decision, history
from handrail_feedback.tallies import Counted
from handrail_feedback.topic_facts import Articles, Facts, Period, tell, tell_one
from handrail_feedback.topic_proofs import Asked, Proof, asked_topics, proofs
from handrail_feedback.topic_standing import Kept, Standing, promise, standing
from handrail_feedback.topics import (
    Failed,
    Member,
    Recorded,
    known_since,
    members,
    read_searches,
    recorded,
    topics,
    with_messages,
)


@dataclass(frozen=True)
class Listed:
    """A topic: what it tells, where it stands, and what was merged into it or split from it, oldest first."""

    facts: Facts
    standing: Standing
    events: tuple[Recorded, ...]


@dataclass(frozen=True)
class TopicList:
    """Topics of a period, those that wait for a decision first, each most people first.

    `hidden` counts topics of fewer than `least` people in this period, `decided` those left out because they are
    decided or proven. `known_since` is when the first search that is kept was made.
    """

    period: Period
    made_at: datetime
    topics: tuple[Listed, ...]
    least: int
    hidden: int
    decided: int
    kept: Kept
    known_since: datetime | None


@dataclass(frozen=True)
class Book:
    """All that the store holds of topics, read once; each topic's searches and messages oldest first.

    `counted` are all searches, failed or not, as figures count them.
    """

    searches: tuple[Failed, ...]
    places: Mapping[int, Member]
    by_topic: Mapping[int, list[Failed]]
    made: Mapping[int, datetime]
    decisions: Mapping[int, list[Decision]]
    events: tuple[Recorded, ...]
    since: datetime | None
    proofs: Mapping[int, list[Proof]]
    asked: Mapping[int, Asked]
    counted: tuple[Counted, ...] = ()

    def standing(self, topic: int, at: datetime) -> Standing:
        """Where a topic stands."""
        return standing(
            self.by_topic[topic], self.decisions.get(topic, []), self.made.get(topic, at), at,
            self.proofs.get(topic, []), self.asked.get(topic),
        )  # fmt: skip

    def of_today(self, store: Store) -> Book:
        """The same with what is decided and proven by now, which is quickly read. Raises StoreUnavailable."""
        return replace(self, decisions=history(store), proofs=proofs(store), asked=asked_topics(store))

    def events_of(self, topic: int) -> tuple[Recorded, ...]:
        """What it had part in, oldest first."""
        return tuple(one for one in self.events if topic in (one.event.topic, one.event.other))


def read_book(store: Store) -> Book:
    """All that the store holds of topics. Raises StoreUnavailable."""
    failed, counted = read_searches(store)
    searches, places = with_messages(store, failed), members(store)
    by_topic: dict[int, list[Failed]] = defaultdict(list)
    for one in searches:
        if one.intent.id in places:
            by_topic[places[one.intent.id].topic].append(one)
    made = {topic.id: topic.made_at for topic in topics(store).values()}
    return Book(
        tuple(searches), places, by_topic, made, history(store), tuple(recorded(store)), known_since(store),
        proofs(store), asked_topics(store), tuple(counted),
    )  # fmt: skip


def list_topics(
    book: Book, articles: Articles, period: Period, at: datetime, *, least: int = 1, decided: bool = False
) -> TopicList:
    """The topics with at least so many people in a period; those that are decided only when asked for."""
    told = tell(book.by_topic, book.places, period, articles, book.since or at, least)
    return arrange(book, told, period, at, least=least, decided=decided)


def arrange(
    book: Book, told: Sequence[Facts], period: Period, at: datetime, *, least: int = 1, decided: bool = False
) -> TopicList:
    """The same, of what the topics with at least so many people tell."""
    stands = {facts.topic: book.standing(facts.topic, at) for facts in told}
    waiting = [facts for facts in told if stands[facts.topic].is_open]
    done = [facts for facts in told if not stands[facts.topic].is_open]
    searched = sum(any(period.holds(one.intent.first_at) for one in held) for held in book.by_topic.values())
    return TopicList(
        period=period,
        made_at=at,
        topics=tuple(
            Listed(facts, stands[facts.topic], book.events_of(facts.topic))
            for facts in (*waiting, *(done if decided else ()))
        ),
        least=least,
        hidden=searched - len(told),
        decided=0 if decided else len(done),
        kept=promise(
            (
                (held, book.decisions.get(topic, []), book.proofs.get(topic, []), book.made.get(topic, at))
                for topic, held in book.by_topic.items()
            ),
            period.since,
            at,
        ),
        known_since=book.since,
    )


def find_topic(book: Book, articles: Articles, topic: int, period: Period, at: datetime) -> Listed | None:
    """One topic, however few people it has; None when none of its searches is left."""
    if topic not in book.by_topic:
        return None
    facts = tell_one(topic, book.by_topic[topic], book.places, period, articles, book.since or at)
    return Listed(facts, book.standing(topic, at), book.events_of(topic))
