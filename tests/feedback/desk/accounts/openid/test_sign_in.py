"""Signing in with an OpenID provider: in and out, roles, and the accounts of those who come."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("faiss", reason="the service is not installed")
pytest.importorskip("authlib", reason="handrail[openid] is not installed")

import requests

from handrail_feedback.desk import sign_in as desk_sign_in
from handrail_feedback.desk.accounts import own_account
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import identities, sessions, staff

from ....stores import everything_in
from ...desks import DAY, Desk, hire, service
from .provider import BACK, CLIENT, SECRET, at_provider, happened, openid, sign_in, to_provider

HOUR = DAY / 24


# --- In and out ------------------------------------------------------------------------------------------------------


def test_somebody_whom_the_provider_knows_gets_in_without_a_password_of_ours(browser, store):
    assert "Sign in with Acme ID" in browser.get().text and 'name="password"' in browser.page
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/help/desk/")
    assert browser.get().status_code == 200 and "anna" in browser.page
    [member] = staff.everybody(store)
    assert (member.name, member.role, member.by_provider) == ("anna", "agent", True)
    assert happened(store) == [("account_made", "anna", "anna", "agent"), ("signed_in", "anna", "anna", "")]


@pytest.mark.sqlite
def test_the_door_speaks_german_to_a_german_browser(browser):
    browser.get("login", headers={"Accept-Language": "de"})
    assert "Mit Acme ID anmelden" in browser.page


@pytest.mark.sqlite
def test_the_way_there_has_state_nonce_and_a_challenge_that_are_new_each_time(browser, provider):
    seen = []
    for _ in range(2):
        asked = parse_qs(urlsplit(to_provider(browser).headers["Location"]).query)
        assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
        assert asked["redirect_uri"] == [BACK] and "openid" in asked["scope"][0].split()
        seen += [*asked["state"], *asked["nonce"], *asked["code_challenge"]]
    assert len(set(seen)) == 6 and min(map(len, seen)) >= 20


def test_signing_out_ends_the_session_here_and_leads_on_to_end_it_there(browser, provider, store):
    sign_in(browser)
    browser.get()
    cookie = browser.client.get_cookie("handrail_desk", path="/help/desk/").value
    answer = browser.post("logout", follow=False)
    # A redirect would be blocked: no form of the desk leads to another site.
    assert answer.status_code == 200 and "form-action 'self'" in answer.headers["Content-Security-Policy"]
    address = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', browser.page)[1].replace("&amp;", "&")
    assert address.startswith(f"{provider.issuer}/end?") and "noreferrer" in browser.page
    after = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    assert browser.client.get(after).status_code == 200
    [ended] = provider.ended
    assert ended["client_id"] == CLIENT and ended["id_token_hint"].count(".") == 2
    browser.client.set_cookie("handrail_desk", cookie, path="/help/desk/")
    assert browser.get().status_code == 401
    assert happened(store)[-1][0] == "signed_out"


@pytest.mark.sqlite
def test_where_the_provider_has_no_end_of_session_signing_out_ends_ours(browser, provider):
    provider.document = {"end_session_endpoint": None}
    sign_in(browser)
    browser.get()
    assert browser.post("logout", follow=False).headers["Location"] == "/help/desk/login"
    assert browser.get().status_code == 401


def test_who_signed_in_with_a_password_is_not_sent_to_the_provider_when_they_sign_out(browser, store, provider):
    hire(store, "bert")
    browser.sign_in("bert")
    browser.post("logout", follow=False)
    assert browser.response.headers["Location"] == "/help/desk/login" and provider.asked == []


def test_the_session_is_one_like_others(app, browser, store, provider, monkeypatch):
    sign_in(browser)
    before = browser.client.get_cookie("handrail_desk", path="/help/desk/").value
    assert len(sessions.of(store, "anna", now(), HOUR)) == 1
    other = Desk(app.test_client())
    sign_in(other)
    browser.get("account/")
    assert browser.page.count("/end") == 2 and "You sign in with Acme ID" in browser.page
    assert "new-password" not in browser.page and "second-factor" not in browser.page
    with monkeypatch.context() as late:
        late.setattr(own_account, "now", lambda: now() + HOUR / 3)
        assert "/end" not in browser.get("account/").text and "sign out and in again" in browser.page
        assert browser.post("account/sessions/end").status_code == 403 and other.get().status_code == 200
    browser.get("account/")
    browser.post("account/sessions/end")
    assert other.get().status_code == 401 and browser.get().status_code == 200
    browser.post("logout")
    sign_in(browser)
    assert browser.client.get_cookie("handrail_desk", path="/help/desk/").value != before
    monkeypatch.setattr(desk_sign_in, "now", lambda: now() + 13 * HOUR)
    assert browser.get().status_code == 401


@pytest.mark.sqlite
def test_a_long_id_token_does_not_burst_the_cookie(browser, provider):
    provider.person["groups"] = [f"group-{number}-{'x' * 30}" for number in range(200)]
    answer = sign_in(browser)
    assert max(len(line) for line in answer.headers.getlist("Set-Cookie")) < 4096
    browser.get()
    browser.post("logout", follow=False)
    assert "client_id=handrail" in browser.page and "id_token_hint" not in browser.page


def test_nothing_of_the_provider_but_who_it_is_about_is_kept(browser, store, provider):
    provider.person["email"] = "anna@private.example"
    sign_in(browser)
    kept = everything_in(store)
    assert b"248289" in kept and b"private.example" not in kept and b"eyJ" not in kept and SECRET.encode() not in kept


# --- Where one gets to -----------------------------------------------------------------------------------------------


@pytest.mark.sqlite
@pytest.mark.inputs
@pytest.mark.parametrize(
    "target, leads_to",
    [
        ("/help/desk/topics/?page=2", "/help/desk/topics/?page=2"),
        *((bad, "/help/desk/") for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "/elsewhere")),
        ("/help/desk/?x=" + "a" * 5000, "/help/desk/"),
    ],
)
def test_one_stays_at_the_desk_whatever_the_link_says(browser, target, leads_to):
    assert sign_in(browser, next=target).headers["Location"] == leads_to


@pytest.mark.sqlite
def test_the_way_back_takes_no_address_from_the_link(browser):
    back = at_provider(to_provider(browser))
    assert browser.get(f"{back.path}?{back.query}&next=//evil.example").headers["Location"] == "/help/desk/"


# --- Roles -----------------------------------------------------------------------------------------------------------


def test_the_role_is_renewed_with_each_sign_in_and_the_highest_counts(browser, store, provider):
    for roles, role in (
        (["support"], "agent"),
        (["support", "heads"], "lead"),
        ("heads", "lead"),
        (["support"], "agent"),
    ):
        provider.person["roles"] = roles
        sign_in(browser)
        assert staff.find(store, "anna")[0].role == role
        browser.get()
        browser.post("logout")
    changes = [detail for what, *_, detail in happened(store) if what == "role_changed"]
    assert changes == ["lead", "agent"]


@pytest.mark.sqlite
@pytest.mark.inputs
@pytest.mark.parametrize("roles", [None, [], ["sales"], "", {"support": True}, [["support"]], 7, ["Support"]])
def test_who_has_no_role_is_refused_in_plain_words_and_noted(browser, store, provider, roles):
    provider.person["roles"] = roles
    answer = sign_in(browser)
    assert answer.status_code == 403 and "does not say that you may use this desk" in browser.page
    assert happened(store) == [("openid_no_role", "", "", "anna")]
    assert staff.everybody(store) == [] and browser.get().status_code == 401


def test_who_loses_the_role_is_signed_out_everywhere_at_the_next_sign_in(app, browser, store, provider):
    sign_in(browser)
    provider.person["roles"] = []
    assert sign_in(Desk(app.test_client())).status_code == 403
    assert browser.get().status_code == 401
    assert [what for what, *_ in happened(store)][-2:] == ["sessions_ended", "openid_no_role"]


@pytest.mark.parametrize(
    "claim, person, admitted",
    [
        ("realm_access.roles", {"realm_access": {"roles": ["heads"]}}, True),
        ("https://acme.example/roles", {"https://acme.example/roles": ["heads"]}, True),
        ("realm_access.roles", {"realm_access": ["heads"]}, False),
        ("email", {"email": "heads", "email_verified": True}, True),
        ("email", {"email": "heads", "email_verified": "true"}, False),
        ("email", {"email": "heads"}, False),
    ],
)
def test_roles_come_from_the_claim_that_is_set(tmp_path, provider, claim, person, admitted):
    provider.person = {"sub": "1", **person}
    with service(tmp_path, openid(provider, roles_claim=claim)) as app:
        assert sign_in(Desk(app.test_client())).status_code == (302 if admitted else 403)


# --- Accounts --------------------------------------------------------------------------------------------------------


def test_an_account_belongs_to_the_subject_and_not_to_a_name(app, browser, store, provider):
    hire(store, "anna", "lead")
    sign_in(browser)  # calls herself anna, too
    [made] = [one.name for one in staff.everybody(store) if one.by_provider]
    assert re.fullmatch(r"anna-[0-9a-f]{6}", made)
    browser.get()
    browser.post("logout")
    provider.person["preferred_username"] = "anna.married"
    sign_in(browser)
    assert [one.name for one in staff.everybody(store) if one.by_provider] == [made]
    provider.person["sub"] = "another"
    sign_in(Desk(app.test_client()))
    assert len(staff.everybody(store)) == 3


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "claims, name",
    [
        ({"preferred_username": "<b>", "email": "Bea@Acme.example"}, "bea@acme.example"),
        ({"preferred_username": None, "nickname": "bea"}, "bea"),
        ({"preferred_username": "openid_no_role"}, "openid_no_role"),
        ({"preferred_username": ["bea"]}, r"openid-[0-9a-f]{6}"),
        ({"preferred_username": "b" * 5000}, r"openid-[0-9a-f]{6}"),
        ({"preferred_username": "\u0000"}, r"openid-[0-9a-f]{6}"),
    ],
)
def test_whatever_the_provider_calls_somebody_becomes_a_name_or_none(browser, store, provider, claims, name):
    provider.person.update(claims)
    assert sign_in(browser).status_code == 302
    assert re.fullmatch(name, staff.everybody(store)[0].name)


def test_an_account_that_was_removed_stays_out_until_it_is_let_in_again(browser, store, provider):
    sign_in(browser)
    assert staff.remove(store, "anna", now())
    assert browser.get().status_code == 401
    assert sign_in(browser).status_code == 403 and "was removed" in browser.page
    assert staff.everybody(store) == [] and identities.kept_out(store) == ["anna"]
    hire(store, "anna")  # somebody else, with a password
    assert sign_in(browser).status_code == 403
    assert happened(store)[-1] == ("openid_removed", "", "", "anna")
    assert identities.readmit(store, "anna", now()) and not identities.readmit(store, "anna", now())
    assert sign_in(browser).status_code == 302
    assert [one.by_provider for one in staff.everybody(store)] == [False, True]


def test_an_account_of_the_provider_has_no_password_and_gets_none(browser, store):
    sign_in(browser)
    browser.get()
    browser.post("logout")
    for typed in ("", " ", "anna"):
        assert browser.sign_in("anna", typed).status_code == 401
    assert not staff.set_password(store, "anna", "a hash", now())


def test_the_second_factor_is_asked_for_at_the_provider_and_not_here(tmp_path, provider):
    provider.person = {"sub": "1", "roles": ["heads"]}
    with service(tmp_path, openid(provider, amr="mfa"), desk_second_factor="all") as app:
        browser = Desk(app.test_client())
        assert sign_in(browser).status_code == 401
        provider.claims = {"amr": ["pwd", "mfa"]}
        sign_in(browser)
        assert browser.get().status_code == 200


def test_accounts_are_made_in_bounded_number(app, browser, store, provider, monkeypatch):
    monkeypatch.setattr(identities, "MOST_IDENTITIES", 1)
    sign_in(browser)
    provider.person["sub"] = "another"
    assert sign_in(Desk(app.test_client())).status_code == 403
    provider.person["sub"] = "248289"
    assert sign_in(Desk(app.test_client())).status_code == 302
