"""What is kept of searches: one row for each question, what customers did with its list, and whether it failed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from handrail_feedback.records.searches import Following, Intent, failure, same_question, shape
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import intents

from ...conftest import NOON, search
from .customers import Kept, event, steps, typed

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


def test_a_search_for_a_person_is_kept_as_one_that_an_older_version_takes_for_no_failure_either(
    log: SearchLog, kept: Kept, store: Store
) -> None:
    log.record(search("talk to a human", wants_person=True, verdict="none"))
    [row] = kept()
    assert bool(row["asked_back"])  # all that an older version reads
    [(found, _)] = intents(store, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (found.wants_person, found.asked_back) == (True, False)


def test_asking_for_a_person_makes_the_search_before_no_failure(log: SearchLog, store: Store) -> None:
    typed(log, ["vat invoice", "talk to a human"], pause=40)
    assert log.flush()
    read = list(intents(store, NOON - timedelta(hours=1), NOON + timedelta(hours=1)))
    assert [failure(*one) for one in read] == ["rephrased", None]
    log.record(search("vat invoice", 100, tab="tab-bbbb"))
    log.record(search("talk to a human", 140, tab="tab-bbbb", wants_person=True))
    assert log.flush()
    read = list(intents(store, NOON + timedelta(seconds=90), NOON + timedelta(hours=1)))
    assert [failure(*one) for one in read] == [None, None]


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
        ({"wants_person": True, "verdict": "none", "said_no_at": LATER}, OTHER, None),
        ({}, replace(OTHER, wants_person=True), None),
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
