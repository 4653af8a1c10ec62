"""The sender: claims, failures of ours and of others, restarts; with real mail servers and a real store."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.attendance import last_attended
from handrail_feedback.storage.messages.messages import find_message
from handrail_feedback.storage.messages.outbox_status import entries
from handrail_kb.errors import StoreUnavailable
from waiting import until

from .servers import DROP, MailServer, Post, mail_by


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
