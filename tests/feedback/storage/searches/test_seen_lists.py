"""Lists that customers looked at, with what they opened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handrail_feedback.records.searches import SeenList
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import seen_lists

from ...conftest import NOON, search
from .customers import event


def seen(log: SearchLog, store: Store, most: int = 100) -> list[SeenList]:
    assert log.flush()
    return seen_lists(store, NOON - timedelta(days=1), most)


def look_at(log: SearchLog, query: str, seconds: float, tab: str | None, *opened: str, **more: Any) -> None:
    one = search(query, seconds, tab=tab, **more)
    log.record(one)
    log.event(event(one.search_id, "seen", seconds + 1))
    for location in opened:
        log.event(event(one.search_id, "click", seconds + 2, location=location, position=1))


def test_lists_that_were_looked_at_come_with_what_was_opened(log: SearchLog, store: Store) -> None:
    look_at(log, "refund", 0, "tab-aaaa", "billing/vat/#number", "guide/reset/")
    look_at(log, "Refund!", 1, "tab-bbbb", fits=(True, False))
    log.record(search("never looked at", 2, tab="tab-cccc"))
    newest, oldest = seen(log, store)
    assert oldest.opened == {"billing/vat/", "guide/reset/"}
    assert oldest.results == (("guide/reset/#forgot", 0.71), ("billing/vat/", 0.5))
    assert (newest.opened, newest.results) == (frozenset(), (("guide/reset/#forgot", 0.71),))
    assert newest.shape == oldest.shape


def test_lists_of_robots_staff_strangers_and_bad_days_are_left_out(log: SearchLog, store: Store) -> None:
    look_at(log, "a robot", 0, "tab-aaaa", "guide/reset/", bot=True)
    look_at(log, "a colleague", 0, "tab-bbbb", "guide/reset/", staff=True)
    look_at(log, "half of search was down", 0, "tab-cccc", "guide/reset/", degraded=True)
    look_at(log, "nobody knows who", 0, None, "guide/reset/")
    assert seen(log, store) == []


def test_one_tab_has_few_lists_and_the_newest_of_all_are_read(log: SearchLog, store: Store) -> None:
    for number in range(15):
        look_at(log, f"{'abcdefghijklmno'[number] * 9} question", 100 * number, "tab-aaaa", "guide/reset/")
    look_at(log, "another", 5000, "tab-bbbb")
    assert len(seen(log, store)) == 11
    assert [one.shape for one in seen(log, store, 1)] == ["another"]


def test_a_crowd_has_as_few_lists_as_one_tab(log: SearchLog, store: Store) -> None:
    for number in range(15):
        words = f"{'abcdefghijklmno'[number] * 9} question"
        look_at(log, words, 100 * number, f"tab-{number:04d}", "guide/reset/", crowd="one network")
    assert len(seen(log, store)) == 10
