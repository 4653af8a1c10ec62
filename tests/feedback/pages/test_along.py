"""What goes along with a message where the customer ticks it: what they searched for, and the articles they read."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import find_message, list_messages

GOOD = {"message": "I cannot log in.", "subject": "Login", "reply_to": "a@b.test", "leave_empty": ""}
TICKED = [
    {"kind": "search", "text": "reset pasword"},
    {"kind": "article", "text": "VAT number", "url": "/help/billing/vat%C3%BC/"},
]


def test_what_was_ticked_is_kept_with_the_message(client: FlaskClient, store: Store) -> None:
    kept = client.post("/help/api/contact", json={**GOOD, "along": TICKED})
    found = find_message(store, kept.get_json()["code"])
    assert found
    assert [(one.kind, one.text, one.location) for one in found.along] == [
        ("search", "reset pasword", ""),
        ("article", "VAT number", "billing/vatü/"),
    ]


def test_a_message_without_ticks_brings_nothing(client: FlaskClient, store: Store) -> None:
    for sent in (GOOD, {**GOOD, "along": []}):
        found = find_message(store, client.post("/help/api/contact", json=sent).get_json()["code"])
        assert found
        assert found.along == ()


def test_ticks_of_a_form_that_the_browser_sent_itself_are_kept(client: FlaskClient, store: Store) -> None:
    sent = {**GOOD, "along": [json.dumps(TICKED[0]), "{", "[1]", "7"]}
    assert client.post("/help/api/contact", data=sent).status_code == 200
    [found] = list_messages(store)
    assert [one.text for one in found.along] == ["reset pasword"]


@pytest.mark.parametrize(
    "item",
    [None, 7, "text", [], {}, {"kind": "search"}, {"kind": "spy", "text": "x"}, {"kind": "search", "text": " "},
     {"kind": ["search"], "text": "x"}, {"kind": "search", "text": {"a": 1}},
     {"kind": "article", "text": "x", "url": 5}],
)  # fmt: skip
def test_what_our_page_never_offers_is_left_out(client: FlaskClient, store: Store, item: object) -> None:
    answer = client.post("/help/api/contact", json={**GOOD, "along": [item, TICKED[0]]})
    assert answer.status_code == 201
    found = find_message(store, answer.get_json()["code"])
    assert found
    assert [one.text for one in found.along] == ["reset pasword"]


def test_what_goes_along_is_bounded(client: FlaskClient, store: Store) -> None:
    many = [{"kind": "search", "text": f"{number} " + "x" * 900} for number in range(60)]
    found = find_message(store, client.post("/help/api/contact", json={**GOOD, "along": many}).get_json()["code"])
    assert found
    assert (len(found.along), max(len(one.text) for one in found.along)) == (30, 500)
    assert client.post("/help/api/contact", json={**GOOD, "along": "all"}).status_code == 422


def test_of_a_form_that_is_sent_again_the_last_ticks_count(client: FlaskClient, store: Store) -> None:
    sent = {**GOOD, "token": "form-token-1"}
    first = client.post("/help/api/contact", json={**sent, "along": TICKED}).get_json()["code"]
    assert client.post("/help/api/contact", json={**sent, "along": TICKED[:1]}).get_json()["code"] == first
    found = find_message(store, first)
    assert found
    assert [one.text for one in found.along] == ["reset pasword"]
    assert store.read("SELECT * FROM messages WHERE along LIKE '%VAT number%'") == []


def test_links_to_other_sites_are_no_articles(client: FlaskClient, store: Store) -> None:
    along = [{"kind": "article", "text": "Mine", "url": "https://evil.test/"}]
    found = find_message(store, client.post("/help/api/contact", json={**GOOD, "along": along}).get_json()["code"])
    assert found
    assert found.along[0].location == ""
