"""The service notice: said with one command, shown on every page within a minute, in the reader's language, escaped."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.pages.notice import CACHED_FOR, READ_EVERY, CurrentNotice
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.notices import clear, last_said, say
from handrail_kb.cli.group import main
from handrail_kb.config.settings import Settings
from handrail_kb.contact.service_notice import LONGEST_NOTICE, ServiceNotice
from handrail_kb.errors import StoreUnavailable

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def said(words: str = "Payments are slow.", **more: object) -> ServiceNotice:
    return ServiceNotice(words, **{"level": "warning", "said_at": now(), **more})  # type: ignore[arg-type]


@pytest.fixture
def page(store: Store, log: SearchLog, settings: Settings) -> Callable[..., FlaskClient]:
    """Gives a client of a process that has read nothing yet."""

    def run(lang: str = "en") -> FlaskClient:
        app = Flask("acme")
        app.register_blueprint(customer_pages(store, log, settings, SiteSeen(base_path="/help/", lang=lang)))
        return app.test_client()

    return run


def test_what_is_said_is_on_the_contact_page_and_at_the_address_that_scripts_ask(
    page: Callable[..., FlaskClient], store: Store
) -> None:
    assert page().get("/help/api/notice").get_json() == {"notice": None}
    say(store, said('<b>Cards</b> & "slow"', until=now() + timedelta(hours=2)))
    answer = page().get("/help/api/notice")
    told = answer.get_json()["notice"]
    assert (told["label"], told["text"], told["level"]) == ("Disruption", '<b>Cards</b> & "slow"', "warning")
    assert told["said_at"]
    assert told["until"]
    html = page().get("/help/contact/").text
    assert "Disruption:" in html
    assert "&lt;b&gt;Cards&lt;/b&gt; &amp;" in html
    assert "Updated: " in html
    assert "Expected until: " in html


def test_an_outage_is_seen_within_a_minute_and_the_store_is_not_asked_at_each_request(store: Store) -> None:
    assert READ_EVERY + CACHED_FOR + 29 < 60  # a page asks again after 29 seconds
    clock = [0.0]
    current = CurrentNotice(store, lambda: clock[0])
    assert current() is None
    say(store, said())
    clock[0] = READ_EVERY - 1
    assert current() is None
    clock[0] = READ_EVERY
    assert current() is not None
    clear(store)
    clock[0] = 2 * READ_EVERY
    assert current() is None


def test_while_the_store_is_away_the_last_notice_stays_until_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(store, said(until=now() + timedelta(minutes=1)))
    clock = [0.0]
    current = CurrentNotice(store, lambda: clock[0])
    assert current() is not None

    def away(_store: Store) -> None:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr("handrail_feedback.pages.notice.last_said", away)
    clock[0] = 100.0
    assert current() is not None
    monkeypatch.setattr("handrail_feedback.pages.notice.now", lambda: now() + timedelta(minutes=2))
    assert current() is None


def test_every_reader_gets_the_words_of_their_language_or_those_for_everybody(
    page: Callable[..., FlaskClient], store: Store
) -> None:
    say(store, said("Slow.", in_languages={"de": "Langsam."}))
    client = page()
    for lang, text, spoken in (("de-CH", "Langsam.", "de"), ("de", "Langsam.", "de"), ("fr", "Slow.", None)):
        told = client.get(f"/help/api/notice?lang={lang}").get_json()["notice"]
        assert (told["text"], told["lang"]) == (text, spoken)
    assert client.get("/help/api/notice?lang=de").get_json()["notice"]["label"] == "Störung"
    assert client.get("/help/api/notice?lang=%00%ff").status_code == 200
    assert '<span lang="de">Langsam.</span>' in page("de").get("/help/contact/").text


def test_the_last_notice_takes_the_place_of_the_one_before(store: Store) -> None:
    for words in ("One", "Two"):
        say(store, said(words))
    found = last_said(store)
    assert found
    assert found.words == "Two"
    assert clear(store) is True
    assert clear(store) is False
    assert last_said(store) is None


@pytest.fixture
def run(
    tmp_path: Path, store: Store, store_place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs `handrail status` on the store of these tests."""
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins:\n  - handrail: {contact: {timezone: Europe/Berlin, who: Ann}}\n"
    )
    monkeypatch.setattr("handrail_feedback.commands.status.now", lambda: NOW)
    monkeypatch.setattr("handrail_feedback.commands.status.Store", lambda _place: store)
    monkeypatch.setattr(store, "close", lambda: None)

    def go(*words: str) -> Result:
        return CliRunner().invoke(main, ["status", "--config", str(tmp_path / "mkdocs.yml"), *words])

    return go


def test_the_command_says_shows_and_takes_away(run: Callable[..., Result]) -> None:
    assert run().output == "Customers see no notice.\n"
    shown = run("Payments\nare slow.", "--level", "outage", "--until", "18:00", "--in", "de", "Zahlungen dauern.")
    assert shown.exit_code == 0
    assert shown.output.splitlines() == [
        "outage: Payments are slow.",
        "  de: Zahlungen dauern.",
        "  said 2026-11-29 13:00 CET",
        "  until 2026-11-29 18:00 CET",
    ]
    told = json.loads(run("--json").output)["notice"]
    assert (told["words"], told["until"], told["in_languages"]) == (
        "Payments are slow.",
        "2026-11-29T17:00:00.000Z",
        {"de": "Zahlungen dauern."},
    )
    assert run("--clear").output == "The notice is taken away.\n"
    assert run("--clear").output == "There was no notice.\n"


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        ("12:30", "2026-11-30T11:30:00.000Z"),  # 13:00 in Berlin now: tomorrow
        ("13:01", "2026-11-29T12:01:00.000Z"),
        ("2026-12-01 09:00", "2026-12-01T08:00:00.000Z"),
        ("2026-12-01T09:00+00:00", "2026-12-01T09:00:00.000Z"),
    ],
)
def test_the_end_is_a_time_of_the_company(run: Callable[..., Result], until: str, ends: str) -> None:
    assert json.loads(run("Slow", "--until", until, "--json").output)["notice"]["until"] == ends


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x" * (LONGEST_NOTICE + 1)], "at most 300"),
        ([" \n "], "needs words"),
        (["Slow", "--until", "soon"], "'soon' is no time"),
        (["Slow", "--until", "9999-12-31 23:59"], "is too far away"),
        (["Slow", "--until", "9999-12-31T23:59-11:00"], "is too far away"),
        (["Slow", "--until", "2026-11-29 12:59"], "is past"),
        (["Slow", "--in", "deutsch", "Langsam"], "'deutsch' is no language"),
        (["Slow", "--clear"], "at once"),
        (["Slow", "--level", "huge"], "huge"),
    ],
)
def test_what_cannot_be_said_is_refused_in_one_sentence(
    run: Callable[..., Result], words: list[str], told: str
) -> None:
    refused = run(*words)
    assert refused.exit_code == 1
    assert told in refused.output + str(refused.exception)
    assert "Traceback" not in refused.output
    assert run().output == "Customers see no notice.\n"
