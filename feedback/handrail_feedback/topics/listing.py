"""Lists the topics of a period, each with its status, most people first. Pure, except for reading the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from handrail_feedback.contracts import Articles
from handrail_feedback.records.decisions import Decision, Proof, ReplayResult
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import Counted
from handrail_feedback.records.topics import History, Member, MemberKey, MemberPlace, Recorded
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.decisions import asked_topics, proofs
from handrail_feedback.storage.searches.decisions import history as decision_history
from handrail_feedback.storage.searches.lineage import lineage_state, recorded
from handrail_feedback.storage.searches.topic_edits import names
from handrail_feedback.storage.searches.topics import (
    known_since,
    members,
    read_history,
    topics,
    with_messages,
)
from handrail_feedback.topics.facts import Describer, Facts, people
from handrail_feedback.topics.status import DecidedInTime, TopicStatus, could_be_decided_at, topic_status, was_in_time


@dataclass(frozen=True)
class Listed:
    """A topic: its facts, its status, and what was merged into it or split from it, oldest first.

    `in_period` says whether it is listed for its people in the period, and not for its status alone.
    """

    facts: Facts
    status: TopicStatus
    events: tuple[Recorded, ...]
    in_period: bool = True


@dataclass(frozen=True)
class TopicList:
    """The topics of a period, open ones first, and most people first within both parts.

    `hidden` counts topics of fewer than `least` people in this period, `decided` those left out because they are
    decided or proven. `known_since` is the time of the oldest stored search.
    """

    period: Period
    made_at: datetime
    topics: tuple[Listed, ...]
    least: int
    hidden: int
    decided: int
    kept: DecidedInTime
    known_since: datetime | None


@dataclass(frozen=True)
class Book:
    """Everything that the store holds about topics, read once; each topic's searches and messages oldest first.

    `counted` are all searches, failed or not, as figures count them. `names` are those that leads gave to topics;
    `deeds` names what they had done when this was read, see `lineage_state`.
    """

    members: tuple[Member, ...]
    places: Mapping[MemberKey, MemberPlace]
    by_topic: Mapping[int, list[Member]]
    made: Mapping[int, datetime]
    decisions: Mapping[int, list[Decision]]
    events: tuple[Recorded, ...]
    since: datetime | None
    proofs: Mapping[int, list[Proof]]
    asked: Mapping[int, ReplayResult]
    counted: tuple[Counted, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    deeds: str = ""
    # When topics could first be decided on, found when first asked for: it depends only on their searches.
    _begun: dict[int, datetime | None] = field(default_factory=dict)

    def status(self, topic: int, at: datetime) -> TopicStatus:
        """The status of a topic."""
        return topic_status(
            self.by_topic[topic],
            self.decisions.get(topic, []),
            self.begun(topic),
            at,
            self.proofs.get(topic, []),
            self.asked.get(topic),
        )

    def begun(self, topic: int) -> datetime | None:
        """When a topic could first be decided on; None if too few people searched it."""
        if topic not in self._begun:
            held = self.by_topic[topic]
            self._begun[topic] = could_be_decided_at(held, self.made.get(topic, held[-1].first_at))
        return self._begun[topic]

    def with_topics(self, by_topic: Mapping[int, list[Member]], **more: Any) -> Book:
        """The same with other searches in its topics, and with what else changed."""
        return replace(self, by_topic=by_topic, _begun={}, **more)

    def needs_triage(self, status: Mapping[int, TopicStatus], least: int) -> list[int]:
        """The topics to be decided on, whenever they were searched: of at least `least` people, or due for decision."""
        return [
            topic
            for topic, one in status.items()
            if one.is_open and (one.due or people(self.by_topic[topic]) >= max(least, 1))
        ]

    def in_time(self, since: datetime, at: datetime) -> dict[int, bool]:
        """The topics that had to be decided from `since` on and are decided or late, and whether in time."""
        was = {
            topic: was_in_time(self.begun(topic), self.decisions.get(topic, []), self.proofs.get(topic, []), since, at)
            for topic in self.by_topic
        }
        return {topic: in_time for topic, in_time in was.items() if in_time is not None}

    def searched_in(self, period: Period) -> list[int]:
        """The topics that anybody searched in a period."""
        return [topic for topic, held in self.by_topic.items() if any(period.holds(one.first_at) for one in held)]

    def of_today(self, store: Store) -> Book:
        """The same with the current decisions and proofs, which are quick to read. Raises StoreUnavailable."""
        return replace(self, decisions=decision_history(store), proofs=proofs(store), asked=asked_topics(store))

    def as_edited(self, store: Store) -> Book:
        """The same after what leads did to topics since, without reading any search. Raises StoreUnavailable."""
        deeds = lineage_state(store)
        if deeds == self.deeds:
            return self
        places = {key: place for key, place in members(store).items() if key in self.places}
        return self.with_topics(
            _by_topic(self.members, places),
            places=places,
            made={topic.id: topic.made_at for topic in topics(store).values()},
            events=tuple(recorded(store)),
            names=names(store),
            deeds=deeds,
        )

    def describer(self, articles: Articles, at: datetime) -> Describer:
        """Computes the facts about these topics, for a book read at this time."""
        return Describer(self.by_topic, self.places, articles, self.since or at, self.names)

    def events_of(self, topic: int) -> tuple[Recorded, ...]:
        """The merges and splits that the topic had part in, oldest first."""
        return tuple(one for one in self.events if topic in (one.event.topic, one.event.other))


def read_book(store: Store, history: History | None = None) -> Book:
    """Everything that the store holds about topics. Raises StoreUnavailable.

    Uses `history`, if given, instead of reading it again, unless a topic has a newer search.
    """
    deeds, places = lineage_state(store), members(store)
    if history is None or max((key.id for key in places if key.kind == "search"), default=0) > history.last:
        history = read_history(store)
    every = with_messages(store, history.failed)
    made = {topic.id: topic.made_at for topic in topics(store).values()}
    return Book(
        tuple(every),
        places,
        _by_topic(every, places),
        made,
        decision_history(store),
        tuple(recorded(store)),
        known_since(store),
        proofs(store),
        asked_topics(store),
        history.counted,
        names(store),
        deeds,
    )


def _by_topic(every: Iterable[Member], places: Mapping[MemberKey, MemberPlace]) -> dict[int, list[Member]]:
    found: dict[int, list[Member]] = defaultdict(list)
    for one in every:
        if place := places.get(one.key):
            found[place.topic].append(one)
    return dict(found)


def list_topics(
    book: Book, articles: Articles, period: Period, at: datetime, *, least: int = 1, decided: bool = False
) -> TopicList:
    """The topics with at least `least` people in a period; decided or proven ones only if `decided` is set."""
    return arrange(book, book.describer(articles, at).all(period, least), period, at, least=least, decided=decided)


def arrange(
    book: Book, described: Sequence[Facts], period: Period, at: datetime, *, least: int = 1, decided: bool = False
) -> TopicList:
    """As `list_topics`, from the facts about the topics with at least `least` people."""
    status = {facts.topic: book.status(facts.topic, at) for facts in described}
    waiting = [facts for facts in described if status[facts.topic].is_open]
    done = [facts for facts in described if not status[facts.topic].is_open]
    in_time = book.in_time(period.since, at)
    return TopicList(
        period=period,
        made_at=at,
        topics=tuple(
            Listed(facts, status[facts.topic], book.events_of(facts.topic))
            for facts in (*waiting, *(done if decided else ()))
        ),
        least=least,
        hidden=len(book.searched_in(period)) - len(described),
        decided=0 if decided else len(done),
        kept=DecidedInTime(sum(in_time.values()), len(in_time)),
        known_since=book.since,
    )


def find_topic(book: Book, articles: Articles, topic: int, period: Period, at: datetime) -> Listed | None:
    """One topic, however few people it has; None if none of its searches is left."""
    if topic not in book.by_topic:
        return None
    return Listed(book.describer(articles, at).one(topic, period), book.status(topic, at), book.events_of(topic))
