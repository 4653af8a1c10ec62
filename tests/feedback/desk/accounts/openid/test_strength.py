"""A sign-in with a provider is as strong and as recent as the setting asks, by what the provider has signed."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from handrail_feedback.storage.accounts import staff
from handrail_kb.errors import ConfigError

from ...desks import Desk, service
from .provider import happened, openid, sign_in, to_provider

pytestmark = pytest.mark.sqlite
LONG_AGO = "more than the 30 minutes that are allowed"
STRONG = {"acr": ["gold", "silver"], "amr": ["mfa", "hwk"], "max_age": 30}


@pytest.fixture
def app(tmp_path, provider):
    with service(tmp_path, openid(provider, **STRONG), desk_second_factor="all") as app:
        yield app


def good(**claims):
    return {"acr": "silver", "amr": ["pwd", "mfa"], "auth_time": int(time.time()) - 60, **claims}


def test_the_provider_is_asked_for_the_class_and_the_age(browser):
    asked = parse_qs(urlsplit(to_provider(browser).headers["Location"]).query)
    assert asked["acr_values"] == ["gold silver"]
    assert asked["max_age"] == ["1800"]


def test_a_sign_in_that_is_strong_and_recent_opens_the_desk(browser, provider):
    provider.claims = good()
    assert sign_in(browser).status_code == 302
    assert browser.get().status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"acr": None},
        {"acr": "bronze"},
        {"acr": ["gold"]},
        {"acr": {"gold": 1}},
        {"amr": None},
        {"amr": []},
        {"amr": ["pwd"]},
        {"amr": "mfa"},
        {"amr": [["mfa"], {"mfa": 1}, 7]},
        {"auth_time": None},
        {"auth_time": "now"},
        {"auth_time": True},
        {"auth_time": 0},
        {"auth_time": 4_000_000_000},
        {"auth_time": 10**400},
        {"auth_time": -(10**400)},
        {"auth_time": float("nan")},
        {"auth_time": float("inf")},
        {"auth_time": LONG_AGO},
    ],
    ids=str,
)
def test_a_sign_in_that_is_weaker_or_older_than_asked_opens_nothing(browser, provider, store, claims):
    if claims.get("auth_time") is LONG_AGO:
        claims = {"auth_time": int(time.time()) - 40 * 60}
    provider.claims = good(**claims)
    assert sign_in(browser).status_code == 401
    assert "too weak or too long ago" in browser.page or "did not confirm who you are" in browser.page
    assert staff.everybody(store) == []
    assert happened(store) == [("openid_failed", "", "", "")]
    assert browser.get().status_code == 401


def test_who_was_refused_for_a_weak_sign_in_is_told_what_to_do(browser, provider):
    provider.claims = good(amr=["pwd"])
    sign_in(browser)
    assert "too weak or too long ago" in browser.page
    assert "second factor" in browser.page


@pytest.mark.parametrize(
    "role, claims, opened", [("support", {}, True), ("heads", {}, False), ("heads", {"amr": ["mfa"]}, True)]
)
def test_where_leads_need_a_second_factor_agents_do_not(tmp_path, provider, role, claims, opened):
    provider.person = {"sub": "1", "preferred_username": "Anna", "roles": [role]}
    provider.claims = claims
    with service(tmp_path, openid(provider, amr="mfa"), desk_second_factor="leads") as app:
        browser = Desk(app.test_client())
        assert sign_in(browser).status_code == (302 if opened else 401)
        assert browser.get().status_code == (200 if opened else 401)


@pytest.mark.parametrize(
    "needed, strength, why",
    [
        ("all", {}, "does not say by what"),
        ("leads", {}, "does not say by what"),
        ("all", {"max_age": 60}, "does not say by what"),
        ("optional", {"amr": "mfa"}, "requires none"),
        ("optional", {"acr": "gold"}, "requires none"),
    ],
)
def test_the_desk_does_not_start_where_one_way_in_alone_needs_a_second_factor(
    tmp_path, provider, needed, strength, why
):
    with (
        pytest.raises(ConfigError) as error,
        service(tmp_path, openid(provider, **strength), desk_second_factor=needed),
    ):
        pass
    assert why in error.value.what and (
        "amr: [mfa]" in error.value.mend or "desk_second_factor: all" in error.value.mend
    )


def test_there_is_no_way_in_but_those_that_are_documented(app):
    opened = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("desk."):
            address = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?\w+>", "1", rule.rule)
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                answer = app.test_client().open(address, method=method)
                if answer.status_code not in (401, 404):
                    opened.add(rule.endpoint.removeprefix("desk."))
    # docs/operators/users.md and openid.md. What comes back from the provider needs what it was sent with.
    assert opened == {"login", "openid_begin"}


def test_without_the_settings_nothing_of_it_is_asked_for(tmp_path, provider):
    with service(tmp_path, openid(provider)) as app:
        browser = Desk(app.test_client())
        provider.person = {"sub": "1", "preferred_username": "Anna", "roles": ["support"]}
        asked = parse_qs(urlsplit(to_provider(browser).headers["Location"]).query)
        assert not {"acr_values", "max_age"} & asked.keys()
        assert sign_in(browser).status_code == 302
