"""The contact page: a message gets a code, and what was written is never lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import settle
from handrail_feedback.storage.messages.messages import find_message, keep_message
from handrail_kb.config.settings import Settings, load_settings

GOOD = {"message": "I cannot log in.", "subject": "Login", "reply_to": "a@b.test", "leave_empty": ""}


def code_in(page: str) -> str:
    found = re.search(r'class="handrail-code">([^<]+)<', page)
    assert found, page
    return found[1]


def test_the_contact_page_wears_the_look_of_the_site_and_knows_what_was_searched(client: FlaskClient) -> None:
    page = client.get('/help/contact/?q=vat "<script>').text
    assert "ACME LOOK" in page
    assert 'value="vat &#34;&lt;script&gt;"' in page
    assert 'action="/help/api/contact"' in page
    assert "mailto:help@acme.test" in page
    assert "tel:+49301234" in page


def test_a_message_sent_without_javascript_gets_a_code_and_nothing_else(client: FlaskClient, store: Store) -> None:
    answer = client.post("/help/api/contact", data=GOOD)
    assert answer.status_code == 200
    code = code_in(answer.text)
    found = find_message(store, code)
    assert found
    assert found.message == GOOD["message"]
    assert " for " in answer.text  # K for Kilo
    assert "<form" not in answer.text
    assert re.findall(r'<a href="([^"]*)"', answer.text) == ["/help/contact/code/"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_message_sent_as_json_gets_a_code(client: FlaskClient, store: Store) -> None:
    answer = client.post("/help/api/contact", json={"message": "I cannot log in."})
    assert answer.status_code == 201
    assert find_message(store, answer.get_json()["code"])


def test_someone_without_an_address_is_told_how_to_hear_from_us(client: FlaskClient) -> None:
    page = client.post("/help/api/contact", data={**GOOD, "reply_to": ""}).text
    assert "You gave no address" in page
    assert "mailto:help@acme.test" in page


def test_a_double_click_sends_one_message(client: FlaskClient, store: Store) -> None:
    page = client.get("/help/contact/").text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    sent = {**GOOD, "token": token[1]}
    assert code_in(client.post("/help/api/contact", data=sent).text) == code_in(
        client.post("/help/api/contact", data=sent).text
    )
    assert len(store.read("SELECT * FROM messages")) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"message": ""}, "Please write your message."),
        ({"message": " \r\n "}, "Please write your message."),
        ({"message": "x" * 5001}, "longer than 5000 characters"),
        ({"subject": "x" * 201}, "longer than 200 characters"),
        ({"reply_to": "call me maybe"}, "neither an e-mail address nor a phone number"),
        ({"leave_empty": "https://spam.test"}, "leave the last field empty"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written_is_lost(
    client: FlaskClient, store: Store, wrong: dict[str, str], words: str
) -> None:
    sent = {**GOOD, **wrong}
    page = client.post("/help/api/contact", data=sent)
    assert page.status_code == 422
    assert words in page.text
    assert 'aria-invalid="true"' in page.text
    for name in ("subject", "reply_to"):
        assert f'value="{sent[name]}"' in page.text
    assert sent["message"].replace("\r\n", "\n") in page.text
    assert "help@acme.test" in page.text
    answer = client.post("/help/api/contact", json=sent)
    assert answer.status_code == 422
    assert list(answer.get_json()["fields"]) == list(wrong)
    assert "help@acme.test" in answer.get_json()["error"]["mend"]
    assert store.read("SELECT * FROM messages") == []


def test_a_message_of_full_length_with_windows_line_ends_is_taken(client: FlaskClient) -> None:
    text = "x\r\n" * 2500
    assert client.post("/help/api/contact", data={**GOOD, "message": text}).status_code == 200


def test_a_form_that_is_far_too_long_is_answered_with_a_page(client: FlaskClient) -> None:
    page = client.post("/help/api/contact", data={"message": "x" * 70_000})
    assert page.status_code == 422
    assert "longer than 5000 characters" in page.text
    assert "ACME LOOK" in page.text


def test_html_in_a_message_stays_text(client: FlaskClient) -> None:
    sent = {"subject": '"><img src=x>', "message": "</textarea><script>", "reply_to": "x"}
    page = client.post("/help/api/contact", data=sent)
    assert "<img" not in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\u202eabc", "\U0001f600"])
def test_odd_characters_are_kept(client: FlaskClient, store: Store, text: str) -> None:
    answer = client.post("/help/api/contact", json={"message": text})
    assert answer.status_code == 201
    assert find_message(store, answer.get_json()["code"])


def test_a_message_that_could_not_be_kept_is_shown_again_with_other_ways(
    log: SearchLog, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken").write_text("no folder")
    app = Flask("acme")
    app.register_blueprint(
        customer_pages(Store(tmp_path / "broken" / "store.db"), log, settings, SiteSeen(base_path="/help/"))
    )
    client = app.test_client()
    page = client.post("/help/api/contact", data=GOOD)
    assert page.status_code == 503
    assert "Your message was not kept" in page.text
    assert GOOD["message"] in page.text
    assert "mailto:help@acme.test" in page.text
    assert "handrail-code" not in page.text
    answer = client.post("/help/api/contact", json=GOOD)
    assert answer.status_code == 503
    assert "help@acme.test" in answer.get_json()["error"]["mend"]
    assert client.post("/help/api/feedback", json={"url": "/help/billing/vat/", "helpful": True}).status_code == 503
    assert GOOD["message"] not in caplog.text


@pytest.mark.parametrize("lang", ["en", "de", "fr", "es", "xx"])
def test_the_pages_speak_the_language_of_the_site(store: Store, log: SearchLog, settings: Settings, lang: str) -> None:
    app = Flask("acme")
    app.register_blueprint(customer_pages(store, log, settings, SiteSeen(lang=lang)))
    client = app.test_client()
    pages = [client.get("/contact/"), client.post("/api/contact", data={}), client.post("/api/contact", data=GOOD)]
    assert [page.status_code for page in pages] == [200, 422, 200]
    assert ("Ihre Nachricht" in pages[0].text) is (lang == "de")


def test_a_site_without_folders_for_pages_keeps_its_look_after_sending(
    store: Store, log: SearchLog, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "contact.html").write_text(
        '<link href="assets/a.css"><a href="#top"><a href="https://x.test/"><handrail-main></handrail-main>'
    )
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\n")
    app = Flask("acme")
    app.register_blueprint(customer_pages(store, log, load_settings(tmp_path / "mkdocs.yml", environ={}), SiteSeen()))
    page = app.test_client().post("/api/contact", data=GOOD).text
    assert 'href="/assets/a.css"' in page
    assert 'href="#top"' in page
    assert 'href="https://x.test/"' in page
    assert 'href="/assets/a.css"' in app.test_client().get("/contact.html").text


# --- being called back


def test_a_call_at_a_chosen_time_needs_a_number_to_call(client: FlaskClient, store: Store) -> None:
    asked = {**GOOD, "callback": "2026-11-24 09:00–10:00 Europe/Berlin"}
    refused = client.post("/help/api/contact", json=asked)
    assert refused.status_code == 422
    assert "leave a phone number" in refused.get_json()["fields"]["reply_to"]
    kept = client.post("/help/api/contact", json={**asked, "reply_to": "a@b.test or +49 30 901820"})
    found = find_message(store, kept.get_json()["code"])
    assert found
    assert found.callback == asked["callback"]


def test_the_field_for_a_call_is_there_when_the_company_calls_back(
    store: Store, log: SearchLog, tmp_path: Path
) -> None:
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins:\n  - handrail:\n      contact:\n        timezone: UTC\n        who: Ann\n"
        "        hours: always\n        channels: [callback, {phone: +49 30 901820}]\n"
    )
    app = Flask("acme")
    app.register_blueprint(customer_pages(store, log, load_settings(tmp_path / "mkdocs.yml", environ={}), SiteSeen()))
    client = app.test_client()
    page = client.get("/contact/").text
    assert 'name="callback"' in page
    assert "tel:+4930901820" in page
    wrong = client.post("/api/contact", data={**GOOD, "callback": "Tuesday"}).text
    assert 'value="Tuesday"' in wrong
    assert "leave a phone number" in wrong


def test_without_calls_there_is_no_field_for_them(client: FlaskClient) -> None:
    assert 'name="callback"' not in client.get("/help/contact/").text


# --- robots, and people who are taken for one


def opened_in(page: str) -> int:
    found = re.search(r'name="opened" value="(\d+)"', page)
    assert found
    return int(found[1])


def test_a_form_that_is_sent_at_once_is_taken_for_a_robots_and_a_person_is_told_what_to_do(
    client: FlaskClient, store: Store
) -> None:
    opened = opened_in(client.get("/help/contact/").text)
    refused = client.post("/help/api/contact", data={**GOOD, "opened": str(opened)})
    assert refused.status_code == 422
    assert "faster than a person can write" in refused.text
    assert GOOD["message"] in refused.text
    assert "mailto:help@acme.test" in refused.text
    assert opened_in(refused.text) == opened
    again = client.post("/help/api/contact", data={**GOOD, "opened": str(opened - 3)})
    assert find_message(store, code_in(again.text))


def test_what_the_browser_says_about_the_time_counts_before_our_clock(client: FlaskClient) -> None:
    fast = client.post("/help/api/contact", json={**GOOD, "waited": 0.4})
    assert fast.status_code == 422
    assert list(fast.get_json()["fields"]) == ["waited"]
    assert "help@acme.test" in fast.get_json()["error"]["mend"]
    slow = {**GOOD, "waited": 9.5, "opened": str(opened_in(client.get("/help/contact/").text))}
    assert client.post("/help/api/contact", json=slow).status_code == 201


@pytest.mark.parametrize("told", [None, "", "soon", -5, True, 1e999, [], "9" * 30])
def test_a_form_that_does_not_know_when_it_was_opened_is_taken(client: FlaskClient, told: object) -> None:
    assert client.post("/help/api/contact", json={**GOOD, "waited": told}).status_code == 201
    assert client.post("/help/api/contact", data={**GOOD, "opened": str(told)}).status_code == 200


def test_the_trap_has_a_name_that_no_browser_fills_in(client: FlaskClient) -> None:
    page = client.get("/help/contact/").text
    for name in ("website", "url", "name", "address", "company", "phone", "email"):
        assert f'name="{name}"' not in page


# --- what to expect


def test_the_page_says_how_soon_people_answered_last_month(client: FlaskClient, store: Store) -> None:
    written = now() - timedelta(days=3)
    assert "Last month half of all messages" not in client.get("/help/contact/").text
    for number in range(20):
        code = keep_message(store, Message(f"Help {number}", "", "a@b.test", "en", written))
        settle(store, code, "elsewhere", "bert", written + timedelta(minutes=50), code)
    assert "Last month half of all messages were answered within 50 minutes." in client.get("/help/contact/").text


PROMISING = {
    "timezone": "Europe/Berlin",
    "hours": "always",
    "channels": [{"form": None, "promise": "4 hours"}, {"email": "help@acmeworks.test"}],
}


@pytest.fixture
def promising(store: Store, log: SearchLog, settings: Settings) -> Callable[..., FlaskClient]:
    def run(lang: str = "en", **more: Any) -> FlaskClient:
        app = Flask("acme")
        contact = replace(settings, groups={"contact": PROMISING}, values={**settings.values, **more})
        app.register_blueprint(customer_pages(store, log, contact, SiteSeen(base_path="/help/", lang=lang)))
        return app.test_client()

    return run


def test_customers_are_not_told_that_figures_are_missing(promising: Callable[..., FlaskClient]) -> None:
    for lang in ("en", "de", "es", "fr"):
        page = promising(lang).get("/help/contact/").text
        assert not re.search("not enough data|nicht genug Daten|datos suficientes|assez de données", page)


def test_after_sending_the_page_names_the_address_and_by_when_the_answer_comes(
    promising: Callable[..., FlaskClient],
) -> None:
    by = (now() + timedelta(hours=4)).astimezone(ZoneInfo("Europe/Berlin"))
    page = unescape(promising().post("/help/api/contact", data={**GOOD, "reply_to": "a@b.test <b>"}).text)
    assert re.search(rf"We answer to a@b\.test <b> (?:today )?by (?:\w+ {by.day} \w+ {by.year}, )?\d\d:\d\d\.", page)
    assert "That is the time in Berlin." in page
    assert "<b>" not in promising().post("/help/api/contact", data={**GOOD, "reply_to": "a@b.test <b>"}).text
    told = promising().post("/help/api/contact", json=GOOD).get_json()
    assert abs(datetime.fromisoformat(told["answer_by"]) - by) < timedelta(minutes=2)
    german = promising("de").post("/help/api/contact", data=GOOD).text
    assert "Wir antworten an a@b.test" in german


def test_without_an_address_or_a_promise_no_answer_is_dated(client: FlaskClient, promising: Any) -> None:
    assert promising().post("/help/api/contact", json={"message": "x"}).get_json()["answer_by"] is None
    assert client.post("/help/api/contact", json=GOOD).get_json()["answer_by"] is None
    assert "We answer to a@b.test." in client.post("/help/api/contact", data=GOOD).text


def test_whoever_asked_for_a_call_reads_when_it_comes(client: FlaskClient) -> None:
    sent = {**GOOD, "reply_to": "030 1234567", "callback": "2026-11-24 09:00–10:00 Europe/Berlin"}
    page = client.post("/help/api/contact", data=sent).text
    assert "We call you at the time you chose: 2026-11-24 09:00–10:00 Europe/Berlin." in page


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("anna@acmewroks.test", "anna@acmeworks.test"),
        ("anna@acmeworks.tset", "anna@acmeworks.test"),
        ("anna@acmework.test or 030 1234567", "anna@acmeworks.test or 030 1234567"),
        ("anna@gmial.com", "anna@gmail.com"),
        ("anna@gmail,com", "anna@gmail.com"),
    ],
)
def test_an_address_with_a_typo_is_asked_about_and_what_was_meant_can_be_taken(
    promising: Callable[..., FlaskClient], typed: str, meant: str
) -> None:
    refused = promising().post("/help/api/contact", json={"message": "x", "reply_to": typed})
    assert refused.status_code == 422
    told = refused.get_json()
    assert "Did you mean" in told["fields"]["reply_to"]
    assert told["meant"] == {"reply_to": meant}
    assert promising().post("/help/api/contact", json={"message": "x", "reply_to": meant}).status_code == 201
    again = promising().post("/help/api/contact", json={"message": "x", "reply_to": typed, "sure": typed})
    assert again.status_code == (422 if "," in typed else 201)


@pytest.mark.parametrize("right", ["anna@acmeworks.test", "a@ACMEworks.test", "a@other.test", "a@acmeworks2000.test"])
def test_an_address_without_a_typo_is_taken_at_once(promising: Callable[..., FlaskClient], right: str) -> None:
    assert promising().post("/help/api/contact", json={"message": "x", "reply_to": right}).status_code == 201


def test_each_error_is_tied_to_its_field_and_linked_from_a_summary(client: FlaskClient) -> None:
    page = client.post("/help/api/contact", data={"message": "", "subject": "x" * 201, "reply_to": "maybe"}).text
    summary = page[page.index('id="handrail-errors"') : page.index("<form")]
    for name, field in (("message", "message"), ("subject", "subject"), ("reply_to", "reply-to")):
        assert f'href="#handrail-{field}"' in summary
        element = re.search(rf'<(?:input|textarea) id="handrail-{field}"[^>]*>', page)
        assert element
        assert 'aria-invalid="true"' in element[0]
        described = re.search(r'aria-describedby="([^"]*)"', element[0])
        assert described
        assert f"{name}-error" in described[1].split()
        assert f'id="{name}-error"' in page
    assert "novalidate" in page  # or the browser would say it in its own words and language


def test_the_message_is_the_first_field(client: FlaskClient) -> None:
    names = re.findall(r'<(?:input|textarea|select)[^>]* name="(\w+)"', client.get("/help/contact/").text)
    assert names[:3] == ["message", "subject", "reply_to"]


# --- the code by mail


@pytest.mark.parametrize(
    ("deliver", "reply_to", "to"),
    [
        ("mail", "Anna <anna@acme.test>", ["anna@acme.test"]),
        ("mail", "030 1234567", []),
        ("mail", "anna@acme.test, bob@acme.test", []),
        ("folder", "anna@acme.test", []),
    ],
)
def test_the_code_goes_by_mail_to_the_one_address_where_mail_is_set_up(
    store: Store, log: SearchLog, settings: Settings, deliver: str, reply_to: str, to: list[str]
) -> None:
    app = Flask("acme")
    mailing = replace(settings, values={**settings.values, "deliver": deliver})
    app.register_blueprint(customer_pages(store, log, mailing, SiteSeen(base_path="/help/")))
    app.test_client().post("/help/api/contact", json={"message": "Help!", "reply_to": reply_to})
    assert [row["address"] for row in store.read("SELECT address FROM receipts")] == to
