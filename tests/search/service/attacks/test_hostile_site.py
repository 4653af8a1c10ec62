"""Names and words of a site, and what customers type, are text on every page that the service makes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from urllib.parse import quote

import pytest

from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index

from ...acme import article, write_site
from ...conftest import MODEL, start, stop
from .hostile import EVIL, Obeyed

SEARCHES = ("refund", "lost", EVIL, f"refund {EVIL}", f'"{EVIL}"', "invoicee")


@pytest.fixture(scope="module")
def client(tmp_path_factory, lend_encoder):
    """A service on a site whose writer, operator and customers are all evil; its HTML is as a generator escapes it."""
    root = tmp_path_factory.mktemp("hostile")
    body = f'<p>Refund {escape(EVIL)} money.</p><h2 id="more">{escape(EVIL)} invoice</h2><p>Lost {escape(EVIL)} it.</p>'
    articles = [
        article(f"guide/{name}/", f"{name} {EVIL}", body, f"{name} {EVIL}", breadcrumb=[EVIL], tags=[EVIL, "tag"])
        for name in ("refund", "invoice", "lost")
    ]
    site = write_site(root / "site", [replace(one, title=escape(one.title)) for one in articles])
    facts = json.loads((site / "handrail" / "site.json").read_text())
    for one in articles:
        facts["articles"][one.location] = one.facts
    facts["site_name"] = EVIL
    facts["contact"] = {"url": "contact/", "label": EVIL, "ways": EVIL}
    facts["choices"] = {"products": [EVIL, "other"], "languages": [["en", EVIL], ["de", EVIL]]}
    (site / "handrail" / "site.json").write_text(json.dumps(facts))
    build_index(list(read_site(site)), lend_encoder(root / "state"), MODEL)
    flags = {"smtp_host": "localhost", "smtp_security": "none", "mail_from": "help@acme.test"}
    app = start(root, contact_rate="100000 per hour", **flags)
    yield app.test_client()
    stop(app)


def answers(client):
    """Every page that shows what somebody named or typed."""
    asked = quote(EVIL)
    for words in SEARCHES:
        for more in ("", "&more=" + "S" * 22, f"&product={asked}", f"&lang={asked}", f"&tab={asked}"):
            yield client.get(f"/find/?q={quote(words)}{more}")
        yield client.post("/find/", data={"q": words, "said_no": "S" * 22})
    for path in ("/contact/", "/contact/code/", "/tell/", "/gone/", "/desk/login", "/desk/"):
        yield client.get(
            f"{path}?q={asked}&query={asked}&search={asked}&address={asked}&next={asked}&code={asked}&lang={asked}"
        )
    yield client.get(f"/{asked}")
    fields = dict.fromkeys(("message", "subject", "reply_to", "callback", "token", "sure", "opened", "waited"), EVIL)
    along = json.dumps({"kind": "search", "text": EVIL, "url": EVIL})
    for form in (fields, {**fields, "reply_to": f"{EVIL} anna@acme.test", "callback": "", "along": along}):
        yield client.post("/api/contact", data=form)
    yield client.post("/contact/code/", data={"code": EVIL, "do": EVIL, "words": EVIL, "token": EVIL})
    yield client.post("/tell/", data={"q": EVIL, "address": EVIL, "search": EVIL, "lang": EVIL, "sure": EVIL})
    vote = {"url": "/guide/refund/", "helpful": "0", "comment": EVIL, "lang": EVIL, "tab": "a" * 20}
    yield client.post("/api/feedback", data=vote)
    yield client.post("/api/feedback", data={**vote, "url": f"/guide/refund/{EVIL}"})
    for path in ("confirm", "withdraw"):
        yield client.get(f"/tell/{path}/?token={asked}")


def test_no_page_of_the_service_obeys_a_name_or_a_word(client, record_property):
    pages = [answer for answer in answers(client) if answer.mimetype == "text/html"]
    for page in pages:
        assert page.status_code < 500
        assert Obeyed(page.text).found == [], page.request.path
    shown = [page for page in pages if escape("<script>pwned()</script>") in page.text]
    assert len(shown) > 20, "the words were hardly anywhere, so this says little"
    record_property("tried", len(pages))


def test_answers_for_programs_are_no_page_and_their_snippets_are_escaped(client):
    for words in SEARCHES:
        answer = client.get(f"/api/search?q={quote(words)}")
        assert answer.mimetype == "application/json" and answer.headers["X-Content-Type-Options"] == "nosniff"
        for result in answer.json["results"]:
            for snippet in (result["snippet"], *(part["snippet"] for part in result["sections"])):
                assert Obeyed(snippet).found == []
                assert "<" not in snippet.replace("<mark>", "").replace("</mark>", "")
            assert result["url"].startswith("/guide/")


def test_what_tells_of_it_would_see_it():
    for words in (
        "<b onclick=pwned()>",
        "<img src=x>",
        "<a href=' javascript:pwned()'>",
        "<script>pwned()</script>",
        "1337",
    ):
        assert Obeyed(f"<p>{words}</p>").found
    assert Obeyed(escape(EVIL)).found == []
