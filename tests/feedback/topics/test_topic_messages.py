"""Messages of which whoever answers them says that they need an article stand in topics, and go when that is undone."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.messages import Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import needs_article, outcomes_of, undo_outcome
from handrail_feedback.storage.messages.messages import forget_message, keep_message
from handrail_feedback.storage.searches.topics import members, topics
from handrail_feedback.topics.facts import Facts
from handrail_feedback.topics.listing import find_topic, read_book
from handrail_feedback.topics.refresh import refresh
from handrail_feedback.topics.text import why_it_failed

from ..conftest import NOON, by_last_word
from .test_topic_facts import WEEK, Site

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


def test_a_message_without_a_word_means_nothing_by_itself(store, needed):
    needed("12345678")
    needed()
    update(store)
    assert topics(store) == {}
