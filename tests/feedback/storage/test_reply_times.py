"""How soon people answer: figures that silence does not flatter."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import settle
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.messages.threads import reply_times
from handrail_kb.texts.amounts import in_words

from ..conftest import NOON

WRITTEN = NOON - timedelta(days=5)


def write(store: Store, words: str = "Help!", reply_to: str = "anna@acme.test", at: datetime = WRITTEN) -> str:
    return keep_message(store, Message(words, "", reply_to, "en", at))


def answered(store: Store, *minutes: float) -> None:
    for number, wait in enumerate(minutes):
        code = write(store, f"Message {number} of {wait}")
        settle(store, code, "elsewhere", "bert", WRITTEN + timedelta(minutes=wait), code)


def test_half_is_half_of_all_messages_not_of_those_that_were_answered(store: Store) -> None:
    answered(store, *range(1, 15))
    for number in range(6):
        write(store, f"Nobody answered {number}")
    times = reply_times(store, NOON)
    assert (times.messages, times.answered) == (20, 14)
    assert times.p50 == timedelta(minutes=10)
    assert times.p90 is None


def test_nine_in_ten_are_told_when_so_many_were_answered(store: Store) -> None:
    answered(store, *range(1, 21))
    assert reply_times(store, NOON).p90 == timedelta(minutes=18)


def test_below_twenty_messages_there_is_not_enough_data(store: Store) -> None:
    answered(store, *range(1, 20))
    times = reply_times(store, NOON)
    assert (times.messages, times.p50, times.p90) == (19, None, None)


def test_who_left_no_address_adds_to_a_message_or_wrote_today_does_not_count(store: Store) -> None:
    first = write(store)
    write(store, f"More about {first}")
    write(store, "No address", reply_to="")
    write(store, "This morning", at=NOON - timedelta(hours=3))
    write(store, "Long ago", at=NOON - timedelta(days=32))
    assert reply_times(store, NOON).messages == 1


def test_the_first_reply_counts_and_one_to_an_addition_answers_the_message(store: Store) -> None:
    first = write(store)
    addition = write(store, f"More about {first}")
    settle(store, addition, "elsewhere", "bert", WRITTEN + timedelta(hours=1), "one")
    settle(store, first, "elsewhere", "bert", WRITTEN + timedelta(hours=2), "two")
    [row] = store.read("SELECT first_reply_at FROM messages WHERE code = :code", code=first)
    assert row["first_reply_at"] == "2026-02-25T13:00:00.000Z"


def test_a_message_with_nothing_to_answer_is_neither_answered_nor_slow(store: Store) -> None:
    settle(store, write(store, "Thank you!"), "nothing", "bert", WRITTEN, "one")
    assert reply_times(store, NOON).messages == 0


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "1 minute"), (0.5, "1 minute"), (49.5, "50 minutes"), (90, "90 minutes"), (91, "2 hours"),
     (60 * 36, "36 hours"), (60 * 37, "2 days"), (60 * 24 * 40, "40 days")],
)  # fmt: skip
def test_a_time_is_said_as_people_say_it(minutes: float, words: str) -> None:
    assert in_words("en", timedelta(minutes=minutes)) == words
