"""The ways of a message: what the setting says, when one fails and the next takes over, and when settings change."""

from __future__ import annotations

import pytest

from handrail_feedback.records.outbox import FIRST_PAUSE, LONGEST_PAUSE, Route, parse_routes
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.outbox_status import entries, outbox_status
from handrail_kb.errors import ConfigError

from .queue import DOWN, MAIL, NEVER, entry

# --- what the setting says


@pytest.mark.parametrize(
    ("deliver", "routes"),
    [
        ("", ()),
        ("mail", (("mail",),)),
        ("mail, folder", (("mail",), ("folder",))),
        (" Mail>webhook > folder ,folder", (("mail", "webhook", "folder"), ("folder",))),
    ],
)
def test_the_ways_are_read_from_one_setting(deliver, routes):
    assert parse_routes(deliver) == tuple(map(Route, routes))


@pytest.mark.parametrize(
    ("deliver", "what"),
    [
        ("mial", "'mial' is no way to deliver. Did you mean 'mail'"),
        ("mail,", "a way is missing"),
        ("mail >", "a way is missing"),
        ("mail > mail", "named twice"),
        ("mail, mail", "named twice"),
        ("mail & folder", "no way to deliver"),
    ],
)
def test_what_is_no_way_is_named(deliver, what):
    with pytest.raises(ConfigError) as raised:
        parse_routes(deliver)
    assert what in raised.value.what
    assert "deliver: mail" in raised.value.mend


# --- when one way fails, the next


@pytest.fixture
def mail_is_down(write, claim, clock, fail, arrive):
    """The ways of a message that arrived in the folder, because mail had failed for more than ten minutes."""
    route = "mail > folder"
    write(deliver=route)
    fail(claim(route), DOWN)
    clock.add(minutes=11)
    fail(claim(route), DOWN)
    arrive(claim(route))
    return route


def test_the_next_way_takes_over_when_the_first_has_failed_for_ten_minutes(store, write, claim, clock, fail, caplog):
    route = "mail > webhook > folder"
    code = write(deliver=route)
    fail(claim(route), DOWN)
    clock.add(minutes=9)
    fail(claim(route), DOWN)
    assert entry(store).channel == "mail"
    other = write("another one", deliver=route)
    clock.add(minutes=2)
    fail(claim(route), DOWN)
    assert [entry(store, one).channel for one in (code, other)] == ["mail", "webhook"]
    assert claim(route).channel == claim(route).channel == "webhook"
    assert f"message {entry(store, other).number} of the outbox goes on by webhook: mail did not take it" in caplog.text
    assert "1 message goes on by webhook: mail fails" in caplog.text
    assert code not in caplog.text and other not in caplog.text


def test_it_takes_over_a_message_that_alone_fails_for_ten_minutes(store, write, claim, clock, fail):
    route = "mail > folder"
    write(deliver=route)
    fail(claim(route))
    clock.add(minutes=11)
    fail(claim(route))
    assert claim(route).channel == "folder"


def test_it_takes_over_soon_from_a_way_that_refuses_for_good(store, write, claim, clock, fail):
    route = "mail > folder"
    write(deliver=route)
    fail(claim(route), NEVER)
    assert entry(store).channel == "folder"
    clock.add(seconds=2)
    assert claim(route).channel == "folder"


def test_messages_that_come_while_a_way_is_down_do_not_wait_for_it(mail_is_down, write, claim):
    route = mail_is_down
    write("another one", deliver=route)
    assert claim(route).channel == "folder"


def test_after_the_last_way_comes_the_first_again(store, write, claim, clock, fail):
    route, tried = "mail > folder", []
    write(deliver=route)
    for _ in range(12):
        clock.add(minutes=16)
        job = claim(route)
        tried.append(job.channel)
        fail(job, NEVER)
    assert tried == ["mail", "folder"] * 6


def test_a_message_that_no_way_takes_is_handed_round_ever_more_slowly(store, write, claim, clock, fail):
    route, pauses = "mail > folder", []
    write(deliver=route)
    for _ in range(12):
        fail(claim(route), NEVER)
        pauses.append(entry(store).next_at - clock())
        clock.time = entry(store).next_at
    assert pauses[0] <= FIRST_PAUSE
    assert pauses[-1] >= LONGEST_PAUSE / 2


def test_while_every_way_is_down_a_message_stays_and_is_tried_on_each(store, write, claim, clock, fail):
    route, tried = "mail > folder", set()
    write(deliver=route)
    for _ in range(40):
        job = claim(route)
        if job:
            tried.add(job.channel)
            fail(job, DOWN)
        clock.add(minutes=3)
    assert tried == {"mail", "folder"}
    assert entry(store).state == "waiting"


def test_a_way_that_works_again_is_used_again(mail_is_down, store, write, claim, clock, arrive):
    route = mail_is_down
    clock.add(minutes=16)
    write("another one", deliver=route)
    job = claim(route)
    assert job.channel == "mail"
    arrive(job)
    assert not [channel for channel in outbox_status(store, clock()).channels if channel.failing_since]


# --- when settings change


def test_what_waits_on_a_way_that_is_gone_goes_on_todays_ways(store, write, claim, clock):
    code = write(deliver="mail > folder")
    assert claim("webhook") is None
    assert outbox.adopt(store, parse_routes("webhook, folder"), clock()) == 1
    assert {str(one.route) for one in entries(store, code=code)} == {"webhook", "folder"}


def test_what_somebody_is_delivering_is_not_put_on_another_way(store, write, claim, clock):
    write()
    claim()
    assert outbox.adopt(store, parse_routes("webhook"), clock()) == 0
    clock.add(minutes=2)
    assert outbox.adopt(store, parse_routes("webhook"), clock()) == 1


def test_what_was_delivered_is_not_delivered_again_when_a_way_is_added(store, write, claim, clock, arrive):
    code = write()
    arrive(claim())
    assert outbox.adopt(store, parse_routes("mail, folder"), clock()) == 0
    assert entry(store, code).state == "delivered"


def test_messages_of_the_last_week_are_sent_once_there_is_a_way_and_older_ones_when_asked(store, write, clock):
    old = write("old", deliver="")
    clock.add(days=6)
    young = write("young", deliver="")
    clock.add(days=2)
    assert outbox_status(store, clock()).unsent == 2
    assert outbox.adopt(store, MAIL, clock()) == 1
    assert [one.code for one in entries(store)] == [young]
    assert outbox.send_unsent(store, MAIL, clock()) == 1
    assert {one.code for one in entries(store)} == {old, young}
    assert outbox.send_unsent(store, MAIL, clock()) == 0
