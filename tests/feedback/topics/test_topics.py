from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.searches import SearchEvent
from handrail_feedback.records.topics import MemberPlace
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.schema.migrations import TABLES
from handrail_feedback.storage.searches.intents import erase_old
from handrail_feedback.storage.searches.lineage import merged_into, recorded
from handrail_feedback.storage.searches.topics import (
    failed_searches,
    last_grouping,
    last_topic,
    members,
    topics,
    write_grouping,
)
from handrail_feedback.topics.refresh import Refreshed, refresh

from ..conftest import NOON, Asked, search

PASSWORD = ("I forgot my password", "how do I reset my password", "password lost, cannot log in")
INVOICE = ("where is my invoice", "download an invoice as PDF", "send me a copy of my invoice")
CRASH = ("app crashes when it starts", "the program closes by itself", "crash at startup")
DAY = timedelta(days=1)


def update(store: Store, asked: Asked, day: int = 0, **more: bool) -> Refreshed:
    return refresh(store, Meaning("test", asked), NOON + DAY * day, **more)


def words_by_topic(store: Store) -> dict[int, set[str]]:
    known = members(store)
    found: dict[int, set[str]] = {}
    for one in failed_searches(store):
        if one.key in known:
            found.setdefault(known[one.key].topic, set()).add(one.query)
    return found


def topic_with(store: Store, query: str) -> int:
    [topic] = [topic for topic, words in words_by_topic(store).items() if query in words]
    return topic


def test_failed_searches_that_mean_the_same_are_one_topic(store: Store, fail, asked: Asked) -> None:
    fail([*PASSWORD, *INVOICE, *CRASH])
    assert update(store, asked) == Refreshed("regrouped", 9, 9)
    assert sorted(map(sorted, words_by_topic(store).values())) == sorted(map(sorted, [PASSWORD, INVOICE, CRASH]))


def test_what_did_not_fail_and_whoever_is_no_customer_is_in_no_topic(store: Store, fail, asked: Asked) -> None:
    fail(PASSWORD, verdict="answered")
    fail(INVOICE, bot=True)
    fail(CRASH, staff=True)
    fail(["degraded answers say nothing"], degraded=True)
    fail(["12345678", "??"])
    assert update(store, asked) == Refreshed("nothing new", 0, 0)
    assert topics(store) == {}


def test_the_same_words_are_encoded_once_however_many_type_them(store: Store, fail, asked: Asked) -> None:
    fail([PASSWORD[0], PASSWORD[0].upper(), f"  {PASSWORD[0]}?"])
    fail([PASSWORD[0]], day=1)
    update(store, asked)
    assert asked.words == [PASSWORD[0].lower()]
    assert len(members(store)) == 4


def test_a_new_search_joins_the_nearest_topic_and_nothing_else_is_encoded(store: Store, fail, asked: Asked) -> None:
    fail([*PASSWORD, *INVOICE, *CRASH])
    update(store, asked)
    before = words_by_topic(store)
    asked.words.clear()
    fail(["password reset please", PASSWORD[1]], day=1)
    assert update(store, asked, day=1) == Refreshed("joined", 11, 2)
    topic = topic_with(store, PASSWORD[0])
    assert words_by_topic(store) == before | {topic: {*PASSWORD, "password reset please"}}
    assert asked.words == ["password reset please"]


def test_a_new_search_that_is_near_to_nothing_begins_a_topic(store: Store, fail, asked: Asked) -> None:
    fail([*PASSWORD, *INVOICE])
    update(store, asked)
    highest = last_topic(store)
    fail(["do you ship to Iceland", "delivery to Iceland"], day=1)
    update(store, asked, day=1)
    assert topic_with(store, "do you ship to Iceland") == topic_with(store, "delivery to Iceland") == highest + 1


def test_a_topic_keeps_its_number_when_all_is_grouped_anew(store: Store, fail, asked: Asked) -> None:
    fail([*PASSWORD, *INVOICE])
    update(store, asked)
    before = {query: topic_with(store, query) for query in (*PASSWORD, *INVOICE)}
    fail([*CRASH, "my password does not work any more"], day=8)
    assert update(store, asked, day=8).how == "regrouped"
    assert {query: topic_with(store, query) for query in before} == before
    assert topic_with(store, CRASH[0]) not in before.values()
    assert topics(store)[before[PASSWORD[0]]].made_at == NOON
    assert recorded(store) == []


def test_all_is_grouped_anew_once_a_week_and_when_the_encoder_is_another(store: Store, fail, asked: Asked) -> None:
    fail(PASSWORD)
    assert update(store, asked).how == "regrouped"
    assert update(store, asked, day=6).how == "nothing new"
    assert update(store, asked, day=7).how == "regrouped"
    assert refresh(store, Meaning("another", asked), NOON + 8 * DAY).how == "regrouped"
    assert update(store, asked, day=8, regroup=True).how == "regrouped"


def test_topics_that_turn_out_to_be_one_are_merged_and_that_is_recorded(store: Store, fail, asked: Asked) -> None:
    fail([PASSWORD[0], PASSWORD[1]])
    update(store, asked)
    first = topic_with(store, PASSWORD[0])
    fail([PASSWORD[2]], day=1)
    # As if it had been far from everything when it came.
    grouping = last_grouping(store)
    assert grouping
    [kept] = topics(store).values()
    [late] = [one.key for one in failed_searches(store) if one.query == PASSWORD[2]]
    apart = type(kept)(first + 1, NOON, "", -kept.mean, 1)
    both = [*members(store).values(), MemberPlace(late, apart.id, 1.0)]
    assert write_grouping(store, [kept, apart], both, [], grouping, grouping)
    update(store, asked, day=2, regroup=True)
    [one] = recorded(store)
    assert (one.at, one.event.topic, one.event.change, one.event.other) == (NOON + 2 * DAY, first + 1, "merged", first)
    assert list(topics(store)) == [first]
    assert merged_into(store) == {first + 1: first}


def test_languages_are_kept_apart_where_they_cannot_be_compared(store: Store, fail, asked: Asked) -> None:
    fail(["password"], lang="en")
    fail(["password"], day=1, lang="de-AT")
    refresh(store, Meaning("test", asked, apart=True), NOON)
    assert sorted(topic.lang for topic in topics(store).values()) == ["de", "en"]
    refresh(store, Meaning("test", asked), NOON, regroup=True)
    assert [topic.lang for topic in topics(store).values()] == [""]


def test_with_its_searches_a_topic_is_erased_and_its_number_is_never_given_again(
    store: Store, fail, asked: Asked
) -> None:
    fail(PASSWORD)
    update(store, asked)
    erase_old(store, NOON + DAY, NOON + DAY)
    assert members(store) == {}
    fail(INVOICE, day=9)
    update(store, asked, day=9)
    assert list(topics(store)) == [2]


def test_the_store_of_topics_holds_no_words(store: Store, fail, asked: Asked) -> None:
    fail(["unmistakable zebracorn question", *PASSWORD])
    update(store, asked)
    tables = [table for table in TABLES if table.startswith("topic")]
    assert len(tables) >= 4
    kept = [str(row) for table in tables if table.isidentifier() for row in store.read(f"SELECT * FROM {table}")]
    assert kept
    assert not [row for row in kept if "zebracorn" in row]


def test_a_search_that_came_right_after_all_is_in_no_topic_any_more(store: Store, log, asked: Asked) -> None:
    one = search("how to pay", tab="tab-x")
    log.record(one)
    log.event(SearchEvent(one.search_id, "left", NOON + timedelta(seconds=9), ms=9000))
    assert log.flush()
    update(store, asked)
    assert words_by_topic(store) == {1: {"how to pay"}}
    log.event(SearchEvent(one.search_id, "click", NOON + timedelta(seconds=5), "billing/vat/", 2))
    assert log.flush()
    assert words_by_topic(store) == {}


def test_whoever_groups_at_the_same_time_does_not_overwrite_the_other(store: Store, fail, asked: Asked) -> None:
    fail(PASSWORD)

    def encode(questions: Sequence[str]) -> np.ndarray:
        update(store, asked)
        return asked(questions)

    assert refresh(store, Meaning("slower", encode), NOON + DAY).how == "nothing new"
    grouping = last_grouping(store)
    assert grouping
    assert grouping.encoder == "test"
