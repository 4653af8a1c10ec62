"""What is erased while it is on its way: nothing that comes after it is taken for it, also in a store from before."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from email.headerregistry import Address

import pytest

from handrail_feedback.delivery.answer_notices import AnswerNotifier
from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.delivery.customer_mail import AnswerMail, NotificationMail
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.delivery.smtp import Mail
from handrail_feedback.delivery.smtp import MailServer as Server
from handrail_feedback.records.mailings import Wish
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import answer_by_mail, find_answer
from handrail_feedback.storage.messages.mailings import ask_to_be_told, forget_address
from handrail_feedback.storage.messages.messages import find_message, forget_message, keep_message
from handrail_feedback.storage.messages.outbox_status import entries

from ..conftest import NOON
from .before import answer_as_before, as_before, queue_as_before

HELP = Address("Acme Help", "help", "acme.test")
PLAIN_NUMBER = "id INTEGER PRIMARY KEY,"


def a_store_from_before(path):
    """One message is in it already, on its way, with a file and an answer."""
    with as_before("m050"):
        old = Store(path)
        code = keep_message(old, Message("from before", "", "bert@acme.test", "en", NOON - timedelta(hours=1)))
        with old.transaction() as db:
            queue_as_before(db, code, "mail", NOON)
            db.execute("UPDATE outbox SET state = 'delivered', delivered_at = :at", {"at": stamp(NOON)})
        old.close()
    with sqlite3.connect(path) as before:
        [made] = before.execute("SELECT sql FROM sqlite_master WHERE name = 'messages'").fetchone()
    before.close()
    assert PLAIN_NUMBER in made
    Store(path).upgrade()
    return code


@pytest.fixture(params=["new", "from before"])
def store(request, tmp_path):
    path = tmp_path / "state" / "store.db"
    path.parent.mkdir()
    if request.param != "new":
        a_store_from_before(path)
    store = Store(path)
    yield store
    store.close()


@pytest.fixture
def sender(store, clock, server):
    mail = Server("127.0.0.1", server.port, "none", seconds=5.0)

    class NoSearch:
        def state(self):
            return ""

        def prove(self, question, lang):
            return None

    return Sender(
        Store(store.at),
        Delivery(
            parse_routes("mail"),
            {"mail": Mail(mail, HELP, (Address(addr_spec="team@acme.test"),))},
            Patience(),
            timedelta(minutes=15),
            answers=AnswerMail(mail, HELP),
        ),
        clock=clock,
        notifier=AnswerNotifier(NotificationMail(mail, HELP, "https://acme.test/"), NoSearch(), lambda: "a key"),
    )


@pytest.fixture
def meanwhile(post):
    """Does something once, after the mail server has the mail and before it says so."""

    def meanwhile(deed, answer=None, stage="stored"):
        def plan(at):
            if at != stage:
                return None
            post.plan = lambda _stage: None
            deed()
            return answer

        post.plan = plan

    return meanwhile


def test_a_message_after_one_that_was_erased_on_its_way_is_delivered(store, write, sender, post, meanwhile):
    first, later = write("first"), []

    def erase_and_write():
        assert forget_message(store, first)
        later.append(write("second"))

    meanwhile(erase_and_write)
    assert sender.send_next()
    [code] = later
    assert find_message(store, code).state == "waiting"
    assert sender.send_next()
    assert [mail["X-Handrail-Code"] for mail in post.mails] == [first, code]
    assert find_message(store, code).state == "delivered"
    assert not sender.send_next()


def test_a_failed_delivery_of_an_erased_message_leaves_no_mark_on_the_next(store, write, sender, meanwhile):
    first, later = write("first"), []

    def erase_and_write():
        assert forget_message(store, first)
        later.append(write("second"))

    meanwhile(erase_and_write, "554 no", stage="data")
    assert sender.send_next()
    [entry] = entries(store, code=later[0])
    assert (entry.attempts, entry.last_error, entry.state) == (0, "", "waiting")


@pytest.mark.parametrize("refused", [None, "550 no such mailbox"])
def test_an_answer_after_one_that_was_erased_on_its_way_is_mailed(
    store, write, clock, sender, post, meanwhile, refused
):
    first = write("first", deliver="")
    answer_by_mail(store, first, "To the first.", "anna@acme.test", "bert", clock(), "t1")
    later = []

    def erase_and_answer():
        assert forget_message(store, first)
        second = write("second", deliver="")
        later.append(answer_by_mail(store, second, "To the second.", "cora@acme.test", "bert", clock(), "t2"))

    meanwhile(erase_and_answer, refused, stage="data" if refused else "stored")
    assert sender.send_next()
    answer = find_answer(store, later[0])
    assert answer.sent_at is None and answer.bounced_at is None
    assert sender.send_next()
    assert post.envelopes[-1].rcpt_tos == ["cora@acme.test"]
    assert find_answer(store, later[0]).sent_at


@pytest.mark.parametrize("refused", [None, "550 no such mailbox"])
def test_a_question_after_one_that_was_erased_on_its_way_gets_its_mail(store, clock, sender, post, meanwhile, refused):
    ask_to_be_told(store, Wish("how do I feed it", "anna@acme.test", "en", clock()), "a key")

    def erase_and_ask():
        assert forget_address(store, "anna@acme.test", clock())
        ask_to_be_told(store, Wish("how do I wash it", "bert@acme.test", "en", clock()), "a key")

    meanwhile(erase_and_ask, refused, stage="rcpt" if refused else "stored")
    assert sender.tell()
    assert sender.tell()
    assert post.envelopes[-1].rcpt_tos == ["bert@acme.test"]
    assert not sender.tell()


def test_no_number_of_a_row_is_given_twice(store):
    """Also of tables that come later: what is noted by number, or stands in an address, means one thing for ever."""
    tables = store.read("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%migrations'")
    assert {"messages", "outbox", "answers", "tellings", "outcomes", "votes"} <= {table["name"] for table in tables}
    assert [table["name"] for table in tables if re.search(r"\sid INTEGER PRIMARY KEY,", table["sql"])] == []
    code = keep_message(store, Message("one", "", "", "en", NOON), parse_routes("mail"))
    [last] = store.read("SELECT max(id) AS id FROM outbox")
    forget_message(store, code)
    keep_message(store, Message("two", "", "", "en", NOON), parse_routes("mail"))
    [after] = store.read("SELECT max(id) AS id FROM outbox")
    assert after["id"] == last["id"] + 1


def test_a_store_from_before_keeps_every_row_and_every_rule(tmp_path):
    path = tmp_path / "store.db"
    with as_before("m050"):
        old = Store(path)
        code = keep_message(old, Message("kept", "", "anna@acme.test", "en", NOON))
        answer_as_before(old, code, NOON)
        with old.transaction() as db:
            queue_as_before(db, code, "mail", NOON)
            db.execute(
                "INSERT INTO attachments (code, name, type, size, content) VALUES (?, 'a', 'b', 1, x'00')", [code]
            )
            db.execute(
                "INSERT INTO learned (key, question, location, source, who, at) "
                "VALUES ('k', 'q', 'l', 'writer', 'w', '')"
            )
        before = everything(old)
        old.close()
    store = Store(path)
    store.upgrade()
    now = everything(store)
    assert {table: [{name: row[name] for name in old} for old, row in zip(rows, now[table], strict=True)]
            for table, rows in before.items()} == before  # fmt: skip
    assert store.read("PRAGMA foreign_key_check") == []
    assert store.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    definitions = "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY type, name"
    fresh = Store(tmp_path / "fresh.db")
    assert store.read(definitions) == fresh.read(definitions)
    [taught] = store.read("SELECT number FROM learned_changes")
    assert forget_message(store, code)
    assert store.read("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM answers UNION ALL SELECT 1 FROM attachments") == []
    with store.transaction() as db:
        db.execute("DELETE FROM learned")
    assert store.read("SELECT number FROM learned_changes") == [{"number": taught["number"] + 1}]


def everything(store):
    """Every row of every table."""
    names = [row["name"] for row in store.read("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: store.read(f"SELECT * FROM {name}") for name in names if not name.startswith(("sqlite", "_"))}
