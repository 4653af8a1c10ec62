from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handrail_feedback.records.learned import KeptQuestions, TaughtQuestion
from handrail_feedback.records.searches import SearchEvent, Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches import learned
from handrail_feedback.storage.searches.intents import erase_old
from handrail_feedback.storage.searches.learned import keep, known_questions, list_questions, version
from handrail_feedback.storage.searches.votes import erase_old_votes, keep_vote

from ..conftest import NOON, search

_tabs = (f"tab-{number:08d}" for number in itertools.count(1))
Customer = Callable[..., None]


def taught(question: str, location: str = "billing/vat/", **more: Any) -> TaughtQuestion:
    values: dict[str, Any] = {"source": "agent", "at": NOON, "who": "anna"}
    return TaughtQuestion(question, location, **{**values, **more})


def known(store: Store) -> list[tuple[str, str, str]]:
    return [(one.question, one.location, one.source) for one in known_questions(store)]


@pytest.fixture
def customer(store: Store, log: SearchLog) -> Customer:
    """Searches and votes, in a tab of its own unless told otherwise."""

    def searches_and_votes(
        query: str, location: str = "billing/vat/", helpful: bool = True, seconds: float = 0, **more: Any
    ) -> None:
        tab = more.pop("tab", None) or next(_tabs)
        one = search(query, seconds, tab=tab, **more)
        log.record(one)
        assert log.flush()
        keep_vote(store, Vote(location, helpful, one.at + timedelta(minutes=1), search_id=one.search_id, tab=tab))

    return searches_and_votes


# --- what people of the company say


def test_a_question_is_in_force_as_soon_as_it_is_kept(store: Store) -> None:
    assert keep(store, [taught("why is there tax on my bill")]) == KeptQuestions(1, 0, 0, 0)
    [one] = known_questions(store)
    assert (one.question, one.location, one.source) == ("why is there tax on my bill", "billing/vat/", "agent")
    assert (one.at, one.session) == (NOON, "agent:anna")


@pytest.mark.sqlite
def test_a_question_is_redacted_before_it_is_on_the_disk(store: Store) -> None:
    keep(store, [taught("my mail is bob@example.com and my card 4111 1111 1111 1111")])
    store.shred()
    assert known(store)[0][0] == "my mail is [email] and my card [card]"
    for file in store.at.parent.iterdir():
        assert b"bob@example" not in file.read_bytes()


@pytest.mark.parametrize("question", ["", "  \n ", "bob@example.com", "[name] [card]", "?!", "x" * 301, "very " * 61])
def test_what_is_no_question_is_not_taught(store: Store, question: str) -> None:
    assert keep(store, [taught(question)]) == KeptQuestions(0, 0, 0, 1)
    assert known(store) == []


def test_a_section_teaches_its_page(store: Store) -> None:
    keep(store, [taught("why is there tax on my bill", "billing/vat/#why")])
    assert known(store)[0][1] == "billing/vat/"


def test_the_same_opinion_counts_once_and_two_opinions_twice(store: Store) -> None:
    keep(store, [taught("why tax"), taught(" Why  TAX?"), taught("why tax", who="bert"), taught("why tax", "faq/")])
    assert [(one.location, one.session) for one in known_questions(store)] == [
        ("faq/", "agent:anna"), ("billing/vat/", "agent:bert"), ("billing/vat/", "agent:anna"),
    ]  # fmt: skip


def test_the_export_of_tomorrow_holds_the_tickets_of_today_once(store: Store) -> None:
    def export(who: str, *questions: str) -> list[TaughtQuestion]:
        return [taught(question, source="import", who=who) for question in questions]

    assert keep(store, export("monday.csv", "why tax")).new == 1
    assert keep(store, export("tuesday.csv", "why tax", "vat")) == KeptQuestions(1, 1, 0, 0)


def test_what_a_writer_removed_stays_removed(store: Store) -> None:
    keep(store, [taught("why tax"), taught("vat")])
    first = next(one.id for one in list_questions(store) if one.question == "why tax")
    assert learned.remove(store, [first], NOON) == 1
    assert [question for question, *_ in known(store)] == ["vat"]
    assert keep(store, [taught("WHY TAX?")]) == KeptQuestions(0, 0, 1, 0)
    assert [question for question, *_ in known(store)] == ["vat"]
    assert [one.question for one in list_questions(store)] == ["vat"]
    assert len(list_questions(store, removed=True)) == 2
    assert learned.restore(store, [first]) == 1
    assert len(known(store)) == 2


def test_the_words_of_what_was_removed_are_erased_in_time_and_the_removal_stays(store: Store) -> None:
    keep(store, [taught("why tax")])
    [one] = list_questions(store)
    learned.remove(store, [one.id], NOON)
    assert learned.erase_removed(store, NOON) == 0
    assert learned.erase_removed(store, NOON + timedelta(days=1)) == 1
    assert [one.question for one in list_questions(store, removed=True)] == [""]
    assert learned.restore(store, [one.id]) == 0
    assert keep(store, [taught("why tax")]) == KeptQuestions(0, 0, 1, 0)


def test_a_promoted_question_stays_in_force_until_the_site_is_built(store: Store) -> None:
    keep(store, [taught("why tax")])
    [one] = list_questions(store)
    assert learned.mark_promoted(store, [one.id], NOON) == 1
    assert list_questions(store)[0].promoted_at == NOON
    assert len(known(store)) == 1


def test_ids_that_are_not_there_do_nothing(store: Store) -> None:
    keep(store, [taught("why tax")])
    assert learned.remove(store, ["99", "cffffffffff", "", "1; DROP TABLE learned"], NOON) == 0
    assert len(known(store)) == 1


def test_questions_are_listed_by_page_source_and_day(store: Store, customer: Customer) -> None:
    keep(store, [taught("old", at=NOON - timedelta(days=9)), taught("other", "faq/", source="writer")])
    customer("why is there tax")
    assert [one.question for one in list_questions(store, location="billing/vat/")] == ["why is there tax", "old"]
    assert [one.question for one in list_questions(store, source="customer")] == ["why is there tax"]
    assert [one.question for one in list_questions(store, since=NOON - timedelta(days=1))] == [
        "why is there tax", "other",
    ]  # fmt: skip


def test_only_the_newest_are_in_force(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "MOST_KEPT", 3)
    keep(store, [taught(f"question {name}", at=NOON + timedelta(hours=n)) for n, name in enumerate("abcde")])
    assert [question for question, *_ in known(store)] == ["question e", "question d", "question c"]


# --- what customers say


def test_a_yes_after_a_search_teaches_its_question(store: Store, customer: Customer) -> None:
    customer("why is there tax", tab="tab-karla")
    [one] = known_questions(store)
    assert (one.question, one.location, one.source, one.session) == (
        "why is there tax", "billing/vat/", "customer", "tab-karla",
    )  # fmt: skip


def test_a_section_among_the_results_is_its_page(store: Store, customer: Customer) -> None:
    customer("cannot get in", "guide/reset/")
    assert known(store) == [("cannot get in", "guide/reset/", "customer")]


def test_a_yes_may_come_before_its_search_is_written(store: Store, log: SearchLog) -> None:
    one = search("why is there tax")
    keep_vote(store, Vote("billing/vat/", True, one.at, search_id=one.search_id, tab="tab-aaaa"))
    assert known(store) == []
    before = version(store)
    log.record(one)
    assert log.flush()
    assert known(store) == [("why is there tax", "billing/vat/", "customer")]
    assert version(store) != before


def test_the_words_that_were_clicked_on_are_taught(store: Store, log: SearchLog) -> None:
    first, second = search("why tax", 0), search("why tax on bi", 1, results=("faq/",), scores=(0.5,))
    for one in (first, second):
        log.record(one)
    log.event(SearchEvent(first.search_id, "click", first.at, "billing/vat/", 2))
    assert log.flush()
    keep_vote(store, Vote("billing/vat/", True, NOON, search_id=first.search_id, tab="tab-aaaa"))
    assert known(store) == [("why tax", "billing/vat/", "customer")]


def test_a_later_no_takes_back_what_the_yes_taught(store: Store, customer: Customer) -> None:
    customer("why is there tax", tab="tab-karla")
    before = version(store)
    keep_vote(store, Vote("billing/vat/#section", False, now(), tab="tab-karla"))
    assert known(store) == []
    assert version(store) != before


@pytest.mark.parametrize("more", [{"bot": True}, {"staff": True}, {"query": "x" * 301}, {"query": "bob@example.com"}])
def test_robots_staff_and_what_is_no_question_teach_nothing(
    store: Store, customer: Customer, more: dict[str, Any]
) -> None:
    customer(**{"query": "why is there tax", **more})
    assert known(store) == []


@pytest.mark.parametrize("more", [{"verdict": "none"}, {"degraded": True, "fallback_reason": "encoder_failed"}])
def test_a_list_that_was_thought_bad_teaches_too_when_it_helped(
    store: Store, customer: Customer, more: dict[str, Any]
) -> None:
    customer("why is there tax", **more)
    assert len(known(store)) == 1


def test_an_article_opened_after_asking_for_more_is_taught_when_it_helped(store: Store, customer: Customer) -> None:
    more = {"results": ("faq/", "guide/reset/#forgot", "billing/vat/"), "scores": (0.9, 0.3, 0.2)}
    customer("why is there tax", "billing/vat/", **more, fits=(True, False, False))
    customer("cannot get in", "guide/reset/", **more, fits=(False, False, False))
    assert {(question, location) for question, location, _ in known(store)} == {
        ("why is there tax", "billing/vat/"),
        ("cannot get in", "guide/reset/"),
    }


def test_votes_from_before_lists_had_an_end_still_teach(store: Store, customer: Customer) -> None:
    customer("why is there tax", "billing/vat/")
    with store.transaction() as db:
        db.execute("UPDATE intents SET results = :old", {"old": '[["faq/", 0.9], ["billing/vat/#why", 0.3]]'})
    assert known(store) == [("why is there tax", "billing/vat/", "customer")]


def test_an_article_that_was_not_in_the_list_cannot_be_taught(store: Store, customer: Customer) -> None:
    customer("why is there tax", "somewhere/else/")
    customer("why is there tax", "billing/")
    customer("why is there tax", "guide/reset/#forgot/../../billing/vat/", results=("guide/",), scores=(0.4,))
    assert known(store) == []


def test_a_vote_without_a_search_teaches_nothing(store: Store) -> None:
    keep_vote(store, Vote("billing/vat/", True, NOON, tab="tab-aaaa"))
    keep_vote(store, Vote("billing/vat/", True, NOON, search_id="search-unknown", tab="tab-bbbb"))
    assert known(store) == []


def test_many_votes_on_one_search_are_one_opinion_whatever_tabs_they_name(store: Store, log: SearchLog) -> None:
    one = search("why is there tax", tab=None)
    log.record(one)
    assert log.flush()
    for number in range(30):
        keep_vote(store, Vote("billing/vat/", True, NOON, search_id=one.search_id, tab=f"invented-{number:04d}"))
    assert len(known(store)) == 1


def test_a_tab_cannot_vote_on_the_search_of_another_one(store: Store, log: SearchLog) -> None:
    one = search("why is there tax", tab="tab-karla")
    log.record(one)
    assert log.flush()
    keep_vote(store, Vote("billing/vat/", True, NOON, search_id=one.search_id, tab="tab-mallory"))
    assert known(store) == []


def test_votes_without_a_tab_are_one_opinion(store: Store, log: SearchLog) -> None:
    for number in range(5):
        one = search("why is there tax", number * 100, tab=None)
        log.record(one)
        assert log.flush()
        keep_vote(store, Vote("billing/vat/", True, NOON, search_id=one.search_id))
    assert len(known(store)) == 1


def test_customers_teach_one_page_so_much_in_a_day_and_no_more(store: Store, customer: Customer) -> None:
    for number in range(learned.MOST_CONFIRMATIONS_A_DAY + 10):
        customer(f"question number {number}", seconds=number * 40)
    assert len(known(store)) == learned.MOST_CONFIRMATIONS_A_DAY
    assert known(store)[-1][0] == "question number 0"
    customer("cannot get in", "guide/reset/")
    customer("the next day", seconds=24 * 3600)
    assert len(known(store)) == learned.MOST_CONFIRMATIONS_A_DAY + 2


def test_customers_cannot_push_out_what_the_company_says(
    store: Store, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learned, "MOST_OF_CUSTOMERS", 3)
    keep(store, [taught("kept", at=NOON - timedelta(days=300))])
    for number in range(6):
        customer(f"question {number}", seconds=number * 40)
    assert [source for *_, source in known(store)] == ["agent", "customer", "customer", "customer"]
    assert known(store)[1][0] == "question 5"


def test_what_several_customers_say_is_one_line_with_their_number(store: Store, customer: Customer) -> None:
    for number, words in enumerate(("why tax on it", "Why tax on it?", "why  TAX on it")):
        customer(words, seconds=number * 100)
    [one] = list_questions(store)
    assert (one.people, one.source, one.who) == (3, "customer", "")


def test_what_a_writer_removed_no_customer_can_bring_back(store: Store, customer: Customer) -> None:
    customer("why is there tax")
    [one] = list_questions(store)
    assert learned.remove(store, [one.id], NOON) == 1
    assert known(store) == []
    customer("Why is there TAX?", seconds=100)
    assert known(store) == []
    [removed] = list_questions(store, removed=True)
    assert (removed.id, removed.people, removed.removed_at) == (one.id, 2, NOON)
    assert learned.restore(store, [one.id]) == 1
    assert len(known(store)) == 2


def test_deciding_on_customers_words_does_not_keep_them(store: Store, customer: Customer) -> None:
    customer("why is there tax on pears")
    [one] = list_questions(store)
    learned.mark_promoted(store, [one.id], NOON)
    learned.remove(store, [one.id], NOON)
    assert store.read("SELECT question, search_id FROM learned") == [{"question": "", "search_id": None}]


def test_what_customers_taught_goes_with_their_votes_and_searches(store: Store, customer: Customer) -> None:
    customer("why is there tax")
    customer("cannot get in", "guide/reset/", seconds=100)
    before = version(store)
    assert erase_old(store, NOON + timedelta(seconds=50), NOON) == 1
    assert known(store) == [("cannot get in", "guide/reset/", "customer")]
    assert version(store) != before
    erase_old_votes(store, NOON + timedelta(days=1))
    assert known(store) == []


def test_a_search_erased_by_hand_is_unlearned_and_noticed(store: Store, customer: Customer) -> None:
    customer("why is there tax")
    before = version(store)
    with store.transaction() as by_hand:
        by_hand.execute("DELETE FROM intents WHERE query LIKE '%tax%'")
    assert known(store) == []
    assert version(store) != before


def test_nothing_new_is_nothing_to_notice(store: Store, log: SearchLog, customer: Customer) -> None:
    customer("why is there tax")
    before = version(store)
    log.record(search("another question"))
    assert log.flush()
    known_questions(store)
    list_questions(store)
    assert version(store) == before


@pytest.mark.sqlite
def test_a_store_of_the_first_version_learns_too(store: Store, log: SearchLog, customer: Customer) -> None:
    customer("why is there tax")
    assert log.close()
    store.close()
    with sqlite3.connect(store.at) as first:
        for [trigger] in first.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            first.execute(f"DROP TRIGGER {trigger}")
        first.execute("DROP TABLE learned")
        first.execute("DROP TABLE learned_changes")
        first.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '%learned%'")
    first.close()
    store.upgrade()
    assert len(known(store)) == 1
    assert keep(store, [taught("vat")]).new == 1
