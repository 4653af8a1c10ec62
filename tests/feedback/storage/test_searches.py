from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handrail_feedback import search_log
from handrail_feedback.records.searches import Following, Intent, SearchEvent, SeenList, failure, same_question, shape
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import erase_old, intents, seen_lists

from ..conftest import NOON, search

Kept = Callable[[], list[dict[str, object]]]


def typed(log: SearchLog, texts: list[str], start: float = 0, pause: float = 0.3, **more: Any) -> list[str]:
    """Send one search for each text, as a search box does; their ids."""
    searches = [search(text, start + pause * number, **more) for number, text in enumerate(texts)]
    for one in searches:
        log.record(one)
    return [one.search_id for one in searches]


def event(search_id: str, kind: str, seconds: float = 5, **more: object) -> SearchEvent:
    return SearchEvent(search_id, kind, NOON + timedelta(seconds=seconds), **more)  # type: ignore[arg-type]


def steps(text: str) -> list[str]:
    return [text[: end + 1] for end in range(len(text))]


# --- one question, one row


def test_keystrokes_of_one_question_become_one_row(log: SearchLog, kept: Kept) -> None:
    typed(log, steps("how do I cancel"))
    [row] = kept()
    assert (row["query"], row["keystrokes"]) == ("how do I cancel", 15)
    assert (row["first_at"], row["last_at"]) == ("2026-03-02T12:00:00.000Z", "2026-03-02T12:00:04.200Z")


def test_a_mended_typo_is_the_same_question(log: SearchLog, kept: Kept) -> None:
    typed(log, ["pasword", "paswor", "paswo", "pasw", "pas", "pass", "passw", "password reset"])
    assert [row["query"] for row in kept()] == ["password reset"]


def test_two_questions_of_one_tab_are_two_rows(log: SearchLog, kept: Kept) -> None:
    typed(log, [*steps("vat invoice"), *steps("refund")])
    assert [row["query"] for row in kept()] == ["vat invoice", "refund"]


def test_the_same_words_from_two_tabs_are_two_rows(log: SearchLog, kept: Kept) -> None:
    typed(log, ["refund"])
    typed(log, ["refund"], tab="tab-bbbb")
    assert len(kept()) == 2


def test_without_a_tab_each_search_is_its_own_row(log: SearchLog, kept: Kept) -> None:
    typed(log, ["refu", "refund"], tab=None)
    assert len(kept()) == 2


def test_after_half_a_minute_a_longer_query_is_a_new_question(log: SearchLog, kept: Kept) -> None:
    typed(log, ["invoice", "invoice vat"], pause=31)
    assert len(kept()) == 2


def test_the_row_shows_what_was_answered_last(log: SearchLog, kept: Kept) -> None:
    log.record(search("vat", verdict="weak", results=("a/",), scores=(0.2,)))
    log.record(search("vat invoice", 1, results=("b/", "c/"), scores=(0.9, 0.8)))
    [row] = kept()
    assert (row["verdict"], row["results"]) == ("answered", '[["b/", 0.9, true], ["c/", 0.8, true]]')


def test_what_waits_behind_more_is_kept_and_was_not_shown(log: SearchLog, store: Store) -> None:
    log.record(search("vat", results=("a/", "b/#b", "c/"), scores=(0.9, 0.3, 0.2), fits=(True, False, True)))
    assert log.flush()
    [(intent, _)] = intents(store, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert intent.results == (("a/", 0.9), ("c/", 0.2))
    [row] = store.read("SELECT results FROM intents")
    assert "b/#b" in row["results"]


def test_of_a_search_kept_before_lists_had_an_end_all_was_shown(log: SearchLog, store: Store) -> None:
    log.record(search("vat"))
    assert log.flush()
    with store.transaction() as db:
        db.execute("UPDATE intents SET results = :old", {"old": '[["a/", 0.9], ["b/", 0.3]]'})
    [(intent, _)] = intents(store, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert intent.results == (("a/", 0.9), ("b/", 0.3))


def test_deleting_back_to_close_the_dialog_keeps_the_fuller_question(log: SearchLog, kept: Kept) -> None:
    typed(log, [*steps("refund policy"), "refund", "re", "r"])
    assert [row["query"] for row in kept()] == ["refund policy"]


def test_a_shorter_question_counts_once_its_list_was_looked_at(log: SearchLog, kept: Kept) -> None:
    *_, shorter = typed(log, ["refund policy germany", "refund policy"])
    log.event(event(shorter, "seen"))
    assert [row["query"] for row in kept()] == ["refund policy"]


def test_words_typed_after_a_click_are_a_new_question(log: SearchLog, kept: Kept) -> None:
    [first] = typed(log, ["invoice"])
    log.event(event(first, "click", 1, location="billing/vat/", position=2))
    typed(log, ["invoices"], start=10)
    assert len(kept()) == 2


def test_the_same_search_again_after_a_click_is_no_new_question(log: SearchLog, kept: Kept) -> None:
    [first] = typed(log, ["invoice"])
    log.event(event(first, "click", 1, location="billing/vat/", position=2))
    typed(log, ["invoice"], start=10)
    assert len(kept()) == 1


def test_an_address_being_typed_does_not_split_the_question(log: SearchLog, kept: Kept) -> None:
    typed(log, steps("mail to bob@example.com bounces"))
    assert [row["query"] for row in kept()] == ["mail to [email] bounces"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cancel order", "cancel orders", True),
        ("how do i cancl my acount", "how do i cancel my account", True),
        ("cancel subscription", "cancel account", False),
        ("v", "r", False),
        ("vi", "vat", False),
        ("visa", "vat invoice", False),
        ("reset password", "password reset", False),
    ],
)
def test_only_small_edits_are_the_same_question(one: str, other: str, same: bool) -> None:
    assert same_question(shape(one), shape(other)) is same
    assert same_question(shape(other), shape(one)) is same


def test_a_search_that_comes_late_from_another_process_changes_no_words(log: SearchLog, kept: Kept) -> None:
    log.record(search("vat invoice", 2))
    log.record(search("vat in", 1))
    [row] = kept()
    assert (row["query"], row["keystrokes"]) == ("vat invoice", 2)
    assert row["first_at"] == "2026-03-02T12:00:01.000Z"


# --- what customers do with a list


def test_what_a_customer_does_is_kept_with_their_question(log: SearchLog, kept: Kept) -> None:
    first, last = typed(log, ["vat", "vat invoice"])
    log.event(event(last, "seen", 2))
    log.event(event(first, "click", 3, location="billing/vat/#id", position=2))
    log.event(event(last, "said_no", 4))
    log.event(event(last, "contact", 5))
    log.event(event(last, "left", 6, ms=7000))
    [row] = kept()
    assert (row["clicked_location"], row["clicked_position"]) == ("billing/vat/#id", 2)
    assert all(row[name] for name in ("clicked_at", "said_no_at", "contacted_at", "left_at"))
    assert row["seen_ms"] == 7000


def test_an_event_that_overtakes_its_search_still_counts(log: SearchLog, kept: Kept, store: Store) -> None:
    late = search("refund")
    log.event(event(late.search_id, "click", location="a/", position=1))
    log.event(event(late.search_id, "contact"))
    assert kept() == []
    log.record(late)
    [row] = kept()
    assert row["clicked_location"] == "a/"
    assert row["contacted_at"]
    assert store.read("SELECT * FROM early_events") == []


def test_invented_events_do_not_pile_up(log: SearchLog, kept: Kept, store: Store) -> None:
    log.event(event("never-searched", "contact", 0))
    log.event(event("never-searched-either", "contact", 601))
    kept()
    assert [row["search_id"] for row in store.read("SELECT * FROM early_events")] == ["never-searched-either"]


def test_a_search_recorded_twice_is_kept_once(log: SearchLog, kept: Kept) -> None:
    one = search("refund")
    log.record(one)
    log.record(one)
    [row] = kept()
    assert row["keystrokes"] == 1


def test_a_search_that_was_asked_back_is_kept_as_such(log: SearchLog, kept: Kept) -> None:
    log.record(search("error", asked_back=True, verdict="weak"))
    [row] = kept()
    assert row["asked_back"] == 1


def test_whether_a_search_was_asked_back_follows_the_words_that_were_meant(log: SearchLog, kept: Kept) -> None:
    log.record(search("error", asked_back=True))
    log.record(search("error e-1042", 2))
    [row] = kept()
    assert (row["query"], row["asked_back"]) == ("error e-1042", 0)


def test_what_an_older_version_wrote_beside_this_one_can_be_shown(log: SearchLog, kept: Kept, store: Store) -> None:
    log.record(search("refund", search_id="a" * 22))
    log.record(search("refund now", 2))
    kept()
    with store.transaction() as db:
        [(answer,)] = db.execute("SELECT answer FROM searches WHERE search_id = :id", {"id": "a" * 22}).fetchall()
        older = {name: value for name, value in json.loads(answer).items() if name != "asked_back"}
        values = {"answer": json.dumps(older), "id": "a" * 22}
        db.execute("UPDATE searches SET answer = :answer WHERE search_id = :id", values)
    log.event(event("a" * 22, "said_no", 5))
    [row] = kept()
    assert (row["query"], row["asked_back"]) == ("refund", 0)


# --- failed or not


def intent(**more: object) -> Intent:
    values: dict[str, object] = dict.fromkeys(Intent.__dataclass_fields__)
    values |= {"id": 1, "query": "vat", "shape": "vat", "verdict": "answered", "seen_ms": 0, "last_at": NOON}
    return Intent(**{**values, **more})  # type: ignore[arg-type]


LATER = NOON + timedelta(seconds=20)
OTHER = Following(2, "refund", "refund", LATER)


@pytest.mark.parametrize(
    ("what", "following", "expected"),
    [
        ({"verdict": "none", "said_no_at": LATER}, OTHER, "none"),
        ({"verdict": "none", "contacted_at": LATER}, None, "none"),
        ({"verdict": "weak", "clicked_at": LATER}, OTHER, "weak"),
        ({"said_no_at": LATER}, OTHER, "said_no"),
        ({"said_no_at": LATER, "clicked_at": LATER}, None, "said_no"),
        ({}, OTHER, "rephrased"),
        ({}, replace(OTHER, shape="vat"), None),
        ({}, replace(OTHER, first_at=NOON + timedelta(seconds=61)), None),
        ({"clicked_at": LATER}, OTHER, None),
        ({"left_at": LATER, "seen_ms": 5000}, None, "no_click"),
        ({"left_at": LATER, "seen_ms": 4999}, None, None),
        ({"left_at": LATER, "seen_ms": 9000, "clicked_at": LATER}, None, None),
        ({"seen_ms": 9000}, None, None),
        ({"contacted_at": LATER}, None, None),
        ({"asked_back": True, "verdict": "weak"}, None, None),
        ({"asked_back": True, "verdict": "weak", "said_no_at": LATER}, OTHER, None),
        ({}, None, None),
    ],
)
def test_a_search_failed_for_the_first_reason_that_applies(
    what: dict[str, object], following: Following | None, expected: str | None
) -> None:
    assert failure(intent(**what), following) == expected


def test_what_came_next_is_the_next_question_of_the_tab_within_a_minute(log: SearchLog, store: Store) -> None:
    typed(log, ["vat invoice", "refund", "close my account"], pause=45)
    typed(log, ["something else"], start=46, tab="tab-bbbb")
    typed(log, ["refund"], start=200)
    assert log.flush()
    found = intents(store, NOON, NOON + timedelta(seconds=100))
    following = {one.query: after and after.query for one, after in found}
    assert following == {
        "vat invoice": "refund",
        "something else": None,
        "refund": "close my account",
        "close my account": None,
    }


# --- never in the way, never a word too many


def test_no_words_of_a_customer_reach_the_log(
    log: SearchLog, store: Store, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    log.record(search("zanzibar bob@example.com"))
    log.record(search("zanzibar", verdict=object()))
    log.record(search("zanzibar", results=(("zanzibar",),), scores=("zanzibar",)))
    log.record(search(object()))  # type: ignore[arg-type]
    log.event(event("search-of-zanzibar", "click", position=object()))
    kept()
    assert log.failed == 4
    assert "zanzibar" not in caplog.text


def test_one_unreadable_search_costs_no_other(log: SearchLog, kept: Kept) -> None:
    typed(log, ["refund"])
    log.record(search("broken", verdict=object()))
    typed(log, ["vat"], tab="tab-bbbb")
    assert [row["query"] for row in kept()] == ["refund", "vat"]


def test_half_characters_and_null_bytes_are_kept_as_readable_text(log: SearchLog, kept: Kept) -> None:
    typed(log, ["vat \ud800 \0 invoice"])
    assert [row["query"] for row in kept()] == ["vat ? \ufffd invoice"]


def test_a_full_queue_drops_and_counts(store: Store) -> None:
    log = SearchLog(store, retention_days=365, longest=10)
    with store.transaction():  # the writer has to wait
        for number in range(2000):
            log.record(search("refund", number))
        assert log.dropped > 0
    assert log.close()
    assert log.dropped + log.written == 2000


def test_a_store_that_cannot_be_used_never_breaks_a_search(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    log = SearchLog(Store(tmp_path / "file" / "store.db"), retention_days=365)
    log.record(search("zanzibar"))
    assert log.close(seconds=20)
    assert log.dropped == 1
    assert "cannot be opened" in caplog.text
    assert "zanzibar" not in caplog.text


def test_recording_costs_the_caller_next_to_nothing(log: SearchLog) -> None:
    log.record(search("start the thread"))
    searches = [search("how do I cancel my account", number) for number in range(300)]
    costs = []
    for one in searches:
        start = time.perf_counter()
        log.record(one)
        costs.append(time.perf_counter() - start)
    assert sorted(costs)[len(costs) // 2] < 50e-6


@pytest.mark.sqlite
def test_nothing_is_kept_when_the_site_wants_no_log(store: Store) -> None:
    log = SearchLog(store, retention_days=365, enabled=False)
    log.record(search("refund"))
    assert log.flush()
    assert not store.at.exists()


def test_searches_past_their_time_are_erased_at_the_start(store: Store) -> None:
    old = SearchLog(store, retention_days=36_500)
    old.record(search("long ago"))
    assert old.close()
    log = SearchLog(store, retention_days=1)
    log.event(event("wakes-the-writer", "contact"))
    assert log.close()
    for table in ("intents", "searches"):
        assert store.read(f"SELECT * FROM {table}") == []


def test_keystrokes_are_erased_once_the_question_has_settled(log: SearchLog, kept: Kept, store: Store) -> None:
    typed(log, steps("refund"))
    kept()
    erase_old(store, NOON - timedelta(days=1), NOON + timedelta(hours=2))
    assert store.read("SELECT * FROM searches WHERE answer IS NOT NULL") == []
    assert [row["query"] for row in kept()] == ["refund"]


# --- several processes


EVERY_OTHER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from handrail_feedback.storage.database import Store
from handrail_feedback.search_log import Search, SearchLog

path, text, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
log = SearchLog(Store(path), retention_days=36_500)
for number in range(first, len(text), 2):
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(milliseconds=300 * number)
    log.record(Search(f"search-{number:04d}", "tab-aaaa", text[: number + 1], "en", "answered", "hybrid", False, None,
                      ("a/",), (0.9,), at))
    time.sleep(0.02)  # so that both processes answer by turns
sys.exit(not log.close())
"""


def test_keystrokes_answered_by_two_processes_become_one_row(store: Store) -> None:
    text = "how do I cancel my account"
    workers = [
        subprocess.Popen([sys.executable, "-c", EVERY_OTHER, str(store.at), text, str(first)]) for first in (0, 1)
    ]
    assert [worker.wait(30) for worker in workers] == [0, 0]
    [row] = store.read("SELECT * FROM intents")
    assert (row["query"], row["keystrokes"]) == (text, len(text))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_worker_writes_what_it_is_given(log: SearchLog, kept: Kept) -> None:
    typed(log, ["asked before the fork"])
    kept()
    child = os.fork()
    if child == 0:
        log.record(search("asked in the child", 1, tab="tab-bbbb"))
        os._exit(0 if log.flush() else 1)
    assert os.waitpid(child, 0)[1] == 0
    typed(log, ["asked after the fork"], start=2, tab="tab-cccc", search_id="search-of-parent")
    assert [row["query"] for row in kept()] == ["asked before the fork", "asked in the child", "asked after the fork"]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_workers_forked_while_the_store_is_written_are_not_locked_out(
    log: SearchLog, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    children, writing = [], threading.Event()
    write_search = search_log.write_search

    def write(*args: Any) -> Any:
        writing.set()
        return write_search(*args)

    monkeypatch.setattr(search_log, "write_search", write)
    for number in range(5):
        typed(log, [f"{word} of the parent" for word in ("vat", "refund", "invoice")], tab=None, start=number)
        assert writing.wait(10)
        child = os.fork()
        if child == 0:
            log.record(search("asked in a child", number, tab=None, search_id=f"search-of-child-{number}"))
            os._exit(0 if log.flush() and log.dropped == 0 else 1)
        children.append(child)
        writing.clear()
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 5
    assert len(kept()) == 20


def test_the_writer_keeps_up_with_many_searches(log: SearchLog, kept: Kept) -> None:
    searches = [search(f"how do I cancel order {n}", n / 500, tab=f"tab-{n % 97:08d}") for n in range(1000)]
    start = time.perf_counter()
    for one in searches:
        log.record(one)
    assert log.flush(20)
    assert (
        time.perf_counter() - start < 6
    )  # leaves room for a busy machine; see feedback/README.md for what was measured
    assert log.dropped == log.failed == 0


@pytest.mark.sqlite
def test_the_store_holds_no_address_of_the_customer(log: SearchLog, kept: Kept, store: Store) -> None:
    typed(log, ["refund for bob@example.com from 93.184.216.34"])
    kept()
    columns = {
        row["name"]
        for table in ("intents", "searches", "votes", "messages")
        for row in store.read(f"SELECT name FROM pragma_table_info('{table}')")
    }
    assert not columns & {"ip", "address", "remote_addr", "user_agent", "cookie", "user", "email"}
    store.close()
    raw = b"".join(file.read_bytes() for file in store.at.parent.iterdir())
    assert b"bob@" not in raw
    assert b"93.184" not in raw


@pytest.mark.sqlite
def test_a_locked_store_is_waited_for(log: SearchLog, kept: Kept, store: Store) -> None:
    kept()
    store.check()
    other = sqlite3.connect(store.at, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    typed(log, ["refund"])
    assert not log.flush(0.3)
    other.execute("ROLLBACK")
    other.close()
    assert [row["query"] for row in kept()] == ["refund"]


# --- lists that were looked at


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
