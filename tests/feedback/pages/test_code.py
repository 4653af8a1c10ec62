"""What a customer may do with a reference code, and what somebody who guesses one may not."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.records.reference_codes import new_code
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.answers import settle
from handrail_feedback.storage.messages.messages import find_message, keep_message, list_messages
from handrail_kb.config.settings import load_settings

from ..stores import Away, everything_in

PAGE = "/help/contact/code/"
WORDS, SUBJECT, ADDRESS = "My pin is secret", "About my card", "anna@acme.test"


@pytest.fixture
def code(store: Store) -> str:
    return keep_message(store, Message(WORDS, SUBJECT, ADDRESS, "en", now() - timedelta(days=2)))


def told(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_page_asks_for_a_code_in_the_sites_look(client: FlaskClient) -> None:
    answer = client.get(PAGE)
    assert "ACME LOOK" in answer.text
    assert 'name="code"' in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert client.get("/help/contact/").text.count(f'href="{PAGE}"') == 1


def test_a_code_however_it_is_typed_tells_how_the_message_stands(client: FlaskClient, store: Store, code: str) -> None:
    signs = code.replace("-", "")
    full_width = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    arabic_digits = code.translate({ord("0") + digit: ord("٠") + digit for digit in range(10)})
    pasted = (
        f"[{code}]",
        f"Re: [{code}] my bill",
        f"Reference code: {code}.",
        f"{code}\u200b",
        f"\ufeff{code}",
        f"#{signs}",
    )
    parted = (" ".join(signs), *(code.replace("-", between) for between in ("\u2212", " / ", "_", "\u00a0", ", ")))
    for typed in (
        code,
        code.lower(),
        code.replace("-", " "),
        f" {signs} ",
        full_width,
        arabic_digits,
        *pasted,
        *parted,
    ):
        answer = client.post(PAGE, data={"code": typed})
        assert answer.status_code == 200, typed
        assert "It is kept. A person will read it." in answer.text
    store.read("SELECT 1")
    with store.transaction() as db:
        db.execute("UPDATE messages SET state = 'delivered'")
    assert "It has reached the people who answer." in client.post(PAGE, data={"code": code}).text
    settle(store, code, "elsewhere", "bert", now(), code)
    assert "A person answered on" in client.post(PAGE, data={"code": code}).text


def test_times_are_told_by_the_companys_clock(store: Store, log: SearchLog, tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins: [{handrail: {contact: {timezone: Asia/Tokyo, channels: [form]}}}]\n"
    )
    app = Flask("acme")
    settings = load_settings(tmp_path / "mkdocs.yml", environ={})
    app.register_blueprint(customer_pages(store, log, settings, SiteSeen(base_path="/help/")))
    at = now().replace(hour=20, minute=30) - timedelta(days=2)
    page = app.test_client().post(PAGE, data={"code": keep_message(store, Message("Hi", "", "", "en", at))}).text
    day = at + timedelta(days=1)
    assert f"Written on {day.day} {day:%B} {day.year}, 05:30 (Tokyo)" in told(page)


def test_whoever_overhears_a_code_learns_no_words_and_no_address(client: FlaskClient, code: str) -> None:
    for do in ("look", "erase", "add"):
        page = client.post(PAGE, data={"code": code, "do": do}).text
        assert not any(secret in page for secret in (WORDS, SUBJECT, ADDRESS))


def test_a_code_is_taken_from_the_body_alone_so_that_no_log_has_it(client: FlaskClient, code: str) -> None:
    assert "It is kept" not in client.get(f"{PAGE}?code={code}").text
    assert client.post(f"{PAGE}?code={code}").status_code == 404
    assert code not in client.get(f"{PAGE}?code={code}").text


@pytest.mark.parametrize("typed", ["", "x", "<b>", "'; DROP TABLE messages; --", "\0", "9" * 5000])
def test_what_is_no_code_gets_the_same_answer_as_an_unknown_one(client: FlaskClient, code: str, typed: str) -> None:
    unknown, other = (client.post(PAGE, data={"code": sent}) for sent in (new_code(), typed))
    assert (unknown.status_code, other.status_code) == (404, 404)
    sentence = "We know no message with this code. It may be mistyped, erased, or older than 90 days."
    assert sentence in unknown.text
    assert sentence in other.text
    assert "<b>" not in other.text.partition("<handrail-main>")[2]


def test_one_try_is_one_code(client: FlaskClient, code: str) -> None:
    assert client.post(PAGE, data={"code": f"{new_code()} {code}"}).status_code == 404
    assert client.post(PAGE, data={"code": f"{code}, {code}"}).status_code == 200


def test_a_code_expires_and_writing_again_keeps_it_alive(client: FlaskClient, store: Store) -> None:
    old = keep_message(store, Message(WORDS, "", "", "en", now() - timedelta(days=91)))
    assert client.post(PAGE, data={"code": old}).status_code == 404
    keep_message(store, Message(f"More about {old}", "", "", "en", now() - timedelta(days=3)))
    assert client.post(PAGE, data={"code": old}).status_code == 200


def test_an_addition_goes_to_the_same_people_in_the_same_thread(client: FlaskClient, store: Store, code: str) -> None:
    answer = client.post(PAGE, data={"code": code, "do": "add", "words": "It works\r\nagain.", "token": "t1"})
    assert "The code stays the same." in answer.text
    assert code in answer.text
    client.post(PAGE, data={"code": code, "do": "add", "words": "It works\r\nagain.", "token": "t1"})
    [addition] = [message for message in list_messages(store) if message.code != code]
    assert (addition.message, addition.follows) == ("It works\nagain.", code)
    assert (addition.subject, addition.reply_to) == (SUBJECT, ADDRESS)
    assert told(client.post(PAGE, data={"code": addition.code}).text).count("It is kept") == 2


def test_an_addition_is_queued_to_be_delivered(store: Store, log: SearchLog, tmp_path: Path, code: str) -> None:
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [{handrail: {deliver: folder}}]\n")
    app = Flask("acme")
    settings = load_settings(tmp_path / "mkdocs.yml", environ={})
    app.register_blueprint(customer_pages(store, log, settings, SiteSeen(base_path="/help/")))
    app.test_client().post(PAGE, data={"code": code, "do": "add", "words": "More"})
    [row] = store.read("SELECT thread, route FROM outbox")
    assert row == {"thread": code, "route": "folder"}


@pytest.mark.parametrize(("words", "said"), [(" ", "Please write your message."), ("x" * 5001, "5000 characters")])
def test_an_addition_that_cannot_be_kept_is_shown_again(
    client: FlaskClient, store: Store, code: str, words: str, said: str
) -> None:
    answer = client.post(PAGE, data={"code": code, "do": "add", "words": words})
    assert answer.status_code == 422
    assert said in answer.text
    assert words.strip() in answer.text
    assert len(list_messages(store)) == 1


def test_erasing_asks_first_and_then_leaves_nothing(client: FlaskClient, store: Store, code: str) -> None:
    client.post(PAGE, data={"code": code, "do": "add", "words": "An addition of mine"})
    with store.transaction() as db:
        outbox.put(db, code, code, parse_routes("mail"), now())
    assert "Erase your message for good?" in client.post(PAGE, data={"code": code, "do": "erase"}).text
    assert find_message(store, code)
    assert "Your message is erased" in client.post(PAGE, data={"code": code, "do": "erase_for_good"}).text
    assert list_messages(store) == []
    assert store.read("SELECT * FROM outbox") == []
    left = everything_in(store)
    assert not any(words.encode() in left for words in (WORDS, ADDRESS, "An addition of mine", code))
    assert client.post(PAGE, data={"code": code}).status_code == 404


def test_without_a_store_nothing_is_changed_and_the_addition_is_shown_again(
    client: FlaskClient, code: str, away: Away
) -> None:
    with away():
        answer = client.post(PAGE, data={"code": code, "do": "add", "words": "Do not lose me"})
    assert answer.status_code == 503
    assert "nothing was changed" in answer.text
    assert "Do not lose me" in answer.text


def test_no_word_and_no_wrong_code_is_logged(client: FlaskClient, code: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        client.post(PAGE, data={"code": "QQQ-QQQ-QQQ"})
        client.post(PAGE, data={"code": code, "do": "add", "words": "hush hush"})
    assert not any(secret in caplog.text for secret in ("QQQ", "hush", ADDRESS))
