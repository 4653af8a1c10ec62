"""The second factor: codes of an app, each good once, and recovery codes for whoever lost it."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from html import unescape

import pyotp
import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.desk.accounts import second_factor
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import events, sessions, staff

from ...stores import everything_in
from ..desks import PASSWORD, Desk, hire, service, signed_in

HALF_MINUTE = timedelta(seconds=30)


class Phone:
    """An app that makes codes, and a clock that goes on by a step for each."""

    def __init__(self, monkeypatch):
        self.at = now()
        self.app = None
        monkeypatch.setattr(second_factor, "now", lambda: self.at)

    def scan(self, page):
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
        assert f"secret={secret}" in unescape(page) and "<svg" in page and "style=" not in page
        self.app = pyotp.TOTP(secret)

    def code(self):
        self.at += HALF_MINUTE
        return self.app.at(self.at)


@pytest.fixture
def phone(monkeypatch):
    return Phone(monkeypatch)


def set_up(desk, phone):
    """Turns the second factor on; returns the recovery codes."""
    desk.get("account/")
    desk.post("account/second-factor/begin", present=PASSWORD)
    phone.scan(desk.page)
    assert desk.post("account/second-factor/on", code=phone.code()).status_code == 200
    return re.search(r"<pre>(.*?)</pre>", desk.page, re.S)[1].split()


def password_given(app, name="anna"):
    desk = Desk(app.test_client())
    desk.sign_in(name)
    return desk


def test_after_the_password_the_code_of_the_app_is_asked_for(app, desk, phone):
    set_up(desk, phone)
    other = password_given(app)
    assert other.get("").status_code == 401
    other.sign_in()
    assert other.post("login/code", code=phone.code()).status_code == 200
    assert other.get("").status_code == 200


def test_who_came_by_a_link_is_led_on_to_it_after_the_code(app, desk, phone):
    set_up(desk, phone)
    other = Desk(app.test_client())
    other.get("login")
    other.post("login", name="anna", password=PASSWORD, next="/help/desk/topics/")
    answer = other.post("login/code", follow=False, code=phone.code())
    assert answer.headers["Location"] == "/help/desk/topics/"


def test_signing_in_again_with_a_code_ends_the_session_before_on_that_device(app, desk, phone, store):
    set_up(desk, phone)
    [before] = sessions.of(store, "anna", now(), timedelta(hours=1))
    desk.get("account/")
    desk.post("login", name="anna", password=PASSWORD)
    desk.post("login/code", code=phone.code())
    [after] = sessions.of(store, "anna", now(), timedelta(hours=1))
    assert after.number != before.number


def test_a_code_is_good_once_and_none_before_it_is_good_after(app, desk, phone):
    set_up(desk, phone)
    early, late = phone.app.at(phone.at + HALF_MINUTE), phone.app.at(phone.at + 2 * HALF_MINUTE)
    phone.at += 2 * HALF_MINUTE
    assert password_given(app).post("login/code", code=late).status_code == 200
    for code in (late, early):
        assert password_given(app).post("login/code", code=code).status_code == 401


def at_once(*deeds):
    """What each has given, all begun in the same moment."""
    begin = threading.Barrier(len(deeds))

    def do(deed):
        begin.wait(30)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(do, deeds))


@pytest.mark.parametrize("recovery", [False, True], ids=["a code of the app", "a recovery code"])
def test_of_many_who_send_one_code_in_the_same_moment_one_gets_in(app, desk, phone, recovery, record_property):
    codes = set_up(desk, phone)
    code = codes[0] if recovery else phone.code()
    browsers = [password_given(app) for _ in range(8)]
    found = at_once(*(partial(one.post, "login/code", follow=False, code=code) for one in browsers))
    assert sorted(answer.status_code for answer in found) == [302] + [401] * 7
    assert sum(one.get("account/").status_code == 200 for one in browsers) == 1
    record_property("tried", len(browsers))


def test_the_code_that_set_it_up_signs_nobody_in(app, desk, phone):
    set_up(desk, phone)
    assert password_given(app).post("login/code", code=phone.app.at(phone.at)).status_code == 401


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "000000\0", "x" * 5000, "-" * 40])
def test_what_is_no_code_is_refused(app, desk, phone, code):
    set_up(desk, phone)
    other = password_given(app)
    assert other.post("login/code", code=code).status_code == 401
    assert other.get("").status_code == 401


def test_codes_are_guessed_ten_times_in_a_quarter_of_an_hour(app, desk, phone):
    set_up(desk, phone)
    said = [password_given(app).post("login/code", code=f"{number:06}").status_code for number in range(12)]
    assert said == [401] * 10 + [429] * 2
    assert password_given(app).post("login/code", code=phone.code()).status_code == 429


def test_without_the_password_there_is_no_place_to_guess_codes(app, desk, phone, store):
    set_up(desk, phone)
    for before in (lambda other: other.get("login"), lambda other: other.sign_in(password="wrong horse battery")):
        other = Desk(app.test_client())
        before(other)
        assert other.post("login/code", code=phone.code()).status_code == 401
        assert other.get("").status_code == 401


def test_a_code_has_to_come_within_five_minutes_of_the_password_and_of_the_same_one(app, desk, phone, store):
    set_up(desk, phone)
    late = password_given(app)
    phone.at += timedelta(minutes=6)
    assert late.post("login/code", code=phone.code()).status_code == 401
    other = password_given(app)
    staff.set_password(store, "anna", "another hash", now())
    assert other.post("login/code", code=phone.code()).status_code == 401


def test_a_recovery_code_signs_in_once_however_it_is_typed(app, desk, phone, store):
    codes = set_up(desk, phone)
    assert len(set(codes)) == 10
    assert password_given(app).post("login/code", code=codes[0].lower().replace("-", " ")).status_code == 200
    assert password_given(app).post("login/code", code=codes[0]).status_code == 401
    assert password_given(app).post("login/code", code=codes[1]).status_code == 200
    desk.get("account/")
    assert "Recovery codes left: 8" in desk.page


def test_a_copied_store_holds_neither_the_secret_nor_a_recovery_code(desk, phone, store):
    codes = set_up(desk, phone)
    stored = everything_in(store)
    assert phone.app.secret.encode() not in stored
    assert not any(code.encode() in stored or code.replace("-", "").encode() in stored for code in codes)


@pytest.mark.parametrize("do", ["begin", "off"])
def test_turning_it_on_or_off_takes_the_password(app, desk, phone, do):
    if do == "off":
        set_up(desk, phone)
    for typed in ("wrong horse battery", ""):
        desk.get("account/")
        code = phone.code() if do == "off" else ""
        assert desk.post(f"account/second-factor/{do}", present=typed, code=code).status_code == 401
    assert password_given(app).get("").status_code == (401 if do == "off" else 200)
    desk.get("account/")
    code = phone.code() if do == "off" else ""
    assert desk.post(f"account/second-factor/{do}", present=PASSWORD, code=code).status_code == 200
    assert password_given(app).get("").status_code == 200  # begun is not yet on


def test_turning_it_off_takes_a_code_too_and_each_counts_once(app, desk, phone, store):
    codes = set_up(desk, phone)
    for wrong in ("", "000000", phone.app.at(phone.at)):  # the last one has set it up
        desk.get("account/")
        assert desk.post("account/second-factor/off", present=PASSWORD, code=wrong).status_code == 401
    assert events.latest(store, limit=1)[0].what == "second_factor_refused"
    assert password_given(app).get("").status_code == 401
    desk.get("account/")
    assert desk.post("account/second-factor/off", present=PASSWORD, code=codes[3]).status_code == 200
    assert password_given(app).get("").status_code == 200


def test_one_that_is_on_is_not_replaced_by_another_with_the_password_alone(app, desk, phone):
    set_up(desk, phone)
    desk.get("account/")
    assert desk.post("account/second-factor/begin", present=PASSWORD).status_code == 422
    assert "<svg" not in desk.page
    other = password_given(app)
    assert other.post("login/code", code=phone.code()).status_code == 200


def test_who_finds_an_open_session_later_does_not_go_on_with_what_was_begun(desk, phone):
    desk.get("account/")
    desk.post("account/second-factor/begin", present=PASSWORD)
    phone.scan(desk.page)
    phone.at += timedelta(minutes=16)
    assert desk.post("account/second-factor/on", code="000000").status_code == 422
    assert "<svg" not in desk.page and phone.app.secret not in desk.page.replace(" ", "")
    assert desk.post("account/second-factor/on", code=phone.code()).status_code == 422


def test_a_wrong_first_code_turns_nothing_on_and_shows_the_same_secret_again(app, desk, phone):
    desk.get("account/")
    desk.post("account/second-factor/begin", present=PASSWORD)
    phone.scan(desk.page)
    assert desk.post("account/second-factor/on", code="12").status_code == 422
    assert password_given(app).get("").status_code == 200
    assert desk.post("account/second-factor/on", code=phone.code()).status_code == 200
    assert password_given(app).get("").status_code == 401


def test_the_command_helps_whoever_lost_everything(app, desk, phone, store, monkeypatch):
    from handrail_feedback.commands import users
    from handrail_kb.cli.group import main

    set_up(desk, phone)
    monkeypatch.setattr(users, "_accounts", lambda _settings: store)
    said = CliRunner().invoke(main, ["users", "second-factor-off", "anna"])
    assert said.exit_code == 0 and "no code any more" in said.output
    # As at the beginning: with a password that was handed over, and not with one that may be known already.
    assert desk.get("").status_code == 401 and password_given(app).get("").status_code == 401
    first = re.search(r"shown only now: (\S+)", said.output)[1]
    other = Desk(app.test_client())
    assert other.sign_in(password=first).status_code == 200 and "password of your own" in other.page
    assert "no second factor" in CliRunner().invoke(main, ["users", "second-factor-off", "anna"]).output
    assert staff.find(store, "anna")[0].first_until is not None


def test_what_happens_to_it_is_noted(app, desk, phone, store):
    codes = set_up(desk, phone)
    password_given(app).post("login/code", code="000")
    password_given(app).post("login/code", code=codes[0])
    desk.get("account/")
    desk.post("account/second-factor/off", present=PASSWORD, code=codes[1])
    noted = [one.what for one in reversed(events.latest(store, limit=100))]
    assert noted[2:] == [
        "second_factor_on",
        "second_factor_refused",
        "recovery_code_used",
        "signed_in",
        "recovery_code_used",
        "second_factor_off",
    ]


@pytest.mark.parametrize(
    "needed, role, free", [("leads", "agent", True), ("leads", "lead", False), ("all", "agent", False)]
)
def test_a_setting_requires_it_and_until_then_nothing_else_opens(tmp_path, phone, needed, role, free):
    with service(tmp_path, desk_second_factor=needed) as app:
        hire(app.extensions["handrail"].store, role=role)
        desk = signed_in(app, "anna")
        for path in ("", "topics/", "report/", "articles/"):
            assert desk.get(path).status_code == (200 if free else 302), path
        assert desk.get("account/").status_code == 200
        if not free:
            desk.get("", follow_redirects=True)
            assert "needs a second factor" in desk.page
            set_up(desk, phone)
            assert desk.get("").status_code == 200
