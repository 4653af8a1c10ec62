from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.decisions import in_force
from handrail_feedback.records.topics import MemberPlace
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.decisions import decide, history, undo
from handrail_feedback.storage.searches.topics import failed_searches, last_grouping, members, topics, write_grouping
from handrail_feedback.topics.refresh import refresh
from handrail_feedback.topics.status import (
    TopicStatus,
    could_be_decided_at,
    topic_status,
    was_in_time,
    working_days_after,
)
from handrail_kb.errors import HandrailError

from ..conftest import NOON, Asked

DAY = timedelta(days=1)
MONDAY = NOON
PASSWORD = ("forgot my password", "how do I reset my password", "lost my password", "password does not work")


@pytest.fixture
def topic(store: Store, fail: Any, asked: Asked) -> int:
    """A topic that three people searched within three minutes of Monday's noon."""
    fail(PASSWORD[:3])
    refresh(store, Meaning("test", asked), NOON)
    [number] = topics(store)
    return number


def stands(store: Store, topic: int, day: float = 0) -> TopicStatus:
    places = members(store)
    searches = [one for one in failed_searches(store) if places[one.key].topic == topic]
    begun = could_be_decided_at(searches, topics(store)[topic].made_at)
    return topic_status(searches, history(store).get(topic, []), begun, NOON + DAY * day)


def again(store: Store, fail: Any, asked: Asked, day: int, people: int = 3) -> None:
    fail(PASSWORD[:people], day=day)
    refresh(store, Meaning("test", asked), NOON + DAY * day)


def test_a_decision_keeps_who_when_why_and_a_link(store: Store, topic: int) -> None:
    decide(store, topic, "writing", "ana", NOON, why="we  have\nnothing", link="https://git.acme.test/issues/7")
    [one] = history(store)[topic]
    assert (one.verdict, one.who, one.at, one.why, one.link) == (
        "writing", "ana", NOON, "we have nothing", "https://git.acme.test/issues/7",
    )  # fmt: skip
    found = stands(store, topic)
    assert (found.state, found.is_open, found.due, found.decision) == ("writing", False, None, one)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.test", "data:text/html,x", 'x"onload=', "a b"])
def test_a_link_that_a_browser_would_run_is_refused(store: Store, topic: int, link: str) -> None:
    with pytest.raises(HandrailError, match="is no link"):
        decide(store, topic, "writing", "ana", NOON, link=link)
    assert history(store) == {}


def test_a_decision_can_be_taken_back_and_stays_in_the_history(store: Store, topic: int) -> None:
    decide(store, topic, "spam", "ana", NOON)
    decide(store, topic, "writing", "ben", NOON + DAY)
    taken = undo(store, topic, "eve", NOON + 2 * DAY)
    assert taken
    assert taken.verdict == "writing"
    assert stands(store, topic, 2).state == "spam"
    undo(store, topic, "eve", NOON + 3 * DAY)
    assert undo(store, topic, "eve", NOON + 4 * DAY) is None
    assert stands(store, topic, 4).state == "new"
    assert [(one.verdict, one.undone_by) for one in history(store)[topic]] == [("spam", "eve"), ("writing", "eve")]


def test_there_is_nothing_to_decide_on_a_topic_that_is_not_there(store: Store) -> None:
    with pytest.raises(HandrailError, match="There is no topic 4"):
        decide(store, 4, "writing", "ana", NOON)
    with pytest.raises(HandrailError, match="There is no topic 4"):
        undo(store, 4, "ana", NOON)


def test_a_topic_of_three_people_is_due_in_five_working_days_and_then_late(store: Store, topic: int) -> None:
    due = NOON + timedelta(days=7, minutes=2)
    assert (stands(store, topic).due, stands(store, topic).late) == (due, False)
    assert stands(store, topic, 7).late is False
    assert stands(store, topic, 7.01).late is True


def test_nothing_is_late_before_there_was_a_topic_to_decide_on(store: Store, fail: Any, asked: Asked) -> None:
    fail(PASSWORD[:3])
    refresh(store, Meaning("test", asked), NOON + 100 * DAY)
    found = stands(store, 1, 101)
    assert (found.waits_since, found.late) == (NOON + 100 * DAY, False)


def test_a_topic_of_two_people_waits_for_nobody(store: Store, fail: Any, asked: Asked) -> None:
    again(store, fail, asked, day=0, people=2)
    found = stands(store, 1, 100)
    assert (found.state, found.due, found.late) == ("new", None, False)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-03-02T12:00", "2026-03-09T12:00"),  # Monday noon
        ("2026-03-06T17:00", "2026-03-13T17:00"),  # Friday
        ("2026-03-07T09:00", "2026-03-16T00:00"),  # Saturday counts from Monday
        ("2026-03-08T23:59", "2026-03-16T00:00"),
    ],
)
def test_working_days_leave_out_weekends(at: str, due: str) -> None:
    found = working_days_after(datetime.fromisoformat(at).replace(tzinfo=UTC), 5)
    assert f"{found:%Y-%m-%dT%H:%M}" == due


def test_a_topic_that_fails_again_after_it_was_to_be_written_is_open_again(
    store: Store, topic: int, fail: Any, asked: Asked
) -> None:
    decide(store, topic, "writing", "ana", NOON + DAY)
    again(store, fail, asked, day=10)
    assert stands(store, topic, 11).state == "writing", "a writer has two weeks"
    again(store, fail, asked, day=20)
    found = stands(store, topic, 21)
    assert (found.state, found.is_open) == ("reopened", True)
    assert found.reopened_at == NOON + timedelta(days=20, minutes=2)
    assert found.decision
    assert found.decision.verdict == "writing"
    assert found.due == working_days_after(found.reopened_at, 5)
    decide(store, topic, "stays with people", "ana", NOON + 21 * DAY)
    assert stands(store, topic, 22).state == "stays with people"


def test_what_was_not_to_be_answered_may_fail_on(store: Store, topic: int, fail: Any, asked: Asked) -> None:
    decide(store, topic, "out of scope", "ana", NOON)
    again(store, fail, asked, day=30)
    assert stands(store, topic, 31).state == "out of scope"


def test_a_decision_on_a_topic_that_was_merged_counts_for_the_one_it_lives_on_in(
    store: Store, fail: Any, asked: Asked
) -> None:
    fail(PASSWORD[:3])
    refresh(store, Meaning("test", asked), NOON)
    fail(PASSWORD[3:], day=1)
    [kept] = topics(store).values()
    [late] = [one.key for one in failed_searches(store) if one.query == PASSWORD[3]]
    grouping = last_grouping(store)
    assert grouping
    apart = type(kept)(2, NOON, "", -kept.mean, 1)
    write_grouping(store, [kept, apart], [*members(store).values(), MemberPlace(late, 2, 1.0)], [], grouping, grouping)
    decide(store, 2, "reword", "ana", NOON + DAY)
    refresh(store, Meaning("test", asked), NOON + 2 * DAY, regroup=True)
    assert list(topics(store)) == [1]
    assert stands(store, 1, 2).state == "reword"
    assert decide(store, 2, "writing", "ben", NOON + 3 * DAY).topic == 1
    assert in_force(history(store)[1]) == history(store)[1][-1]


def test_the_promise_counts_what_was_decided_in_time_and_what_is_late_but_not_what_still_waits(
    store: Store, topic: int
) -> None:
    def kept(day: float) -> bool | None:
        decisions = history(store).get(topic, [])
        begun = could_be_decided_at(failed_searches(store), NOON)
        return was_in_time(begun, decisions, [], NOON - DAY, NOON + DAY * day)

    assert kept(3) is None
    assert kept(8) is False
    decide(store, topic, "writing", "ana", NOON + 9 * DAY)
    assert kept(9) is False
    undo(store, topic, "ana", NOON + 9 * DAY)
    decide(store, topic, "writing", "ana", NOON + 2 * DAY)
    assert kept(9) is True
