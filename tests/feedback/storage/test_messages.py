from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.reference_codes import ALPHABET, new_code, normalise, spoken
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import find_message, forget_message, keep_message
from handrail_kb.errors import StoreUnavailable

from ..conftest import NOON


def message(
    text: str = "I cannot log in.", *, minutes: float = 0, token: str = "", reply_to: str = "a@b.test"
) -> Message:
    return Message(text, "Login", reply_to, "en", NOON + timedelta(minutes=minutes), token)


SEND_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from handrail_feedback.storage.messages.messages import Message, keep_message
from handrail_feedback.storage.database import Store
for number in range(5):
    message = Message(f"message {number}", "", "", "en", datetime.now(UTC))
    print(keep_message(Store(sys.argv[1]), message), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_message_with_a_code_survives_a_kill(store_place: Path | str) -> None:
    died = subprocess.run(
        [sys.executable, "-c", SEND_AND_DIE, str(store_place)], capture_output=True, text=True, check=False
    )
    assert died.returncode == -signal.SIGKILL
    codes = died.stdout.split()
    assert len(codes) == 5
    found = [find_message(Store(store_place), code) for code in codes]
    assert [one and one.message for one in found] == [f"message {number}" for number in range(5)]


@pytest.mark.sqlite
def test_a_message_is_on_the_disk_itself_before_it_gets_a_code(store: Store) -> None:
    statements: list[str] = []
    with store.transaction() as db:
        connection = db.db.conn
    connection.set_trace_callback(statements.append)
    keep_message(store, message())
    connection.set_trace_callback(None)
    assert (
        statements.index("PRAGMA synchronous=FULL") < statements.index("BEGIN IMMEDIATE") < statements.index("COMMIT")
    )


def test_a_message_is_kept_word_for_word(store: Store) -> None:
    text = "My card 4111 1111 1111 1111\n\n<b>bob@example.com</b> \u00e9\u4e2d\U0001f600 '; DROP TABLE messages; --"
    found = find_message(store, keep_message(store, message(text)))
    assert found
    assert (found.message, found.subject, found.reply_to, found.state) == (text, "Login", "a@b.test", "waiting")


def test_the_same_form_sent_twice_is_one_message_with_one_code(store: Store) -> None:
    first = keep_message(store, message(token="form-1"))
    assert keep_message(store, message(token="form-1", minutes=60)) == first
    assert len(store.read("SELECT * FROM messages")) == 1


def test_other_words_sent_from_the_same_form_are_another_message(store: Store) -> None:
    first = keep_message(store, message(token="form-1"))
    assert keep_message(store, message("And another thing.", token="form-1")) != first


@pytest.mark.parametrize("minutes", [0, 1, 9, 60])
def test_without_a_token_nobody_gets_the_code_of_another_who_wrote_the_same(store: Store, minutes: int) -> None:
    """A code opens a thread: whoever knows somebody's address and words must not get theirs."""
    first = keep_message(store, message())
    assert keep_message(store, message(minutes=minutes)) != first
    assert keep_message(store, message(minutes=minutes, token="form-1")) != first
    assert len(store.read("SELECT * FROM messages")) == 3


def test_a_code_is_found_however_it_is_typed() -> None:
    code = new_code()
    for typed in (code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')} ", code.replace("-", "\u2013")):
        assert normalise(typed) == code


def test_a_wrong_symbol_and_most_swapped_neighbours_are_noticed() -> None:
    symbols = new_code().replace("-", "")
    for place, other in itertools.product(range(9), ALPHABET):
        if other != symbols[place]:
            assert normalise(symbols[:place] + other + symbols[place + 1 :]) is None
    for code in (new_code().replace("-", "") for _ in range(50)):
        for place in range(8):
            one, two = code[place], code[place + 1]
            if one != two and {one, two} != {ALPHABET[0], ALPHABET[-1]}:
                assert normalise(code[:place] + two + one + code[place + 2 :]) is None


@pytest.mark.parametrize("typed", ["", "K7M", "\u0131" * 9, "O0I1LSZ58", "K" * 10_000, "' OR 1=1", "\0"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert normalise(typed) is None


def test_no_two_symbols_of_a_code_look_or_sound_alike() -> None:
    for alike in ("0OQ", "1IL", "2Z", "5S", "8B", "UV", "MN", "BCDEGPTV", "A8", "FS", "QU"):
        assert len(set(alike) & set(ALPHABET)) <= 1


def test_a_code_is_said_in_words() -> None:
    assert spoken("K7M") == [("K", "Kilo"), ("7", "7"), ("M", "Mike")]
    assert all(word == symbol or word[0] == symbol for symbol, word in spoken(ALPHABET))


@pytest.mark.sqlite
def test_a_forgotten_message_is_gone_from_the_files(store: Store) -> None:
    code = keep_message(store, message("zanzibar " * 20))
    assert forget_message(store, code.lower())
    assert not forget_message(store, code)
    assert find_message(store, code) is None
    assert b"zanzibar" not in b"".join(file.read_bytes() for file in store.at.parent.iterdir())


@pytest.mark.sqlite
def test_no_code_is_given_when_the_disk_is_full(store: Store) -> None:
    with store.transaction() as db:
        db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}").fetchall()
    with pytest.raises(StoreUnavailable, match="disk is full"):
        for number in range(1000):
            keep_message(store, message(f"{number} " * 1000))


def test_forgetting_a_message_takes_what_was_added_to_it_along(store: Store) -> None:
    first = keep_message(store, message("my parcel"))
    added = keep_message(store, replace(message("my private addition"), follows=first))
    other = keep_message(store, message("another matter"))
    assert forget_message(store, first)
    assert find_message(store, added) is None
    assert find_message(store, other)
    assert not forget_message(store, "")
