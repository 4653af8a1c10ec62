"""What browsers and robots send to the service: read, bounded, and answered in one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog

from ..conftest import search

Kept = Callable[[], list[dict[str, object]]]


def test_what_the_browser_tells_reaches_the_question(client: FlaskClient, log: SearchLog, kept: Kept) -> None:
    one = search("vat", at=now())
    log.record(one)
    events: list[dict[str, Any]] = [
        {"type": "seen"},
        {"type": "click", "url": "/help/billing/vat/?h=secret+words#id", "position": 2},
        {"type": "left", "ms": 1234.56},
        {"type": "contact", "tab": "tab-aaaa"},
    ]
    for event in events:
        assert client.post("/help/api/events", json={"search_id": one.search_id, **event}).status_code == 204
    [row] = kept()
    assert (row["clicked_location"], row["clicked_position"], row["seen_ms"]) == ("billing/vat/#id", 2, 1234)
    assert row["contacted_at"]


def test_a_beacon_needs_no_content_type(client: FlaskClient) -> None:
    body = '{"search_id": "search-00000001", "type": "left", "ms": 10}'
    assert client.post("/help/api/events", data=body, content_type="text/plain").status_code == 204


BAD = [
    "",
    "null",
    "[]",
    '"text"',
    "{",
    "[" * 4000,
    "\0",
    "{}",
    '{"type": "seen"}',
    '{"search_id": "search-00000001"}',
    '{"search_id": "search-00000001", "type": "dance"}',
    '{"search_id": "search-00000001", "type": ["seen"]}',
    '{"search_id": "search-00000001", "type": {}}',
    '{"search_id": 1, "type": "seen"}',
    '{"search_id": "\\u0000", "type": "seen"}',
    '{"search_id": "a b", "type": "seen"}',
    '{"search_id": "search-00000001\\n", "type": "seen"}',
    '{"search_id": "search-00000001", "type": "seen", "ms": -1}',
    '{"search_id": "search-00000001", "type": "seen", "ms": 1e999}',
    '{"search_id": "search-00000001", "type": "seen", "ms": NaN}',
    '{"search_id": "search-00000001", "type": "seen", "ms": true}',
    '{"search_id": "search-00000001", "type": "seen", "ms": ' + "9" * 3000 + "}",
    '{"search_id": "search-00000001", "type": "click", "url": "https://evil.test/", "position": 1}',
    '{"search_id": "search-00000001", "type": "click", "url": "/elsewhere/", "position": 1}',
    '{"search_id": "search-00000001", "type": "click", "url": "//[", "position": 1}',
    '{"search_id": "search-00000001", "type": "click", "url": 5, "position": 1}',
    '{"search_id": "search-00000001", "type": "click"}',
    '{"search_id": "search-00000001", "type": "click", "url": "/help/", "position": 0}',
    '{"search_id": "search-00000001", "type": "seen", "url": "/help/' + "x" * 600 + '"}',
]


@pytest.mark.parametrize("body", BAD)
def test_garbage_gets_one_clear_sentence(client: FlaskClient, body: str) -> None:
    for address in ("events", "feedback"):
        answer = client.post(f"/help/api/{address}", data=body.encode())
        assert answer.status_code in (400, 422)
        assert set(answer.get_json()["error"]) == {"what", "mend"}


@pytest.mark.parametrize(("address", "longest"), [("events", 4096), ("feedback", 8192), ("contact", 65536)])
def test_a_body_that_is_too_long_is_refused(client: FlaskClient, address: str, longest: int) -> None:
    answer = client.post(f"/help/api/{address}", data=b" " * (longest + 1), content_type="application/json")
    assert answer.status_code == 413
    assert "error" in answer.get_json()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "search_id",
    "tab",
    "type",
    "url",
    "position",
    "ms",
    "helpful",
    "comment",
    "reasons",
    "message",
    "reply_to",
    "token",
    "leave_empty",
    "callback",
    "along",
    "opened",
    "waited",
)


@hypothesis_settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8))
def test_nothing_a_robot_sends_is_a_fault_of_ours(client: FlaskClient, sent: dict[str, Any]) -> None:
    for address in ("events", "feedback", "contact"):
        assert client.post(f"/help/api/{address}", json=sent).status_code in (201, 204, 400, 422)
    texts = {name: str(value) for name, value in sent.items()}
    assert client.post("/help/api/feedback", data=texts).status_code in (200, 400, 422)
    assert client.post("/help/api/contact", data=texts).status_code in (200, 422)
