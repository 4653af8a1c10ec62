"""Topics are up to date while the service runs, and nobody waits for them."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import pytest

from handrail_feedback.records.searches import Search
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.topics import members, topics
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import IndexUnusable
from handrail_search.adapters.topic_refresh import TopicWatch
from handrail_search.ranking.live import LiveIndex
from waiting import until

QUESTION = "is my cat allowed to come along"


@pytest.fixture
def store(store_place, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    yield store
    store.close()


@pytest.fixture
def fail(store):
    """Keeps a failed search of an hour ago."""
    log = SearchLog(store, retention_days=365)

    def record(query=QUESTION):
        log.record(
            Search(
                search_id=f"search-{time.monotonic_ns()}", tab=f"tab-{time.monotonic_ns()}", query=query, lang="en",
                verdict="none", mode="hybrid", degraded=False, fallback_reason=None, results=(), scores=(),
                at=now() - timedelta(hours=1),
            )
        )  # fmt: skip
        assert log.flush()

    yield record
    log.close()


@pytest.fixture
def watch(own_acme):
    """Makes a watch over the site: `watch(every=0.05)`."""
    made = []

    def make(**more):
        settings = load_settings(site_dir=own_acme / "site", flags={"state_dir": str(own_acme / "state")})
        made.append(TopicWatch(LiveIndex(settings.index_dir), settings, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_a_failed_search_is_in_a_topic_while_the_service_runs(store, fail, watch):
    watch(every=0.05).watch()
    fail()
    until(lambda: len(members(store)) == 1)
    fail("may I bring my cat")
    until(lambda: len(members(store)) == 2)
    assert len(topics(store)) == 1


def test_without_a_store_none_is_made(own_acme, watch):
    watch().look()
    assert not (own_acme / "state" / "store.db").exists()


def test_one_process_at_a_time_brings_topics_up_to_date(store, fail, watch):
    fail()
    with Store(store.at).only_one("topics"):
        watch().look()
        assert members(store) == {}
    watch().look()
    assert len(members(store)) == 1


def test_who_brought_topics_up_to_date_goes_on_and_another_process_only_where_it_does_not(
    store, fail, watch, monkeypatch
):
    first, second = watch(), watch()
    fail()
    first.look()
    fail("may I bring my cat")
    second.look()
    assert len(members(store)) == 1
    first.look()
    assert len(members(store)) == 2
    fail("where do I leave my bicycle")
    in_a_while = now() + timedelta(seconds=first.every)
    monkeypatch.setattr("handrail_search.adapters.topic_refresh.now", lambda: in_a_while)
    second.look()
    assert len(members(store)) == 3


@pytest.mark.sqlite
@pytest.mark.parametrize("fault", ["an index of another encoder", "no folder to lock in"])
def test_only_another_process_at_the_same_work_is_passed_over_in_silence(
    store, fail, watch, caplog, fault, monkeypatch
):
    fail()
    said = f"{fault} is the matter"

    def broken(*_args, **_more):
        raise IndexUnusable(said)

    if fault == "an index of another encoder":
        monkeypatch.setattr("handrail_search.adapters.topic_refresh.refresh_topics", broken)
    else:
        store.at.with_name("topics.lock").mkdir()
        said = "topics.lock is a folder, not a file"
    topics_of_site = watch()
    with caplog.at_level(logging.ERROR):
        topics_of_site.look()
    assert said in caplog.text and "topics stay as they are" in caplog.text
    caplog.clear()
    if fault == "an index of another encoder":
        with Store(store.at).only_one("topics"), caplog.at_level(logging.ERROR):
            watch().look()
        assert caplog.text == ""


@pytest.mark.sqlite
def test_what_is_the_matter_is_logged_once_without_words_and_the_service_goes_on(store, fail, watch, caplog):
    fail()
    store.at.write_bytes(b"no database " + QUESTION.encode())
    for name in ("store.db-wal", "store.db-shm"):
        store.at.with_name(name).unlink(missing_ok=True)
    topics_of_site = watch()
    with caplog.at_level(logging.ERROR):
        topics_of_site.look()
        topics_of_site.look()
    [record] = [record for record in caplog.records if record.name == "handrail_search.adapters.topic_refresh"]
    assert "topics stay as they are" in record.getMessage()
    assert "cat" not in caplog.text
