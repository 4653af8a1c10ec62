"""Messages of which whoever answers them says that they need an article stand in topics, and go when that is undone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.contracts import Meaning, PastAnswer, PresentAnswer
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.records.mailings import AnsweringArticle, Wish
from handrail_feedback.records.messages import Message
from handrail_feedback.records.searches import SearchEvent
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import needs_article, outcomes_of, undo_outcome
from handrail_feedback.storage.messages.mailings import ask_to_be_told
from handrail_feedback.storage.messages.messages import forget_message, keep_message
from handrail_feedback.storage.searches.decisions import decide
from handrail_feedback.storage.searches.topics import members, read_history, topics
from handrail_feedback.topics import listing
from handrail_feedback.topics.facts import Facts
from handrail_feedback.topics.listing import find_topic, read_book
from handrail_feedback.topics.proving import Proven, prove_topics
from handrail_feedback.topics.refresh import refresh
from handrail_feedback.topics.replay import decided_articles, past_questions
from handrail_feedback.topics.text import why_it_failed

from ..conftest import NOON, by_last_word, search
from .test_topic_facts import DAY, WEEK, Site

_tokens = itertools.count(1)


@pytest.fixture
def needed(store: Store) -> Callable[..., str]:
    """A message that needs an article, by somebody else each time; gives back its code."""

    def write(*questions: str) -> str:
        code = keep_message(store, Message("Dear all, …", "", "", "en", NOON, f"token-{next(_tokens)}"))
        needs_article(store, code, questions, "anna", NOON, f"token-{next(_tokens)}")
        return code

    return write


def update(store: Store, **more: bool) -> None:
    refresh(store, Meaning("test", by_last_word), NOON, **more)


def facts(store: Store) -> Facts:
    [topic] = topics(store)
    found = find_topic(read_book(store), Site(), topic, WEEK, NOON)
    assert found
    return found.facts


def test_messages_count_as_a_person_each_beside_searches_and_an_article_is_suggested(store, fail, needed):
    fail(["my password", "your password"], verdict="weak")
    update(store)
    assert facts(store).suggestion == "reword"
    needed("a way to change the password")
    needed("set another password", "and what of the old one")
    update(store)
    found = facts(store)
    assert (found.people, found.suggestion) == (4, "write")
    assert found.next["contacted"] == 2
    assert "2 in a message, of which who answers it says that an article is needed" in why_it_failed(found.kinds, 1)


def test_messages_alone_make_a_topic_and_keep_it_when_all_is_grouped_anew(store, needed):
    for question in ("one walrus", "two walrus", "three walrus"):
        needed(question)
    update(store)
    [number] = topics(store)
    assert facts(store).people == 3 and facts(store).name.endswith("walrus")
    update(store, regroup=True)
    assert list(topics(store)) == [number] and len(members(store)) == 3


def test_two_messages_of_one_thread_are_one_person(store, needed):
    code = needed("one walrus")
    needs_article(store, code, ["another walrus"], "anna", NOON, "token-again")
    update(store)
    assert (len(members(store)), facts(store).people) == (2, 1)


@pytest.mark.parametrize("how", ["undone", "erased"])
def test_with_the_message_or_its_undoing_its_place_and_its_words_are_gone(store, fail, needed, how):
    fail(["my password"])
    code = needed("a zebracorn password")
    update(store)
    assert len(members(store)) == 2
    if how == "erased":
        assert forget_message(store, code)
    else:
        [outcome] = outcomes_of(store, code)
        assert undo_outcome(store, outcome.id, "anna", NOON)
    assert len(members(store)) == 1
    assert facts(store).people == 1 and "zebracorn" not in str(facts(store))
    update(store)
    assert len(members(store)) == 1


def test_a_message_and_a_search_of_the_same_number_are_two_members(store, fail, needed):
    fail(["my password"])
    code = needed("your password")
    update(store)
    assert set(members(store)) == {("search", 1), ("message", 1)} == {one.key for one in read_book(store).members}
    [outcome] = outcomes_of(store, code)
    assert undo_outcome(store, outcome.id, "anna", NOON)
    assert set(members(store)) == {("search", 1)}
    update(store, regroup=True)
    assert set(members(store)) == {("search", 1)}


@pytest.mark.parametrize("gone", ["search", "message"])
def test_at_the_desk_what_was_erased_is_gone_and_what_has_the_same_number_stays(store, fail, needed, gone):
    fail(["my password"])
    code = needed("your password")
    update(store)
    cache = TopicCache(store, lambda _queries: Site(), 1)
    assert len(cache.take().book.members) == 2
    if gone == "message":
        assert forget_message(store, code)
    else:
        with store.transaction() as db:
            db.execute("DELETE FROM intents")
    book = cache.take().book
    [left] = book.members
    assert left.key.kind != gone and list(book.places) == [left.key] and list(book.by_topic.values()) == [[left]]


def test_the_article_decided_on_for_a_message_is_not_that_of_a_search_with_its_number(store, log, needed):
    for number, (query, verdict) in enumerate((("an invoice", "answered"), ("my password", "weak"))):
        one = search(query, 90 * number, f"tab-{number}", verdict=verdict)
        log.record(one)
        if verdict == "answered":
            log.event(SearchEvent(one.search_id, "click", one.at + timedelta(seconds=9), "billing/vat/", 2))
    assert log.flush()
    needed("your password")
    update(store)
    decide(store, 1, "writing", "ana", NOON, link="guide/")
    named = decided_articles(store, lambda link: link)
    assert named == {("search", 2): "guide/", ("message", 1): "guide/"}
    wanted = {past.question: past.wanted for past in past_questions(store, NOON - DAY, NOON + DAY, 9, named)}
    assert wanted == {"an invoice": "billing/vat/", "my password": "guide/"}


def test_who_waits_for_a_search_is_not_told_of_a_message_with_its_number(store, log, needed):
    """The message is answered now. The search of its number has the same words and did not fail: it is in no topic."""
    one = search("my password", 0, "tab-1", verdict="answered")
    log.record(one)
    assert log.flush()
    ask_to_be_told(store, Wish("my password", "bea@acme.test", "en", NOON, one.search_id), "key")
    with store.transaction() as db:
        db.execute("UPDATE tellings SET state = 'waiting'")
    for question in ("my password", "your password"):
        needed(question)
    update(store)
    assert set(members(store)) == {("message", 1), ("message", 2)}

    class Search:
        def state(self):
            return "g1 0"

        def answer(self, past):
            return PresentAnswer(PastAnswer("answered", ("guide/",)), (AnsweringArticle("guide/", "Guide"),))

    assert prove_topics(store, Search(), lambda link: link, NOON + DAY) == Proven(asked=1, proven=1)
    assert store.read("SELECT state FROM tellings") == [{"state": "waiting"}]


def test_messages_do_not_make_all_searches_be_read_again(store, fail, needed, monkeypatch):
    """They may have higher numbers than the last search that is known."""
    fail(["my password"])
    for question in ("one walrus", "two walrus", "three walrus"):
        needed(question)
    update(store)
    history = read_history(store)
    monkeypatch.setattr(listing, "read_history", lambda _store: pytest.fail("read twice"))
    assert len(read_book(store, history).members) == 4


def test_a_message_without_a_word_means_nothing_by_itself(store, needed):
    needed("12345678")
    needed()
    update(store)
    assert topics(store) == {}
