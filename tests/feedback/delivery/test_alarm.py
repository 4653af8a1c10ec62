"""People are told of a message that waits too long, once, and when it goes on."""

from __future__ import annotations

from datetime import timedelta

from handrail_feedback.delivery.alarm import AGAIN
from handrail_feedback.storage.messages.outbox_status import outbox_status

from .conftest import NOON
from .servers import MailServer, Post, mail_by


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
    assert len([*(tmp_path / "box").glob("*.json")]) == 1
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
