from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import OpenedArticle, OpeningSearch, SearchEvent, Vote
from handrail_feedback.reports.article_facts import ENOUGH_READERS, ArticleFacts, ReaderFigures, facts_of_articles
from handrail_feedback.reports.articles import OneArticle, find_article_facts, place_of, read_list
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import erase_old
from handrail_feedback.storage.searches.votes import erase_old_votes, keep_vote, reasons_by_search

from ..conftest import NOON, search

VAT = "billing/vat/"
SITE = {
    "": {"title": "Home"},
    VAT: {"title": "VAT number", "source": "billing/vat.md", "owner": "billing", "review_by": "2026-02-01"},
    "guide/reset/": {"title": "Reset", "source": "guide/reset.md"},
}
HERE = Period(NOON - timedelta(days=1), NOON + timedelta(days=6))
_tabs = count(1)
Read = Callable[..., str]


@pytest.fixture
def read(log: SearchLog) -> Read:
    """Somebody searches and opens an article; gives their tab."""

    def go(query: str = "vat number", seconds: float = 0, tab: str | None = "", opens: str = VAT, **more: Any) -> Any:
        tab = f"reader-{next(_tabs)}" if tab == "" else tab
        one = search(query, seconds, tab, **more)
        log.record(one)
        log.event(SearchEvent(one.search_id, "click", one.at + timedelta(seconds=5), f"{opens}#rate", 1))
        assert log.flush()
        return tab

    return go


def vat(store: Store, least: int = 1) -> OneArticle:
    found = find_article_facts(store, SITE, VAT, HERE, least)
    assert found
    return found


def facts(store: Store) -> ArticleFacts:
    return vat(store).article.facts


def vote(store: Store, *reasons: str, helpful: bool = False, **more: Any) -> None:
    keep_vote(store, Vote(VAT, helpful, NOON, **{"tab": f"voter-{next(_tabs)}", "reasons": reasons, **more}))


# --- Readers --------------------------------------------------------------------------------------------------------


def test_readers_are_tabs_however_often_they_come_back(store: Store, log: SearchLog, read: Read) -> None:
    tab = read()
    one = search("vat number", 10, tab)
    log.record(one)
    for seconds in (20, 40, 60):  # the back button, a second look
        log.event(SearchEvent(one.search_id, "click", NOON + timedelta(seconds=seconds), VAT, 1))
    assert log.flush()
    read("tax rate", 100, tab)
    read("vat number", 0)
    assert facts(store).now.readers == 2


def test_every_article_that_one_search_opened_has_its_reader(store: Store, log: SearchLog) -> None:
    one = search("vat")
    log.record(one)
    for place in (VAT, "guide/reset/", VAT):
        log.event(SearchEvent(one.search_id, "click", NOON, place, 1))
    assert log.flush()
    found = read_list(store, SITE, HERE, 1)
    assert [(one.about.location, one.facts.now.readers) for one in found.articles] == [
        ("guide/reset/", 1), (VAT, 1), ("", 0)
    ]  # fmt: skip


def test_robots_and_staff_are_no_readers_and_no_voters(store: Store, read: Read) -> None:
    read(bot=True)
    read(staff=True)
    vote(store, bot=True)
    vote(store, staff=True)
    read(tab="tab-of-a-robot", search_id="robots-search", bot=True)
    vote(store, search_id="robots-search")
    assert (facts(store).now.readers, facts(store).now.votes) == (0, 0)


def test_what_was_opened_is_erased_with_its_search(store: Store, read: Read) -> None:
    read()
    erase_old(store, NOON + timedelta(days=1), NOON + timedelta(days=1))
    assert store.read("SELECT * FROM openings") == []


@pytest.mark.sqlite
def test_of_a_store_from_before_the_article_opened_last_is_known(store: Store, read: Read, log: SearchLog) -> None:
    read()
    assert log.close()
    store.close()
    with sqlite3.connect(store.at) as before:
        for name in ("openings", "vote_reasons"):
            before.execute(f"DROP TABLE {name}")
        for name in ("votes_by_time", "votes_by_tab"):
            before.execute(f"DROP INDEX {name}")
        for name in ("bot", "staff"):
            before.execute(f"ALTER TABLE votes DROP COLUMN {name}")
        before.execute("DELETE FROM _sqlite_migrations WHERE name LIKE 'm04%'")
    before.close()
    store.upgrade()
    assert facts(store).now.readers == 1
    vote(store, "outdated")
    assert facts(store).reasons == {"outdated": 1}


def test_a_script_cannot_fill_the_store_with_openings(store: Store, log: SearchLog) -> None:
    one = search("vat")
    log.record(one)
    for number in range(80):
        log.event(SearchEvent(one.search_id, "click", NOON, f"made/up/{number}/", 1))
    assert log.flush()
    assert len(store.read("SELECT * FROM openings")) == 50
    assert {one.about.location for one in read_list(store, SITE, HERE, 1).articles} == set(SITE)


def test_both_periods_stand_side_by_side_when_both_are_known(store: Store, read: Read) -> None:
    read(seconds=-3 * 86_400)
    read()
    assert (facts(store).now.readers, facts(store).before.readers) == (1, 1)
    assert not vat(store).comparable
    read(seconds=-30 * 86_400)
    assert vat(store).comparable


# --- What they did next ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "asked"), [(-1, 0), (1, 1), (29, 1), (31, 0)])
def test_who_went_to_a_person_soon_after_reading_asked_one(
    store: Store, log: SearchLog, read: Read, minutes: int, asked: int
) -> None:
    tab = read()
    later = search("something else", minutes * 60 - 30, tab)
    log.record(later)
    log.event(SearchEvent(later.search_id, "contact", NOON + timedelta(minutes=minutes)))
    assert log.flush()
    assert facts(store).now.asked == asked


def test_a_tab_that_never_closes_takes_no_longer_than_many_tabs() -> None:
    day = Period(NOON - timedelta(days=400), NOON)
    steps = [
        OpeningSearch("tab", NOON - timedelta(minutes=number), f"q{number}", f"q{number}", None)
        for number in range(20_000)
    ]
    opened = [
        OpenedArticle("a/", step.at, number, "tab", step.query, step.shape, None) for number, step in enumerate(steps)
    ]
    began = time.process_time()
    assert facts_of_articles(ReaderFigures(opened, [], steps), day)["a/"].now.readers == 1
    assert time.process_time() - began < 5


def test_who_has_no_tab_asks_a_person_by_their_own_search_alone(store: Store, log: SearchLog, read: Read) -> None:
    one = search("vat", 0, None)
    log.record(one)
    log.event(SearchEvent(one.search_id, "click", NOON, VAT, 1))
    log.event(SearchEvent(one.search_id, "contact", NOON + timedelta(minutes=2)))
    assert log.flush()
    read(tab=None)
    assert (facts(store).now.readers, facts(store).now.asked) == (2, 1)


def test_words_of_few_people_are_counted_and_not_told(store: Store, read: Read, log: SearchLog) -> None:
    tabs = [read("VAT number"), read("vat number"), read("vat number")]
    read("my own secret matter")
    for number, tab in enumerate(tabs):
        log.record(search("change the invoice", 600 + number, tab))
    log.record(search("much later", 4000, tabs[0]))
    assert log.flush()
    words = vat(store, least=3).words
    assert [(one.query, one.people) for one in words.came.shown] == [("vat number", 3)]
    assert words.came.other_people == 1
    assert [(one.query, one.people) for one in words.searched_next.shown] == [("change the invoice", 3)]


# --- Votes ----------------------------------------------------------------------------------------------------------


def test_a_share_is_told_from_enough_votes_on(store: Store) -> None:
    for _ in range(ENOUGH_READERS - 1):
        vote(store, helpful=True)
    assert facts(store).now.helped is None
    vote(store)
    assert facts(store).now.helped == 0.95


def test_reasons_and_sentences_stand_with_their_article(store: Store) -> None:
    vote(store, "outdated", "unclear", comment="Call bob@example.com")
    vote(store, "outdated")
    vote(store, "worked", helpful=True)
    assert facts(store).reasons == {"outdated": 2, "unclear": 1, "worked": 1}
    [sentence] = vat(store).words.sentences
    assert (sentence.words, sentence.reasons) == ("Call [email]", ("unclear", "outdated"))


@pytest.mark.sqlite
def test_a_vote_finds_its_tabs_earlier_one_without_looking_at_all_votes_of_the_article(store: Store) -> None:
    plan = store.read("EXPLAIN QUERY PLAN DELETE FROM votes WHERE tab = 'a' AND location = 'b'")
    assert "votes_by_tab (tab=? AND location=?)" in plan[0]["detail"]


def test_a_second_vote_takes_the_reasons_of_the_first_along(store: Store) -> None:
    vote(store, "outdated", tab="tab-aaaa", comment="old")
    vote(store, helpful=True, tab="tab-aaaa")
    assert facts(store).reasons == {}
    assert store.read("SELECT * FROM vote_reasons") == []
    assert vat(store).words.sentences == ()


def test_reasons_go_with_their_votes_when_their_time_is_over(store: Store) -> None:
    vote(store, "outdated")
    erase_old_votes(store, NOON + timedelta(days=1))
    assert store.read("SELECT * FROM vote_reasons") == []


def test_there_is_no_reason_without_a_vote_and_none_that_does_not_fit(store: Store) -> None:
    with pytest.raises(ValueError, match="no reason of a yes"):
        Vote(VAT, True, NOON, reasons=("outdated",))
    with pytest.raises(Exception, match=r"(?i)foreign key"), store.transaction() as db:
        db.execute("INSERT INTO vote_reasons (vote_id, reason) VALUES (1, 'outdated')")


def test_the_reasons_of_a_no_are_known_by_their_search(store: Store, log: SearchLog) -> None:
    one = search("vat")
    log.record(one)
    assert log.flush()
    vote(store, "outdated", search_id=one.search_id)
    vote(store, "worked", helpful=True, search_id=one.search_id)
    assert list(reasons_by_search(store).values()) == [("outdated",)]


# --- The site -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named", ["billing/vat.md", "docs/billing/vat.md", "./docs/billing/vat.md", VAT, "/billing/vat"]
)
def test_an_article_is_named_by_its_file_or_its_address(named: str) -> None:
    assert place_of(named, SITE) == VAT


def test_owner_and_review_date_are_those_of_the_site(store: Store) -> None:
    about = vat(store).article.about
    assert (about.title, about.owner, str(about.review_by), about.gone) == (
        "VAT number",
        "billing",
        "2026-02-01",
        False,
    )


def test_an_article_that_is_gone_can_still_be_looked_at(store: Store, read: Read) -> None:
    read(opens="old/page/")
    found = find_article_facts(store, SITE, "old/page/", HERE, 1)
    assert found is not None
    assert found.article.about.gone
    assert find_article_facts(store, SITE, "never/was/", HERE, 1) is None
