"""The reference code by mail: to whoever left an address, without a word that somebody else could write."""

from __future__ import annotations

import pytest

from handrail_feedback.delivery.channels import read_delivery
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.storage.messages.mail_quota import Recipient
from handrail_feedback.storage.messages.mailings import claim_receipt
from handrail_feedback.storage.messages.messages import forget_message, keep_message
from handrail_feedback.storage.messages.outbox_status import outbox_status
from handrail_kb.config.settings import load_settings

ANNA = "anna@acme.test"


@pytest.fixture
def sender(store, clock, server, tmp_path):
    """A sender with these settings, which looks when it is told to."""

    def make(**more):
        flags = {
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "smtp_security": "none",
            "delivery_seconds": 5,
            "mail_to": "team@acme.test",
            "mail_from": "help@acme.test",
            "deliver": "mail",
            **more,
        }
        settings = load_settings(site_dir=tmp_path, flags=flags, environ={})
        return Sender(store, read_delivery(settings, {}), clock=clock)

    return make


@pytest.fixture
def ask(store, clock):
    """Keeps a message that asks for a receipt, and gives its code."""

    def ask(words="I cannot log in.", to=ANNA, lang="en"):
        message = Message(words, "Login", to, lang, clock())
        return keep_message(store, message, parse_routes("mail"), receipt_to=Recipient(to, "a key"))

    return ask


def test_a_customer_gets_the_code_spelled_out_and_none_of_the_words(sender, post, ask):
    code = ask("Buy cheap watches at https://spam.test")
    assert sender().send_receipt()
    [mail] = post.mails
    words = mail.get_content()
    assert code in words
    assert f"{code[0]} for " in words or code[0].isdigit()
    assert not any(theirs in mail.as_string() for theirs in ("spam.test", "watches", "Login"))
    assert (mail["To"], mail["Reply-To"], mail["From"]) == (ANNA, "team@acme.test", "help@acme.test")
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["References"] == f"<handrail-{code}@acme.test>"
    assert post.envelopes[0].rcpt_tos == [ANNA]


def test_a_receipt_speaks_the_language_of_the_message(sender, post, ask):
    ask(lang="de")
    sender().send_receipt()
    assert "Ihr Vorgangscode ist" in post.mails[0].get_content()


def test_one_receipt_is_sent_once(sender, post, ask, clock):
    ask()
    ours = sender()
    assert ours.send_receipt()
    clock.add(hours=5)
    assert not ours.send_receipt()
    assert len(post.mails) == 1


def test_a_stranger_whose_address_is_left_again_and_again_gets_three_a_day(sender, post, ask, clock):
    for number in range(6):
        ask(f"message {number}", to=ANNA if number % 2 else "Anna@Acme.test")
    ours = sender()
    while ours.send_receipt():
        pass
    assert len(post.mails) == 3
    clock.add(days=1, minutes=1)
    ask("the next day")
    assert ours.send_receipt()


def test_a_receipt_that_cannot_be_sent_waits_ever_longer_and_ends_after_a_day(sender, server, post, ask, clock):
    ask()
    ours = sender()
    server.stop()
    tried = []
    for minute in range(26 * 60):
        if ours.send_receipt():
            tried.append(minute)
        clock.add(minutes=1)
    assert tried[:5] == [0, 2, 6, 14, 30]
    assert 15 < len(tried) < 25
    assert tried[-1] < 24 * 60
    server.start()
    assert not ours.send_receipt()


def test_a_receipt_that_is_refused_for_good_is_not_tried_again(sender, post, ask, clock):
    post.plan = lambda stage: "550 no such user" if stage == "rcpt" else None
    ask()
    ours = sender()
    assert ours.send_receipt()
    clock.add(hours=5)
    assert not ours.send_receipt()


def test_no_message_waits_and_no_alarm_rings_for_a_receipt(sender, post, ask, store, clock):
    ask()
    ours = sender()
    assert ours.send_next()
    post.plan = lambda stage: "550 no such user" if stage == "rcpt" else None
    ours.send_receipt()
    assert outbox_status(store, clock()).waiting == 0
    [row] = store.read("SELECT state FROM messages")
    assert row["state"] == "delivered"


def test_two_senders_do_not_take_the_same_receipt(ask, store, clock):
    ask()
    assert claim_receipt(store, clock())
    assert claim_receipt(store, clock()) is None


def test_an_erased_message_sends_no_receipt(sender, post, ask, store):
    assert forget_message(store, ask())
    assert not sender().send_receipt()
    assert store.read("SELECT * FROM receipts") == []


@pytest.mark.parametrize("more", [{"receipts": False}, {"deliver": "folder"}, {"deliver": ""}])
def test_where_no_mail_goes_to_people_customers_get_none_either(sender, post, ask, more):
    ask()
    assert not sender(**more).send_receipt()


def test_a_receipt_of_the_day_before_yesterday_is_not_sent_when_mail_is_set_up_at_last(sender, post, ask, clock):
    ask()
    clock.add(days=2)
    assert not sender().send_receipt()


@pytest.mark.parametrize("own", ["team@acme.test", "HELP@acme.test"])
def test_our_own_mailboxes_get_no_code_whoever_typed_their_address(sender, post, ask, own):
    ask(to=own)
    assert sender().send_receipt()
    assert not post.mails
    assert not sender().send_receipt()
