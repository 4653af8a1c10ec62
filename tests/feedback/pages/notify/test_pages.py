"""The pages of `tell/`: asking, confirming and withdrawing, for whoever opens a link and whatever they send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from handrail_feedback.delivery.channels import can_notify
from handrail_feedback.records.mailings import LONGEST_NOTIFIED_QUESTION, token_of
from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mail_quota import Recipient
from handrail_feedback.storage.messages.mailings import (
    ask_to_be_told,
    confirm,
    find_notification,
    notification_figures,
)
from handrail_feedback.storage.messages.messages import keep_message
from handrail_kb.config.settings import Settings
from handrail_kb.errors import DeliveryFailed

from ...conftest import NOON, search
from ...stores import Away
from .wishes import (
    ANNA,
    CONFIRM,
    KEY,
    PAGE,
    QUESTION,
    WITHDRAW,
    Postbox,
    Searching,
    browse,
    left,
    token,
    waiting,
    wish,
)


def test_the_page_shows_the_words_of_the_search_in_the_sites_look(
    client: FlaskClient, log: SearchLog, store: Store
) -> None:
    log.record(search("walrus of anna@acme.test", at=now(), search_id="search-of-anna"))
    assert log.flush()
    page = client.get(f"{PAGE}?search=search-of-anna")
    assert "ACME LOOK" in page.text
    assert 'value="walrus of [email]"' in page.text
    assert 'value="as &#34;typed&#34;"' in client.get(PAGE, query_string={"q": 'as "typed"'}).text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.text.count('href="/help/contact/"') == 1


@pytest.mark.parametrize(("lang", "said"), [("de-CH", "Bescheid"), ("fr", "Prévenez"), ("xx", "Tell me"), ("", "Tell")])
def test_the_page_speaks_the_language_of_the_search(client: FlaskClient, lang: str, said: str) -> None:
    assert said in client.get(PAGE, query_string={"lang": lang, "q": "x"}).text


def test_links_of_mails_can_be_opened_by_anything_without_doing_anything(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    client.post(PAGE, data={"q": QUESTION, "address": ANNA})
    work(now())
    link = token(post)
    page = client.get(f"{CONFIRM}?token={link}")
    assert QUESTION in page.text
    assert ANNA in page.text
    assert store.read("SELECT state FROM tellings") == [{"state": "unconfirmed"}]
    for _ in range(2):
        assert "We will write to you" in client.post(CONFIRM, data={"token": link}).text
    assert store.read("SELECT state FROM tellings") == [{"state": "waiting"}]
    assert notification_figures(store, now(), now())["confirmed"] == 1
    again = client.get(f"{CONFIRM}?token={link}").text  # the mail is still there, and is opened again
    assert "We will write to you" in again
    assert "Shall we write to you?" not in again
    assert (ANNA in again, QUESTION in again) == (True, True)
    assert f'action="{WITHDRAW}"' in again


def test_what_is_kept_is_redacted_and_no_token_is(client: FlaskClient, store: Store) -> None:
    client.post(PAGE, data={"q": "my password is hunter22 and my mail eve@acme.test", "address": ANNA, "search": "s-1"})
    [row] = store.read("SELECT * FROM tellings")
    assert "hunter22" not in row["question"]
    assert "eve@acme.test" not in row["question"]
    assert row["search_id"] == "s-1"
    assert token_of(row["seed"], KEY).encode() not in left(store)
    assert token_of(row["seed"], KEY) != token_of(row["seed"], "another key")


def test_nobody_learns_whether_an_address_is_known(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    waiting(store, post, work, now())
    answers = {client.post(PAGE, data={"q": QUESTION, "address": ANNA}).text for _ in range(6)}
    answers.add(client.post(PAGE, data={"q": QUESTION, "address": "bert@acme.test"}).text.replace("bert@", "anna@"))
    assert len(answers) == 1


def test_an_address_gets_three_mails_a_day_that_nobody_has_asked_for_receipts_among_them(
    store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    keep_message(store, Message("Hi", "", ANNA, "en", NOON), receipt_to=Recipient(ANNA, KEY))
    for number in range(5):
        ask_to_be_told(store, wish(f"question {number}", ANNA.upper() if number % 2 else ANNA), KEY)
    work(NOON)
    assert len(post.mails) == 2
    keep_message(store, Message("Again", "", ANNA, "en", NOON), receipt_to=Recipient(ANNA, KEY))
    assert len(store.read("SELECT * FROM receipts")) == 1
    ask_to_be_told(store, wish("tomorrow", at=NOON + timedelta(days=1, minutes=1)), KEY)
    work(NOON + timedelta(days=1, minutes=1))
    assert len(post.mails) == 3


def test_the_same_question_waits_once_however_often_it_was_asked(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    ask_to_be_told(store, wish(), KEY)
    ask_to_be_told(store, wish(), KEY)
    work(NOON)
    first, second = token(post, 0), token(post, 1)
    found = find_notification(store, first, NOON)
    assert found
    confirm(store, found, NOON, 180)
    assert find_notification(store, second, NOON) is None
    ask_to_be_told(store, wish(), KEY)
    searching.learn()
    work(NOON)
    assert len(post.mails) == 3


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"q": " ", "address": ANNA}, "Please say what you are looking for."),
        ({"q": "x", "address": ""}, "This is no e-mail address"),
        ({"q": "x", "address": "anna"}, "This is no e-mail address"),
        ({"q": "x", "address": "a@acme.test, b@acme.test"}, "This is no e-mail address"),
        ({"q": "x", "address": ANNA, "leave_empty": "http://robot"}, "to stop robots"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost_or_kept(
    client: FlaskClient, store: Store, sent: dict[str, str], said: str
) -> None:
    answer = client.post(PAGE, data=sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{sent["address"]}"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert store.read("SELECT * FROM tellings") == []


def test_whatever_is_sent_is_escaped_and_bounded(client: FlaskClient, store: Store) -> None:
    evil = "<script>alert(1)</script>\0"
    for method in (client.get, client.post):
        page = method(PAGE, **{"query_string" if method == client.get else "data": dict.fromkeys(
            ("q", "address", "search", "lang", "token"), evil)}).text  # fmt: skip
        assert "<script>alert" not in page
    client.post(PAGE, data={"q": "x" * 9000, "address": ANNA, "search": "s" * 900})
    [row] = store.read("SELECT * FROM tellings")
    assert len(row["question"]) == LONGEST_NOTIFIED_QUESTION
    assert len(row["search_id"]) == 64


@pytest.mark.parametrize("link", ["", "x", "<b>", "\0", "9" * 5000])
def test_a_link_that_leads_nowhere_says_so(client: FlaskClient, link: str) -> None:
    assert client.get(CONFIRM, query_string={"token": link}).status_code == 404
    assert client.post(CONFIRM, data={"token": link}).status_code == 404
    assert "It is erased" in client.post(WITHDRAW, data={"token": link}).text


@pytest.mark.parametrize("missing", ["smtp_host", "mail_from", "tell_days", "site_url"])
def test_nothing_is_promised_where_no_mail_can_be_sent(
    store: Store, log: SearchLog, settings: Settings, missing: str
) -> None:
    values = {**settings.values, **({missing: 0 if missing == "tell_days" else ""} if missing != "site_url" else {})}
    less = replace(settings, values=values, **({"site_url": ""} if missing == "site_url" else {}))
    assert can_notify(settings)
    assert not can_notify(less)
    client = browse(store, log, less)
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, data={"q": QUESTION, "address": ANNA}).status_code == 404
    assert store.read("SELECT * FROM tellings") == []


def test_without_a_store_nothing_is_promised_and_nothing_typed_is_lost(client: FlaskClient, away: Away) -> None:
    with away():
        answer = client.post(PAGE, data={"q": QUESTION, "address": ANNA})
        assert answer.status_code == 503
        assert "nothing was changed" in answer.text
        assert QUESTION in answer.text
        assert ANNA in answer.text
        for path in (CONFIRM, WITHDRAW):
            assert client.get(f"{path}?token=t").status_code == 503
        assert client.get(f"{PAGE}?search=s").status_code == 200


def test_no_words_and_no_address_are_logged(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        client.post(PAGE, data={"q": QUESTION, "address": ANNA})
        object.__setattr__(post, "failing", DeliveryFailed("No.", "Wait.", said=f"{ANNA} is unknown"))
        work(now())
    assert "was not sent (attempt 1)" in caplog.text
    assert not any(secret in caplog.text for secret in (QUESTION, ANNA))
