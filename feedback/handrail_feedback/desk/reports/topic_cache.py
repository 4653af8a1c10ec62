"""Caches topics for the desk, which a thread reads, because two years take seconds to read.

Each process reads searches at most once a minute. Meanwhile, requests get the previous reading, but wait for a new one
if that is older than TOO_OLD. Reading begins when somebody is about to sign in. Each request reads decisions, proofs,
and which searches still exist, so that erased ones are never shown.
"""

from __future__ import annotations

import atexit
import gc
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

from handrail_feedback.contracts import Articles
from handrail_feedback.desk.reports.period import SPANS, RequestedPeriod
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.records.topics import MemberKey
from handrail_feedback.storage.database import Store, weakly
from handrail_feedback.storage.searches.topics import has_members, members_left
from handrail_feedback.topics.facts import Describer, Facts
from handrail_feedback.topics.listing import Book, Listed, TopicList, arrange, read_book
from handrail_feedback.topics.status import PEOPLE_TO_DECIDE
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts.log.logger import Log, thread_of_request

log = Log(__name__)


FRESH = timedelta(minutes=1)
# An older reading is not shown.
TOO_OLD = timedelta(minutes=10)
USUAL_SPAN = "28"
_READ_FIRST = (USUAL_SPAN, "7")
# The most unusual periods that are cached until everything is read again.
_MOST_OTHERS = 8
# At most once an hour, since there is at most one reading a minute.
_READINGS_BETWEEN_FULL_WALKS = 60
ArticlesOf = Callable[[Iterable[str]], Articles]


@dataclass
class _Reading:
    """What was read at one moment, with the facts about topics computed from it, by period."""

    at: datetime
    book: Book
    articles: Articles
    zone: tzinfo
    described: dict[Period, list[Facts]] = field(default_factory=dict)
    # The facts about single topics, also of fewer people, in a period.
    others: dict[Period, dict[int, Facts]] = field(default_factory=dict)
    describer: Describer = field(init=False)

    def __post_init__(self) -> None:
        self.describer = self.book.describer(self.articles, self.at)

    def period(self, span: str) -> Period:
        return RequestedPeriod(span).period(self.at, self.zone)

    def between(self, period: Period, least: int) -> list[Facts]:
        found = self.described.get(period)
        if found is None:
            usual = {self.period(span) for span in SPANS}
            if period not in usual and len(self.described.keys() - usual) >= _MOST_OTHERS:
                self.described = {one: facts for one, facts in self.described.items() if one in usual}
            found = self.described[period] = self.describer.all(period, least)
        return found

    def facts(self, topic: int, period: Period) -> Facts:
        """The facts about one topic, however few people searched it in the period."""
        if period not in self.others and len(self.others) >= len(SPANS) + _MOST_OTHERS:
            self.others = {}
        known = self.others.setdefault(period, {})
        if topic not in known:
            known[topic] = self.describer.one(topic, period)
        return known[topic]


@dataclass(frozen=True)
class CachedTopics:
    """The topics with the current decisions, and the ways to list them."""

    reading: _Reading
    book: Book
    least: int

    def between(self, period: Period, at: datetime) -> TopicList:
        """The topics of any period, including decided ones."""
        described = self.reading.between(period, self.least)
        return arrange(self.book, described, period, at, least=self.least, decided=True)

    def queue(self, period: Period, at: datetime) -> TopicList:
        """The same, and all that needs triage, is decided or proven, whenever it was searched.

        What a topic's status is now does not depend on a period, and is counted the same for all of them.
        """
        found, book = self.between(period, at), self.book
        known = book.decisions.keys() | book.proofs.keys()
        status = {one.facts.topic: one.status for one in found.topics}
        status |= {
            topic: book.status(topic, at)
            for topic, held in book.by_topic.items()
            if topic not in status and (topic in known or len(held) >= min(self.least, PEOPLE_TO_DECIDE))
        }
        others = {*book.needs_triage(status, self.least)}
        others |= {topic for topic, one in status.items() if one.decision or one.proofs}
        others -= {one.facts.topic for one in found.topics}
        more = (
            Listed(self.reading.facts(topic, period), status[topic], book.events_of(topic), in_period=False)
            for topic in sorted(others)
        )
        return replace(found, topics=(*found.topics, *more))

    def find(self, topic: int, period: Period, at: datetime) -> Listed | None:
        """One topic, however few people it has; None if there is no such topic."""
        if topic not in self.book.by_topic:
            return None
        return Listed(self.reading.facts(topic, period), self.book.status(topic, at), self.book.events_of(topic))


class TopicCache:
    """The topics of a store, for all requests of a process."""

    def __init__(
        self,
        store: Store,
        articles_of: ArticlesOf,
        least: int,
        also: Callable[[], object] = lambda: None,
        zone: tzinfo = UTC,
    ) -> None:
        """`articles_of` takes all failed searches and returns the articles. `least` people make a topic shown.

        `also` is called after each reading, to prepare whatever else takes long the first time.
        """
        self._store = store
        # A separate store object, so that long reads do not delay whoever writes a message.
        self._reader = Store(store.at)
        self._articles_of = articles_of
        self._also = also
        self.least = least
        self.zone = zone
        self._lock = threading.Lock()
        self._reading: _Reading | None = None
        self._thread: threading.Thread | None = None
        self._begun = threading.Event()
        self._readings = count()
        self._stopped = threading.Event()
        # Python takes apart what a thread still reads, and crashes.
        atexit.register(weakly(self.stop))

    def stop(self, seconds: float = 5.0) -> None:
        """End reading, and wait so long for it to end."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def warm(self) -> None:
        """Begin to read if that is due, since whoever opens the desk may open the topics next."""
        if self._reading is None or now() - self._reading.at >= FRESH:
            self._refresh(_READ_FIRST)

    def warm_once(self) -> None:
        """Begin to read if nothing was read yet.

        For requests without a session, which cannot keep the processor busy this way.
        """
        if self._reading is None:
            self._refresh(_READ_FIRST)

    def take(self) -> CachedTopics:
        """The topics as last read, or read now if that was never or too long ago. Raises StoreUnavailable."""
        reading = self._reading
        if reading is None or now() - reading.at >= TOO_OLD:
            reading = self._read_now()
        elif now() - reading.at >= FRESH:
            self._refresh(_READ_FIRST)
        reading = self._as_edited(self._without_erased(reading))
        return CachedTopics(reading, reading.book.of_today(self._store), self.least)

    def take_with(self, topic: int) -> CachedTopics:
        """As `take`, including this topic, which another process may have found first.

        Raises StoreUnavailable.
        """
        found = self.take()
        for _ in range(2):  # a running read may have begun before the topic existed
            if topic in found.book.by_topic or not has_members(self._store, topic):
                break
            self._read_now()
            found = self.take()
        return found

    def _read_now(self) -> _Reading:
        """A new reading; the previous one if the store cannot be read. Raises StoreUnavailable if there is none."""
        self._refresh(_READ_FIRST).wait()
        with self._lock:
            if self._reading is None:
                self._reading = self._read(())
            return self._reading

    def _read(self, spans: Sequence[str]) -> _Reading:
        at, book = now(), read_book(self._reader)
        reading = _Reading(at, book, self._articles_of([one.query for one in book.members]), self.zone)
        for span in spans:
            reading.between(reading.period(span), self.least)
        return reading

    def _refresh(self, spans: Sequence[str]) -> threading.Event:
        """Start a thread that reads again, unless one is running. The event is set when the reading ends or fails."""
        with self._lock:
            # A thread that has finished reading may still be counting other periods.
            if self._thread is None or not self._thread.is_alive() or self._begun.is_set():
                self._begun = threading.Event()
                self._thread = thread_of_request(self._look, "handrail-topic-cache", (spans, self._begun))
                self._thread.start()
            return self._begun

    def _look(self, spans: Sequence[str], begun: threading.Event) -> None:
        with _uncollected(every=next(self._readings) % _READINGS_BETWEEN_FULL_WALKS == 0):
            self._read_all(spans, begun)

    def _read_all(self, spans: Sequence[str], begun: threading.Event) -> None:
        try:
            reading = self._read(spans)
            with self._lock:
                self._reading = reading
        except StoreUnavailable as error:
            log("desk.topics_stale", reason=error)
            return
        finally:
            begun.set()
        self._also()
        queue = CachedTopics(reading, reading.book, self.least)
        for span in (USUAL_SPAN, *SPANS):  # also those that nobody has requested yet
            if self._stopped.is_set():
                return
            queue.queue(reading.period(span), reading.at)

    def _without_erased(self, reading: _Reading) -> _Reading:
        """The reading without searches and messages that were erased since, as if they had never been read."""
        gone = reading.book.places.keys() - members_left(self._store)
        if not gone:
            return reading
        return self._instead(reading, _without(reading.book, gone))

    def _as_edited(self, reading: _Reading) -> _Reading:
        """The reading after what leads renamed, merged, split and moved since."""
        book = reading.book.as_edited(self._store)
        return reading if book is reading.book else self._instead(reading, book)

    def _instead(self, reading: _Reading, book: Book) -> _Reading:
        left = _Reading(reading.at, book, reading.articles, self.zone)
        with self._lock:
            if self._reading is reading:
                self._reading = left
        return left


@contextmanager
def _uncollected(*, every: bool) -> Iterator[None]:
    """Keep Python's collector of garbage from what is read inside, then and later.

    While it walks through all objects, no thread goes on, not even one that answers a customer: for two years of
    searches a fifth of a second, several times in a reading. So it walks before, through what came since the last
    reading, and rests during this one; what was read is left out from then on, and is freed all the same when nothing
    refers to it. Only garbage that forms a circle needs a walk through `every` object.
    """
    if every:
        gc.unfreeze()
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def _without(book: Book, gone: set[MemberKey]) -> Book:
    by_topic = {
        topic: left for topic, held in book.by_topic.items() if (left := [one for one in held if one.key not in gone])
    }
    return book.with_topics(
        by_topic,
        members=tuple(one for one in book.members if one.key not in gone),
        places={key: place for key, place in book.places.items() if key not in gone},
    )
