"""Past searches asked once more: which they are, and what is said of a change."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from handrail_feedback.contracts import Past, PastAnswer
from handrail_feedback.records.searches import SearchEvent
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.topics.replay import from_lines, past_questions, replay, to_lines
from handrail_feedback.topics.replay_text import replay_as_json, replay_as_markdown, replay_as_text, summary
from handrail_kb.errors import HandrailError

from ..conftest import NOON, search

HOUR = timedelta(hours=1)
GOOD = PastAnswer("answered", ("guide/reset/", "vat/"))
NONE = PastAnswer("none", ("vat/",))


def past(question: str = "forgot password", people: int = 5, wanted: str | None = None) -> Past:
    return Past(question, "en", people, people, 1, wanted, NONE)


def asked(store: Store, log: SearchLog, most: int = 100) -> list[Past]:
    assert log.flush()
    return past_questions(store, NOON - HOUR, NOON + HOUR, most)


def found(*moves: tuple[Past, PastAnswer, PastAnswer], least: int = 3):
    before = {one.question: outcome for one, outcome, _ in moves}
    after = {one.question: outcome for one, _, outcome in moves}
    return replay(
        [one for one, _, _ in moves],
        lambda one: before[one.question],
        lambda one: after[one.question],
        "compared with then",
        NOON,
        NOON + HOUR,
        least,
    )


def test_failed_and_answered_searches_are_asked_again_each_wording_once(log: SearchLog, store: Store) -> None:
    for tab in "abc":
        log.record(search("Forgot password?", tab=f"tab-{tab}", verdict="none"))
    one = search("vat id", tab="tab-d")
    log.record(one)
    log.event(SearchEvent(one.search_id, "click", NOON + timedelta(seconds=5), "billing/vat/#id", 2))
    first, second = asked(store, log)
    assert (first.question, first.people, first.failed, first.wanted) == ("Forgot password?", 3, 3, None)
    assert first.then == PastAnswer("none", ("guide/reset/", "billing/vat/"))
    assert (second.question, second.failed, second.wanted) == ("vat id", 0, "billing/vat/")
    assert len(asked(store, log, most=1)) == 1


def test_who_is_no_customer_and_what_says_nothing_either_way_is_not_asked(log: SearchLog, store: Store) -> None:
    log.record(search("by a bot", tab="tab-a", verdict="none", bot=True))
    log.record(search("by staff", tab="tab-b", verdict="none", staff=True))
    log.record(search("while degraded", tab="tab-c", verdict="none", degraded=True))
    log.record(search("looked at and nothing more", tab="tab-d"))
    assert asked(store, log) == []


def test_an_article_that_was_opened_and_did_not_help_is_not_wanted(log: SearchLog, store: Store) -> None:
    one = search("vat id", tab="tab-d")
    log.record(one)
    log.event(SearchEvent(one.search_id, "click", NOON + timedelta(seconds=5), "billing/vat/", 2))
    log.event(SearchEvent(one.search_id, "said_no", NOON + timedelta(seconds=9)))
    [only] = asked(store, log)
    assert (only.failed, only.wanted) == (1, None)


@pytest.mark.parametrize(
    ("wanted", "outcome", "good"),
    [
        (None, GOOD, True),
        (None, PastAnswer("weak", ("guide/reset/",)), False),
        ("vat/", GOOD, True),
        ("vat/", PastAnswer("weak", ("a/", "b/", "vat/")), True),
        ("vat/", PastAnswer("answered", ("a/", "b/", "c/", "vat/")), False),
        ("vat/", PastAnswer("none", ("vat/",)), False),
        ("", PastAnswer("answered", ("",)), True),
    ],
)
def test_good_is_what_customers_opened_among_the_first_three_or_an_answered_list(wanted, outcome, good) -> None:
    assert past(wanted=wanted).is_good(outcome) is good


def test_a_change_fixes_breaks_and_leaves_alone_each_by_name() -> None:
    it = found(
        (past("fixed"), NONE, GOOD),
        (past("broken"), GOOD, NONE),
        (past("still good"), GOOD, GOOD),
        (past("still bad"), NONE, NONE),
    )
    assert summary(it) == "fixes 1, breaks 1, unchanged 2"
    assert ([one.past.question for one in it.fixes], [one.past.question for one in it.breaks]) == (
        ["fixed"],
        ["broken"],
    )
    assert (it.good, it.bad) == (1, 1)
    text = replay_as_text(it)
    assert text.index("broken") < text.index("5 people: fixed")
    assert "none, vat/ → answered, guide/reset/" in text
    assert json.loads(replay_as_json(it))["counts"] == {
        "fixes": 1, "breaks": 1, "unchanged": 2, "unchanged_good": 1, "unchanged_bad": 1,
    }  # fmt: skip


def test_questions_of_few_people_are_counted_and_nowhere_named() -> None:
    it = found((past("secret wording", people=2), NONE, GOOD), (past("many", people=3), NONE, GOOD))
    for written in (replay_as_text(it), replay_as_markdown(it), replay_as_json(it)):
        assert "secret" not in written
        assert "many" in written
    assert "fixes 2" in replay_as_text(it)
    assert "1 more of <3 people." in replay_as_markdown(it)
    assert "1 more of <3 people. See them on your own machine: --topic-people 1" in replay_as_text(it)
    assert "--topic-people" not in replay_as_markdown(it) + replay_as_json(it)
    assert "secret" not in to_lines([past("secret wording", people=2)], 3)


def test_a_comment_shows_what_customers_typed_and_never_obeys_it() -> None:
    nasty = "a | b <img src=x> [x](javascript:y) @team #12 https://evil.example www.evil.example\x1b[31m"
    written = replay_as_markdown(found((past(nasty), NONE, GOOD)))
    assert "<img" not in written
    assert "[x](" not in written
    assert "\x1b" not in written
    assert "a | b" not in written
    assert not re.search(r"https?:|www\.", written)
    # A forge notifies whoever is named, and lists the comment at the issue, also where signs are written as entities.
    assert not re.search(r"@team|#12", unescape(written))


def test_questions_travel_to_a_machine_without_the_store_as_they_are() -> None:
    questions = [past("one"), past("zwei", wanted="vat/")]
    assert from_lines(to_lines(questions, 1), "q.jsonl") == questions
    with pytest.raises(HandrailError, match=r"q\.jsonl:2: this is no question"):
        from_lines(to_lines(questions[:1], 1) + '{"question": "x"}\n', "q.jsonl")


@pytest.mark.parametrize("line", ["[" * 100_000, '{"then": ' * 100_000, "null", '"x"', '{"then": "x"}', "1e999"])
def test_a_line_that_is_no_question_is_told_with_its_number(line: str) -> None:
    right = to_lines([past()], 1)
    many = right.replace('"people": 5', '"people": 1e999')
    for wrong in (line, many):
        with pytest.raises(HandrailError, match=r"^q\.jsonl:2: this is no question"):
            from_lines(right + wrong, "q.jsonl")


def test_a_question_may_have_a_line_end_of_another_system() -> None:
    questions = [past("forgot\u2028password"), past("forgot\u0085password")]
    assert from_lines(to_lines(questions, 1), "q.jsonl") == questions
