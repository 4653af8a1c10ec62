"""What search learns while it serves: at once, for good, and without anybody waiting."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import stat
from datetime import UTC, datetime

import pytest

from handrail_feedback.records.learned import TaughtQuestion
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches import learned
from handrail_feedback.storage.searches.learned import keep
from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.adapters.teaching import Teacher, Teaching, read_known
from handrail_search.embedding.vector_cache import KnownVectors
from handrail_search.index.build import build_index
from handrail_search.ranking import searcher
from handrail_search.ranking.live import LiveIndex
from waiting import until

from ..acme import ARTICLES, article, write_site
from ..conftest import MODEL, stop

# An article on invoices is nearer than the one on where files are.
QUESTION = "where did my paperwork from last quarter go"
ANSWER = "mail/settings/"
AT = datetime(2026, 3, 2, tzinfo=UTC)


def places(client, question=QUESTION):
    answer = client.get("/api/search", query_string={"q": question})
    return [result["url"].lstrip("/").partition("#")[0] for result in answer.json["results"]]


def agent(question=QUESTION, location=ANSWER, source="agent"):
    return TaughtQuestion(question, location, source, datetime.now(UTC), "anna")


@pytest.fixture
def store(store_place, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    store.check()
    yield store
    store.close()


@pytest.fixture
def teach_now(own_acme):
    """Makes a Teaching that looks when it is told to, on a copy of the small site."""
    made = []

    def make():
        settings = load_settings(site_dir=own_acme / "site", flags={"state_dir": str(own_acme / "state")})
        made.append(Teaching(LiveIndex(settings.index_dir, every=3600), settings, every=3600))
        return made[-1]

    yield make
    for teaching in made:
        teaching.stop()


def first(teaching, question=QUESTION):
    return teaching.live.searcher().search(question).hits[0].location.partition("#")[0]


# --- through the whole service


@pytest.fixture
def looks(monkeypatch):
    """Who has looked for what is new, one entry for each look that has ended."""
    ended, look = [], Teaching.look_once

    def look_once(teaching):
        look(teaching)
        ended.append(teaching)

    monkeypatch.setattr(Teaching, "look_once", look_once)
    return ended


@pytest.mark.parametrize("source", ["agent", "writer", "import"])
def test_a_question_that_missed_finds_its_article_two_seconds_after_somebody_named_it(
    make_app, own_acme, store, looks, source
):
    app = make_app(own_acme)
    client, teaching = app.test_client(), app.extensions["handrail"].teaching
    assert places(client)[0] != ANSWER
    generation = client.get("/readyz").json["generation"]
    keep(store, [agent(source=source)])
    # It looks every second; when the question came, a look may have been under way that missed it.
    assert teaching.every == 1
    before = looks.count(teaching)
    until(lambda: looks.count(teaching) >= before + 2)
    assert places(client)[0] == ANSWER
    assert client.get("/readyz").json["generation"] == generation, "without a build"


def test_what_was_learned_survives_a_restart_and_a_new_generation(make_app, own_acme, store):
    former = make_app(own_acme)
    keep(store, [agent()])
    until(lambda: places(former.test_client())[0] == ANSWER)
    stop(former)
    client = make_app(own_acme).test_client()
    until(lambda: places(client)[0] == ANSWER)
    build_index(list(read_site(own_acme / "site")), own_acme / "state", MODEL)
    generation = client.get("/readyz").json["generation"]
    until(lambda: client.get("/readyz").json["generation"] != generation)
    until(lambda: places(client)[0] == ANSWER)


def test_what_is_removed_is_forgotten_at_once(make_app, own_acme, store):
    client = make_app(own_acme).test_client()
    keep(store, [agent()])
    until(lambda: places(client)[0] == ANSWER)
    learned.remove(store, [one.id for one in learned.list_questions(store)], AT)
    until(lambda: places(client)[0] != ANSWER)


def test_a_customer_who_was_helped_teaches_the_service(make_app, own_acme, store):
    client = make_app(own_acme).test_client()
    answer = client.get("/api/search", query_string={"q": "colleagues and my appointments", "tab": "tab-karla"}).json
    vote = {"url": answer["results"][0]["url"], "helpful": True, "search_id": answer["search_id"], "tab": "tab-karla"}
    assert client.post("/api/feedback", json=vote).status_code == 204
    teaching = client.application.extensions["handrail"].teaching
    until(lambda: [one.source for one in teaching.known] == ["customer"])
    assert teaching.known[0].question == "colleagues and my appointments"
    assert client.post("/api/feedback", json={**vote, "helpful": False}).status_code == 204
    until(lambda: not teaching.known)


@pytest.mark.parametrize("url", ["/nowhere/", "/assets/app.0123abcd.js", "/billing/", "/../secret.txt", "/404"])
def test_a_vote_on_what_is_no_page_is_refused(own_client, kept, url):
    answer = own_client.post("/api/feedback", json={"url": url, "helpful": True})
    assert answer.status_code == 400
    assert "not a page" in answer.json["error"]["what"]
    assert kept("votes") == []


def test_a_vote_is_on_a_page_however_its_address_is_written(make_app, own_acme, kept, own_client):
    page = own_acme / "site" / "über uns" / "index.html"
    page.parent.mkdir()
    page.write_text("<html><body>Us</body></html>")
    for url in ("/%C3%BCber%20uns/", "/über uns/#wir", "/"):
        assert own_client.post("/api/feedback", json={"url": url, "helpful": True}).status_code == 204
    assert [row["location"] for row in kept("votes")] == ["über uns/", "über uns/", ""]


# --- looking


def test_an_article_that_is_gone_is_ignored_and_counts_again_when_it_comes_back(teach_now, own_acme, store):
    new = article("mail/print/", "Print a message", "<p>Choose the printer and the number of copies.</p>")
    state = own_acme / "state"
    teaching = teach_now()

    def rebuild(articles):
        shutil.rmtree(own_acme / "site")
        build_index(list(read_site(write_site(own_acme / "site", articles))), state, MODEL)
        teaching.live.look()
        teaching.look()

    keep(store, [agent(location="mail/print/")])
    rebuild(ARTICLES)
    assert first(teaching) != "mail/print/"
    rebuild((*ARTICLES, new))
    assert first(teaching) == "mail/print/"
    rebuild(ARTICLES)
    assert first(teaching) != "mail/print/"


def test_a_search_and_a_vote_that_teach_nothing_are_no_work(teach_now, own_acme, store, monkeypatch):
    teaching = teach_now()
    keep(store, [agent()])
    teaching.look()
    taught = []
    monkeypatch.setattr(Teacher, "teach", lambda *_: taught.append(1))
    with store.transaction() as db:
        db.execute("INSERT INTO votes (at, location, helpful, comment) VALUES ('2026', 'a/', 1, '')")
    teaching.look()
    teaching.look()
    assert not taught
    keep(store, [agent("another question")])
    teaching.look()
    assert taught


@pytest.mark.sqlite
def test_a_store_that_cannot_be_read_leaves_what_was_learned_and_is_told_once(teach_now, store, caplog):
    teaching = teach_now()
    keep(store, [agent("the secret question of karla", "mail/send/"), agent()])
    teaching.look()
    assert first(teaching) == ANSWER
    store.close()
    teaching.stop()  # nobody has the store open
    store.at.rename(store.at.with_suffix(".away"))
    store.at.write_text("my shopping list\n" * 100)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            teaching.look()
    assert first(teaching) == ANSWER
    assert caplog.text.count("learned questions could not be read") == 1
    assert "karla" not in caplog.text
    store.at.unlink()
    store.at.with_suffix(".away").rename(store.at)
    keep(store, [agent("another question")])
    teaching.look()
    assert len(teaching.known) == 3


def test_without_a_store_none_is_made(teach_now, own_acme):
    teach_now().look()
    assert not (own_acme / "state" / "store.db").exists()


def test_a_child_after_a_fork_looks_for_itself(teach_now, store):
    teaching = teach_now()
    teaching.every = 0.05
    teaching.watch()
    until(lambda: teaching.live.searcher())
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            teaching.watch()
            keep(Store(store.at), [agent()])
            until(lambda: teaching.known)
            os.write(write, first(teaching).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == ANSWER


def test_the_thread_ends_with_its_teaching(own_acme):
    settings = load_settings(site_dir=own_acme / "site", flags={"state_dir": str(own_acme / "state")})
    import gc
    import threading

    teaching = Teaching(LiveIndex(settings.index_dir, every=0.05), settings, every=0.05)
    teaching.watch()
    [thread] = [one for one in threading.enumerate() if one.name == "Teaching" and one.is_alive()][-1:]
    del teaching
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


# --- vectors


def test_a_restart_encodes_nothing_again(teach_now, own_acme, store, monkeypatch):
    keep(store, [agent(), agent("another question", "mail/send/")])
    teach_now().look()
    encoded = []
    encode_known = searcher.encode_known

    def encode(known, encoder, vectors):
        encoded.append([one for one in known if one.question not in vectors])
        return encode_known(known, encoder, vectors)

    monkeypatch.setattr(searcher, "encode_known", encode)
    again = teach_now()
    again.look()
    assert len(again.known) == 2
    assert encoded == [[]]


def test_vectors_of_what_is_no_longer_known_are_not_kept(teach_now, own_acme, store):
    file = own_acme / "state" / "learned-vectors.db"
    teaching = teach_now()
    keep(store, [agent(), agent("another question", "mail/send/")])
    teaching.look()

    def rows():
        with sqlite3.connect(file) as db:
            found = db.execute("SELECT count(*) FROM sealed_vectors").fetchone()[0]
        db.close()
        return found

    assert rows() == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"paperwork" not in file.read_bytes()
    [one] = [one for one in learned.list_questions(store) if one.question == QUESTION]
    learned.remove(store, [one.id], AT)
    teaching.look()
    assert rows() == 1


def test_vectors_of_another_encoder_are_not_used(tmp_path, encoder):
    vector = encoder.encode_query("hello")
    KnownVectors(tmp_path / "v.db", "one", len(vector)).write({"hello": vector})
    assert list(KnownVectors(tmp_path / "v.db", "one", len(vector)).read(["hello", "other"])) == ["hello"]
    assert (KnownVectors(tmp_path / "v.db", "one", len(vector)).read(["hello"])["hello"] == vector).all()
    assert KnownVectors(tmp_path / "v.db", "two", len(vector)).read(["hello"]) == {}
    assert KnownVectors(tmp_path / "v.db", "one", 7).read(["hello"]) == {}
    KnownVectors(tmp_path / "v.db", "two", len(vector)).write({"hello": vector})
    assert KnownVectors(tmp_path / "v.db", "one", len(vector)).read(["hello"]) == {}


def test_a_broken_file_of_vectors_is_made_anew_and_stops_nobody(teach_now, own_acme, store):
    file = own_acme / "state" / "learned-vectors.db"
    file.write_text("my shopping list\n" * 100)
    keep(store, [agent()])
    teaching = teach_now()
    teaching.look()
    assert first(teaching) == ANSWER
    keep(store, [agent("another question", "mail/send/")])
    teaching.look()
    assert sqlite3.connect(file).execute("SELECT count(*) FROM sealed_vectors").fetchone() == (2,)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_costs_only_time(teach_now, own_acme, store):
    keep(store, [agent()])
    (own_acme / "state").chmod(0o500)
    try:
        teaching = teach_now()
        teaching.look()
        assert first(teaching) == ANSWER
    finally:
        (own_acme / "state").chmod(0o700)


def test_a_file_that_is_a_folder_costs_only_time(teach_now, own_acme, store):
    (own_acme / "state" / "learned-vectors.db").mkdir()
    keep(store, [agent()])
    teaching = teach_now()
    teaching.look()
    assert first(teaching) == ANSWER


def test_what_the_store_knows_is_what_search_is_told(store):
    keep(store, [agent()])
    [one] = read_known(store)
    assert (one.question, one.location, one.source, one.session) == (QUESTION, ANSWER, "agent", "agent:anna")
    assert one.at.tzinfo is not None
