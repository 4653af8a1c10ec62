"""What the service signs counts for its time, for its purpose and for its site alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.accounts.sessions import DeskSessions
from handrail_feedback.desk import sign_in
from handrail_feedback.records.stamps import now
from handrail_search.service.app import create_app

from ..desks import PASSWORD, Desk, hire, settings_for

COOKIE = "handrail_desk"


def cookie(desk):
    return desk.client.get_cookie(COOKIE, path="/help/desk/").value


def opened_with(app, value):
    """The status of the desk for a browser that has this cookie alone."""
    other = Desk(app.test_client())
    other.client.set_cookie(COOKIE, value, path="/help/desk/")
    return other.get("").status_code


@pytest.mark.parametrize("hours, status", [(11.9, 200), (12.1, 401)])
def test_a_signature_counts_for_twelve_hours_whatever_the_store_says(app, desk, monkeypatch, hours, status):
    # As if the session were never to end: only the age of the signature is left to end it.
    monkeypatch.setattr("handrail_feedback.storage.accounts.sessions.goes_on", lambda *_: True)
    value = cookie(desk)
    at = int(now().timestamp() + timedelta(hours=hours).total_seconds())
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: at)
    assert opened_with(app, value) == status


def test_the_time_in_a_signature_cannot_be_changed(app, desk):
    payload, stamped, signature = cookie(desk).rsplit(".", 2)
    for changed in (stamped[:-1] + ("A" if stamped[-1] != "A" else "B"), "", "zzzzzz"):
        assert opened_with(app, f"{payload}.{changed}.{signature}") == 401
    assert opened_with(app, cookie(desk)) == 200


def purposes(app, desk):
    """The same words signed with the key of this site, each for another purpose."""
    session = app.session_interface.get_signing_serializer(app).loads(cookie(desk))
    key, how = app.secret_key, {"key_derivation": "hmac", "digest_method": DeskSessions.digest_method}
    for salt in ("wtf-csrf-token", "handrail-tell", "second factor anna", "cookie-session", "handrail-desk", ""):
        yield (
            salt,
            URLSafeTimedSerializer(
                key, salt=salt, serializer=app.session_interface.serializer, signer_kwargs=how
            ).dumps(session),
        )


def test_what_is_signed_for_another_purpose_opens_nothing(app, desk):
    desk.get("account/")
    assert opened_with(app, desk.token()) == 401  # the token of a form
    for salt, value in purposes(app, desk):
        assert opened_with(app, value) == 401, salt
    assert opened_with(app, cookie(desk)) == 200


def test_a_session_is_no_token_of_a_form(app, desk):
    sent = {"csrf_token": cookie(desk), "present": PASSWORD, "new": "x" * 20, "again": "x" * 20}
    assert desk.client.post("/help/desk/account/password", data=sent).status_code == 400


def test_half_a_sign_in_is_no_session(app, desk, monkeypatch):
    half = Desk(app.test_client())
    half.get("login")
    with half.client.session_transaction("/help/desk/login") as session:
        session[sign_in.HALF] = {"name": "anna", "at": now().timestamp(), "of": "", "next": "", "before": ""}
    assert half.get("").status_code == 401


SITES = {
    "another address": {"site_url": "https://staging.example.com/help/"},
    "no address": {"site_url": ""},
    "another name and no address": {"site_url": "", "site_name": "Beta"},
}


@pytest.mark.sqlite
@pytest.mark.parametrize("other", SITES.values(), ids=SITES)
def test_a_session_of_another_site_with_the_same_key_and_the_same_store_opens_nothing(tmp_path, monkeypatch, other):
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", "one key for all sites of this company")
    settings = replace(settings_for(tmp_path), site_url="https://help.example.com/help/", site_name="Acme")
    apps = [create_app(one) for one in (settings, settings, replace(settings, **other))]
    try:
        hire(apps[0].extensions["handrail"].store)
        desk = Desk(apps[0].test_client())
        desk.sign_in()
        assert opened_with(apps[1], cookie(desk)) == 200  # another node of the same site
        assert opened_with(apps[2], cookie(desk)) == 401
    finally:
        for app in apps:
            app.extensions["handrail"].teaching.stop()
            app.extensions["handrail"].searches.close()
            app.extensions["handrail"].store.close()


def test_the_seed_of_an_app_is_of_its_account_and_its_salt_alone():
    from handrail_feedback.accounts.second_factor import app_secret

    key = "one key for all sites of this company"
    assert len({app_secret(key, name, salt) for name in ("anna", "bert") for salt in ("a", "b")}) == 4
