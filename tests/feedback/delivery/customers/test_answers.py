"""Answers from the desk to customers: in the thread, to one address, once; tried again, or sent back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handrail_feedback.delivery.channels import Delivery, read_delivery
from handrail_feedback.delivery.customer_mail import AnswerMail, answer_mail
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.delivery.smtp import MailServer as Server
from handrail_feedback.records import messages
from handrail_feedback.records.messages import KeptMessage, Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.answers import answer_by_mail, answers_of, find_answer
from handrail_feedback.storage.messages.messages import find_message, keep_message
from handrail_feedback.storage.messages.outbox_status import entries, outbox_status
from handrail_feedback.storage.messages.threads import find_case
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import DeliveryFailed

from ..conftest import NOON
from ..servers import DROP, MailServer, free_port

HELP = Address("Acme Help", "help", "acme.test")
TEAM = (Address(addr_spec="team@acme.test"),)


@pytest.fixture
def port(post):
    with MailServer(post) as server:
        yield server.port


@pytest.fixture
def sender(store, clock, port):
    """The sender of a service that delivers nothing, and answers by mail."""
    mail = AnswerMail(Server("127.0.0.1", port, "none", seconds=3.0), HELP, TEAM)
    return Sender(Store(store.at), Delivery((), {}, Patience(), timedelta(minutes=15), answers=mail), clock=clock)


@pytest.fixture
def reply(store, clock):
    """Answers a message, and gives the number of the answer."""

    def reply(code, words="Dear Anna,\n\nit works again.", token="t1"):
        return answer_by_mail(store, code, words, "anna@acme.test", "bert", clock(), token)

    return reply


def first_reply(store, code):
    return store.read("SELECT first_reply_at FROM messages WHERE code = :code", code=code)[0]["first_reply_at"]


def test_a_customer_gets_the_answer_in_the_thread_of_their_message(write, clock, reply, sender, post, store):
    code = write(deliver="")
    clock.add(hours=1)
    number = reply(code)
    assert sender.send_next()
    [mail], [envelope] = post.mails, post.envelopes
    assert envelope.rcpt_tos == ["anna@acme.test"] and envelope.mail_from == "help@acme.test"
    assert mail["To"] == "anna@acme.test" and mail["From"] == "Acme Help <help@acme.test>"
    assert mail["Reply-To"] == "team@acme.test"
    assert mail["Subject"] == f"Re: [{code}] Login"
    assert mail["Message-ID"] == f"<handrail-{code}-answer-{number}@acme.test>"
    assert mail["In-Reply-To"] == mail["References"] == f"<handrail-{code}@acme.test>"
    words = mail.get_content().replace("\r\n", "\n")
    assert (
        words
        == f"Dear Anna,\n\nit works again.\n\n-- \nYour reference code: {code}. Name it when you write again or call.\n"
    )
    assert find_answer(store, number).sent_at == clock()
    assert not sender.send_next()


def test_an_answer_to_an_addition_hangs_in_the_thread_of_the_first_message(write, reply, sender, post, store):
    first = write(deliver="")
    second = write(f"See {first}: still broken.", "", deliver="")
    reply(second)
    assert sender.send_next()
    [mail] = post.mails
    assert mail["In-Reply-To"] == f"<handrail-{second}@acme.test>"
    assert mail["References"] == f"<handrail-{first}@acme.test> <handrail-{second}@acme.test>"
    assert not find_case(store, first).is_open and not find_case(store, second).is_open


@pytest.mark.parametrize(
    "lang, word", [("de", "Kennzeichen"), ("fr", "référence"), ("es", "referencia"), ("xx", "code")]
)
def test_what_stands_below_is_in_the_customers_language(store, clock, reply, sender, post, lang, word):
    code = keep_message(store, Message("?", "Login", "anna@acme.test", lang, clock()))
    reply(code)
    sender.send_next()
    assert word in post.mails[0].get_content()


def answered(words, to="anna@acme.test"):
    return messages.Answer(7, "96H-9MK-WHX", "96H-9MK-WHX", NOON, "bert", "mail", words, to, None, None, None, "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=200), st.text(max_size=100))
@example("x\r\n.\r\nMAIL FROM:<x@acme.test>\r\n", "x\r\nBcc: e@acme.test")
@example("x", "=?utf-8?q?x=0D=0ABcc:_e@acme.test?=")
@example("\r\n\r\n", "\u2028Bcc: e@acme.test" * 20)
def test_neither_an_answer_nor_what_a_customer_wrote_adds_a_header_or_a_recipient(words, subject):
    import email
    import email.policy

    subject = subject.encode("utf-8", "replace").decode()
    words = words.encode("utf-8", "replace").decode()
    message = KeptMessage("96H-9MK-WHX", "x", subject, "anna@acme.test", "en", NOON, "waiting")
    mail = email.message_from_bytes(
        answer_mail(answered(words), message, HELP, TEAM).as_bytes(), policy=email.policy.default
    )
    assert sorted(mail.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Message-ID",
         "In-Reply-To", "References", "Reply-To", "X-Handrail-Code"]
    )  # fmt: skip
    assert [address.addr_spec for address in mail["To"].addresses] == ["anna@acme.test"]
    assert "\n" not in mail["Subject"] and mail["Subject"].startswith("Re: [96H-9MK-WHX]")


def test_the_same_form_sent_twice_is_one_mail(write, reply, sender, post):
    code = write(deliver="")
    assert reply(code) == reply(code)
    while sender.send_next():
        pass
    assert len(post.mails) == 1


def test_answers_are_tried_again_until_they_are_taken_and_in_their_order(write, reply, sender, post, clock, store):
    code = write(deliver="")
    reply(code, "First.", "t1")
    reply(code, "Second.", "t2")
    tries = iter([DROP, "451 later"])
    post.plan = lambda stage: next(tries, None) if stage == "rcpt" else None
    for _ in range(8):
        sender.send_next()
        clock.add(minutes=16)
    assert [mail.get_content()[:6] for mail in post.mails] == ["First.", "Second"]
    assert all(one.sent_at for one in answers_of(store, code))


def test_an_answer_that_is_refused_for_good_opens_its_messages_again_and_is_not_tried_again(
    write, reply, sender, post, clock, store
):
    code = write(deliver="")
    clock.add(minutes=5)
    number = reply(code)
    assert first_reply(store, code)
    post.plan = lambda stage: "550 no such mailbox" if stage == "rcpt" else None
    assert sender.send_next()
    assert find_answer(store, number).bounced_at == clock()
    case = find_case(store, code)
    assert case.is_open and case.bounced and first_reply(store, code) is None
    clock.add(days=1)
    assert not sender.send_next()
    assert outbox_status(store, clock()).waiting == 0
    [entry] = entries(store, code=code)
    assert entry.state == "refused" and "550" in entry.last_error


def test_an_answer_is_no_delivery_of_the_message(write, reply, sender, clock, store, tmp_path):
    """The message itself still waits for its own way, and is neither adopted nor shown as delivered by its answer."""
    waiting, unsent = write("Waiting.", deliver="folder"), write("Unsent.", deliver="")
    reply(waiting, token="t1")
    reply(unsent, token="t2")
    assert outbox.adopt(store, parse_routes("folder"), clock()) == 1  # the one that was on no way
    while sender.send_next():
        pass
    assert {find_message(store, code).state for code in (waiting, unsent)} == {"waiting"}
    assert find_case(store, waiting).waits_since and not find_case(store, waiting).delivered_at
    assert sorted(str(one.route) for one in entries(store)) == ["folder", "folder"]


def test_without_a_mail_server_an_answer_waits_and_is_no_stray(write, reply, clock, store):
    code = write(deliver="")
    reply(code)
    silent = Sender(Store(store.at), Delivery((), {}, Patience(), timedelta(minutes=15)), clock=clock)
    assert not silent.send_next()
    assert outbox.adopt(store, parse_routes("folder"), clock()) == 1
    assert [one.channel for one in entries(store, code=code)] == ["answer", "folder"]


def test_a_forgotten_message_takes_its_answers_along_unsent(write, reply, sender, post, store):
    from handrail_feedback.storage.messages.messages import forget_message

    code = write(deliver="")
    reply(code)
    forget_message(store, code)
    assert not sender.send_next()
    assert post.mails == [] and entries(store, everything=True) == []


def test_settings_say_whether_the_desk_can_answer_and_where_replies_go(tmp_path):
    def read(**values):
        return read_delivery(load_settings(flags={"state_dir": str(tmp_path), **values}, environ={}), {}).answers

    assert read() is None
    assert read(smtp_host="localhost", smtp_security="none") is None
    found = read(
        smtp_host="localhost", smtp_security="none", mail_from="Acme <help@acme.test>", mail_to="a@b.test, c@d.test"
    )
    assert found.sender.addr_spec == "help@acme.test"
    assert [one.addr_spec for one in found.replies] == ["a@b.test", "c@d.test"]


def test_the_check_says_what_is_wrong_with_the_mail_server():
    mail = AnswerMail(Server("127.0.0.1", free_port(), "none", seconds=2.0), HELP)
    with pytest.raises(DeliveryFailed, match="cannot be reached"):
        mail.check()
    assert replace(mail, replies=TEAM).replies == TEAM


# --- alarms


def test_an_answer_that_came_back_is_an_alarm_until_somebody_sees_to_it(
    write, reply, sender, post, clock, store, caplog
):
    from handrail_feedback.delivery.alarm import trouble
    from handrail_feedback.storage.messages.answers import settle

    code = write(deliver="")
    reply(code)
    post.plan = lambda stage: "550 no such mailbox" if stage == "rcpt" else None
    sender.send_next()
    told = trouble(outbox_status(store, clock()), timedelta(minutes=15), clock())
    assert told == ["1 answer to a customer bounced; their messages are open at the desk."]
    sender.look_after()
    assert "bounced" in caplog.text and "anna@acme.test" not in caplog.text and code not in told[0]
    clock.add(minutes=1)
    settle(store, code, "elsewhere", "bert", clock(), "t9")
    assert trouble(outbox_status(store, clock()), timedelta(minutes=15), clock()) == []


def test_a_form_that_fails_is_an_alarm_also_when_the_store_is_away(port, post, clock, store, caplog, away):
    from handrail_feedback.delivery.alarm import FormAlarm
    from handrail_feedback.delivery.smtp import Mail
    from handrail_kb.errors import StoreUnavailable

    alarm_mail = Mail(Server("127.0.0.1", port, "none", seconds=3.0), HELP, TEAM)
    delivery = Delivery((), {}, Patience(), timedelta(minutes=15), alarm_mail)
    form = FormAlarm()
    one = Sender(Store(store.at), delivery, clock=clock, form=form)
    for _ in range(2):
        form.note()
    with away(), pytest.raises(StoreUnavailable):
        one.look_after()
    [mail] = post.mails
    assert mail["Subject"] == "Handrail: the contact form fails"
    assert "could not keep 2 messages" in mail.get_content()
    assert "could not keep 2 messages" in caplog.text
    form.note()
    form.tell(alarm_mail, clock())
    assert len(post.mails) == 1
    clock.add(hours=7)
    form.tell(alarm_mail, clock())
    assert len(post.mails) == 2 and "1 message." in post.mails[1].get_content()
    clock.add(hours=7)
    form.tell(alarm_mail, clock())
    assert len(post.mails) == 2
