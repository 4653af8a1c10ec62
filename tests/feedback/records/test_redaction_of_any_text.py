"""Whatever is written, redaction ends soon, and done twice it is as good as once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail_feedback.records.redaction.redact import redact

ALPHABET = st.sampled_from("a1 @.:-+/?=[]()0123456789ABF%#\\\n\0éß\u2019\ud800'\"\u1369\u2460")
PIECES = st.sampled_from(
    [
        "my name is ",
        "password: ",
        "https://",
        "DE89",
        "+49 30 ",
        "a@b",
        "Mr ",
        "C:\\Users\\",
        "::",
        "192.168.1.1",
        "[email]",
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(PIECES, st.text(max_size=20), st.text(ALPHABET, max_size=30)), max_size=12).map("".join))
def test_any_text_can_be_redacted_and_twice_is_as_good_as_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert len(once) <= 8 * len(text) + 8


@pytest.mark.parametrize("digit", ["\u1369", "\u2460", "\u00b2", "\u0661", "\U00010e60"])
@pytest.mark.parametrize("words", ["pi@1.1.1.1", "a@1.1.1.1", "192.168.1.1", "error 1-1", "64 128 256 512", "pin 1111"])
def test_a_digit_of_any_script_is_no_mistake(words: str, digit: str) -> None:
    for text in (words.replace("1", digit), words.replace("1", digit, 1)):
        assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "@", "a", "a@", "a.b-", "a:", "password ", "DE89 ", "1.1.", "my name is ", "http://a", "(089) 12 34-",
     "+1 415 555 2671 ", "a at b dot ", "0:", "Mr A", "Aa1/", "\\Users\\", "-", "\u00e9"],
)  # fmt: skip
def test_no_text_makes_redaction_slow(piece: str) -> None:
    text = piece * (5000 // len(piece))
    start = time.thread_time()
    redact(text)
    assert time.thread_time() - start < 3


@pytest.mark.parametrize(
    "piece",
    ["-----BEGIN PRIVATE KEY-----", "a_", 'a"', "Dr. ", "C:\\Users\\a ", "1 2 ", "born 1 a", "thanks, A", "我叫",
     "名前は", "sha 0", "port 1 ", "a @", "a at ", "de12.", "::ffff:1.", "sk_a1", "this is A ",
     "passport AB 1 ", "account number 1-", "born on the 1 ", "tel. 1-2(", "plate A1-", "4111|", "1 000 000 ", "1024 ",
     "AB1C2-", "-u a:b", "a(a)b.", "o'a@", "名@a", "pin-1", "1(2 ", "मेरा नाम र "],
)  # fmt: skip
def test_the_rules_stay_quick_on_what_nearly_matches(piece):
    began = time.thread_time()
    redact(piece * 400)
    assert time.thread_time() - began < 2
