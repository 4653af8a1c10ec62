"""Sessions: a row for each device, with ends of their own, and cookies that browsers guard by name."""

import re
import time
from datetime import timedelta

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from itsdangerous import TimestampSigner

from handrail_feedback.accounts.browsers import kind_of_browser
from handrail_feedback.desk import sign_in
from handrail_feedback.desk.accounts import own_account
from handrail_feedback.records.staff import Doer
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import sessions

from ...stores import everything_in
from ..desks import PASSWORD, Desk, hire, service, signed_in

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def later(monkeypatch):
    """Moves the clock of the desk to so long after the present."""

    def move(span):
        for module in (sign_in, own_account):
            monkeypatch.setattr(module, "now", lambda: now() + span)

    return move


def session_cookie(desk, name="handrail_desk"):
    return desk.client.get_cookie(name, path="/help/desk/").value


# --- How they end ------------------------------------------------------------------------------------------------


def test_a_session_that_is_not_used_for_an_hour_has_ended(desk, later):
    later(59 * MINUTE)
    assert desk.get("").status_code == 200
    later(118 * MINUTE)  # an hour less a minute after that
    assert desk.get("").status_code == 200
    later(179 * MINUTE)
    assert desk.get("").status_code == 401
    assert desk.sign_in().status_code == 200


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(desk, later):
    for half_hours in range(24):
        later(HOUR / 2 * half_hours)
        assert desk.get("").status_code == 200
    later(12 * HOUR)
    assert desk.get("").status_code == 401


def test_a_session_that_began_in_the_future_is_none(desk, later):
    later(-2 * MINUTE)  # another machine's clock
    assert desk.get("").status_code == 200
    later(-24 * HOUR)
    assert desk.get("").status_code == 401


def test_every_cookie_ends_by_the_clock_of_the_browser_alone(app, desk):
    """A machine whose clock is a day behind would name an end that has passed, and nobody could sign in."""
    again = Desk(app.test_client())
    again.get("login")
    again.post("login", follow=False, name="anna", password=PASSWORD)
    made = again.response.headers.getlist("Set-Cookie")
    ages = {one.partition("=")[0]: re.findall(r"; Max-Age=(\d+)", one) for one in made}
    assert ages == {
        "handrail_staff": [str(30 * 24 * 3600)],
        "handrail_known": [str(180 * 24 * 3600)],
        "handrail_desk": [str(12 * 3600)],
    }
    again.get("")
    again.post("logout", follow=False)
    for gone in again.response.headers.getlist("Set-Cookie"):
        assert re.findall(r"; Max-Age=(\d+)", gone) == ["0"], gone


@pytest.mark.parametrize("apart", [-60, 60])
def test_nodes_whose_clocks_are_apart_take_each_others_sessions(desk, monkeypatch, apart):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: int(time.time()) + apart)
    assert desk.get("").status_code == 200


def test_the_time_without_use_is_a_setting(tmp_path, later):
    with service(tmp_path, desk_idle_minutes=5) as app:
        hire(app.extensions["handrail"].store)
        desk = signed_in(app, "anna")
        later(4 * MINUTE)
        assert desk.get("").status_code == 200
        later(9 * MINUTE)
        assert desk.get("").status_code == 401


def test_reading_goes_on_while_the_use_of_a_session_cannot_be_noted(desk, store, later, monkeypatch):
    later(10 * MINUTE)
    from handrail_kb.errors import StoreUnavailable

    def full(**_):
        raise StoreUnavailable("The disk is full.", "Make room.")

    monkeypatch.setattr(store, "transaction", full)
    assert desk.get("account/").status_code == 200


def test_signing_out_ends_this_session_even_for_a_copy_of_its_cookie_and_no_other(app, desk):
    elsewhere, copied = signed_in(app, "anna"), session_cookie(desk)
    desk.get("")
    desk.post("logout")
    thief = app.test_client()
    thief.set_cookie("handrail_desk", copied, path="/help/desk/")
    assert thief.get("/help/desk/").status_code == 401
    assert elsewhere.get("").status_code == 200


def test_signing_in_again_on_a_device_ends_the_session_before(app, desk, store):
    before = session_cookie(desk)
    desk.get("account/")
    desk.post("login", name="anna", password=PASSWORD)
    assert session_cookie(desk) != before
    thief = app.test_client()
    thief.set_cookie("handrail_desk", before, path="/help/desk/")
    assert thief.get("/help/desk/").status_code == 401
    assert len(sessions.of(store, "anna", now(), HOUR)) == 1


def test_an_account_has_a_bounded_number_of_sessions(store, desk):
    for number in range(30):
        sessions.begin(store, "anna", now() + number * MINUTE / 60, Doer("anna"))
    assert len(sessions.of(store, "anna", now() + MINUTE, HOUR)) == sessions.MOST_SESSIONS


def test_a_copied_store_opens_no_session(store, desk):
    token = sessions.begin(store, "anna", now(), Doer("anna"))
    assert token.encode() not in everything_in(store)
    for row in store.read("SELECT token FROM staff_sessions"):
        assert sessions.find(store, row["token"], now(), HOUR) is None


# --- The list ----------------------------------------------------------------------------------------------------


def test_who_is_signed_in_sees_their_sessions_and_ends_one(app, desk, store):
    hire(store, "bert")
    signed_in(app, "bert")
    phone = Desk(app.test_client())
    phone.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    phone.sign_in()
    desk.get("account/")
    assert desk.page.count("/end") == 2 and "Firefox, Linux" in desk.page  # that one, and all others
    path = re.search(r'action="/help/desk/(account/sessions/\d+/end)"', desk.page)[1]
    desk.post(path, present=PASSWORD)
    assert "That session has ended" in desk.page
    assert phone.get("").status_code == 401
    assert desk.get("").status_code == 200


def test_on_a_phone_the_times_of_a_session_say_what_they_are(desk):
    desk.get("account/")
    assert re.findall(r'<td class="desk-number" data-name="([^"]+)">2', desk.page) == ["Signed in", "Last used"]


def test_all_other_sessions_end_at_once(app, desk):
    others = [signed_in(app, "anna") for _ in range(3)]
    desk.get("account/")
    desk.post("account/sessions/end", present=PASSWORD)
    assert "All your other sessions have ended" in desk.page
    assert [other.get("").status_code for other in others] == [401] * 3
    assert desk.get("").status_code == 200


@pytest.mark.parametrize("typed", ["", "wrong horse battery"])
def test_sessions_end_by_the_present_password_alone_and_it_cannot_be_guessed_there(app, desk, store, typed):
    other = signed_in(app, "anna")
    number = min(one.number for one in sessions.of(store, "anna", now(), HOUR))
    desk.get("account/")
    for path in ("account/sessions/end", f"account/sessions/{number}/end", f"account/sessions/{number + 1}/end"):
        assert desk.post(path, present=typed).status_code == 401
        assert "not your present password" in desk.page
    assert other.get("").status_code == 200 and desk.get("").status_code == 200
    desk.get("account/")
    said = [desk.post("account/sessions/end", present=typed).status_code for _ in range(9)]
    assert said == [401] * 7 + [429] * 2


def test_enter_after_the_password_ends_all_and_not_the_first_of_the_list(app, desk):
    signed_in(app, "anna")
    desk.get("account/")
    buttons = re.findall(r'<button [^>]*form="end"[^>]*formaction|Sign out all other sessions</button>', desk.page)
    assert buttons[0] == "Sign out all other sessions</button>" and len(buttons) == 2


def test_nobody_ends_the_session_of_somebody_else(app, desk, store):
    hire(store, "bert")
    bert = signed_in(app, "bert")
    [theirs] = sessions.of(store, "bert", now(), HOUR)
    desk.get("account/")
    assert desk.post(f"account/sessions/{theirs.number}/end", present=PASSWORD).status_code == 404
    assert bert.get("").status_code == 200


@pytest.mark.parametrize(
    "said, kind",
    [
        (FIREFOX, "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604", "Safari, iPhone"),
        ("", ""),
        ("<script>" * 100_000, ""),
    ],
)
def test_of_a_browser_its_kind_alone_is_known(said, kind):
    assert kind_of_browser(said) == kind


# --- The cookie --------------------------------------------------------------------------------------------------


def cookies_of(root, base_path, url):
    with service(root, base_path=base_path) as app:
        hire(app.extensions["handrail"].store)
        client = app.test_client()
        home = f"{base_path.rstrip('/')}/desk/"
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"{home}login", base_url=url).text)[1]
        form = {"csrf_token": token, "name": "anna", "password": PASSWORD}
        headers = {"Referer": url}
        answer = client.post(f"{home}login", data=form, base_url=url, headers=headers)
        assert answer.status_code == 302
        assert client.get(home, base_url=url).status_code == 200
        return {line.partition("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}


def test_a_site_of_its_own_host_has_cookies_that_no_other_host_can_set(tmp_path):
    found = cookies_of(tmp_path, "/", "https://help.acme.test")
    assert set(found) == {f"__Host-handrail_{name}" for name in ("desk", "known", "staff")}
    for line in found.values():
        assert "Secure" in line and "Path=/" in line.split("; ") and "Domain" not in line and "HttpOnly" in line


def test_a_site_below_a_path_has_cookies_that_need_tls_and_stay_below_it(tmp_path):
    found = cookies_of(tmp_path, "/help", "https://acme.test")
    assert set(found) == {f"__Secure-handrail_{name}" for name in ("desk", "known", "staff")}
    assert all("Path=/help/desk/" in found[f"__Secure-handrail_{name}"] for name in ("desk", "known"))
    assert all("Secure" in line.split("; ") for line in found.values())


def test_on_ones_own_machine_signing_in_works_without_tls(tmp_path):
    found = cookies_of(tmp_path, "/", "http://localhost:8000")
    assert set(found) == {f"handrail_{name}" for name in ("desk", "known", "staff")}
    assert all("Secure" not in line for line in found.values())


def test_a_cookie_without_the_prefix_opens_nothing_through_tls(app, desk):
    stolen = session_cookie(desk)
    client = app.test_client()
    client.set_cookie("handrail_desk", stolen, path="/help/desk/", domain="acme.test")
    assert client.get("/help/desk/", base_url="https://acme.test").status_code == 401
    client.set_cookie("__Secure-handrail_desk", stolen, path="/help/desk/", domain="acme.test")
    assert client.get("/help/desk/", base_url="https://acme.test").status_code == 200
