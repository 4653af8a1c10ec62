"""Signing in with an OpenID provider, in a browser: there and back, without a role, and out on both sides."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from werkzeug.serving import make_server

from conftest import PATIENCE
from waiting import served

pytest.importorskip("authlib", reason="handrail[openid] is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A desk at a real address, the provider that vouches for people, and what it knows of the person."""
    from feedback.desk.accounts.openid import provider as providers
    from feedback.desk.desks import service

    monkeypatch.setenv("HANDRAIL_OPENID_SECRET", providers.SECRET)
    with providers.running_provider() as provider, service(tmp_path, providers.openid(provider)) as app:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        address = f"http://127.0.0.1:{server.server_port}/help/desk/"
        monkeypatch.setattr(providers, "BACK", f"{address}login/openid/back")
        monkeypatch.setattr(providers, "AFTER", f"{address}login")
        provider.person = {"sub": "248289", "preferred_username": "Anna", "roles": ["heads"]}
        with served(server):
            yield SimpleNamespace(address=address, provider=provider, **vars(app.extensions["handrail"]))


def is_blocked(said):
    """Whether the policy blocked something of the page; what examines it here puts styles into it."""
    return "Content Security Policy" in said and "inline style" not in said


@pytest.fixture
def page(chromium):
    """A tab, and a fault for whatever the policy of the desk blocks or a script throws."""
    context = chromium.browser.new_context(viewport={"width": 1280, "height": 800})
    page, said = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if is_blocked(line.text) else None)
    yield page
    context.close()
    assert said == []


def press(page):
    page.get_by_role("link", name="Sign in with Acme ID").click()


@pytest.mark.long
def test_a_person_signs_in_with_the_provider_by_keyboard_and_out_on_both_sides(page, desk, check_looks):
    page.goto(f"{desk.address}topics/")
    assert check_looks(page) == []
    link = page.get_by_role("link", name="Sign in with Acme ID")
    link.focus()
    assert link.evaluate("one => one.matches(':focus-visible') && getComputedStyle(one).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/topics/")  # where they wanted to go
    assert page.get_by_role("heading", level=1).inner_text()
    cookies = page.context.cookies()
    assert all(one["httpOnly"] for one in cookies if "session" in one["name"] or one["name"].endswith("desk"))
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r"/desk/login"))
    [ended] = desk.provider.ended
    assert ended["post_logout_redirect_uri"] == f"{desk.address}login"
    assert page.get_by_role("link", name="Sign in with Acme ID").is_visible()
    page.go_back()
    page.goto(desk.address)
    assert page.get_by_role("link", name="Sign in with Acme ID").is_visible(), "the session has ended"


def test_somebody_without_a_role_reads_why_and_what_to_do(page, desk, check_looks):
    desk.provider.person["roles"] = ["visitors"]
    page.goto(f"{desk.address}login")
    press(page)
    page.get_by_role("heading", name="No access to the desk").wait_for()
    assert page.get_by_text("Acme ID knows you, but does not say that you may use this desk.").is_visible()
    assert check_looks(page) == []
    page.goto(desk.address)
    assert page.get_by_role("link", name="Sign in with Acme ID").is_visible()


def test_a_session_that_was_ended_elsewhere_leads_back_to_the_door_and_then_on(page, desk):
    from handrail_feedback.storage.accounts import staff

    page.goto(f"{desk.address}login")
    press(page)
    page.wait_for_url(re.compile(r"/desk/$"))
    [person] = staff.everybody(desk.store)
    with desk.store.transaction() as db:
        db.execute("DELETE FROM staff_sessions")
    page.goto(f"{desk.address}topics/")
    press(page)
    page.wait_for_url("**/desk/topics/")
    assert [one.name for one in staff.everybody(desk.store)] == [person.name], "it is the same account"


def test_while_the_provider_is_away_the_door_says_so_and_takes_a_password(page, desk, check_looks):
    from flask import Response

    desk.provider.answer = Response("away", 503)
    page.goto(f"{desk.address}login")
    press(page)
    assert page.get_by_text("Acme ID cannot be reached just now.").is_visible()
    assert page.get_by_label("Password").is_visible()
    assert check_looks(page) == []
