"""A clock that is set back or forward loses nothing, keeps no message waiting, and lengthens no limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handrail_feedback import search_log
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.searches import Vote
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.mail_quota import Recipient, forget_refusals, may_write, refuse
from handrail_feedback.storage.messages.mailings import claim_receipt, claim_report, note_report_sent
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches.intents import erase_old
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_feedback.storage.upkeep.erasure import may_erase, note_erased

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MAIL = parse_routes("mail")


class Clock:
    """A clock on the wall that a test sets."""

    def __init__(self):
        self.at = NOON

    def __call__(self):
        return self.at


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(search_log, "now", clock)
    return clock


def look(store):
    """What the service does at its start and once a day."""
    log = SearchLog(store, retention_days=365)
    log._tidy()  # noqa: SLF001 (a thread does it, at the first search)


def votes(store):
    return len(store.read("SELECT id FROM votes"))


@pytest.fixture
def used(store, clock):
    """A store that has been in use, with a vote of yesterday and one of two years ago."""
    keep_vote(store, Vote("old/", helpful=True, comment="", at=NOON - timedelta(days=730)))
    keep_vote(store, Vote("new/", helpful=True, comment="", at=NOON - timedelta(days=1)))
    return store


def test_what_is_past_its_time_is_erased_at_once_by_a_clock_that_is_right(used, clock):
    look(used)
    assert votes(used) == 1
    clock.at += timedelta(days=1)
    look(used)
    assert votes(used) == 1


@pytest.mark.parametrize("looked_before", [False, True], ids=["first look", "after looks"])
def test_a_clock_that_jumps_ahead_erases_nothing_however_often_the_service_starts(used, clock, looked_before):
    if looked_before:
        look(used)
    before = votes(used)
    clock.at += timedelta(days=400)
    for _ in range(3):
        look(used)
        clock.at += timedelta(minutes=10)
    assert votes(used) == before
    clock.at = NOON + timedelta(days=1)  # it was set right
    look(used)
    assert votes(used) == 1, "and erasing goes on"


def test_a_service_that_was_off_for_a_year_erases_a_day_after_its_start(used, clock):
    look(used)
    clock.at += timedelta(days=400)
    look(used)
    assert votes(used) == 1
    clock.at += timedelta(hours=24)
    look(used)
    assert votes(used) == 0


def test_a_clock_that_jumps_from_day_to_day_is_never_believed(used, clock):
    look(used)
    for _ in range(4):
        clock.at += timedelta(days=100)
        look(used)
    assert votes(used) == 1


def test_a_node_whose_clock_is_wrong_is_not_believed_while_others_erase(used, clock):
    look(used)
    wrong = timedelta(days=400)
    for day in range(1, 5):
        at = NOON + timedelta(days=day)
        assert not may_erase(used, at + wrong)
        assert may_erase(used, at)
        note_erased(used, at)
    assert votes(used) == 1


def test_a_clock_that_is_set_back_erases_less_and_is_no_doubt(used, clock):
    look(used)
    clock.at -= timedelta(days=500)
    look(used)
    assert votes(used) == 1
    clock.at = NOON + timedelta(days=1)
    look(used)
    assert may_erase(used, clock.at + timedelta(days=1))


def test_an_empty_store_has_nothing_to_doubt(store, clock):
    assert may_erase(store, NOON)
    assert erase_old(store, NOON, NOON) == 0


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(minutes=50), timedelta(days=1), timedelta(days=400)])
def test_a_message_is_delivered_at_once_by_a_clock_that_was_set_back(store, back):
    code = keep_message(store, Message("Hello?", "", "", "en", NOON), MAIL)
    job = outbox.claim(store, MAIL, NOON - back, Patience())
    assert job is not None
    assert job.code == code


@pytest.mark.parametrize("back", [timedelta(minutes=50), timedelta(days=1)])
def test_a_message_whose_sender_was_killed_waits_no_longer_than_a_pause_when_the_clock_is_set_back(store, back):
    keep_message(store, Message("Hello?", "", "", "en", NOON), MAIL)
    assert outbox.claim(store, MAIL, NOON, Patience())
    at = NOON - back
    assert outbox.claim(store, MAIL, at + timedelta(minutes=17), Patience())


@pytest.mark.parametrize("back", [timedelta(minutes=50), timedelta(hours=5)])
def test_a_receipt_is_mailed_at_once_by_a_clock_that_was_set_back(store, back):
    to = Recipient("anna@acme.test", "k" * 32)
    code = keep_message(store, Message("Hello?", "", "anna@acme.test", "en", NOON), (), receipt_to=to)
    receipt = claim_receipt(store, NOON - back)
    assert receipt is not None
    assert receipt.code == code


AHEAD = [timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=400)]


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_receipt_that_a_clock_ahead_has_tried_is_tried_again_once_it_is_right(store, ahead):
    to = Recipient("anna@acme.test", "k" * 32)
    keep_message(store, Message("Hello?", "", "anna@acme.test", "en", NOON + ahead), (), receipt_to=to)
    assert claim_receipt(store, NOON + ahead), "and no mail server takes it"
    assert claim_receipt(store, NOON + timedelta(hours=2))


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=1), timedelta(days=400)])
def test_weekly_reports_go_on_once_a_clock_that_was_ahead_is_right(store, ahead):
    week = timedelta(days=7)
    monday = NOON - timedelta(hours=4)
    claim_report(store, monday - week, NOON - week)  # the first time ever
    assert claim_report(store, monday, NOON)
    note_report_sent(store, monday, NOON)
    then = NOON + ahead
    due = monday + (ahead // week) * week
    if claim_report(store, due, then):
        note_report_sent(store, due, then)
    weeks = [monday + number * week for number in range(1, 4)]
    mailed = [bool(claim_report(store, due, due + timedelta(hours=4))) for due in weeks]
    assert mailed == [True, True, True]


def test_who_wants_no_mail_gets_none_after_a_clock_was_ahead_for_a_moment(store):
    to, other = Recipient("anna@acme.test", "k" * 32), Recipient("bert@acme.test", "k" * 32)
    with store.transaction() as db:
        refuse(db, to, NOON)
        for _ in range(3):
            may_write(db, other, NOON + timedelta(days=400))
        assert not may_write(db, other, NOON + timedelta(days=400))
        assert not may_write(db, to, NOON)
        assert may_write(db, other, NOON), "and who does gets it"
    forget_refusals(store, NOON + timedelta(days=91))
    with store.transaction() as db:
        assert may_write(db, to, NOON + timedelta(days=91))
