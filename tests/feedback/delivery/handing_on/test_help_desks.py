"""Zammad, FreeScout and Zendesk file what Handrail hands on by themselves, by mail and by the program in the help.

The help desks are stand-ins. By mail they do what the products' sources and articles say of who the customer is and
which ticket a mail joins; by program they answer as the published APIs do, and note what was asked.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import subprocess
import sys
from email.headerregistry import Address
from pathlib import Path

import pytest

from handrail_feedback.delivery.customer_mail import answer_mail
from handrail_feedback.delivery.letters import payload
from handrail_feedback.delivery.smtp import as_receipt, message_mail
from handrail_feedback.delivery.webhook import Webhook
from handrail_feedback.records.messages import Along, Answer, Attachment, Message
from handrail_feedback.storage.messages.messages import find_message, keep_message
from handrail_kb.errors import DeliveryFailed
from waiting import until

from ..conftest import NOON
from ..servers import HookServer, free_port

HELP = Path(__file__).parents[4] / "docs" / "operators" / "help-desks.md"
SITE, SUPPORT = Address("Help site", addr_spec="help@acme.test"), Address(addr_spec="support@acme.test")
DESK = "https://help.acme.test/desk/"
PICTURE = b"\x89PNG\r\n\x1a\n and more"
HELP_DESKS = ("zammad", "freescout", "zendesk")


def kept(store, text, subject, reply_to, **more):
    """A message as it is delivered."""
    code = keep_message(store, Message(text, subject, reply_to, "de", NOON, **more))
    return find_message(store, code, contents=True)


@pytest.fixture
def messages(store):
    """A customer's message with a file and what they searched, a second one that names its code, and a caller's."""

    along = (Along("search", "größe ändern"), Along("article", "Sizes", "guide/sizes/"))
    files = (Attachment("Bildschirm ü.png", "image/png", len(PICTURE), content=PICTURE),)
    first = kept(
        store, "Es geht <nicht>.\nBitte helfen!", "Größe", "Anna <anna@acme.test>", along=along, attachments=files
    )
    return (
        first,
        kept(store, "Noch etwas.", "Ganz anderes", "anna@acme.test", follows=first.code),
        kept(store, "Ruf an", "", "+49 30 1"),
    )


# --- by mail


class MailDesk:
    """A help desk that files mails: `tickets` holds for each the mails in it, `customers` whose it is."""

    def __init__(self, *, needs_same_subject=False, takes_reply_to=True):
        self.tickets, self.customers = [], []
        self._needs_same_subject, self._takes_reply_to = needs_same_subject, takes_reply_to

    def take(self, raw):
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        named = {*re.findall(r"<[^>]+>", f"{mail['In-Reply-To'] or ''} {mail['References'] or ''}")}
        for ticket in self.tickets:
            if any(one["Message-ID"] == mail["Message-ID"] for one in ticket):
                return
            same = re.sub(r"^((..|\w\w\w):\s+)+", "", mail["Subject"]) == ticket[0]["Subject"]
            if named & {one["Message-ID"] for one in ticket} and (same or not self._needs_same_subject):
                ticket.append(mail)
                return
        sender = (self._takes_reply_to and mail["Reply-To"]) or mail["From"]
        self.tickets.append([mail])
        self.customers.append(sender.addresses[0].addr_spec)


def mailed(message):
    return message_mail(message, SITE, (SUPPORT,), DESK).as_bytes()


def test_by_mail_a_help_desk_knows_the_customer_the_ticket_and_the_way_back(messages):
    desk = MailDesk()
    for message in (*messages, messages[0]):  # the first comes twice
        desk.take(mailed(message))
    first = messages[0]
    assert [len(ticket) for ticket in desk.tickets] == [2, 1]
    assert desk.customers == ["anna@acme.test", "help@acme.test"]
    mail = desk.tickets[0][0]
    words = mail.get_body().get_content().replace("\r\n", "\n")
    assert mail["Subject"] == f"[{first.code}] Größe" and mail["X-Handrail-Code"] == first.code
    above, _, below = words.partition("\n-- \n")
    assert above.rstrip() == "Es geht <nicht>.\nBitte helfen!"
    assert f"Open it: {DESK}m/{first.code}/" in below and "searched: größe ändern" in below
    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("Bildschirm ü.png", "image/png")
    assert file.get_content() == PICTURE
    assert f"Adds to: {first.code}" in desk.tickets[0][1].get_body().get_content()
    assert "Answer to: +49 30 1" in desk.tickets[1][0].get_body().get_content()
    # Help desks answer no mail that says that a program sent it, and this one comes from a person.
    assert "Auto-Submitted" not in mail and "Precedence" not in mail and "List-Id" not in mail


def test_a_customer_who_answers_the_confirmation_comes_to_the_same_ticket(messages):
    desk = MailDesk()
    desk.take(mailed(messages[0]))
    receipt = as_receipt(messages[0], SITE, Address(addr_spec="anna@acme.test"), (SUPPORT,))
    reply = email.message.EmailMessage(policy=email.policy.SMTP)
    reply["From"], reply["To"], reply["Subject"] = "anna@acme.test", receipt["Reply-To"], f"Re: {receipt['Subject']}"
    reply["Message-ID"], reply["In-Reply-To"] = "<1@acme.test>", receipt["Message-ID"]
    reply["References"] = f"{receipt['References']} {receipt['Message-ID']}"
    reply.set_content("Danke")
    desk.take(reply.as_bytes())
    assert receipt["Reply-To"] == "support@acme.test" and [len(ticket) for ticket in desk.tickets] == [2]


def test_zammad_needs_the_setting_that_the_help_names(messages):
    as_it_comes = MailDesk(needs_same_subject=True, takes_reply_to=False)
    for message in messages[:2]:
        as_it_comes.take(mailed(message))
    assert as_it_comes.customers == ["help@acme.test"]
    assert "Sender based on Reply-To header" in HELP.read_text(encoding="utf-8")


@pytest.mark.parametrize("subject", ["Größe", "", "x" * 200, "=?utf-8?q?x?= y", "Re: mine"])
def test_what_is_added_joins_the_ticket_also_where_only_the_same_subject_does(store, subject):
    first = kept(store, "Es geht nicht.\nHilfe!", subject, "anna@acme.test")
    added = kept(store, "Noch etwas.", "Ganz anderes", "anna@acme.test", follows=first.code)
    named = kept(store, f"Zu {added.code}: es geht.", "", "anna@acme.test")
    desk = MailDesk(needs_same_subject=True)
    for message in (first, added, named):
        desk.take(mailed(message))
    [[_, *more]] = desk.tickets
    assert [one["X-Handrail-Code"] for one in more] == [added.code, named.code]
    assert "About: Ganz anderes" in more[0].get_body().get_content()
    assert {one["Subject"][:18] for one in more} == {f"Re: [{first.code}] "}


def test_every_mail_about_a_message_names_its_thread(store):
    first = kept(store, "Es geht nicht.", "Größe", "anna@acme.test")
    added = kept(store, "Noch etwas.", "", "anna@acme.test", follows=first.code)
    begun, then = (f"<handrail-{one.code}@acme.test>" for one in (first, added))
    answer = Answer(7, added.code, first.code, NOON, "bert", "mail", "Hallo", "anna@acme.test", None, None, None, "")
    for mail in (
        as_receipt(added, SITE, Address(addr_spec="anna@acme.test"), (SUPPORT,)),
        answer_mail(answer, added, SITE, (SUPPORT,)),
    ):
        received = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
        assert received["In-Reply-To"] == then and received["References"].split() == [begun, then]
    assert received["Subject"] == f"Re: [{first.code}] Größe"


# --- by webhook


def answers_of(help_desk):
    """What the API of a help desk answers: a ticket number that grows, as the program expects it there."""
    body = {
        "zammad": {"id": 70},
        "freescout": {},
        "zendesk": {"ticket": {"id": 70, "requester_id": 9}, "upload": {"token": "up"}},
    }[help_desk]
    return lambda _number: (201, {"Resource-ID": "70"}, json.dumps(body).encode())


@pytest.fixture
def program(tmp_path):
    """Starts the program of the help, as it stands there, before a help desk: gives the webhook that leads to it."""
    started = []

    def start(help_desk, port):
        [source] = re.findall(r"```python\n(.*?)```", HELP.read_text(encoding="utf-8"), re.S)
        file, own = tmp_path / "to_help_desk.py", free_port()
        file.write_text(source, encoding="utf-8")
        environ = {
            **os.environ,
            "HANDRAIL_WEBHOOK_SECRET": "0123456789abcdef",
            "HELP_DESK": help_desk,
            "PORT": str(own),
            "HELP_DESK_URL": f"http://127.0.0.1:{port}/",
            "HELP_DESK_TOKEN": "agent@acme.test/token:t",
            "HELP_DESK_QUEUE": "3",
            "HELP_DESK_NOBODY": "unknown@acme.test",
            "HELP_DESK_KNOWN": str(tmp_path / "tickets.db"),
        }
        started.append(subprocess.Popen([sys.executable, file], env=environ, stderr=subprocess.PIPE))
        webhook = Webhook(f"http://127.0.0.1:{own}/", "0123456789abcdef", 20.0, desk=DESK)
        until(lambda: _can_be_reached(webhook))
        return webhook

    yield start
    for one in started:
        one.kill()
        one.communicate()


def _can_be_reached(webhook):
    try:
        return bool(webhook.check())
    except DeliveryFailed:
        return False


def asked_of(server):
    return [
        (one.method, one.path, json.loads(one.body) if one.body[:1] == b"{" else one.body) for one in server.requests
    ]


def header(server, name):
    """What this header said in each request; programs write it in any case."""
    return [value for one in server.requests for key, value in one.headers.items() if key.lower() == name.lower()]


def handed_on(program, help_desk, *messages):
    """A help desk after these messages came to it by the program."""
    with HookServer(answers_of(help_desk)) as server:
        webhook = program(help_desk, server.port)
        for message in messages:
            webhook.deliver(message)
    return server


def below(message):
    return f"Reference code: {message.code}\nAnswer to: {message.reply_to}\nOpen it: {DESK}m/{message.code}/"


def test_zammad_files_a_message_and_adds_the_next_to_its_ticket(messages, program):
    first = messages[0]
    server = handed_on(program, "zammad", *messages, first)
    made, added, called = asked_of(server)
    assert set(header(server, "Authorization")) == {"Token token=agent@acme.test/token:t"}
    assert made[:2] == ("POST", "/api/v1/tickets")
    assert made[2] | {"article": None} == {
        "title": f"[{first.code}] Größe",
        "group": "3",
        "customer_id": "guess:anna@acme.test",
        "article": None,
    }
    article = made[2]["article"]
    assert article["body"].startswith(f"Es geht <nicht>.\nBitte helfen!\n\n-- \n{below(first)}")
    assert (article["sender"], article["internal"]) == ("Customer", False)
    [file] = payload(first)["attachments"]
    assert article["attachments"] == [
        {"filename": "Bildschirm ü.png", "data": file["base64"], "mime-type": "image/png"}
    ]
    assert added[:2] == ("PUT", "/api/v1/tickets/70") and added[2]["state"] == "open"
    assert added[2]["article"]["body"].startswith("Noch etwas.")
    assert (
        called[2]["customer_id"] == "guess:unknown@acme.test" and "Answer to: +49 30 1" in called[2]["article"]["body"]
    )


def test_freescout_files_a_message_and_adds_the_next_to_its_conversation(messages, program):
    first, second, _ = messages
    server = handed_on(program, "freescout", first, second, first)
    made, added = asked_of(server)
    assert header(server, "X-FreeScout-API-Key") == ["agent@acme.test/token:t"] * 2
    assert made[:2] == ("POST", "/api/conversations")
    assert (made[2]["type"], made[2]["mailboxId"], made[2]["customer"]) == ("email", 3, {"email": "anna@acme.test"})
    [thread] = made[2]["threads"]
    assert thread["text"].startswith("Es geht &lt;nicht&gt;.<br>Bitte helfen!") and thread["type"] == "customer"
    assert thread["attachments"][0]["fileName"] == "Bildschirm ü.png"
    assert added[:2] == ("POST", "/api/conversations/70/threads") and added[2]["status"] == "active"
    assert added[2]["text"].startswith("Noch etwas.")


def test_zendesk_files_a_message_and_adds_the_next_to_its_ticket(messages, program):
    first, second, _ = messages
    server = handed_on(program, "zendesk", first, second, first)
    uploaded, made, looked, added = asked_of(server)
    assert uploaded == ("POST", "/api/v2/uploads.json?filename=Bildschirm%20%C3%BC.png", PICTURE)
    assert header(server, "Idempotency-Key") == [f"handrail-{first.code}"]
    assert made[:2] == ("POST", "/api/v2/tickets.json")
    ticket = made[2]["ticket"]
    assert ticket["requester"] == {"name": "anna@acme.test", "email": "anna@acme.test"}
    assert (ticket["external_id"], ticket["tags"]) == (first.code, ["handrail", "de"])
    assert ticket["comment"]["uploads"] == ["up"] and below(first) in ticket["comment"]["body"]
    assert looked[:2] == ("GET", "/api/v2/tickets/70.json") and added[:2] == ("PUT", "/api/v2/tickets/70.json")
    assert added[2]["ticket"]["comment"]["author_id"] == 9


@pytest.mark.parametrize("help_desk", HELP_DESKS)
def test_what_a_help_desk_refuses_is_tried_again_and_a_strangers_message_is_not_filed(messages, program, help_desk):
    down = [True]
    answers = answers_of(help_desk)
    with HookServer(lambda number: (500, {}, b"") if down[0] else answers(number)) as server:
        webhook = program(help_desk, server.port)
        with pytest.raises(DeliveryFailed) as refused:
            webhook.deliver(messages[2])
        assert "502" in str(refused.value) and not refused.value.final
        down[0] = False
        webhook.deliver(messages[2])
        filed = len(server.requests)
        forged = Webhook(webhook.url, "another secret, as long", 20.0)
        with pytest.raises(DeliveryFailed, match="401"):
            forged.deliver(messages[0])
        old = Webhook(webhook.url, webhook.secret, 20.0, clock=lambda: NOON)
        with pytest.raises(DeliveryFailed, match="401"):
            old.deliver(messages[0])
        assert len(server.requests) == filed


def test_the_help_names_every_field_that_is_posted(messages):
    page = HELP.read_text(encoding="utf-8")
    told = page.partition("### Which field goes where")[2]
    named = {*re.findall(r"^\| (`.*?`) \|", told, re.M)}
    fields = {field for row in named for field in re.findall(r"`(\w+)`", row)}
    left_out = {"type", "at", "reply_to"}  # what it is, and what is in the text
    assert fields == payload(messages[0]).keys() - left_out
