"""The sender: claims, failures of ours and of others, restarts, alarms; with real mail servers and a real store."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from email.headerregistry import Address

import pytest

from handrail_feedback.delivery.alarm import AGAIN
from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.delivery.folder import Folder
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.delivery.smtp import Mail
from handrail_feedback.delivery.smtp import MailServer as Server
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.attendance import last_attended
from handrail_feedback.storage.messages.messages import find_message
from handrail_feedback.storage.messages.outbox_status import entries, outbox_status
from handrail_kb.errors import StoreUnavailable
from waiting import until

from .conftest import NOON
from .servers import DROP, MailServer, Post

HELP = Address(addr_spec="help@acme.test")


def mail_by(port, to="team@acme.test"):
    return Mail(Server("127.0.0.1", port, "none", seconds=3.0), HELP, (Address(addr_spec=to),))


@pytest.fixture
def delivery(tmp_path):
    """What the settings say: `delivery("mail > folder", mail=…)`. The folder is there by itself."""

    def delivery(deliver="folder", *, alarm_mail=None, **channels):
        channels = {"folder": Folder(tmp_path / "box"), **channels}
        return Delivery(parse_routes(deliver), channels, Patience(), timedelta(minutes=15), alarm_mail)

    return delivery


@pytest.fixture
def sender(store, clock, delivery):
    return lambda *args, **more: Sender(Store(store.at), delivery(*args, **more), clock=clock, every=0.02)


@pytest.fixture
def running(sender):
    """A sender at work in its thread, ended with the test."""
    started = []

    def running(*args, **more):
        one = sender(*args, **more)
        one.start()
        started.append(one)
        return one

    yield running
    for one in started:
        assert one.stop(10)


class Broken:
    """A channel with a fault of ours in it."""

    name = "mail"

    def deliver(self, message):
        raise ValueError(f"cannot send {message.message}")

    def check(self):
        return ""


def codes_in(tmp_path):
    return sorted(file.stem for file in (tmp_path / "box").glob("*.json"))


def mailed(post):
    return [mail["X-Handrail-Code"] for mail in post.mails]


# --- at work


def test_messages_are_delivered_while_they_are_written(write, running, tmp_path):
    running()
    codes = [write(f"message {number}", deliver="folder") for number in range(5)]
    until(lambda: codes_in(tmp_path) == sorted(codes))


def test_what_waits_on_a_way_that_is_gone_is_taken_up_by_itself(write, running, tmp_path):
    codes = [write("one", deliver="webhook"), write("two", deliver="")]
    running()
    until(lambda: codes_in(tmp_path) == sorted(codes))


def test_each_of_several_ways_gets_every_message(write, running, tmp_path):
    with MailServer(Post()) as server:
        running("mail, folder", mail=mail_by(server.port))
        codes = [write(f"message {number}", deliver="mail, folder") for number in range(3)]
        until(lambda: sorted(mailed(server.post)) == codes_in(tmp_path) == sorted(codes))


def test_a_mail_server_that_is_away_for_a_while_loses_nothing(store, clock, write, sender):
    server = MailServer(Post())
    one = sender("mail", mail=mail_by(server.port))
    codes = [write(f"message {number}") for number in range(3)]
    for _ in range(5):
        while one.send_next():
            pass
        clock.add(minutes=16)
    assert {entry.state for entry in entries(store)} == {"waiting"}
    with server:
        while one.send_next():
            pass
    assert sorted(mailed(server.post)) == sorted(codes)
    assert entries(store) == []


def test_a_mail_that_was_taken_without_a_word_arrives_twice_and_can_be_known(store, clock, write, sender):
    answers = iter([DROP])
    post = Post(lambda stage: next(answers, None) if stage == "stored" else None)
    with MailServer(post) as server:
        one = sender("mail", mail=mail_by(server.port))
        code = write()
        one.send_next()
        assert find_message(store, code).state == "waiting"
        clock.add(seconds=5)
        one.send_next()
    assert mailed(post) == [code, code]
    assert len({mail["Message-ID"] for mail in post.mails}) == 1
    assert find_message(store, code).state == "delivered"


def test_the_folder_takes_over_from_a_mail_server_that_is_away(store, clock, write, sender, tmp_path):
    away = MailServer(Post()).port
    one = sender("mail > folder", mail=mail_by(away))
    code = write(deliver="mail > folder")
    for _ in range(3):
        while one.send_next():
            pass
        clock.add(minutes=6)
    assert codes_in(tmp_path) == [code]
    [entry] = entries(store, code=code)
    assert (entry.state, entry.channel) == ("delivered", "folder")


def test_a_full_disk_delays_and_loses_nothing(store, clock, write, sender, tmp_path, monkeypatch):
    one, code = sender(), write(deliver="folder")

    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        one.send_next()
    assert entries(store)[0].last_error.endswith("box is full.")
    clock.add(seconds=5)
    one.send_next()
    assert codes_in(tmp_path) == [code]


def test_a_fault_of_ours_delays_and_is_told_without_the_words(store, write, sender, caplog):
    write("zanzibar")
    assert sender("mail", mail=Broken()).send_next()
    [entry] = entries(store)
    assert entry.last_error.startswith("Handrail failed: ValueError at test_sender.py:")
    assert "zanzibar" not in caplog.text + entry.last_error


def test_nothing_a_customer_wrote_is_in_the_log(write, sender, clock, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="handrail_feedback")  # commands set it, too
    logging.getLogger("mail.log").disabled = True  # the test's own mail server tells all
    post = Post(lambda stage: "554 spam: zanzibar" if stage == "data" else None)
    with MailServer(post) as server:
        one = sender("mail", mail=mail_by(server.port))
        write("zanzibar", "zanzibar", "zanzibar@acme.test")
        one.send_next()
        post.plan = lambda _stage: None
        clock.add(minutes=1)
        one.send_next()
    assert len(post.mails) == 1
    said = [record.getMessage() for record in caplog.records if record.name.startswith("handrail")]
    assert len(said) == 2
    assert "zanzibar" not in str(said)


def test_a_message_that_is_forgotten_meanwhile_is_no_failure(store, write, sender, monkeypatch):
    write(deliver="folder")
    monkeypatch.setattr("handrail_feedback.delivery.sender.find_message", lambda *_, **__: None)
    assert sender().send_next()


def test_the_store_is_not_held_while_a_server_thinks(store, write, sender):
    thinking, go_on = threading.Event(), threading.Event()

    def think(stage):
        if stage == "mail":
            thinking.set()
            go_on.wait(10)

    with MailServer(Post(think)) as server:
        write()
        at_work = threading.Thread(target=sender("mail", mail=mail_by(server.port)).send_next)
        at_work.start()
        assert thinking.wait(5)
        began = time.monotonic()
        for number in range(5):
            write(f"message {number}")
        took = time.monotonic() - began
        go_on.set()
        at_work.join()
    assert took < 2


def test_two_senders_at_once_deliver_each_message_once(store, write, running):
    with MailServer(Post()) as server:
        codes = [write(f"message {number}") for number in range(30)]
        for _ in range(3):
            running("mail", mail=mail_by(server.port))
        until(lambda: not entries(store))
    assert sorted(mailed(server.post)) == sorted(codes)


def test_what_was_delivered_is_noted_as_soon_as_the_store_can_be_written_again(store, write, sender, monkeypatch):
    failures, noted = iter([StoreUnavailable("The disk is full.")] * 2), outbox.delivered

    def sometimes(*args):
        if error := next(failures, None):
            raise error
        noted(*args)

    monkeypatch.setattr(outbox, "delivered", sometimes)
    code = write(deliver="folder")
    sender().send_next()
    assert find_message(store, code).state == "delivered"


def test_a_store_that_cannot_be_used_is_told_once_and_tried_again(clock, write, running, tmp_path, caplog, away):
    code = write(deliver="folder")
    with away():
        running()
        until(lambda: "messages cannot be delivered" in caplog.text)
        looks = clock.asked
        until(lambda: clock.asked > looks + 5)
        assert caplog.text.count("messages cannot be delivered") == 1
    until(lambda: codes_in(tmp_path) == [code])


def test_a_sender_that_is_told_to_stop_finishes_what_it_has_begun(store, write, running):
    begun = threading.Event()

    def slow(stage):
        begun.set()
        return 0.3 if stage == "stored" else None

    with MailServer(Post(slow)) as server:
        codes = {write("one"), write("two")}
        one = running("mail", mail=mail_by(server.port))
        assert begun.wait(5)
        assert one.stop(5)
        assert len(server.post.mails) == 1
    left = {entry.code for entry in entries(store) if not entry.claimed_until}
    assert left == codes - set(mailed(server.post))


SEND_AND_DIE = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox import Patience
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.delivery.sender import Sender

class Deadly:
    name = "folder"
    def deliver(self, message):
        print(message.code, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

delivery = Delivery(parse_routes("folder"), {"folder": Deadly()}, Patience(), timedelta(minutes=15))
Sender(Store(sys.argv[1]), delivery).send_next()
"""


def test_what_a_killed_sender_had_in_its_hands_is_delivered_by_another(store, clock, write, sender, tmp_path):
    clock.time = now()
    code = write(deliver="folder")
    died = subprocess.run(
        [sys.executable, "-c", SEND_AND_DIE, str(store.at)], capture_output=True, text=True, check=False
    )
    assert (died.returncode, died.stdout.strip()) == (-signal.SIGKILL, code)
    clock.time = now()
    assert not sender().send_next()
    clock.add(seconds=91)
    assert sender().send_next()
    assert codes_in(tmp_path) == [code]


def test_without_a_way_the_sender_notes_that_it_is_there_and_touches_no_message(sender, store, write):
    code = write(deliver="")
    one = sender("")
    one.start()
    until(lambda: last_attended(store))
    assert one.stop()
    assert store.read("SELECT * FROM outbox") == []
    assert find_message(store, code)


# --- alarms


def test_people_are_told_of_a_message_that_waits_too_long_once_and_after_six_hours_again(
    store, clock, write, sender, caplog
):
    code = write("zanzibar", deliver="mail")
    alarms = Post()
    with MailServer(alarms) as server:
        away = mail_by(MailServer(Post()).port)
        both = [sender("mail", mail=away, alarm_mail=mail_by(server.port, "boss@acme.test")) for _ in range(2)]
        both[0].send_next()
        clock.add(minutes=14)
        for one in both:
            one.look_after()
        assert alarms.mails == []
        clock.add(minutes=1)
        for one in both * 3:
            one.look_after()
        [mail] = alarms.mails
        assert mail["To"] == "boss@acme.test"
        assert mail["Auto-Submitted"] == "auto-generated"
        text = mail.get_content()
        assert "1 message waits for a person; the oldest since 2026-03-02 12:00 UTC." in text
        assert "mail has failed since" in text
        assert "handrail outbox" in text
        assert "zanzibar" not in caplog.text + text
        assert code not in text
        clock.add(hours=7)
        for one in both:
            one.look_after()
        assert len(alarms.mails) == 2
    assert caplog.text.count("1 message waits for a person") == 2


def test_an_alarm_ends_when_nothing_waits_any_more_and_the_next_is_told_at_once(store, clock, write, sender, caplog):
    one = sender()
    for _ in range(2):
        write(f"at {clock()}", deliver="folder")
        clock.add(minutes=20)
        one.look_after()
        one.send_next()
        one.look_after()
    assert caplog.text.count("1 message waits for a person") == 2
    assert caplog.text.count("no message waits too long any more") == 2
    assert clock() - NOON < AGAIN


def test_a_way_that_fails_is_an_alarm_even_if_another_delivers(clock, write, sender, tmp_path, caplog):
    one = sender("mail > folder", mail=mail_by(MailServer(Post()).port))
    write(deliver="mail > folder")
    for _ in range(4):
        while one.send_next():
            pass
        clock.add(minutes=6)
    assert len(codes_in(tmp_path)) == 1
    one.look_after()
    assert "mail has failed since 2026-03-02 12:00 UTC: The mail server" in caplog.text


def test_an_alarm_that_cannot_be_mailed_is_in_the_log(clock, write, sender, caplog):
    write(deliver="folder")
    clock.add(minutes=20)
    sender(alarm_mail=mail_by(MailServer(Post()).port)).look_after()
    assert "1 message waits for a person" in caplog.text
    assert "the alarm could not be mailed: The mail server" in caplog.text


def test_the_outbox_says_how_it_stands(store, clock, write, sender):
    write(deliver="")
    for number in range(3):
        write(f"message {number}", deliver="folder")
        clock.add(seconds=40)
    one = sender()
    one.send_next()
    stands = outbox_status(store, clock())
    assert (stands.waiting, stands.unsent, stands.age(clock())) == (2, 1, timedelta(seconds=80))
    assert stands.left_alone == 1  # due for more than a minute; the other only just
    [folder] = stands.channels
    assert (folder.name, folder.delivered, folder.failed) == ("folder", 1, 0)


def test_a_channel_counts_its_failures(store, write, sender):
    one = sender("mail", mail=mail_by(MailServer(Post()).port))
    write()
    one.send_next()
    [channel] = outbox_status(store, NOON).channels
    assert (channel.delivered, channel.failed) == (0, 1)
    assert channel.failing_since == NOON
