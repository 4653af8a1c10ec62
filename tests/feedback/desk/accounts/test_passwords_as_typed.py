"""A password counts exactly as it was typed, may be long, and is hidden in every field that takes one."""

import re
import threading
import time
import unicodedata

import pytest
from argon2 import PasswordHasher

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.password_rules import fault
from waiting import until

from ..desks import Desk, hire, signed_in

TYPED = " Seven Würmer on a píer, 日本 "
OTHERS = {
    "in small letters": TYPED.lower(),
    "in large letters": TYPED.upper(),
    "without the space before": TYPED.lstrip(),
    "without the space after": TYPED.rstrip(),
    "with one space less within": TYPED.replace("on a", "ona"),
    "without marks": TYPED.replace("ü", "u"),
    "in another normal form": unicodedata.normalize("NFD", TYPED),
    "with one letter more": TYPED + "x",
    "with one letter less": TYPED[:-2],
    "up to what ends a text elsewhere": TYPED + "\0",
}


@pytest.fixture
def changed(app, desk, store):
    """anna has chosen a password with all that might be changed on the way."""
    desk.get("account/")
    desk.post("account/password", present="correct horse battery", new=TYPED, again=TYPED)
    assert "Your password is changed" in desk.page
    return store


def test_the_password_that_was_chosen_opens_the_desk(app, changed):
    assert signed_in(app, "anna").get("").status_code == 401
    other = Desk(app.test_client())
    other.sign_in(password=TYPED)
    assert other.get("").status_code == 200


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_no_password_that_differs_in_anything_opens_the_desk(app, changed, other):
    desk = Desk(app.test_client())
    assert desk.sign_in(password=other).status_code == 401


@pytest.mark.parametrize("length", [64, 73, 128, passwords.LONGEST])
def test_a_long_password_counts_to_its_last_character(app, desk, store, length):
    long = ("seven walruses on a pier eat " * 10)[: length - 1]
    desk.get("account/")
    desk.post("account/password", present="correct horse battery", new=f"{long}!", again=f"{long}!")
    assert "Your password is changed" in desk.page
    assert Desk(app.test_client()).sign_in(password=f"{long}?").status_code == 401
    assert Desk(app.test_client()).sign_in(password=long).status_code == 401
    other = Desk(app.test_client())
    other.sign_in(password=f"{long}!")
    assert other.get("").status_code == 200


def test_every_field_on_the_desk_takes_the_longest_password(desk):
    desk.get("account/")
    pages = [desk.page, desk.client.application.test_client().get("/help/desk/login").text]
    fields = re.findall(r'<input[^>]*type="password"[^>]*>', "".join(pages))
    assert len(fields) >= 5
    assert {int(re.search(r'maxlength="(\d+)"', field)[1]) for field in fields} == {passwords.LONGEST}


def test_sixty_four_characters_of_any_script_are_possible():
    for letters in ("seven walruses on a pier eat fish ", "日本語の長い合言葉を使う人は", "ÄÖÜ äöü ß ñ é "):
        long = (letters * 64)[:64]
        assert fault(long, "anna") is None or fault(long, "anna").key == "password.common"
        assert passwords.matches(passwords.hashed(long), long)
        assert not passwords.matches(passwords.hashed(long), long[:-1])


def test_many_passwords_at_once_do_not_hold_every_thread(app, store, monkeypatch):
    hire(store)
    begun, over = threading.Semaphore(0), threading.Event()

    def slow(*_):
        begun.release()
        over.wait(20)
        return False

    monkeypatch.setattr(PasswordHasher, "verify", slow)
    waiting = [threading.Thread(target=passwords.matches, args=(None, "x")) for _ in range(passwords.AT_ONCE)]
    for one in waiting:
        one.start()
    begun.acquire(timeout=20)
    until(lambda: sum(one.is_alive() for one in waiting) == passwords.AT_ONCE, "all to wait")
    try:
        desk = Desk(app.test_client())
        began = time.monotonic()
        refused = desk.sign_in()
        assert time.monotonic() - began < 15
        assert refused.status_code == 503
        assert "Please try again in a few seconds" in desk.page and 'value="anna"' in desk.page
    finally:
        over.set()
        for one in waiting:
            one.join()
    monkeypatch.undo()
    assert desk.sign_in().status_code == 200
