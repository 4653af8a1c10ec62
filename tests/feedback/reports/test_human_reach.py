"""Human reach: numbers that a lead can believe."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.period import Period
from handrail_feedback.reports.failed_searches import build_report
from handrail_feedback.reports.failed_searches_text import report_as_json, report_as_markdown, report_as_text
from handrail_feedback.reports.people.human_reach import Figure, human_reach
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.answers import note_opened, settle
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.messages.threads import (
    cases_of,
    count_reached,
    kept_messages,
    messages_to_answer,
    sent_messages,
)
from handrail_kb.site.help_links import one_click

from ..conftest import NOON

WRITTEN = NOON - timedelta(days=5)
SINCE = NOON - timedelta(days=30)
FOLDER = parse_routes("folder")


def write(store: Store, number: int, deliver: str = "", **more: object) -> str:
    values = {"at": WRITTEN, "reply_to": "anna@acme.test", **more}
    return keep_message(store, Message(f"Message {number}", "", lang="en", **values), parse_routes(deliver))  # type: ignore[arg-type]


def reach(store: Store, **more: object) -> dict[str, Figure]:
    return {one.name: one for one in human_reach(store, Period(SINCE, NOON), NOON, **more)}  # type: ignore[arg-type]


def deliver_all(store: Store) -> None:
    while job := outbox.claim(store, FOLDER, NOON, Patience()):
        outbox.delivered(store, job, NOON)


def test_a_message_reached_a_person_when_it_was_delivered_opened_or_answered(store: Store) -> None:
    for number in range(20):
        write(store, number, "folder")
    deliver_all(store)
    note_opened(store, write(store, 20), "bert", NOON)
    settle(store, write(store, 21), "elsewhere", "bert", NOON, "t")
    write(store, 22)
    write(store, 23, "folder")
    found = reach(store)
    figure = found["messages that reached a person"]
    assert (figure.numerator, figure.denominator, figure.value) == (22, 24, "92%")
    assert found["undelivered now"].of == "1 of 24"
    assert found["undelivered now"].value == "1"


def test_each_number_about_messages_lists_the_messages_that_it_counts(store: Store) -> None:
    written = [write(store, number, "folder") for number in range(3)]
    deliver_all(store)
    settle(store, written[0], "elsewhere", "bert", NOON, "t")
    settle(store, written[1], "nothing", "bert", NOON, "t2")
    waiting, unnoticed = write(store, 3, "folder"), write(store, 4)
    found = reach(store)
    for name, listed in (
        ("messages that reached a person", sent_messages(store, SINCE, NOON)),
        ("first reply, half within", messages_to_answer(store, SINCE, NOON)),
        ("undelivered now", kept_messages(store)),
    ):
        assert (sum(listed.values()), len(listed)) == (found[name].numerator, found[name].denominator), name
    assert [code for code, waits in kept_messages(store).items() if waits] == [waiting]
    assert not sent_messages(store, SINCE, NOON)[unnoticed]
    assert set(cases_of(store, [waiting, unnoticed, "none"])) == {waiting, unnoticed}
    assert cases_of(store, []) == {}


def test_many_periods_are_counted_at_one_go_each_by_itself_and_overlapping_ones_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, begin = timedelta(days=1), NOON - timedelta(days=20)
    for number in range(12):
        code = write(store, number, at=begin + number % 4 * day)
        if number % 3 == 0:
            note_opened(store, code, "bert", NOON)
    days = [(begin + number * day, begin + (number + 1) * day) for number in range(6)]
    asked = []
    read = store.read
    monkeypatch.setattr(store, "read", lambda sql, **values: asked.append(sql) or read(sql, **values))  # type: ignore[func-returns-value]
    every = (begin, NOON)
    assert count_reached(store, every, *reversed(days), every) == [
        (4, 12),
        *reversed([(1, 3), (1, 3), (1, 3), (1, 3), (0, 0), (0, 0)]),
        (4, 12),
    ]
    assert len(asked) == 1


def test_ninety_nine_and_a_half_are_not_rounded_to_all(store: Store) -> None:
    assert Figure("x", "", 199 / 200, "share", 199, 200, "").value == "99%"
    assert Figure("x", "", 58 / 100, "share", 58, 100, "").value == "58%"
    assert Figure("x", "", 1.0, "share", 200, 200, "").value == "100%"


def test_a_handful_of_messages_gives_no_share_and_no_time_but_says_how_many(store: Store) -> None:
    for number in range(19):
        settle(store, write(store, number), "elsewhere", "bert", WRITTEN + timedelta(hours=1), str(number))
    found = reach(store)
    for name in ("messages that reached a person", "first reply, half within", "first reply, nine in ten within"):
        assert found[name].value == "not enough data"
        assert found[name].of == "19 of 19"


def test_times_to_the_first_reply_are_those_of_all_who_wrote(store: Store) -> None:
    for number in range(20):
        code = write(store, number)
        if number < 15:
            settle(store, code, "elsewhere", "bert", WRITTEN + timedelta(minutes=10 * (number + 1)), code)
    found = reach(store)
    assert found["first reply, half within"].value == "1.7 h"
    assert found["first reply, half within"].of == "15 of 20"
    assert found["first reply, nine in ten within"].value == "not enough data"


def test_an_empty_store_is_no_success(store: Store) -> None:
    store.check()
    for figure in reach(store).values():
        assert figure.value in ("not enough data", "0")


def test_every_number_has_definition_and_window(store: Store) -> None:
    store.check()
    for figure in reach(store, one_click=(3, 4)).values():
        assert len(figure.definition) > 30 and figure.window


def test_pages_from_which_a_person_is_one_click_away_are_counted(tmp_path: Path, store: Store) -> None:
    assert one_click(tmp_path) is None
    pages = {
        "index.html": '<header><a href="contact/">Contact</a></header>',
        "contact/index.html": "<form><textarea></textarea></form>",
        "lost/index.html": '<header><a href="../find/">Search</a></header>',
    }
    for name, body in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"<html><body>{body}</body></html>")
    (tmp_path / "handrail").mkdir()
    (tmp_path / "handrail" / "site.json").write_text(json.dumps({"base_path": "/", "contact": {"url": "contact/"}}))
    assert one_click(tmp_path) == (2, 3)
    store.check()
    figure = reach(store, one_click=(2, 3))["pages with a person one click away"]
    assert (figure.value, figure.of) == ("67%", "2 of 3")


def test_it_stands_first_in_the_report(store: Store) -> None:
    settle(store, write(store, 1), "elsewhere", "bert", WRITTEN + timedelta(hours=1), "t")
    found = build_report(store, Period(SINCE, NOON), made_at=NOON)
    for told in (report_as_text(found), report_as_markdown(found)):
        assert told.index("essages that reached a person") < told.index("ailed searches")
        assert "1 of 1" in told
    figures = json.loads(report_as_json(found))["human_reach"]
    assert figures[0]["name"] == "messages that reached a person"
    assert set(figures[0]) == {"name", "definition", "amount", "unit", "numerator", "denominator", "window"}
    assert figures[0]["amount"] is None


@pytest.mark.parametrize("minutes, words", [(0.2, "1 min"), (89, "89 min"), (90, "1.5 h"), (60 * 50, "2.1 days")])
def test_a_time_is_told_in_the_unit_that_fits(minutes: float, words: str) -> None:
    assert Figure("x", "", minutes * 60, "seconds", 1, 1, "").value == words
