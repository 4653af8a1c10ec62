"""What an OpenID provider sends is believed only with proof, and while it is away or wrong the desk goes on."""

from __future__ import annotations

import base64
import hmac
import json
import queue
import threading
import time

import pytest

pytest.importorskip("faiss", reason="the service is not installed")
pytest.importorskip("authlib", reason="handrail[openid] is not installed")

import requests
from flask import Response
from joserfc.jwk import ECKey, OctKey, RSAKey

from handrail_feedback.accounts import openid_http, openid_provider
from handrail_feedback.storage.accounts import staff

from ...desks import Desk, hire
from .provider import CLIENT, KEY, SECRET, at_provider, happened, sign_in, to_provider

# Nothing here depends on the database.
pytestmark = pytest.mark.sqlite
ANOTHER_KEY = RSAKey.generate_key(2048, {"kid": "second"})


def by_public_key(claims):
    """A token whose HMAC has the published key for its secret: whoever reads the algorithm from it takes it."""
    parts = ({"alg": "HS256", "kid": "first"}, claims)
    signed = b".".join(in_base64(json.dumps(part).encode()) for part in parts)
    mac = hmac.digest(KEY.as_pem(private=False), signed, "sha256")
    return (signed + b"." + in_base64(mac)).decode()


def unsigned(claims):
    return b".".join(in_base64(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)).decode() + "."


def in_base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


# --- Forged and broken -----------------------------------------------------------------------------------------------

WRONG = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "for another client": {"aud": "another"},
    "for another client, given to us": {"aud": "another", "azp": CLIENT},
    "for several, given to another": {"aud": [CLIENT, "another"], "azp": "another"},
    "for nobody": {"aud": None},
    "expired": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "not yet": {"nbf": 9_000_000_000},
    "another nonce": {"nonce": "replayed"},
    "no nonce": {"nonce": None},
    "about nobody": {"sub": None},
    "about nothing": {"sub": ""},
    "about a number": {"sub": 7},
    "about a novel": {"sub": "s" * 256},
    "about what no database keeps": {"sub": "a\u0000b"},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(browser, store, provider, claims):
    provider.claims = claims
    answer = sign_in(browser)
    assert answer.status_code == 401 and "did not confirm who you are" in browser.page
    assert staff.everybody(store) == [] and browser.get().status_code == 401
    assert happened(store) == [("openid_failed", "", "", "")]


@pytest.mark.parametrize(
    "fault",
    [
        {"signs_with": RSAKey.import_key({**ANOTHER_KEY.as_dict(private=True), "kid": "first"})},
        {"signs_with": ANOTHER_KEY},
        {"forge": by_public_key},
        {"signs_with": OctKey.import_key(SECRET), "alg": "HS256"},
        {"forge": unsigned},
        {"forge": lambda _claims: "nothing"},
        {"forge": lambda _claims: "a.b.c.d.e"},
    ],
    ids=["forged key", "unknown key", "public key as secret", "secret as key", "unsigned", "no token", "encrypted"],
)
def test_a_token_that_the_provider_did_not_sign_opens_nothing(browser, store, provider, fault):
    for name, value in fault.items():
        setattr(provider, name, value)
    assert sign_in(browser).status_code == 401
    assert staff.everybody(store) == []


def test_keys_that_the_provider_changed_are_read_again(app, browser, provider):
    sign_in(browser)
    provider.key = ANOTHER_KEY
    assert sign_in(Desk(app.test_client())).status_code == 302


def test_a_provider_that_signs_by_elliptic_curves_is_understood(browser, provider):
    provider.key, provider.alg = ECKey.generate_key("P-256", {"kid": "curve"}), "ES256"
    provider.document = {"id_token_signing_alg_values_supported": ["ES256"]}
    assert sign_in(browser).status_code == 302


def test_a_way_back_belongs_to_the_browser_that_went_there_and_works_once(app, browser, store):
    back = at_provider(to_provider(browser))
    victim = Desk(app.test_client())
    assert victim.get(f"{back.path}?{back.query}").status_code == 401
    to_provider(victim)
    assert victim.get(f"{back.path}?{back.query}").status_code == 401
    assert browser.get(f"{back.path}?{back.query}").status_code == 302
    browser.client.delete_cookie("handrail_desk", path="/help/desk/")
    assert browser.get(f"{back.path}?{back.query}").status_code == 401


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=x&code=x", "error=access_denied", "error=%3Cscript%3E&error_description=%3Cb%3E"]
)
def test_an_odd_way_back_is_told_and_offers_the_password(browser, query):
    to_provider(browser)
    assert browser.get(f"login/openid/back?{query}").status_code == 401
    assert 'name="password"' in browser.page and "<script>" not in browser.page


def test_an_answer_of_another_issuer_is_not_taken(browser):
    back = at_provider(to_provider(browser))
    assert browser.get(f"{back.path}?{back.query}&iss=https://evil.example").status_code == 401


def test_odd_ways_back_are_limited_by_address(browser):
    codes = [browser.get("login/openid/back?code=x").status_code for _ in range(32)]
    assert codes == [401] * 30 + [429] * 2


# --- The provider is away or wrong -----------------------------------------------------------------------------------


def test_while_the_provider_is_away_passwords_work_and_the_page_says_so(app, store, provider, browser):
    hire(store, "bert")
    provider.answer = Response("gone", 502)
    assert to_provider(browser).status_code == 503
    assert "Acme ID cannot be reached" in browser.page and 'name="password"' in browser.page
    assert browser.sign_in("bert").status_code == 200
    assert app.test_client().get("/help/find/?q=a").status_code in (200, 503)
    asked = len(provider.asked)
    assert to_provider(Desk(app.test_client())).status_code == 503
    assert len(provider.asked) == asked  # not asked again at once


def test_a_provider_that_is_gone_in_between_is_told_the_same_way(browser, monkeypatch):
    back = at_provider(to_provider(browser))

    def gone(*_args, **_more):
        raise requests.ConnectionError("gone")

    monkeypatch.setattr(requests.Session, "request", gone)
    assert browser.get(f"{back.path}?{back.query}").status_code == 503
    assert 'name="password"' in browser.page


def test_what_the_provider_says_of_itself_is_read_once_an_hour_and_outlives_its_absence(app, provider, monkeypatch):
    for _ in range(3):
        sign_in(Desk(app.test_client()))
    documents = [path for path in provider.asked if "well-known" in path]
    assert len(documents) == 1 and provider.asked.count("/keys") == 1
    monkeypatch.setattr(openid_provider, "_FRESH_SECONDS", 0.0)
    provider.answer = Response("gone", 502)
    assert to_provider(Desk(app.test_client())).status_code == 302


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://id.example.com/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
    ids=str,
)
def test_a_wrong_discovery_document_is_not_used(browser, provider, document):
    provider.document = document
    assert to_provider(browser).status_code == 503


@pytest.mark.parametrize(
    "answer",
    [
        Response("x" * 600_000),
        Response("[1]", content_type="application/json"),
        Response("", 302, {"Location": "http://127.0.0.1:1/"}),
        Response('{"issuer"'),
    ],
    ids=["too large", "a list", "leads elsewhere", "cut off"],
)
def test_an_odd_answer_in_place_of_the_document_is_told(browser, provider, answer):
    provider.answer = answer
    assert to_provider(browser).status_code == 503


def test_two_wait_for_a_slow_provider_and_others_are_told_at_once(app, provider):
    told, go_on = queue.Queue(), threading.Event()

    def slowly():
        go_on.wait(5)
        yield b"{}"

    provider.answer = Response(slowly())
    ask = [
        threading.Thread(target=lambda: told.put(to_provider(Desk(app.test_client())).status_code)) for _ in range(5)
    ]
    for one in ask:
        one.start()
    try:
        assert [told.get(timeout=4) for _ in range(3)] == [503] * 3
        assert told.empty() and not go_on.is_set()
    finally:
        go_on.set()
        for one in ask:
            one.join()


def test_a_provider_that_never_ends_its_answer_keeps_nobody_waiting(browser, provider, monkeypatch):
    monkeypatch.setattr(openid_http, "LONGEST_SECONDS", 0.1)
    provider.answer = Response(b"x" for _ in iter(lambda: time.monotonic(), None))
    began = time.monotonic()
    assert to_provider(browser).status_code == 503
    assert time.monotonic() - began < 3


def test_a_document_cannot_switch_off_the_checks_of_the_connection(browser, provider):
    provider.document = {"verify": False, "max_redirects": 30, "client_id": "another", "scope": "all"}
    assert sign_in(browser).status_code == 302
