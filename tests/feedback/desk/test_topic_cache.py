"""Reading topics stops nobody: Python's collector of garbage, for which all threads wait, leaves them alone."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from datetime import timedelta

import pytest

from handrail_feedback.desk.reports import topic_cache
from handrail_feedback.records.period import Period
from handrail_feedback.reports.site_articles import KnownArticles
from handrail_feedback.storage.database import Store
from handrail_feedback.topics import facts
from handrail_feedback.topics.facts import Describer
from handrail_kb.errors import StoreUnavailable


@pytest.fixture
def read(store: Store, fail, monkeypatch):
    """Reads all topics once more, to the end; `also` is called on the way."""
    monkeypatch.undo()
    fail("forgot my password", "lost my password", "new password")
    on_the_way: list[Callable[[], object]] = []
    cache = topic_cache.TopicCache(
        store, lambda _queries: KnownArticles(), 3, also=lambda: [also() for also in on_the_way]
    )
    monkeypatch.setattr(topic_cache, "FRESH", timedelta(0))

    def read_now(*also: Callable[[], object]) -> topic_cache.TopicCache:
        on_the_way[:] = also
        cache.warm()
        for thread in [one for one in threading.enumerate() if one.name == "handrail-topic-cache"]:
            thread.join()
        return cache

    yield read_now
    gc.unfreeze()


def test_what_was_read_is_left_out_when_python_looks_for_garbage(read):
    cache = read()
    walked = {id(found) for found in gc.get_objects()}
    assert id(cache.take().book.members[0]) not in walked


def test_python_does_not_look_for_garbage_while_topics_are_read(read):
    walks, kept = [], []

    def read_much() -> None:
        before = len(walks)
        kept.extend([number] for number in range(100_000))
        kept.append(len(walks) - before)

    def noted(phase, _info) -> None:
        walks.append(phase)

    gc.callbacks.append(noted)
    try:
        read(read_much)
    finally:
        gc.callbacks.remove(noted)
    assert kept[-1] == 0
    assert gc.isenabled()


def test_python_looks_for_garbage_again_after_a_reading_that_failed(read, monkeypatch):
    def away(_store):
        raise StoreUnavailable("The store is away.", "Bring it back.")

    monkeypatch.setattr(topic_cache, "read_book", away)
    read()
    assert gc.isenabled()


@pytest.mark.long
def test_garbage_that_forms_a_circle_is_found_by_one_reading_of_some(read, monkeypatch):
    monkeypatch.setattr(topic_cache, "_READINGS_BETWEEN_FULL_WALKS", 2)

    class Circle:
        def __init__(self) -> None:
            self.itself = self

    circle = Circle()
    found = weakref.ref(circle)
    read()
    del circle
    read()
    assert found(), "what was there at the last reading is left out"
    read()
    assert not found()


def test_when_a_topic_could_be_decided_on_follows_the_searches_that_are_left(read):
    book = read().take().book
    [(topic, held)] = book.by_topic.items()
    assert book.begun(topic)
    assert book.with_topics({topic: held[:2]}).begun(topic) is None


def test_facts_are_kept_of_only_so_many_periods(read):
    found = read().take()
    [topic] = found.book.by_topic
    for days in range(1, 100):
        found.find(topic, Period.last(days, found.reading.at), found.reading.at)
    assert 0 < len(found.reading.others) <= 20


def test_topics_that_wait_are_described_before_somebody_looks_also_those_of_long_ago(read, monkeypatch):
    much_later = topic_cache.now() + timedelta(days=300)
    monkeypatch.setattr(topic_cache, "now", lambda: much_later)
    cache, described = read(), []
    monkeypatch.setattr(topic_cache, "FRESH", timedelta(days=1))  # nothing is read meanwhile
    monkeypatch.setattr(Describer, "one", lambda *_all: described.append(1))
    found = cache.take()
    assert [one.in_period for one in found.queue(found.reading.period("7"), much_later).topics] == [False]
    assert described == []


def test_what_is_told_of_a_topic_that_nobody_searched_in_a_period_is_computed_once(read, monkeypatch):
    told = []
    monkeypatch.setattr(facts, "_nearest", lambda *_all: told.append(1) or ())
    later = topic_cache.now() + timedelta(days=300)
    cache = read()
    monkeypatch.setattr(topic_cache, "FRESH", timedelta(days=1))
    found = cache.take()
    [topic] = found.book.by_topic
    told.clear()
    for days in range(1, 9):
        assert found.find(topic, Period.last(days, later), later).facts.people == 0
    assert len(told) <= 1


@pytest.mark.long
def test_a_service_that_stops_waits_for_the_reading_which_ends_early(read, monkeypatch):
    go_on, described = threading.Event(), []
    go_on.set()
    cache = read(lambda: go_on.wait(5))
    monkeypatch.setattr(topic_cache.CachedTopics, "queue", lambda _self, period, _at: described.append(period))
    go_on.clear()
    cache.warm()
    threading.Timer(0.2, go_on.set).start()
    cache.stop()
    assert go_on.is_set()
    assert described == []
