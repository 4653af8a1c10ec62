"""The desk's pages of articles: who may look, what they show, and what they never do."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.desk.reports import articles
from handrail_feedback.records.searches import SearchEvent, Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.searches.votes import erase_old_votes, keep_vote

from ...conftest import search
from ..desks import Desk, service, texts

DAY = timedelta(days=1)
_tabs = count(1)
EVIL = "<script>alert(1)</script> {{ 1111*1111 }} \u202e"
SITE = {
    "guide/reset/": {"title": "Reset it", "owner": "accounts", "review_by": "2020-01-31"},
    "billing/vat/": {"title": "VAT number", "owner": "billing"},
    "über/uns/": {"title": "About & us"},
}


@pytest.fixture
def app(tmp_path, monkeypatch, store_place):
    monkeypatch.setattr("handrail_search.service.site_files.BuiltSite.info", lambda _site: info())
    with service(tmp_path, store=str(store_place)) as app:
        yield app


def info():
    from handrail_kb.site.built.site_info import SiteInfo

    return SiteInfo(base_path="/help/", articles=SITE)


@pytest.fixture
def read(app):
    """People who search for something and open an article, each in a tab of their own."""

    def go(*queries: str, opens: str = "guide/reset/", asks: bool = False) -> None:
        log = app.extensions["handrail"].searches
        for query in queries:
            one = search(query, 0, f"reader-{next(_tabs)}", at=now() - DAY)
            log.record(one)
            log.event(SearchEvent(one.search_id, "click", one.at, opens, 1))
            if asks:
                log.event(SearchEvent(one.search_id, "contact", one.at + timedelta(minutes=3)))
        assert log.flush()

    return go


def listed(desk: Desk, address: str = "articles/") -> list[str]:
    assert desk.get(address).status_code == 200
    return re.findall(r'desk-topic"><div><a [^>]*><bdi>(.*?)</bdi>', desk.page)


def vote(store, *reasons: str, helpful: bool = False, comment: str = "", at=None) -> None:
    keep_vote(store, Vote("guide/reset/", helpful, at or now(), comment, tab=f"voter-{next(_tabs)}", reasons=reasons))


def test_nothing_is_shown_without_signing_in(app, read):
    read("forgot it")
    stranger = Desk(app.test_client())
    for path in ("articles/", "articles/at/guide/reset/"):
        assert stranger.get(path).status_code == 401
        assert "forgot" not in stranger.page


def test_the_list_says_who_read_whether_it_helped_and_who_keeps_it(desk, store, read):
    read("one", "two", "three", asks=True)
    read("four", opens="billing/vat/")
    vote(store)
    assert listed(desk) == ["Reset it", "VAT number"]
    said = texts(desk.page)
    assert "3 readers, before not enough data" in said
    assert "asked a person: 3" in said
    assert "1 reader, before" in said
    assert "0 yes, 1 no (not enough data)" in said
    assert "owner accounts" in said
    assert "review was due 2020-01-31" in said


def test_each_view_is_a_link(desk, store, read):
    read("one", "two", "three", asks=True)
    read("four", opens="billing/vat/")
    for _ in range(3):
        vote(store)
    assert listed(desk, "articles/?shows=asked") == ["Reset it"]
    assert listed(desk, "articles/?shows=no") == ["Reset it"]
    assert listed(desk, "articles/?shows=overdue") == ["Reset it"]
    assert listed(desk, "articles/?shows=nobody") == ["About &amp; us"]
    assert listed(desk, "articles/?shows=all&sort=title") == ["About &amp; us", "Reset it", "VAT number"]
    assert listed(desk, "articles/?owner=billing") == ["VAT number"]
    assert listed(desk, "articles/?q=NUMBER") == ["VAT number"]
    assert listed(desk, "articles/?q=walrus") == []
    assert "No article is like that" in desk.page


def test_a_long_list_has_pages(desk, read, monkeypatch):
    monkeypatch.setattr(articles, "ARTICLES_SHOWN", 1)
    read("one", "two")
    read("three", opens="billing/vat/")
    assert listed(desk) == ["Reset it"]
    assert 'href="/help/desk/articles/?page=2">Next' in desk.page
    assert listed(desk, "articles/?page=2") == ["VAT number"]


def test_one_article_says_where_its_readers_came_from_and_what_they_said(desk, store, read):
    read("forgot my password", "Forgot my password", "forgot my password", "my very own words")
    vote(store, "unclear", "failed", comment="The button is grey.")
    vote(store, "unclear")
    desk.get("articles/")
    assert desk.get(re.search(r'href="([^"]*articles/at/guide/reset/)"', desk.page)[1]).status_code == 200
    said = texts(desk.page)
    assert "forgot my password 3 people" in said
    assert "my very own words 1 person" in said
    assert "2 said: I do not understand it" in said
    assert "The button is grey." in said


def test_no_sentence_and_no_search_of_a_customer_becomes_a_part_of_the_page(desk, store, read):
    read(EVIL, EVIL, EVIL)
    vote(store, comment=EVIL)
    desk.get("articles/at/guide/reset/")
    assert "<script>" not in desk.page
    assert desk.page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "1234321" not in texts(desk.page)
    assert "\u202e" not in desk.page


def test_what_was_erased_is_shown_no_more_at_once(desk, store):
    vote(store, comment="Please forget this.", at=now() - DAY)
    desk.get("articles/at/guide/reset/")
    assert "Please forget this." in desk.page
    erase_old_votes(store, now())
    desk.get("articles/at/guide/reset/")
    assert "Please forget this." not in desk.page


def test_an_article_that_nobody_read_has_a_page_and_one_that_never_was_has_none(desk):
    assert desk.get("articles/at/%C3%BCber/uns/").status_code == 200
    assert "Nobody opened it from a search" in desk.page
    assert desk.get("articles/at/").status_code == 404
    assert desk.get("articles/at/no/such/page/").status_code == 404


@pytest.mark.parametrize("asked", ["days=x", "shows=<b>", "sort='", "owner=%00", "page=-1", "q=" + "x" * 5000])
def test_an_address_that_makes_no_sense_is_answered_all_the_same(desk, read, asked):
    assert desk.get(f"articles/?{asked}").status_code == 200
    assert "<b>" not in desk.page


def test_a_colleague_who_reads_german_reads_both_pages_of_articles_in_german(desk, store, read):
    read("one", "two", "three", asks=True)
    vote(store, "unclear")
    german = {"Accept-Language": "de"}
    desk.get("articles/", headers=german)
    said = texts(desk.page)
    for words in (
        "3 Personen, zuvor zu wenig Daten",
        "0 ja, 1 nein",
        "zuständig: accounts",
        "war zu prüfen bis",
        "meiste",
    ):
        assert words in said
    desk.get("articles/at/guide/reset/", headers=german)
    said = texts(desk.page)
    for words in ("Wonach sie vorher suchten", "one 1 Person", "1 sagten:", "unter 20 Stimmen"):
        assert words in said
    assert not re.search(r"\b(the|people|votes|readers|before|said)\b", said)
