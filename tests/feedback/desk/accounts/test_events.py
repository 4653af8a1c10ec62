"""What happened to accounts: what is noted, for how long, and who may read it."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.staff import AT_COMMAND_LINE, EVENTS_KEPT, Doer
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import events, staff
from handrail_kb.cli.group import main

from ...stores import everything_in
from ..desks import PASSWORD, Desk, hire, signed_in, texts

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def lead(app, store):
    hire(store, "lea", "lead")
    return signed_in(app, "lea")


def happened(store, name=""):
    return [(one.what, one.name, one.by.name) for one in reversed(events.latest(store, name, limit=1000))]


def test_signing_in_and_out_and_being_refused_are_noted_with_the_kind_of_browser(app, store):
    hire(store)
    desk = Desk(app.test_client())
    desk.client.environ_base.update(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.77")
    desk.sign_in(password="wrong horse battery")
    desk.sign_in()
    desk.post("logout")
    assert happened(store) == [
        ("account_made", "anna", ""),
        ("refused", "anna", ""),
        ("signed_in", "anna", "anna"),
        ("signed_out", "anna", "anna"),
    ]
    assert {one.by.browser for one in events.latest(store, limit=3)} == {"Firefox, Linux"}
    assert b"192.0.2.77" not in everything_in(store) and b"Gecko" not in everything_in(store)


def test_on_a_phone_the_list_says_whose_account_it_was_and_who_did_it(lead):
    lead.get("accounts/")
    assert set(re.findall(r'<td data-name="([^"]+)"><bdi>lea</bdi>', lead.page)) == {"Account", "By"}


def test_what_was_typed_as_a_name_and_is_nobodys_is_not_kept(app, store):
    hire(store)
    Desk(app.test_client()).sign_in(name=PASSWORD.replace(" ", "-"), password="anna")
    Desk(app.test_client()).sign_in(name="bert", password=PASSWORD)
    assert happened(store)[1:] == [("refused", "", "")] * 2
    assert b"correct-horse" not in everything_in(store)


def test_a_change_at_the_desk_and_at_the_command_line_is_noted_with_who_did_it(desk, store):
    desk.get("account/")
    desk.post("account/password", present=PASSWORD, new="seven walruses on a pier", again="seven walruses on a pier")
    staff.set_role(store, "anna", "lead", now())
    staff.remove(store, "anna", now())
    assert happened(store)[2:] == [
        ("password_changed", "anna", "anna"),
        ("role_changed", "anna", ""),
        ("account_removed", "anna", ""),
    ]
    assert events.latest(store, limit=2)[1].detail == "lead"


def test_the_commands_note_what_they_did(tmp_path, monkeypatch):
    from handrail_feedback.storage.database import Store

    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    monkeypatch.chdir(tmp_path)
    for words, typed in (
        (["add", "anna"], PASSWORD),
        (["role", "anna", "lead"], ""),
        (["passwd", "anna"], "another horse battery"),
        (["sign-out", "anna"], ""),
        (["remove", "anna"], ""),
    ):
        assert CliRunner().invoke(main, ["users", *words], input=f"{typed}\n").exit_code == 0
    store = Store(tmp_path / ".handrail" / "store.db")
    # Nobody was signed in, so signing out ended nothing.
    assert [what for what, *_ in happened(store)] == [
        "account_made",
        "role_changed",
        "password_changed",
        "account_removed",
    ]
    store.close()


def test_what_fails_is_not_noted(store):
    assert not staff.set_role(store, "nobody", "lead", now())
    assert not staff.set_password(store, "nobody", "a hash", now())
    assert not staff.remove(store, "nobody", now())
    assert happened(store) == []


def test_what_happened_is_erased_with_time_and_strangers_push_out_nothing_but_their_own(store, monkeypatch):
    monkeypatch.setattr(events, "MOST_EVENTS", 5)
    hire(store)
    for number in range(20):
        events.note_refused(store, "", now() + timedelta(seconds=number), AT_COMMAND_LINE)
    assert len(happened(store)) == 6 and happened(store)[0] == ("account_made", "anna", "")
    for _ in range(20):
        staff.set_role(store, "anna", "lead", now())
    assert [what for what, *_ in happened(store)].count("role_changed") == 5
    assert events.erase_old_events(store, now() + EVENTS_KEPT - timedelta(days=1)) == 0
    assert events.erase_old_events(store, now() + EVENTS_KEPT + timedelta(days=1)) == 10


def test_the_service_erases_them_by_itself(app, store):
    hire(store)
    with store.transaction() as db:
        events.note(db, "signed_in", "anna", now() - EVENTS_KEPT - timedelta(days=1), Doer("anna"))
    log = app.extensions["handrail"].searches
    log._tidy()  # noqa: SLF001 (a thread does it, at the first search)
    assert [what for what, *_ in happened(store)] == ["account_made"]


# --- The page ----------------------------------------------------------------------------------------------------


def test_a_lead_reads_what_happened_and_an_agent_does_not(app, store, desk, lead):
    assert desk.get("accounts/").status_code == 403
    assert 'href="/help/desk/accounts/"' not in desk.page
    assert lead.get("accounts/").status_code == 200
    said = texts(lead.page)
    assert re.search(r"Signed in lea lea", said) and re.search(r"Account made: agent anna command line", said)
    assert 'href="/help/desk/accounts/"' in lead.page


def test_the_page_shows_fifty_at_a_time_of_all_or_of_one(store, lead):
    hire(store)
    for number in range(120):
        events.note_refused(store, "anna" if number % 2 else "", now(), Doer(browser=f"browser {number}"))
    for page, first, rows in ((1, 1, 50), (2, 51, 50), (3, 101, 23)):
        lead.get("accounts/", query_string={"page": page})
        assert lead.page.count("<tr>") - 1 == rows
        assert f"{first} to {first + rows - 1} of 123" in lead.page
    lead.get("accounts/", query_string={"name": "anna"})
    assert "1 to 50 of 61" in lead.page and "no such account" not in lead.page
    assert re.search(r'rel="next" href="/help/desk/accounts/\?name=anna&amp;page=2"', lead.page)
    for odd in ({"page": "-1"}, {"page": "x"}, {"name": "<b>"}, {"page": "9999"}, {"name": "nobody"}):
        assert lead.get("accounts/", query_string=odd).status_code == 200


def test_every_kind_of_event_has_words_in_both_languages(store, lead):
    from typing import get_args

    from handrail_feedback.records.staff import Happening
    from handrail_kb.texts.staff import STAFF_WORDS

    for what in get_args(Happening):
        for lang in ("en", "de"):
            assert STAFF_WORDS.text(lang, f"events.was.{what}")


# --- What a role does not allow --------------------------------------------------------------------------------------


def test_what_a_role_does_not_allow_is_noted_with_who_tried_it_once_an_hour(desk, store, monkeypatch):
    for _ in range(5):
        assert desk.get("accounts/").status_code == 403
        assert desk.get("accounts.csv").status_code == 403
    noted = [(one.what, one.name, one.by.name, one.detail) for one in events.latest(store, limit=2)]
    assert noted == [
        ("not_allowed", "anna", "anna", "account_events_file"),
        ("not_allowed", "anna", "anna", "account_events"),
    ]
    assert [one.what for one in events.latest(store, limit=100)].count("not_allowed") == 2
    monkeypatch.setattr("handrail_feedback.desk.blueprint.now", lambda: now() + timedelta(minutes=61))
    desk.get("accounts/")
    assert [one.what for one in events.latest(store, limit=100)].count("not_allowed") == 3


def test_a_deed_that_is_for_leads_is_noted_too_and_a_lead_reads_of_it(app, desk, store, lead):
    desk.get("topics/")
    assert desk.post("topics/1/decide", verdict="spam").status_code == 403
    assert events.latest(store, "anna", limit=1)[0].detail == "decide"
    lead.get("accounts/")
    assert "Tried what the role does not allow" in lead.page


def test_tries_push_out_nothing_that_staff_did(desk, store, monkeypatch):
    monkeypatch.setattr(events, "MOST_EVENTS", 3)
    for hours in range(1, 8):
        events.note_not_allowed(store, "account_events", now() + timedelta(hours=2 * hours), Doer("anna"))
    kept = [one.what for one in events.latest(store, limit=100)]
    assert kept.count("not_allowed") == 3 and {"account_made", "signed_in"} <= set(kept)
