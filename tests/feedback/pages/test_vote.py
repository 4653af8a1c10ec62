"""Was this page helpful: a vote marks the search that led to the page, may change, and is erased in time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.votes import erase_old_votes, votes

from ..conftest import search

Kept = Callable[[], list[dict[str, object]]]


def vote(client: FlaskClient, **sent: object) -> int:
    return client.post("/help/api/feedback", json={"url": "/help/billing/vat/", "helpful": True, **sent}).status_code


def given_votes(store: Store) -> list[Any]:
    return votes(store, now() - timedelta(hours=1), now() + timedelta(hours=1))


def test_a_no_vote_says_that_the_search_failed(client: FlaskClient, log: SearchLog, kept: Kept, store: Store) -> None:
    one = search("vat", at=now())
    log.record(one)
    assert vote(client, helpful=False, search_id=one.search_id, tab="tab-aaaa", comment="ask bob@example.com") == 204
    [row] = kept()
    assert row["said_no_at"]
    [kept_vote] = given_votes(store)
    assert (kept_vote.location, kept_vote.helpful) == ("billing/vat/", False)
    assert (kept_vote.comment, kept_vote.search_id) == ("ask [email]", one.search_id)


def test_a_yes_vote_marks_no_search(client: FlaskClient, log: SearchLog, kept: Kept) -> None:
    one = search("vat", at=now())
    log.record(one)
    assert vote(client, search_id=one.search_id) == 204
    [row] = kept()
    assert row["said_no_at"] is None


def test_a_customer_may_think_again_or_add_a_comment(client: FlaskClient, store: Store) -> None:
    vote(client, tab="tab-aaaa")
    vote(client, tab="tab-aaaa", helpful=False, comment="outdated")
    vote(client, tab="tab-bbbb")
    vote(client)
    vote(client)
    assert [(one.helpful, one.comment) for one in given_votes(store)] == [
        (False, "outdated"), (True, ""), (True, ""), (True, "")
    ]  # fmt: skip


def test_reasons_join_the_vote_of_the_same_tab_and_go_with_it(client: FlaskClient, store: Store) -> None:
    vote(client, tab="tab-aaaa", helpful=False)
    assert vote(client, tab="tab-aaaa", helpful=False, reasons=["rule", "unclear", "rule"]) == 204
    assert [one.reasons for one in given_votes(store)] == [("unclear", "rule")]
    vote(client, tab="tab-aaaa")
    assert [(one.helpful, one.reasons) for one in given_votes(store)] == [(True, ())]
    assert store.read("SELECT * FROM vote_reasons") == []


def test_a_vote_by_form_gets_a_name_so_that_its_reasons_find_it(client: FlaskClient, store: Store) -> None:
    url = "/help/billing/vat/"
    page = client.post("/help/api/feedback", data={"url": url, "helpful": "0", "lang": "de"}).text
    assert "Ein Mensch kann Ihnen jetzt helfen" in page
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    more = {**fields, "reason": ["failed", "rule"], "comment": "mail bob@example.com"}
    assert client.post("/help/api/feedback", data=more).status_code == 200
    assert [(one.reasons, one.comment) for one in given_votes(store)] == [(("failed", "rule"), "mail [email]")]


def test_votes_past_their_time_are_erased(client: FlaskClient, store: Store) -> None:
    vote(client)
    assert erase_old_votes(store, now() - timedelta(days=1)) == 0
    assert erase_old_votes(store, now() + timedelta(days=1)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"helpful": "yes"},
        {"helpful": 1},
        {"url": ""},
        {"comment": []},
        {"comment": "x" * 1001},
        {"reasons": ["made up"]},
        {"reasons": ["rule"]},
        {"reasons": "clear"},
        {"reasons": [["clear"]]},
    ],
)
def test_a_vote_that_makes_no_sense_is_refused(client: FlaskClient, wrong: dict[str, object]) -> None:
    assert vote(client, **wrong) in (400, 422)
