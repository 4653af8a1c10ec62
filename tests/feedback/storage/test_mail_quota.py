"""How much a stranger can be mailed through us, whatever is erased meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from handrail_feedback.records.mailings import Wish, token_of
from handrail_feedback.records.messages import Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mail_quota import DAYS_REFUSED, MOST_MAILS_A_DAY, Recipient
from handrail_feedback.storage.messages.mailings import ask_to_be_told, find_notification, forget_address, withdraw
from handrail_feedback.storage.messages.messages import forget_message, keep_message

from ..conftest import NOON

KEY = "a key that is not in the store"
ANNA = "anna.b@gmail.com"


def write(store: Store, address: str = ANNA, at=NOON, key: str = KEY) -> bool:  # type: ignore[no-untyped-def]
    code = keep_message(store, Message("Hi", "", address, "en", at), receipt_to=Recipient(address, key))
    found = store.read("SELECT 1 FROM receipts WHERE code = :code", code=code)
    forget_message(store, code)
    return bool(found)


def ask(store: Store, address: str = ANNA, at=NOON, key: str = KEY) -> bool:  # type: ignore[no-untyped-def]
    before = store.read("SELECT count(*) AS n FROM tellings")[0]["n"]
    ask_to_be_told(store, Wish(f"question {at}", address, "en", at), key)
    asked = store.read("SELECT count(*) AS n FROM tellings")[0]["n"] > before
    forget_address(store, address, at)
    return asked


@pytest.mark.parametrize("deed", [write, ask])
def test_erasing_what_was_mailed_does_not_begin_the_count_anew(store: Store, deed: Callable[..., bool]) -> None:
    assert [deed(store) for _ in range(8)] == [True] * MOST_MAILS_A_DAY + [False] * 5
    assert deed(store, "bert@acme.test")
    assert not deed(store, at=NOON + timedelta(hours=23))
    assert deed(store, at=NOON + timedelta(days=1, seconds=1))


def test_receipts_and_notices_and_spellings_of_one_mailbox_count_together(store: Store) -> None:
    assert write(store) and ask(store, "AnnaB+1@googlemail.com") and write(store, "a.nnab+2@gmail.com")
    assert not write(store) and not ask(store)


def test_who_withdrew_is_not_written_to_again_however_often_a_stranger_asks(store: Store) -> None:
    ask_to_be_told(store, Wish("how do I feed it", ANNA, "en", NOON), KEY)
    [row] = store.read("SELECT seed FROM tellings")
    telling = find_notification(store, token_of(row["seed"], KEY), NOON)
    assert telling
    withdraw(store, telling, KEY, NOON)
    for days in (0, 2, 30, DAYS_REFUSED - 1):
        at = NOON + timedelta(days=days)
        assert not write(store, at=at) and not ask(store, at=at) and not write(store, "annab+9@gmail.com", at=at)
        assert write(store, "bert@acme.test", at=at)
    assert write(store, at=NOON + timedelta(days=DAYS_REFUSED, seconds=1))


@pytest.mark.sqlite
def test_the_counts_tell_nobody_whose_they_are_and_do_not_stay(store: Store) -> None:
    write(store)
    [row] = store.read("SELECT * FROM mailed")
    assert len(row["who"]) == 64 and row["who"] != Recipient(ANNA, "another key").who
    store.shred()
    assert b"gmail" not in store.at.read_bytes()
    write(store, "bert@acme.test", at=NOON + timedelta(days=2))
    assert len(store.read("SELECT * FROM mailed")) == 1
