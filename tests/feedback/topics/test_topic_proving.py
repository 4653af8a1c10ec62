"""Topics are proven by asking their searches again, lost when an index answers them no more, and people are told."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.contracts import Meaning, Past, PastAnswer, PresentAnswer
from handrail_feedback.records.decisions import Figures, ReplayResult
from handrail_feedback.records.mailings import AnsweringArticle, Wish
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import ask_to_be_told
from handrail_feedback.storage.searches.decisions import decide, undo
from handrail_feedback.storage.searches.topics import failed_searches, read_history, sizes
from handrail_feedback.topics import listing, proving
from handrail_feedback.topics import refresh as refreshing
from handrail_feedback.topics.facts import people
from handrail_feedback.topics.listing import read_book
from handrail_feedback.topics.proving import Proven, prove_topics
from handrail_feedback.topics.refresh import refresh
from handrail_feedback.topics.status import TopicStatus, could_be_decided_at, was_in_time
from handrail_feedback.topics.text import answered_now, where_answered

from ..conftest import NOON, by_last_word, search

DAY = timedelta(days=1)
PASSWORD = ("forgot my password", "lost my password", "new password", "reset password", "which password")
ARTICLE = "account/password/"
GOOD = PastAnswer("answered", (ARTICLE, "billing/vat/"))
WEAK = PastAnswer("weak", ("billing/vat/", ARTICLE))
_tabs = itertools.count(1)


@dataclass
class Site:
    """Search that answers what it is told to, and counts what it is asked."""

    knows: dict[str, PastAnswer] = field(default_factory=dict)
    index: str = "g1"
    lessons: int = 0
    may_tell: tuple[AnsweringArticle, ...] = (AnsweringArticle(f"{ARTICLE}#new", "Reset your password"),)
    asked: list[str] = field(default_factory=list)

    def state(self) -> str:
        return f"{self.index} {self.lessons}" if self.index else ""

    def answer(self, past: Past) -> PresentAnswer | None:
        self.asked.append(past.question)
        return PresentAnswer(self.knows.get(past.question, WEAK), self.may_tell)

    def learn(self, *questions: str, index: str) -> None:
        self.knows, self.index = dict.fromkeys(questions, GOOD), index


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def failed(store: Store, log: SearchLog) -> Callable[..., None]:
    """Keeps weak searches, each by somebody else unless named; those that end with the same word are one topic."""

    def record(*queries: str, day: float = 0, tab: str = "", **more: object) -> None:
        for number, query in enumerate(queries):
            who, second = tab or f"tab-{next(_tabs)}", day * 86_400 + 90 * number
            log.record(search(query, second, who, **{"verdict": "weak", "results": ("billing/vat/",), **more}))
        assert log.flush()
        refresh(store, Meaning("test", by_last_word), NOON + DAY * day)

    return record


def test_a_topic_is_as_many_people_by_its_size_as_by_its_facts(store: Store, failed: Callable[..., None]) -> None:
    failed(*PASSWORD[:2])
    failed(*PASSWORD[2:], crowd="one network")
    failed("a password", tab="tab-again")
    failed("any password", tab="tab-again", day=0.1)
    [(topic, size)] = sizes(store).items()
    assert size.members == 7
    assert size.people == people(read_book(store).by_topic[topic]) == 4


def found(link: str) -> str:
    if link != ARTICLE:
        raise LookupError
    return link


@pytest.fixture
def prove(store: Store, site: Site) -> Callable[..., Proven]:
    def at(day: float = 1) -> Proven:
        return prove_topics(store, site, found, NOON + DAY * day)

    return at


def stands(store: Store, day: float = 1) -> TopicStatus:
    book = read_book(store)
    [topic] = book.by_topic
    return book.status(topic, NOON + DAY * day)


# --- Proven --------------------------------------------------------------------------------------------------------


def test_a_topic_that_search_answers_now_is_proven_whether_somebody_decided_on_it_or_not(store, failed, site, prove):
    failed(*PASSWORD[:3])
    assert prove() == Proven(asked=1)
    assert stands(store).state == "new" and stands(store).asked.figures == Figures(3, 0)
    site.learn(*PASSWORD, index="g2")
    assert prove(2) == Proven(asked=1, proven=1)
    one = stands(store, 2)
    assert (one.state, one.is_open, one.due) == ("proven", False, None)
    assert (one.proof.at, one.proof.generation, one.proof.figures) == (NOON + 2 * DAY, "g2", Figures(3, 3, ARTICLE, 3))
    rows = [*store.read("SELECT * FROM topic_asked"), *store.read("SELECT * FROM topic_proofs")]
    assert len(rows) == 2 and "forgot" not in str(rows)


@pytest.mark.parametrize(("people", "answered", "state"), [(5, 4, "proven"), (4, 3, "new"), (2, 2, "proven")])
def test_of_a_topics_people_four_in_five_have_to_be_answered(store, failed, site, prove, people, answered, state):
    failed(*PASSWORD[:people])
    site.learn(*PASSWORD[:answered], index="g1")
    prove()
    assert stands(store).state == state
    assert stands(store).asked.figures == Figures(people, answered, ARTICLE, answered)


def test_a_sure_verdict_whose_list_shows_nothing_proves_no_topic(store, failed, site, prove):
    failed(*PASSWORD[:3])
    site.knows = dict.fromkeys(PASSWORD, PastAnswer("answered", ()))
    prove()
    assert stands(store).state == "new"


def test_a_person_is_answered_when_all_that_they_searched_is(store, failed, site, prove):
    failed(*PASSWORD[:2], tab="tab-of-one")
    failed("a password", "b password")
    site.learn(PASSWORD[0], "a password", "b password", index="g1")
    prove()
    assert stands(store).asked.figures == Figures(3, 2, ARTICLE, 2)


def test_what_one_person_searched_is_no_topic_to_be_asked(failed, site, prove):
    failed(*PASSWORD, tab="tab-of-one")
    assert prove() == Proven() and site.asked == []


def test_a_list_that_looked_like_an_answer_and_failed_proves_nothing_by_looking_the_same(
    store, log, failed, site, prove
):  # fmt: skip
    failed(*PASSWORD[:3], verdict="answered")  # rephrased within a minute, say
    with store.transaction() as db:
        db.execute("UPDATE intents SET said_no_at = last_at")
    refresh(store, Meaning("test", by_last_word), NOON)
    site.learn(*PASSWORD, index="g1")
    prove()
    assert stands(store).state == "new"
    decide(store, 1, "writing", "ana", NOON + 2 * DAY, link=ARTICLE)
    prove(3)
    assert stands(store, 3).state == "proven", "the article that a decision names was not there then"


def test_an_article_that_stood_in_a_doubtful_list_proves_it_once_the_list_is_sure(store, failed, site, prove):
    failed(*PASSWORD[:3], results=(ARTICLE,))
    decide(store, 1, "reword", "ana", NOON, link=ARTICLE)
    prove()
    assert stands(store).state == "reword", "it stood there then, too"
    site.learn(*PASSWORD, index="g2")
    prove(2)
    assert stands(store, 2).state == "proven"


def test_nobody_has_to_decide_in_time_on_what_is_proven_but_what_is_out_of_scope_stays_so(store, failed, site, prove):
    failed(*PASSWORD[:3])
    site.learn(*PASSWORD, index="g1")
    prove()
    book = read_book(store)
    assert was_in_time(could_be_decided_at(book.by_topic[1], NOON), [], book.proofs[1], NOON - DAY, NOON + 30 * DAY)
    decide(store, 1, "out of scope", "ana", NOON + 2 * DAY)
    assert stands(store, 3).state == "out of scope"


# --- Lost, open again, proven again --------------------------------------------------------------------------------


def test_a_later_index_that_answers_no_more_loses_the_topic_and_another_proves_it_again(store, failed, site, prove):
    failed(*PASSWORD[:3])
    site.learn(*PASSWORD, index="g1")
    prove()
    site.learn(index="g2")
    assert prove(2) == Proven(asked=1, lost=1)
    one = stands(store, 2)
    assert (one.state, one.reopened_at, one.proof.change) == ("reopened", NOON + 2 * DAY, "lost")
    decide(store, 1, "reword", "ana", NOON + 3 * DAY)
    assert stands(store, 3).state == "reword"
    site.learn(*PASSWORD, index="g3")
    prove(4)
    assert stands(store, 4).state == "proven"
    assert [proof.change for proof in stands(store, 4).proofs] == ["proven", "lost", "proven"]


def test_a_topic_that_fails_again_after_its_proof_is_open_again_until_that_is_answered_as_well(
    store, failed, site, prove
):  # fmt: skip
    failed(*PASSWORD[:3])
    site.learn(*PASSWORD[:3], index="g1")
    prove()
    decide(store, 1, "writing", "ana", NOON + 1.5 * DAY)
    assert stands(store, 2).state == "proven", "the decision was written down after the fact"
    failed("x password", "y password", "z password", day=5)
    assert (stands(store, 6).state, stands(store, 6).reopened_at.date()) == ("reopened", (NOON + 5 * DAY).date())
    prove(6)
    assert stands(store, 6).state == "reopened", "the old searches are answered, the new ones are not"
    site.learn(*PASSWORD[:3], "x password", "y password", "z password", index="g2")
    prove(7)
    assert stands(store, 7).state == "proven"


# --- How often -----------------------------------------------------------------------------------------------------


def test_each_index_asks_a_topic_once_a_lesson_after_an_hour_and_a_decision_at_once(store, failed, site, prove):
    failed(*PASSWORD[:3])

    def asks(day: float) -> bool:
        return prove(day).asked == 1

    assert asks(1) and not asks(2)
    site.lessons += 1
    assert asks(3)
    site.lessons += 1
    assert not asks(3 + 1 / 48) and asks(3 + 1 / 23)
    site.index = "g2"
    assert asks(3.05)
    decide(store, 1, "writing", "ana", NOON + 3.06 * DAY)
    assert asks(3.07) and not asks(3.08)
    undo(store, 1, "ana", NOON + 3.09 * DAY)
    assert asks(3.1)
    failed("x password", day=4)
    assert asks(4.1) and not asks(5)
    assert len(site.asked) == 3 * 6 + 4


def test_after_enough_questions_no_other_topic_is_begun_and_the_rest_comes_next(store, failed, site):
    failed(*PASSWORD[:3], "one invoice", "two invoice", "one walrus", "two walrus")
    sizes = [prove_topics(store, site, found, NOON + DAY, most=4).asked for _ in range(3)]
    assert sizes == [2, 1, 0]


def test_search_that_knows_less_than_it_should_says_nothing_of_any_topic(store, failed, site, prove, monkeypatch):
    failed(*PASSWORD[:3])
    monkeypatch.setattr(site, "index", "")
    assert prove() == Proven()
    monkeypatch.setattr(site, "index", "g1")
    monkeypatch.setattr(site, "answer", lambda _past: None)
    assert prove() == Proven() and stands(store).asked is None


# --- Telling -------------------------------------------------------------------------------------------------------


@pytest.fixture
def waits(store: Store):
    """Somebody waits for an answer to a search, in words of their own where given."""

    def wait(query: str, question: str = "") -> None:
        [one] = [one for one in failed_searches(store) if one.intent.query == query]
        [row] = store.read("SELECT search_id FROM searches WHERE intent_id = :id", id=one.intent.id)
        wish = Wish(question or query, f"{next(_tabs)}@acme.test", "en", NOON, row["search_id"])
        ask_to_be_told(store, wish, "key")
        with store.transaction() as db:
            db.execute("UPDATE tellings SET state = 'waiting'")

    return wait


def told(store: Store) -> list[tuple[str, str]]:
    return [(row["question"], row["location"]) for row in store.read("SELECT * FROM tellings WHERE state = 'answered'")]


def test_who_waits_for_a_search_that_is_answered_now_is_told_once(store, failed, waits, site, prove):
    failed(*PASSWORD)
    waits(PASSWORD[0])
    waits(PASSWORD[1])
    site.learn(PASSWORD[0], index="g1")
    assert prove() == Proven(asked=1, told=1)
    assert told(store) == [(PASSWORD[0], f"{ARTICLE}#new")]
    site.index = "g2"
    assert prove(2).told == 0


@pytest.mark.parametrize(
    ("question", "may_tell"),
    [
        ("how deep is the ocean", (AnsweringArticle(ARTICLE, "Reset"),)),
        ("", ()),
        ("", (AnsweringArticle("billing/vat/", "VAT"),)),
    ],
)
def test_nobody_is_told_of_other_words_than_searched_or_of_an_article_that_is_not_for_them(
    store, failed, waits, site, prove, question, may_tell
):  # fmt: skip
    failed(*PASSWORD)
    waits(PASSWORD[0], question)
    site.learn(*PASSWORD, index="g1")
    site.may_tell = may_tell
    assert prove() == Proven(asked=1, proven=1)
    assert told(store) == []


def test_the_article_of_a_decision_is_told_of_also_where_search_is_in_doubt(store, failed, waits, site, prove):
    failed(*PASSWORD)
    waits(PASSWORD[0])
    decide(store, 1, "writing", "ana", NOON, link=ARTICLE)
    assert prove() == Proven(asked=1, proven=1, told=1)
    assert told(store) == [(PASSWORD[0], f"{ARTICLE}#new")]


@pytest.mark.parametrize(
    ("figures", "told_of", "place"),
    [
        (Figures(9, 6, "a/", 6), "6 of 9 people would get an answer now", "a/"),
        (Figures(9, 6, "a/", 3), "6 of 9 people would get an answer now, 3 of them the same", "a/"),
        (Figures(9, 7, "a/", 3), "7 of 9 people would get an answer now", None),
        (Figures(9, 2, "a/", 2), "<3 of 9 people would get an answer now", None),
        (Figures(2, 2, "a/", 2), "", None),
    ],
)
def test_small_numbers_are_hidden_and_one_article_is_named_where_half_find_the_same(figures, told_of, place):
    one = TopicStatus("new", None, (), None, None, False, None, ReplayResult("g1", NOON, "g1", figures))
    assert (answered_now(one, 3), where_answered(one, 3)) == (told_of, place)


def test_searches_are_read_once_for_grouping_and_proving(store, log, site, monkeypatch):
    log.record(search(PASSWORD[0], 0, "a", verdict="weak"))
    log.record(search(PASSWORD[1], 90, "b", verdict="weak"))
    assert log.flush()
    history = read_history(store)
    for module in (listing, proving, refreshing):
        monkeypatch.setattr(module, "read_history", lambda _store: pytest.fail("read twice"))
    refresh(store, Meaning("test", by_last_word), NOON, history=history)
    assert prove_topics(store, site, found, NOON, history=history) == Proven(asked=1)
    assert len(read_book(store, history).members) == 2


def test_a_search_that_joined_a_topic_since_the_history_was_read_is_not_missing(store, failed):
    failed(PASSWORD[0])
    history = read_history(store)
    failed(PASSWORD[1], day=1)
    assert len(read_book(store, history).members) == 2
