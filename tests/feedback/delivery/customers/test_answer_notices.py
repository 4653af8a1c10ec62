"""Tell me, with the real search and a real mail server: asked, confirmed, found answered, told, erased."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from waiting import until

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.delivery.answer_notices import AnswerNotifier
from handrail_feedback.delivery.channels import read_delivery
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.records.learned import TaughtQuestion
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.decisions import proofs
from handrail_feedback.storage.searches.learned import keep
from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from handrail_search.ranking.searcher import Searcher
from handrail_search.service.app import create_app
from handrail_search.service.gunicorn_server import Production
from search.acme import ARTICLES, article, write_site

from ..servers import DROP

ANNA = "anna@acme.test"
QUESTION = "how deep is the ocean"
OCEAN = article("sea/ocean/", "How deep is the ocean?", "<p>The ocean is eleven kilometres deep.</p>", QUESTION)


@pytest.fixture
def site(tmp_path, lend_encoder):
    """Builds the site and its index: `site(OCEAN)` with one more article."""
    state = lend_encoder(tmp_path / "state")

    def build(*more):
        write_site(tmp_path / "site", [*ARTICLES, *more])
        build_index(list(read_site(tmp_path / "site")), state, "all-MiniLM-L6-v2")

    build()
    return build


def settings_of(root, server):
    flags = {"state_dir": str(root / "state"), "smtp_host": "127.0.0.1", "smtp_port": server.port,
             "smtp_security": "none", "mail_from": "help@acme.test", "delivery_seconds": 5}  # fmt: skip
    return replace(load_settings(site_dir=root / "site", flags=flags, environ={}), site_url="https://acme.test/")


@pytest.fixture
def service(site, tmp_path, server):
    """The service with its sender, which does what is due when it is told to."""
    settings = settings_of(tmp_path, server)
    app = create_app(settings)
    parts = app.extensions["handrail"]
    delivery = read_delivery(settings, {})
    store = Store(settings.store_place)
    sender = Sender(store, delivery, notifier=AnswerNotifier(delivery.tell, parts.prover, parts.key))
    app.extensions["handrail"] = replace(parts, sender=sender)
    yield app
    parts.teaching.stop()
    parts.searches.close()
    parts.store.close()
    store.close()


def work(service):
    """All that is due, after search has looked for what is new."""
    parts = service.extensions["handrail"]
    parts.live.look()
    parts.teaching.look()
    while parts.sender.tell():
        pass


def due_again(service):
    """Five minutes later."""
    with service.extensions["handrail"].store.transaction() as db:
        db.execute("UPDATE tellings SET next_at = '2026-01-01T00:00:00.000Z' WHERE next_at IS NOT NULL")


def ask_and_confirm(service, post):
    """What a customer does whose search failed."""
    client = service.test_client()
    answer = client.get("/api/search", query_string={"q": QUESTION}).json
    assert answer["verdict"] != "answered"
    page = client.get(answer["tell"]).text
    assert f'value="{QUESTION}"' in page
    client.post("/tell/", data={"q": QUESTION, "address": ANNA, "search": answer["search_id"]})
    work(service)
    link = re.search(r"https://acme\.test(/tell/confirm/\S+)", post.mails[-1].get_content())[1]
    assert QUESTION in client.get(link).text
    assert client.post(link).status_code == 200
    work(service)


def test_a_new_article_tells_whoever_searched_for_it_in_vain(service, site, post):
    ask_and_confirm(service, post)
    assert len(post.mails) == 1
    site(OCEAN)
    due_again(service)
    work(service)
    [_, mail] = post.mails
    assert (mail["To"], mail["Subject"]) == (ANNA, "There is an answer to your question")
    assert "https://acme.test/sea/ocean/" in mail.get_content()
    assert re.fullmatch(r"<https://acme\.test/tell/withdraw/\?token=[\w-]{32}>", mail["List-Unsubscribe"])
    assert service.extensions["handrail"].store.read("SELECT * FROM tellings") == []


def test_what_a_colleague_says_answers_it_tells_them_too(service, post):
    ask_and_confirm(service, post)
    store = service.extensions["handrail"].store
    keep(store, [TaughtQuestion(QUESTION, "account/password/", "agent", now(), "bert")])
    due_again(service)
    work(service)
    assert "https://acme.test/account/password/" in post.mails[-1].get_content()


def test_a_matter_for_people_is_neither_put_off_nor_answered_by_an_article(service, site, post, monkeypatch):
    ask_and_confirm(service, post)
    site(OCEAN)
    due_again(service)
    search = Searcher.search
    monkeypatch.setattr(
        Searcher, "search", lambda *args, **more: replace(search(*args, **more), sensitive_topic="grief")
    )
    work(service)
    assert len(post.mails) == 1
    monkeypatch.setattr(
        Searcher,
        "search",
        lambda *args, **more: replace(search(*args, **more), verdict="none", sensitive_topic="grief"),
    )
    assert service.test_client().get("/api/search?q=walrus").json["tell"] is None
    monkeypatch.setattr(
        Searcher,
        "search",
        lambda *args, **more: replace(search(*args, **more), verdict="none", may_be_sensitive=True),
    )
    assert service.test_client().get("/api/search?q=walrus").json["tell"] is None


def test_in_production_mails_are_sent_by_themselves(site, tmp_path, server, post):
    settings = settings_of(tmp_path, server)
    production = Production(settings, read_delivery(settings, {}))
    parts = (app := production.load()).extensions["handrail"]
    app.test_client().post("/tell/", data={"q": QUESTION, "address": ANNA})
    until(lambda: post.mails, "the mail")
    assert parts.sender.stop()
    parts.teaching.stop()
    parts.searches.close()
    parts.store.close()
    assert post.mails[0]["To"] == ANNA


def test_search_without_meaning_proves_nothing(service, site, post, monkeypatch):
    ask_and_confirm(service, post)
    site(OCEAN)
    due_again(service)
    live = service.extensions["handrail"].live
    live.look()
    words_alone = Searcher(live.searcher().index, None)
    monkeypatch.setattr(live, "searcher", lambda: words_alone)
    assert service.extensions["handrail"].prover.state() == ""
    work(service)
    assert len(post.mails) == 1


def test_a_mail_server_that_breaks_off_costs_at_most_a_second_identical_mail(service, site, post):
    ask_and_confirm(service, post)
    site(OCEAN)
    due_again(service)
    post.plan = lambda stage: DROP if stage == "stored" else None
    work(service)
    post.plan = lambda _stage: None
    due_again(service)
    work(service)
    due_again(service)
    work(service)
    first, second = post.envelopes[1:]
    assert first.content == second.content


def test_the_link_is_offered_after_a_failed_search_alone_and_below_the_way_to_a_person(service):
    client = service.test_client()
    assert client.get("/api/search?q=forgot+password").json["tell"] is None
    assert client.get("/api/search?q=").json["tell"] is None
    assert client.get("/api/search?q=how+deep+is+the+ocean&lang=de").json["tell"].endswith("&lang=de")
    failed = client.get("/find/", query_string={"q": QUESTION}).text
    assert 0 < failed.index("Talk to a human") < failed.index("Tell me when there is an answer")
    assert "Tell me when" not in client.get("/find/?q=forgot+password").text


def test_a_topic_that_is_proven_tells_whoever_waits_for_one_of_its_searches_in_one_mail(service, site, post):
    ask_and_confirm(service, post)
    for tab in ("tab-bert-bert", "tab-cora-cora"):
        service.test_client().get("/api/search", query_string={"q": QUESTION, "tab": tab})
    parts = service.extensions["handrail"]
    assert parts.searches.flush()
    parts.topics.look()
    site(OCEAN)
    parts.live.look()
    parts.teaching.look()
    parts.topics.look()
    assert [proof.change for one in proofs(parts.store).values() for proof in one] == ["proven"]
    assert parts.store.read("SELECT state, location FROM tellings") == [{"state": "answered", "location": "sea/ocean/"}]
    due_again(service)
    work(service)
    assert len(post.mails) == 2
    assert "https://acme.test/sea/ocean/" in post.mails[-1].get_content()
