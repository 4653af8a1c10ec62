"""Whoever tries to get round a check is in the log, without what they sent, and a flood of tries is a few lines."""

from __future__ import annotations

import logging
import re

import pytest

from handrail_search.service.monitoring import refusals
from handrail_search.service.monitoring.refusals import Refusals

SECRET = "unmistakablewords"
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.fixture
def told(caplog):
    """What was logged of refusals: how many, with which status, and where."""
    caplog.set_level(logging.WARNING)

    def read():
        fields = [one.fields for one in caplog.records if getattr(one, "event", "") == "request.refused"]
        return [(one["requests"], one["status"], one["method"], one["endpoint"]) for one in fields]

    return read


TRIES = {
    "from another site": (403, "POST", "feedback.contact", {"headers": FOREIGN, "json": {"message": SECRET}}),
    "a message of nothing": (422, "POST", "feedback.contact", {"json": {"message": ""}}),
    "what is no JSON": (400, "POST", "feedback.contact", {"data": SECRET, "content_type": "application/json"}),
    "another method": (405, "DELETE", None, {}),
    "far too much": (413, "POST", "feedback.contact", {"data": b"x" * 90_000_000, "content_type": "application/json"}),
}


@pytest.mark.parametrize("status, method, endpoint, sent", TRIES.values(), ids=TRIES)
def test_a_try_to_get_round_a_check_is_logged_without_what_was_sent(
    own_client, told, caplog, status, method, endpoint, sent
):
    answer = own_client.open("/api/contact", method=method, **sent)
    assert answer.status_code == status, answer.text
    [(number, logged, how, where)] = told()
    assert (number, logged, how) == (1, status, method) and (endpoint is None or where == endpoint)
    assert SECRET not in caplog.text and "evil.example" not in caplog.text


def test_a_wrong_reference_code_is_logged_and_a_page_that_is_gone_is_not(own_client, told):
    own_client.get("/gone/")
    own_client.post("/contact/code/", data={"code": "AAA-AAA-AAA", "do": "look"})
    assert told() == [(1, 404, "POST", "feedback.code")]


def test_who_asks_too_often_and_by_another_name_is_logged(make_app, own_acme, told):
    client = make_app(own_acme, search_rate="3 per minute", trusted_hosts="help.example.com").test_client()
    named = {"Host": "help.example.com"}
    statuses = [client.get("/api/search?q=refund", headers=named).status_code for _ in range(6)]
    assert statuses[3:] == [429] * 3
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert [(number, status) for number, status, *_ in told()] == [(1, 429), (1, 400)]


def test_a_flood_of_tries_is_two_lines_a_minute(told, monkeypatch):
    at = [0.0]
    seen = Refusals(lambda: at[0])
    for _ in range(5_000):
        seen.note(429, "GET", "search.api")
        seen.note(200, "GET", "search.api")
        at[0] += 0.01
    assert told() == [(1, 429, "GET", "search.api")]
    at[0] = 61
    seen.note(200, "GET", "site.page")
    assert told()[1:] == [(4_999, 429, "GET", "search.api")]
    seen.note(200, "GET", "site.page")
    seen.note(429, "POST", "feedback.contact")
    assert told()[2:] == [(1, 429, "POST", "feedback.contact")]


def test_kinds_of_refusals_are_counted_apart_and_are_few(told):
    seen = Refusals(lambda: 0.0)
    for number in range(100):
        for status in range(100, 600):
            seen.note(status, "GET", f"endpoint-{number}")
    assert len(told()) == len(refusals._REFUSED)  # noqa: SLF001 (each of them once)


def test_the_line_is_a_sentence(own_client, caplog):
    own_client.post("/api/contact", json={"message": ""})
    [said] = [one.getMessage() for one in caplog.records if getattr(one, "event", "") == "request.refused"]
    assert re.fullmatch(r"1 request refused with 422, the first at POST feedback\.contact", said)
