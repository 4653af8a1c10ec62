"""Answers in the outbox: known by their number, also those of a store from before and of a version that still runs."""

from __future__ import annotations

from datetime import timedelta
from email.headerregistry import Address

import pytest

from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.delivery.customer_mail import AnswerMail
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.delivery.smtp import Mail
from handrail_feedback.delivery.smtp import MailServer as Server
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.answers import answer_by_mail, find_answer
from handrail_feedback.storage.messages.messages import find_message, forget_message, keep_message
from handrail_feedback.storage.messages.outbox_status import entries, outbox_status

from ..conftest import NOON
from .before import answer_as_before, as_before, queue_as_before

HELP = Address("Acme Help", "help", "acme.test")
TEAM = Address(addr_spec="team@acme.test")
MAIL = parse_routes("mail")

pytestmark = pytest.mark.usefixtures("new_database")  # whose tables an older version makes


@pytest.fixture
def sender(store, clock, server):
    mail = Server("127.0.0.1", server.port, "none", seconds=5.0)
    delivery = Delivery(
        MAIL, {"mail": Mail(mail, HELP, (TEAM,))}, Patience(), timedelta(minutes=15), answers=AnswerMail(mail, HELP)
    )
    return Sender(Store(store.at), delivery, clock=clock)


@pytest.fixture
def sent(sender, post):
    """Sends all that is due, after a look at what is on no way. To whom each mail went, with its Message-ID."""

    def sent():
        sender.look_after()
        while sender.send_next():
            pass
        return [
            (envelope.rcpt_tos[0], mail["Message-ID"])
            for envelope, mail in zip(post.envelopes, post.mails, strict=True)
        ]

    return sent


def message_id(code, number=None):
    return f"<handrail-{code}@acme.test>" if number is None else f"<handrail-{code}-answer-{number}@acme.test>"


def keep(store, text="I cannot log in.", at=NOON):
    return keep_message(store, Message(text, "Login", "anna@acme.test", "en", at))


def test_answers_that_wait_in_a_store_from_before_are_sent_once(store, sent, clock):
    with as_before("m061"):
        old = Store(store.at)
        waiting, twice, told = (keep(old, text) for text in ("one", "two", "three"))
        numbers = [answer_as_before(old, waiting, NOON, token="t1")]
        numbers += [answer_as_before(old, twice, NOON, token=token) for token in ("t2", "t3")]
        done = answer_as_before(old, told, NOON, token="t4")
        with old.transaction() as db:
            db.execute(
                "UPDATE outbox SET state = 'delivered', delivered_at = :at WHERE route = :route",
                {"at": stamp(NOON), "route": f"answer {done}"},
            )
            for code in (waiting, twice, told):
                queue_as_before(db, code, "mail", NOON)
        old.close()
    store.upgrade()
    clock.add(minutes=5)
    assert [str(one.route) for one in entries(store, code=waiting)] == [f"answer {numbers[0]}", "mail"]
    expected = [
        ("anna@acme.test", message_id(code, number))
        for code, number in zip((waiting, twice, twice), numbers, strict=True)
    ]
    expected += [("team@acme.test", message_id(code)) for code in (waiting, twice, told)]
    assert sorted(sent()) == sorted(expected)
    assert sorted(sent()) == sorted(expected)
    assert find_answer(store, done).sent_at == NOON
    assert {find_answer(store, number).sent_at for number in numbers} == {clock()}
    assert entries(store) == []


def test_a_refused_answer_of_a_store_from_before_stays_refused(store, sent):
    with as_before("m061"):
        old = Store(store.at)
        code = keep(old)
        answer_as_before(old, code, NOON)
        with old.transaction() as db:
            db.execute("UPDATE outbox SET state = 'refused'")
            queue_as_before(db, code, "mail", NOON)
        old.close()
    store.upgrade()
    assert sent() == [("team@acme.test", message_id(code))]
    assert {(entry.state, entry.route.answer) for entry in entries(store, everything=True)} == {
        ("refused", 1),
        ("delivered", None),
    }


def test_a_row_of_a_store_from_before_whose_answer_is_gone_sends_nothing(store, sent):
    with as_before("m061"):
        old = Store(store.at)
        code = keep(old)
        with old.transaction() as db:
            queue_as_before(db, code, "mail", NOON)
            queue_as_before(db, code, "answer 7", NOON)
        old.close()
    store.upgrade()
    assert sent() == [("team@acme.test", message_id(code))]
    assert [str(entry.route) for entry in entries(store, code=code)] == ["mail"]


def test_an_answer_written_by_a_version_that_still_runs_is_sent_and_is_no_stray(store, sent, clock):
    """An upgrade without a gap: both versions use the store for a moment."""
    code = keep(store)
    number = answer_as_before(store, code, NOON)
    expected = [("anna@acme.test", message_id(code, number)), ("team@acme.test", message_id(code))]
    assert sorted(sent()) == sorted(expected)
    assert find_answer(store, number).sent_at == clock()


def test_an_answer_is_found_by_its_number_whatever_its_route_is_called(store, sent, clock):
    code = keep(store)
    number = answer_by_mail(store, code, "It works.", "anna@acme.test", "bert", clock(), "t1")
    with store.transaction() as db:
        db.execute("UPDATE outbox SET route = 'mail' WHERE answer_id = :id", {"id": number})
    assert sent() == [("anna@acme.test", message_id(code, number))]
    assert find_answer(store, number).sent_at == clock()


def test_an_erased_message_takes_the_rows_of_its_answers_along(store, clock):
    code, other = keep(store), keep(store, "Another one.")
    answer_by_mail(store, code, "It works.", "anna@acme.test", "bert", clock(), "t1")
    number = answer_by_mail(store, other, "It works.", "anna@acme.test", "bert", clock(), "t2")
    assert forget_message(store, code)
    assert store.read("SELECT code, answer_id FROM outbox") == [{"code": other, "answer_id": number}]


def test_an_answer_that_waits_behind_an_earlier_one_is_not_left_alone(store, clock):
    """It is due, and still nobody may send it: the first one is tried again later."""
    code = keep(store)
    for token in ("t1", "t2"):
        answer_by_mail(store, code, "It works.", "anna@acme.test", "bert", clock(), token)
    with store.transaction() as db:
        later = stamp(NOON + timedelta(minutes=20))
        db.execute("UPDATE outbox SET next_at = :at, attempts = 1 WHERE id = 1", {"at": later})
    clock.add(minutes=10)
    assert outbox.claim(store, (), clock(), Patience(), answers=True) is None
    assert outbox_status(store, clock()).left_alone == 0
    clock.add(minutes=25)
    assert outbox_status(store, clock()).left_alone == 1


def test_where_nothing_is_to_be_delivered_to_people_answers_alone_are_claimed(store, clock):
    code = keep(store)
    with store.transaction() as db:
        outbox.put(db, code, code, MAIL, clock())
    number = answer_by_mail(store, code, "It works.", "anna@acme.test", "bert", clock(), "t1")
    assert outbox.claim(store, (), clock(), Patience()) is None
    job = outbox.claim(store, (), clock(), Patience(), answers=True)
    assert (job.route.answer, job.channel) == (number, "answer")
    outbox.delivered(store, job, clock())
    assert find_message(store, code).state == "waiting"
