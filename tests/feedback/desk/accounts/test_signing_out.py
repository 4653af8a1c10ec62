"""Whoever is signed in can sign out on each page that they see."""

import re

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches.topics import topics

SIGN_OUT = re.compile(r'<form method="post" action="/help/desk/logout"[^>]*>.*?<button[^>]*>Sign out</button>', re.S)


def addresses(app, store):
    """An address of each page of the desk that a link opens; what is before the door is none."""
    values = {
        "code": keep_message(store, Message("Please help.", "Invoice", "cora@acme.test", "en", now())),
        "topic": min(topics(store)),
        "location": "guide/reset/",
        "kind": "csv",
        "number": 1,
    }
    before = ("desk.static", "desk.login", "desk.openid_begin", "desk.openid_back")
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint.startswith("desk.") and "GET" in rule.methods and rule.endpoint not in before:
                yield app.url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def test_every_page_of_the_desk_offers_to_sign_out(app, store, lead, fail):
    fail("grumpy walrus", "grumpy walrus")
    asked = {address: lead.get(address) for address in set(addresses(app, store))}
    pages = {
        address: answer.get_data(as_text=True)
        for address, answer in asked.items()
        if answer.mimetype == "text/html" and "Content-Disposition" not in answer.headers
    }
    assert len(pages) >= 9
    assert [address for address, page in pages.items() if not SIGN_OUT.search(page)] == []


@pytest.mark.parametrize("address, status", [("topics/99999/", 404), ("accounts/", 403)])
def test_a_page_that_says_what_is_wrong_offers_it_too(desk, address, status):
    assert desk.get(address).status_code == status
    assert SIGN_OUT.search(desk.page)
