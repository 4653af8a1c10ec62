"""The description of the service against the service: every answer fits, and no address is missing on either side."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from handrail_kb.texts import LANGUAGES
from handrail_search.ranking.searcher import Searcher
from handrail_search.service.search_pages import OPENAPI

DOCUMENT = json.loads(OPENAPI.read_text(encoding="utf-8"))
ID = "A" * 22


def answer_fits(response, path, method="get"):
    """Check an answer against what the document promises for its address and status."""
    promised = DOCUMENT["paths"][path][method]["responses"][str(response.status_code)]
    if "$ref" in promised:
        promised = DOCUMENT["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    content = promised.get("content")
    if not content:
        assert response.data == b""
        return response
    assert response.mimetype in content, f"{response.status_code} {response.mimetype}"
    value = response.json if response.is_json else response.text
    schema = {**content[response.mimetype]["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(value)
    return response


def body_is_promised(body, path, wanted=True):
    schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(body) is wanted


def test_the_document_is_openapi():
    validate(DOCUMENT)


def test_the_document_is_served_with_the_path_of_the_site(make_app, own_acme):
    for base, path in (("", "/"), ("/help/", "/help/")):
        document = make_app(own_acme, base_path=base).test_client().get(f"{path}api/openapi.json").json
        assert [server["url"] for server in document["servers"]] == [path]
        assert document["paths"] == DOCUMENT["paths"]


def test_every_address_is_described_and_every_description_has_an_address(client):
    described = {
        (path.rstrip("/"), method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    served = {
        (re.sub(r"<any.*:(\w+)>", r"{\1}", rule.rule).rstrip("/"), method)
        for rule in client.application.url_map.iter_rules()
        # The desk's pages are for people behind a login, and no interface for programs.
        if not rule.endpoint.startswith(("site", "desk.")) and not rule.rule.endswith(".html")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert served == described


@pytest.mark.parametrize("url", ["", "/account/password/", "/nowhere/", "%00", "x" * 5000, "/help/../../etc/passwd"])
def test_related_articles_are_as_described(client, url):
    response = answer_fits(client.get("/api/related", query_string={"url": url}), "/api/related")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "max-age=300"


def test_without_an_index_no_article_is_related(make_app, own_acme, tmp_path):
    client = make_app(own_acme, state=tmp_path / "empty").test_client()
    assert client.get("/api/related?url=/account/password/").json == {"articles": []}


def test_parameters_are_those_that_are_read(client):
    names = {parameter["name"] for parameter in DOCUMENT["paths"]["/api/search"]["get"]["parameters"]}
    assert names == {"q", "query", "limit", "lang", "tab", "more", "product", "only_lang"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?q=forgot+password", 200),
        ("?query=invoice&limit=1&lang=de&tab=tab-abcdefgh", 200),
        ("?q=E-1042&limit=50", 200),
        ("?q=how+deep+is+the+ocean", 200),
        ("?q=delete+my+account", 200),
        ("", 200),
        ("?q=" + "x" * 3000, 200),
        ("?q=forgot+password&more=1", 200),
        ("?q=a&more=yes", 400),
        ("?q=a&limit=0", 400),
        ("?q=a&limit=51", 400),
        ("?q=a&limit=ten", 400),
        ("?q=a&lang=<b>", 400),
    ],
)
def test_search_answers_as_described(client, query, status):
    assert answer_fits(client.get(f"/api/search{query}"), "/api/search").status_code == status


def test_search_without_meaning_answers_as_described(client, monkeypatch):
    live = client.application.extensions["handrail"].live
    words_alone = Searcher(live.searcher().index, None)
    monkeypatch.setattr(live, "searcher", lambda: words_alone)
    assert answer_fits(client.get("/api/search?q=password"), "/api/search").json["degraded"]


def test_search_without_an_index_answers_as_described(make_app, own_acme, tmp_path):
    client = make_app(own_acme, state=tmp_path / "empty").test_client()
    assert answer_fits(client.get("/api/search?q=a"), "/api/search").status_code == 503
    assert answer_fits(client.get("/find/?q=a"), "/find/").status_code == 503
    assert answer_fits(client.get("/readyz"), "/readyz").status_code == 503


def test_a_fault_answers_as_described(client, monkeypatch):
    monkeypatch.setattr(Searcher, "search", lambda *_, **__: 1 / 0)
    assert answer_fits(client.get("/api/search?q=a"), "/api/search").status_code == 500
    assert answer_fits(client.get("/find/?q=a"), "/find/").status_code == 500


def test_pages_and_health_answer_as_described(client):
    for path in ("/find/", "/contact/", "/contact/code/", "/healthz", "/readyz", "/metrics", "/api/openapi.json"):
        assert answer_fits(client.get(path), path).status_code == 200
    assert answer_fits(client.get("/find/?q=password"), "/find/").status_code == 200
    for lang in LANGUAGES:
        assert answer_fits(client.get(f"/{lang}/find/?q=password"), "/{lang}/find/").status_code == 200


def test_the_languages_of_pages_are_those_that_have_words():
    [lang] = [one for one in DOCUMENT["paths"]["/{lang}/find/"]["get"]["parameters"] if one["name"] == "lang"]
    assert lang["schema"]["enum"] == list(LANGUAGES)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/events", {"search_id": ID, "type": "seen"}, 204),
        ("/api/events", {"search_id": ID, "type": "click", "url": "/billing/", "position": 1, "tab": "t" * 8}, 204),
        ("/api/events", {"search_id": ID, "type": "left", "ms": 12.5}, 204),
        ("/api/events", {"search_id": ID, "type": "danced"}, 400),
        ("/api/events", {"search_id": "?", "type": "seen"}, 400),
        ("/api/events", {"search_id": ID, "type": "left", "ms": "long"}, 400),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": True}, 204),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": False, "search_id": ID, "comment": "No."}, 204),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": "yes"}, 400),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": True, "comment": "x" * 1001}, 422),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": False, "reasons": ["rule"]}, 204),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": True, "reasons": []}, 204),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": True, "reasons": ["rule"]}, 400),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": False, "reasons": ["made up"]}, 400),
        ("/api/feedback", {"url": "/billing/refund/", "helpful": False, "reasons": "rule"}, 400),
        ("/api/contact", {"message": "Help!", "subject": "Me", "reply_to": "a@b.test", "leave_empty": ""}, 201),
        ("/api/contact", {"message": ""}, 422),
        ("/api/contact", {"message": "Help!", "leave_empty": "http://robot"}, 422),
        ("/api/contact", {"message": 5}, 422),
        ("/api/contact", {"message": "x" * 5001}, 422),
    ],
)
def test_what_is_sent_is_taken_as_described(client, path, body, status):
    assert answer_fits(client.post(path, json=body), path, "post").status_code == status
    body_is_promised(body, path, status < 300)


@pytest.mark.parametrize("path", ["/api/events", "/api/feedback", "/api/contact"])
def test_refusals_are_as_described(client, path):
    from_elsewhere = client.post(path, json={}, headers={"Origin": "https://evil.example"})
    assert answer_fits(from_elsewhere, path, "post").status_code == 403
    too_large = client.post(path, data=b"x" * 200_000, content_type="application/json")
    assert answer_fits(too_large, path, "post").status_code == 413
    garbage = client.post(path, data=b"{", content_type="application/json")
    assert answer_fits(garbage, path, "post").status_code == 400


def test_a_form_is_answered_with_pages_as_described(client):
    sent = client.post("/api/contact", data={"message": "Help!", "reply_to": "030 123456"})
    assert answer_fits(sent, "/api/contact", "post").status_code == 200
    assert re.search(r"\b[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]{3}\b", sent.text)
    assert answer_fits(client.post("/api/contact", data={"message": ""}), "/api/contact", "post").status_code == 422


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"url": "/billing/refund/", "helpful": "0"}, 200),
        ({"url": "/billing/refund/", "helpful": "1", "reason": ["clear", "worked"], "comment": "Good."}, 200),
        ({"url": "/billing/refund/", "helpful": "maybe"}, 400),
        ({"url": "/no/such/page/", "helpful": "0"}, 400),
        ({"url": "/billing/refund/", "helpful": "0", "comment": "x" * 1001}, 422),
        ({"url": "/billing/refund/", "helpful": "0", "comment": "x" * 20_000}, 413),
    ],
)
def test_a_vote_by_form_is_answered_with_pages_as_described(client, sent, status):
    answer = answer_fits(client.post("/api/feedback", data=sent), "/api/feedback", "post")
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert "/contact/" in answer.text


def test_a_code_is_answered_as_described(client):
    code = client.post("/api/contact", json={"message": "Help!"}).json["code"]
    for sent, status in (({"code": code}, 200), ({"code": code, "do": "add"}, 422), ({"code": "QQQ"}, 404)):
        assert answer_fits(client.post("/contact/code/", data=sent), "/contact/code/", "post").status_code == status
    too_large = client.post("/contact/code/", data={"code": code, "words": "x" * 200_000})
    assert answer_fits(too_large, "/contact/code/", "post").status_code == 413


@pytest.mark.parametrize("mail", [True, False])
def test_asking_to_be_told_is_answered_as_described(make_app, own_acme, monkeypatch, mail):
    monkeypatch.setattr("handrail_feedback.pages.notify.can_notify", lambda _settings: mail)
    client = make_app(own_acme).test_client()
    shown = 200 if mail else 404
    assert answer_fits(client.get("/tell/?q=walrus&lang=de"), "/tell/").status_code == shown
    for sent, status in (({"q": "walrus", "address": "a@acme.test"}, 200), ({"q": "walrus"}, 422)):
        taken = answer_fits(client.post("/tell/", data=sent), "/tell/", "post")
        assert taken.status_code == (status if mail else 404)
    for method in ("get", "post"):
        confirmed = getattr(client, method)("/tell/confirm/?token=none")
        assert answer_fits(confirmed, "/tell/confirm/", method).status_code == 404
        withdrawn = getattr(client, method)("/tell/withdraw/?token=none")
        assert answer_fits(withdrawn, "/tell/withdraw/", method).status_code == 200
    elsewhere = client.post("/tell/", data={}, headers={"Origin": "https://evil.example"})
    assert answer_fits(elsewhere, "/tell/", "post").status_code == 403


def test_too_many_requests_to_be_told_are_refused_as_described(make_app, own_acme):
    client = make_app(own_acme, search_rate="1 per minute", contact_rate="1 per hour").test_client()
    for path, method in (("/tell/", "get"), ("/tell/", "post"), ("/tell/confirm/", "post"), ("/tell/withdraw/", "get")):
        ask = getattr(client, method)
        ask(path)
        assert answer_fits(ask(path), path, method).status_code == 429


def test_too_many_requests_are_refused_as_described(make_app, own_acme):
    client = make_app(own_acme, search_rate="1 per minute", contact_rate="1 per hour").test_client()
    for path, query in (("/api/search", "?q=a"), ("/find/", "?q=a")):
        client.get(path + query)
        assert answer_fits(client.get(path + query), path).status_code == 429
    for path in ("/api/events", "/api/feedback", "/api/contact"):
        client.post(path, json={})
        assert answer_fits(client.post(path, json={}), path, "post").status_code == 429
    assert (
        answer_fits(client.post("/api/contact", data={"message": ""}), "/api/contact", "post").mimetype == "text/html"
    )


def test_a_store_that_cannot_be_written_answers_as_described(make_app, own_acme):
    (own_acme / "state" / "store.db").mkdir()
    client = make_app(own_acme, log_searches=False).test_client()
    assert answer_fits(client.get("/readyz"), "/readyz").status_code == 503
    vote = {"url": "/billing/refund/", "helpful": True}
    assert answer_fits(client.post("/api/feedback", json=vote), "/api/feedback", "post").status_code == 503
    assert (
        answer_fits(client.post("/api/feedback", data=vote | {"helpful": "0"}), "/api/feedback", "post").status_code
        == 503
    )
    for body in ({"json": {"message": "Help!"}}, {"data": {"message": "Help!"}}):
        assert answer_fits(client.post("/api/contact", **body), "/api/contact", "post").status_code == 503
    assert answer_fits(client.get("/api/search?q=password"), "/api/search").status_code == 200
