"""Topics as the desk reads them: two years of searches take seconds to read, and a page may not.

What searches tell is read at most once a minute in each process, by a thread; who asks meanwhile gets what was read
before. Decisions and proofs are read each time, and so is which searches are still there: what was erased is never
shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handrail_feedback.db import Store, now
from handrail_feedback.topic_facts import Articles, Facts, Period, tell
from handrail_feedback.topic_list import Book, Listed, TopicList, arrange, find_topic, read_book
from handrail_feedback.topics import searches_in_topics
from handrail_kb.errors import StoreUnavailable

log = logging.getLogger(__name__)

_FRESH = timedelta(minutes=1)
# Days of the periods that can be looked at, by what they are called.
PERIODS = {7: "week", 28: "four weeks", 91: "quarter", 364: "year"}
USUAL_DAYS = 28
ArticlesOf = Callable[[Iterable[str]], Articles]


class UnknownArticles:
    """What is known of articles where there is no index: where they are."""

    def title(self, location: str) -> str:
        """Its location."""
        return location

    def people_only(self, location: str) -> bool:
        """Not that anybody knows."""
        return False

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        """Nothing that anybody knows of."""
        return ()


@dataclass
class _Reading:
    """What was read at one moment, and what was made of it: what topics tell, by the days of the period."""

    at: datetime
    book: Book
    articles: Articles
    told: dict[int, list[Facts]] = field(default_factory=dict)

    def period(self, days: int) -> Period:
        return Period(self.at - timedelta(days=days), self.at)

    def facts(self, days: int, least: int) -> list[Facts]:
        if days not in self.told:
            book = self.book
            self.told[days] = tell(
                book.by_topic, book.places, self.period(days), self.articles, book.since or self.at, least
            )  # fmt: skip
        return self.told[days]


@dataclass(frozen=True)
class Shelved:
    """The topics with today's decisions, and how they are looked at."""

    reading: _Reading
    book: Book
    least: int

    def list(self, days: int, at: datetime) -> TopicList:
        """The topics of the last so many days, the decided too."""
        told = self.reading.facts(days, self.least)
        return arrange(self.book, told, self.reading.period(days), at, least=self.least, decided=True)

    def find(self, topic: int, days: int, at: datetime) -> Listed | None:
        """One topic, however few people it has; None when it is not there."""
        return find_topic(self.book, self.reading.articles, topic, self.reading.period(days), at)


class TopicShelf:
    """The topics of a store, for all requests of a process."""

    def __init__(self, store: Store, articles_of: ArticlesOf, least: int) -> None:
        """`articles_of` is told all failed searches, and knows the articles; `least` people make a topic shown."""
        self._store = store
        # A store object of its own: reading much must not hold up whoever writes a message.
        self._reader = Store(store.path)
        self._articles_of = articles_of
        self.least = least
        self._lock = threading.Lock()
        self._reading: _Reading | None = None
        self._thread: threading.Thread | None = None
        self._begun = threading.Event()  # set when the first reading of a thread is there, or failed

    def warm(self) -> None:
        """Begin to read if nothing was read yet: whoever comes to the desk may come to the topics next."""
        if self._reading is None:
            self._refresh((USUAL_DAYS,))

    def take(self) -> Shelved:
        """The topics as they are known, read now if they never were. Raises StoreUnavailable."""
        reading = self._reading or self._read_first()
        if now() - reading.at >= _FRESH:
            self._refresh(tuple(reading.told))
        reading = self._without_erased(reading)
        return Shelved(reading, reading.book.of_today(self._store), self.least)

    def _read_first(self) -> _Reading:
        self._refresh((USUAL_DAYS,))
        self._begun.wait()
        with self._lock:
            if self._reading is None:
                self._reading = self._read(())
            return self._reading

    def _read(self, days: Sequence[int]) -> _Reading:
        at, book = now(), read_book(self._reader)
        reading = _Reading(at, book, self._articles_of([one.intent.query for one in book.searches]))
        for number in days:
            reading.facts(number, self.least)
        return reading

    def _refresh(self, days: Sequence[int]) -> None:
        """Read anew in a thread, unless one is at it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, args=(days,), name="handrail-shelf", daemon=True)
                self._thread.start()

    def _look(self, days: Sequence[int]) -> None:
        try:
            reading = self._read(days)
            with self._lock:
                self._reading = reading
        except StoreUnavailable as error:
            log.error("topics at the desk stay as they were: %s", error.what)
            return
        finally:
            self._begun.set()
        for number in PERIODS:  # those nobody has asked for yet
            reading.facts(number, self.least)

    def _without_erased(self, reading: _Reading) -> _Reading:
        """The same without searches that were erased since, as if they had never been read."""
        gone = reading.book.places.keys() - searches_in_topics(self._store)
        if not gone:
            return reading
        left = _Reading(reading.at, _without(reading.book, gone), reading.articles)
        with self._lock:
            if self._reading is reading:
                self._reading = left
        return left


def _without(book: Book, gone: set[int]) -> Book:
    by_topic = {
        topic: left
        for topic, held in book.by_topic.items()
        if (left := [one for one in held if one.intent.id not in gone])
    }
    return replace(
        book,
        searches=tuple(one for one in book.searches if one.intent.id not in gone),
        places={number: place for number, place in book.places.items() if number not in gone},
        by_topic=by_topic,
    )
