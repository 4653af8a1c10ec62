"""Fields that belong together fit one another as docs/operators/bounds.md says, and each rule there is tried here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from handrail_feedback.pages.contact_form import LEAST_WAIT

PAGE = Path(__file__).parents[3] / "docs" / "operators" / "bounds.md"
GOOD = {"message": "I cannot log in.", "subject": "Login", "reply_to": "a@b.test"}
VOTE = {"url": "/help/guide/reset/", "helpful": False}
TYPO = "anna@gmial.com"
Sent = dict[str, Any]
# For each rule an address, what fits, and what does not, with the status of either.
RULES: dict[str, tuple[str, int, Sent, int, Sent]] = {
    "`callback`, `reply_to`": (
        "contact",
        201,
        {**GOOD, "callback": "tomorrow at ten", "reply_to": "+49 30 901820"},
        422,
        {**GOOD, "callback": "tomorrow at ten"},
    ),
    "`sure`, `reply_to`": (
        "contact",
        201,
        {**GOOD, "reply_to": TYPO, "sure": TYPO},
        422,
        {**GOOD, "reply_to": TYPO, "sure": TYPO.upper()},
    ),
    "`opened` or `waited`, the time of arrival": (
        "contact",
        201,
        {**GOOD, "waited": LEAST_WAIT},
        422,
        {**GOOD, "waited": LEAST_WAIT - 0.5},
    ),
    "`reasons`, `helpful`": (
        "feedback",
        204,
        {**VOTE, "reasons": ["outdated"]},
        400,
        {**VOTE, "helpful": True, "reasons": ["outdated"]},
    ),
}
# Tried by tests of their own: below, and in tests/feedback/desk/accounts/test_own_account.py.
ELSEWHERE = {"`token`, `message`, `subject`, `reply_to`", "`present`, `new`, `again`"}


@pytest.mark.parametrize("rule", RULES)
def test_fields_that_fit_are_taken_and_others_are_refused(client: FlaskClient, rule: str) -> None:
    address, good, fits, bad, unfit = RULES[rule]
    for status, sent in ((bad, unfit), (good, fits)):
        assert client.post(f"/help/api/{address}", json=sent).status_code == status, sent


def test_the_same_form_with_the_same_words_is_one_message_and_with_others_another(client: FlaskClient) -> None:
    def code(**more: str) -> str:
        return str(client.post("/help/api/contact", json={**GOOD, "token": "form-12345678", **more}).get_json()["code"])

    assert code() == code()
    assert len({code(), code(subject="Another"), code(message="Another"), code(reply_to="c@d.test")}) == 4


def test_every_rule_of_the_page_is_tried_and_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("{ #together }")[2].partition("\n\nA web server")[0]
    told = {row.split(" | ")[0] for row in re.findall(r"^\| (`.*) \|$", text, re.M)}
    assert told == RULES.keys() | ELSEWHERE


def test_the_time_on_the_page_is_that_of_the_code() -> None:
    assert f"no sooner than {LEAST_WAIT} seconds" in PAGE.read_text(encoding="utf-8")


def test_nobody_who_has_something_to_mend_is_told_to_wait_as_well(client):
    refused = client.post("/help/api/contact", json={**GOOD, "message": " ", "waited": LEAST_WAIT - 0.5})
    assert list(refused.get_json()["fields"]) == ["message"]
