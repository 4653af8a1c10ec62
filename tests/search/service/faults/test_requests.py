"""Whatever is sent, and whatever breaks: no traceback, no customer's words in the log, and a way to a person."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handrail_search.ranking.searcher import Searcher

from ...acme import PERSON


@pytest.fixture
def broken(client, monkeypatch):
    monkeypatch.setattr(Searcher, "search", lambda *_, **__: {}["a customer's words"])
    return client


def test_a_fault_is_told_without_its_traceback(broken, caplog):
    with caplog.at_level(logging.CRITICAL):
        response = broken.get("/api/search?q=a")
    assert (response.status_code, response.mimetype) == (500, "application/json")
    assert set(response.json["error"]) == {"what", "mend"}
    assert "Traceback" not in response.text
    assert "words" not in response.text


def test_a_fault_on_the_find_page_leads_to_a_person(broken):
    response = broken.get("/find/?q=a")
    assert (response.status_code, response.mimetype) == (500, "text/html")
    assert PERSON.search(response.text)
    assert "Traceback" not in response.text


def test_a_customers_words_are_not_in_the_log(client, broken, caplog):
    with caplog.at_level(logging.DEBUG):
        broken.get("/api/search?q=unmistakablewords")
        broken.get("/find/?q=unmistakablewords")
    assert "unmistakablewords" not in caplog.text


FUZZ = hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["search_id", "tab", "type", "url", "position", "ms", "helpful", "comment", "message", "subject", "reply_to",
         "leave_empty", "token"]
    ),
    JSON | st.sampled_from(["seen", "click", "left", "A" * 22, "/billing/", "/billing/#\ud800", 1, True]),
)  # fmt: skip


@FUZZ
@given(st.text(max_size=60), st.text(max_size=5), st.text(max_size=5), st.text(max_size=20))
def test_no_query_is_a_fault(client, q, limit, lang, tab):
    asked = {name: value.encode("utf-8", "replace") for name, value in
             {"q": q, "limit": limit, "lang": lang, "tab": tab}.items()}  # fmt: skip
    assert client.get("/api/search", query_string=asked).status_code in (200, 400)
    assert client.get("/find/", query_string=asked).status_code == 200
    assert client.get("/contact/", query_string=asked).status_code == 200


@FUZZ
@given(st.binary(max_size=60))
def test_no_query_string_is_a_fault(client, raw):
    query = "".join(f"%{byte:02x}" if byte % 3 else chr(byte % 94 + 33) for byte in raw).replace("#", "")
    assert client.get(f"/api/search?{query}").status_code in (200, 400)


@FUZZ
@given(st.sampled_from(["/api/events", "/api/feedback", "/api/contact"]), FIELDS | JSON)
def test_no_json_is_a_fault(client, path, body):
    assert client.post(path, data=json.dumps(body), content_type="application/json").status_code < 500


@FUZZ
@given(
    st.sampled_from(["/api/events", "/api/feedback", "/api/contact"]),
    st.binary(max_size=300),
    st.sampled_from(
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
         "multipart/form-data", "application/json; charset=utf-16", "x", ""]
    ),
)  # fmt: skip
def test_no_body_is_a_fault(client, path, body, kind):
    assert client.post(path, data=body, content_type=kind).status_code < 500


@FUZZ
@given(st.text(max_size=80))
def test_no_path_is_a_fault(client, path):
    from urllib.parse import quote

    # The whole address: what begins with two slashes would be the name of a host.
    assert client.get("http://localhost/" + quote(path.encode("utf-8", "replace"))).status_code < 500
