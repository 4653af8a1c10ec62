"""What people open more than its place explains moves up, where that is proven to help, and search says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from handrail_feedback.records.searches import Search, SearchEvent
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.adapters.openings import CountOpenings, popularity_in
from handrail_search.index.build import build_index
from handrail_search.ranking.live import LiveIndex
from waiting import until

from ..acme import ARTICLES, write_site
from ..conftest import MODEL

QUESTION = "money"


@pytest.fixture
def store(own_acme):
    store = Store(own_acme / "state" / "store.db")
    yield store
    store.close()


def look_at_lists(store, hits, liked, lists=900):
    """People who look at lists of two results, in either order, and mostly open the one that they like."""
    log = SearchLog(store, retention_days=36_500)
    begun = datetime.now(UTC) - timedelta(days=30)
    for number in range(lists):
        pair = [hits[0].location, liked] if number % 2 else [liked, hits[0].location]
        at, name = begun + timedelta(minutes=number), f"{number:022d}"
        words = f"question {chr(97 + number % 26) * (3 + number % 7)}"
        shown = {"results": tuple(pair), "scores": (0.5, 0.495), "at": at}
        log.record(Search(name, f"tab-{number:08d}", words, "en", "answered", "hybrid", False, None, **shown))
        log.event(SearchEvent(name, "seen", at))
        opened = liked if number % 10 < 8 else pair[0]
        log.event(SearchEvent(name, "click", at, location=opened, position=1 + pair.index(opened)))
    assert log.flush(60)
    log.close()


def test_what_people_open_moves_up_and_explain_says_what_that_added(own_acme, store, monkeypatch):
    settings = load_settings(site_dir=own_acme / "site", flags={"state_dir": str(own_acme / "state")})
    live = LiveIndex(settings.index_dir, every=3600)
    before = live.searcher().search(QUESTION)
    liked = before.hits[1].location.partition("#")[0]
    look_at_lists(store, before.hits, liked)
    counting = CountOpenings(live, settings, every=3600)
    assert counting.look()
    after = live.searcher().search(QUESTION)
    [hit] = [hit for hit in after.hits if hit.location.partition("#")[0] == liked]
    assert hit.why["popularity"] > 0
    assert hit.score == pytest.approx(min(sum(hit.why.values()) / 3.2, 1), abs=0.001)
    assert (after.verdict, after.confidence) == (before.verdict, before.confidence)
    monkeypatch.chdir(own_acme)
    command = ["search", "--explain", "--state-dir", str(own_acme / "state"), QUESTION]
    told = CliRunner().invoke(main, command).output
    assert "popularity: counts 0." in told
    assert "opened more, or less, than others where it was shown" in told
    counting.stop()


def test_without_enough_openings_nothing_moves_and_explain_says_so(own_acme, store, monkeypatch):
    store.check()
    monkeypatch.chdir(own_acme)
    told = CliRunner().invoke(main, ["search", "--explain", "--state-dir", str(own_acme / "state"), QUESTION]).output
    assert "popularity: none yet, from 0 lists" in told


def test_pages_that_are_gone_are_left_out(searcher, own_acme, store):
    look_at_lists(store, searcher.search(QUESTION).hits, "gone/page/", lists=20)
    found = popularity_in(store, searcher.index, datetime.now(UTC))
    assert len(found.points) == len(searcher.index.pages)
    assert found.opened < 20  # those that opened what is gone count as not opened


def test_openings_are_counted_once_an_hour_and_at_once_for_a_new_index(own_acme, store):
    store.check()
    settings = load_settings(site_dir=own_acme / "site", flags={"state_dir": str(own_acme / "state")})
    live = LiveIndex(settings.index_dir, every=3600)
    counting = CountOpenings(live, settings, every=3600)
    assert counting.look()
    counted = live.searcher().popularity
    assert counted is not None
    assert counting.look()
    assert live.searcher().popularity is counted
    build_index(list(read_site(write_site(own_acme / "site", ARTICLES[:-1]))), own_acme / "state", MODEL)
    live.look()
    assert live.searcher().popularity is None
    assert counting.look()
    assert len(live.searcher().popularity.points) == len(ARTICLES) - 1
    counting.stop()


def test_the_service_counts_what_people_open(own_acme, store, make_app, monkeypatch):
    store.check()
    monkeypatch.setattr(CountOpenings, "first_after", lambda _: 0.01)
    app = make_app(own_acme)
    until(lambda: app.extensions["handrail"].live.searcher().popularity is not None)
