"""Delivery by e-mail, to a real mail server with a certificate of our own authority."""

from __future__ import annotations

import email
import email.policy
import time
from dataclasses import replace
from email.headerregistry import Address

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handrail_feedback.delivery import deadline
from handrail_feedback.delivery.letters import reply_address
from handrail_feedback.delivery.smtp import Mail, as_receipt, message_mail
from handrail_feedback.delivery.smtp import MailServer as Server
from handrail_feedback.records.messages import Along, Attachment, KeptMessage, Message
from handrail_feedback.storage.messages.messages import find_message, keep_message
from handrail_kb.errors import DeliveryFailed

from .conftest import NOON
from .servers import DROP, MailServer, drip, free_port, talker

HELP = Address("Acme Help", "help", "acme.test")
TEAM = (Address(addr_spec="team@acme.test"),)


def mail_to(port, *, security="starttls", user="", password="", seconds=5.0, recipients=TEAM, host="127.0.0.1"):
    return Mail(Server(host, port, security, user, password, seconds), HELP, recipients)


def text_of(mail):
    return mail.get_content().replace("\r\n", "\n")


def refusal(mail, letter):
    with pytest.raises(DeliveryFailed) as raised:
        mail.deliver(letter)
    return raised.value


@pytest.fixture
def server(post, trusted):
    with MailServer(post, tls=trusted.context()) as server:
        yield server


# --- what arrives


def test_a_person_gets_the_words_the_code_and_whom_to_answer(server, post, letter):
    message = letter("I cannot log in.\n\nSince Monday.", "Login", "anna@acme.test")
    mail_to(server.port).deliver(message)
    [mail] = post.mails
    text = text_of(mail)
    assert text.startswith("I cannot log in.\n\nSince Monday.\n")
    assert f"Reference code: {message.code}" in text
    assert mail["Subject"] == f"[{message.code}] Login"
    assert mail["Reply-To"] == "anna@acme.test"
    assert mail["From"] == "Acme Help <help@acme.test>"
    assert mail["To"] == "team@acme.test"
    assert mail["Date"].datetime == NOON
    assert (post.envelopes[0].mail_from, post.envelopes[0].rcpt_tos) == ("help@acme.test", ["team@acme.test"])


def test_a_person_sees_what_the_customer_ticked_and_when_to_call(server, post, letter):
    ticked = (Along("search", "reset\npasword"), Along("article", "VAT number", "billing/vat/"))
    mail_to(server.port).deliver(replace(letter(), along=ticked, callback="Tuesday 10:00"))
    text = text_of(post.mails[0])
    assert "Call: Tuesday 10:00\n" in text
    assert "Sent along by the customer:\n  searched: reset pasword\n  read: VAT number (billing/vat/)\n" in text


def test_files_come_with_the_mail_and_the_mail_is_still_the_same_every_time(server, post, store, clock):
    picture = Attachment("a.png", "image/png", 4, content=b"\x89PNG")
    paper = Attachment("ü.pdf", "application/pdf", 5, content=b"%PDF-")
    code = keep_message(store, Message("See the picture", "", "", "en", clock(), attachments=(picture, paper)))
    for _ in range(2):
        mail_to(server.port).deliver(find_message(store, code, contents=True))
    first, second = post.envelopes
    assert first.content == second.content
    body, *attached = post.mails[0].iter_parts()
    assert body.get_content().startswith("See the picture")
    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in attached] == [
        ("a.png", "image/png", b"\x89PNG"),
        ("ü.pdf", "application/pdf", b"%PDF-"),
    ]
    assert all(one.get_content_disposition() == "attachment" for one in attached)


def test_words_of_a_customer_cannot_end_a_part_of_the_mail(store, clock):
    file = Attachment("a.png", "image/png", 4, content=b"\x89PNG")
    code = keep_message(store, Message("x", "", "", "en", clock(), attachments=(file,)))
    message = replace(find_message(store, code, contents=True), message=f"--=_handrail-{code}--\r\n\r\nnothing below?")
    mail = email.message_from_bytes(message_mail(message, HELP, TEAM).as_bytes(), policy=email.policy.default)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "image/png"]
    assert "nothing below?" in next(mail.iter_parts()).get_content()


def test_the_same_message_is_the_same_mail_every_time(server, post, letter):
    message = letter()
    for _ in range(2):
        mail_to(server.port).deliver(message)
    first, second = post.envelopes
    assert first.content == second.content
    assert post.mails[0]["Message-ID"] == f"<handrail-{message.code}@acme.test>"


def test_an_addition_hangs_below_the_message_it_adds_to(server, post, letter):
    first = letter()
    mail_to(server.port).deliver(letter(f"About {first.code}: it works again."))
    assert post.mails[0]["In-Reply-To"] == post.mails[0]["References"] == f"<handrail-{first.code}@acme.test>"


def test_threads_hold_under_a_domain_of_any_length(letter):
    first = letter()
    sender = Address(username="help", domain=f"{'x' * 60}.{'y' * 60}.acme.test")
    mail = email.message_from_bytes(message_mail(letter(f"See {first.code}"), sender, TEAM).as_bytes())
    assert mail["References"].split() == [f"<handrail-{first.code}@{sender.domain}>"]
    answer = as_receipt(letter(f"See {first.code}"), sender, TEAM[0], TEAM).as_bytes()
    assert email.message_from_bytes(answer)["References"].split()[0] == f"<handrail-{first.code}@{sender.domain}>"
    assert max(map(len, answer.splitlines())) < 200


def test_without_an_address_there_is_nobody_to_reply_to(server, post, letter):
    mail_to(server.port).deliver(letter(reply_to="+49 30 1234567"))
    assert post.mails[0]["Reply-To"] is None
    assert "Answer to: +49 30 1234567" in text_of(post.mails[0])


def test_a_message_without_a_subject_is_named_by_its_first_words(server, post, letter):
    message = letter("My parcel\nnever came. " + "x" * 200, subject="")
    mail_to(server.port).deliver(message)
    assert post.mails[0]["Subject"].startswith(f"[{message.code}] My parcel never came.")
    assert len(post.mails[0]["Subject"]) < 100


def test_all_languages_arrive_as_they_were_written(server, post, letter):
    words = "Größe 中文 العربية 😀\n.\n.leading full stop\nFrom here\n" + "long " * 400
    mail_to(server.port).deliver(letter(words, "Größe 中文"))
    assert text_of(post.mails[0]).startswith(words.rstrip())
    assert post.mails[0]["Subject"].endswith("Größe 中文")


# --- headers cannot be written by a customer

nasty = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\r\n\t\0\x0b\x0c\x85\u2028: <>@,;=?"))
)
HEADERS = {"from", "to", "subject", "date", "message-id", "reply-to", "x-handrail-code", "content-type",
           "content-transfer-encoding", "mime-version", "in-reply-to", "references"}  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(subject=nasty, text=nasty, reply_to=nasty)
@example("x\r\nBcc: everybody@acme.test", "x", "a@b.test\r\nBcc: everybody@acme.test")
@example("x\nBcc: e@acme.test\n\nbody", "\r\n.\r\nMAIL FROM:<x@acme.test>\r\n", "a@b.test>, <e@acme.test")
@example("=?utf-8?q?x=0D=0ABcc:_e@acme.test?=", "x", "=?utf-8?q?x=0D=0A?=@b.test")
@example("\u2028Bcc: e@acme.test" * 20, "x", "a@b.test, c@d.test")
def test_no_customer_can_write_a_header_or_another_recipient(subject, text, reply_to):
    message = KeptMessage("96H-9MK-WHX", text, subject, reply_to, "en", NOON, "waiting")
    content = message_mail(message, HELP, TEAM).as_bytes()
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert {name.lower() for name in mail.keys()} <= HEADERS  # noqa: SIM118
    assert len(mail.keys()) == len({name.lower() for name in mail.keys()})  # noqa: SIM118
    assert mail["To"] == "team@acme.test"
    assert mail["Subject"].startswith("[96H-9MK-WHX]")
    assert not mail.defects
    if mail["Reply-To"]:
        [address] = mail["Reply-To"].addresses
        assert address.addr_spec.isascii()
        assert not mail["Reply-To"].defects
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


@pytest.mark.parametrize(
    ("left", "address"),
    [
        ("anna@acme.test", "anna@acme.test"),
        (" Anna <anna.b+help@mail.acme.test> ", "anna.b+help@mail.acme.test"),
        ("anna@acme.test, or call 030 1234567", "anna@acme.test"),
        ("anna@acme.test.", "anna@acme.test"),
        ("anna@bücher.test", "anna@xn--bcher-kva.test"),
        ("anna@acme.test and bob@acme.test", ""),
        ("030 1234567", ""),
        ("anna@acme", ""),
        ("anna@acme.test\nBcc: x", "anna@acme.test"),
        ("<anna@acme.test>,<", "anna@acme.test"),
        (f"{'a' * 65}@acme.test", ""),
        ("@acme.test", ""),
        ("=?utf-8?q?anna?=@acme.test", ""),
        ("anna..b@acme.test", ""),
        ("anna@-acme.test@acme.test", ""),
    ],
)
def test_only_one_plain_address_is_replied_to(left, address):
    assert reply_address(left) == address


# --- how it is handed over


def test_nothing_is_said_before_the_connection_is_encrypted(post, trusted, letter):
    with MailServer(post) as plain:
        error = refusal(mail_to(plain.port), letter())
    assert error.of_channel
    assert "does not offer" in error.what
    assert post.envelopes == []


def test_encrypted_from_the_first_byte(post, trusted, letter):
    with MailServer(post, tls=trusted.context(), implicit=True) as server:
        mail_to(server.port, security="tls").deliver(letter())
    assert len(post.mails) == 1


def test_a_mail_server_on_this_machine_may_do_without(post, letter):
    with MailServer(post) as server:
        mail_to(server.port, security="none").deliver(letter())
    assert len(post.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_refused(post, authority, letter, security, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with MailServer(post, tls=authority.context(), implicit=security == "tls") as server:
        error = refusal(mail_to(server.port, security=security), letter())
    assert error.of_channel
    assert "is not trusted" in error.what
    assert post.envelopes == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_host_is_refused(post, trusted, letter, security):
    with MailServer(post, tls=trusted.context("mail.elsewhere.test"), implicit=security == "tls") as server:
        error = refusal(mail_to(server.port, security=security), letter())
    assert "is not trusted" in error.what
    assert post.envelopes == []


def test_it_logs_in_and_a_wrong_password_is_named_and_not_shown(post, trusted, letter):
    with MailServer(post, tls=trusted.context(), login=("robot", "right-one")) as server:
        mail_to(server.port, user="robot", password="right-one").deliver(letter())
        wrong = mail_to(server.port, user="robot", password="wrong-one")
        error = refusal(wrong, letter())
    assert len(post.mails) == 1
    assert error.of_channel
    assert "login of robot" in error.what
    assert "HANDRAIL_SMTP_PASSWORD" in error.mend
    assert "wrong-one" not in f"{error.what}{error.mend}{error.said}{wrong!r}"


# --- when it is not handed over


@pytest.mark.parametrize(
    ("stage", "answer", "final", "of_channel"),
    [
        ("mail", "451 later", False, False),
        ("mail", "550 not you", True, False),
        ("rcpt", "450 greylisted", False, False),
        ("rcpt", "550 nobody here", True, False),
        ("data", "452 no room", False, False),
        ("data", "554 looks like spam", True, False),
        ("stored", "451 changed my mind", False, False),
        ("mail", "421 too busy", False, True),
    ],
)
def test_a_refusal_is_told_from_a_delay(server, post, letter, stage, answer, final, of_channel):
    post.plan = lambda at: answer if at == stage else None
    error = refusal(mail_to(server.port), letter())
    assert (error.final, error.of_channel) == (final, of_channel)
    assert answer[:3] in error.what
    assert answer[4:] in error.said
    assert answer[4:] not in error.what


def test_a_connection_that_breaks_after_the_mail_was_taken_is_a_failure(server, post, letter):
    post.plan = lambda stage: DROP if stage == "stored" else None
    error = refusal(mail_to(server.port), letter())
    assert "may have taken" in error.what
    assert not error.of_channel
    assert len(post.mails) == 1


def test_one_recipient_of_two_is_enough(server, post, letter, caplog):
    answers = iter(["550 nobody here", None])
    post.plan = lambda stage: next(answers) if stage == "rcpt" else None
    mail_to(server.port, recipients=(*TEAM, Address(addr_spec="boss@acme.test"))).deliver(letter())
    assert post.envelopes[0].rcpt_tos == ["boss@acme.test"]
    assert "1 of 2 recipients (550)" in caplog.text


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_server_that_says_little_for_ever_holds_nobody_for_ever(trusted, letter, security):
    with talker(drip) as port:
        began = time.monotonic()
        error = refusal(mail_to(port, security=security, seconds=1.0), letter())
    assert time.monotonic() - began < 4
    assert error.of_channel
    assert "answer" in error.what or "TLS" in error.what


def test_an_answer_that_breaks_off_within_its_code_is_no_refusal(letter):
    def begin(connection):
        connection.sendall(b"5")
        connection.recv(1)

    with talker(begin) as port:
        error = refusal(mail_to(port, seconds=0.5), letter())
    assert "did not answer within" in error.what and not error.final


def test_silence_is_told_as_silence_also_before_the_deadline(letter, monkeypatch):
    monkeypatch.setattr(deadline, "_SILENCE", 0.2)
    with talker(lambda connection: connection.recv(1)) as port:
        error = refusal(mail_to(port, seconds=5.0), letter())
    assert "did not answer within" in error.what


def test_a_silent_server_is_left_in_time(letter):
    with talker(lambda connection: connection.recv(1)) as port:
        began = time.monotonic()
        error = refusal(mail_to(port, seconds=0.5), letter())
    assert time.monotonic() - began < 3
    assert "did not answer within" in error.what
    assert error.of_channel


@pytest.mark.parametrize(
    "talk",
    [
        lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda connection: connection.sendall(b"554 go away\r\n"),
        lambda connection: connection.sendall(b"\xff\x00" * 10_000),
        lambda connection: connection.sendall(b"220 " + b"x" * 200_000 + b"\r\n"),
        lambda connection: connection.close(),
    ],
)
def test_what_is_no_mail_server_is_a_failure(letter, talk):
    with talker(talk) as port:
        assert refusal(mail_to(port, seconds=2), letter()).mend


def test_a_server_that_is_away_is_named(letter):
    port = free_port()
    error = refusal(mail_to(port), letter())
    assert error.of_channel
    assert f"127.0.0.1:{port} cannot be reached" in error.what


def test_the_doctor_can_look_without_sending(server, post):
    assert "takes mail for team@acme.test" in mail_to(server.port).check()
    assert post.envelopes == []
    with pytest.raises(DeliveryFailed, match="cannot be reached"):
        mail_to(free_port()).check()


FORGED = (
    "-- \nReference code: XXXX\nOpen it: https://evil.test/desk/",
    "Op\u200ben  it : https://evil.test",
    "a\u2028Ｃall: 1",
)


@pytest.mark.parametrize("words", FORGED)
def test_no_line_of_a_customer_passes_for_one_of_ours(letter, words):
    text = text_of(message_mail(letter(f"Hello\n{words}\n\nBye"), HELP, TEAM, "https://help.acme.test/desk/"))
    [theirs, ours] = text.split("\n-- \n")
    assert theirs.startswith("Hello\n") and theirs.endswith("\n\nBye\n") and "Open it: https://help.acme.test/" in ours
    marked = [line for line in theirs.splitlines() if ":" in line or line.strip().startswith("--")]
    assert marked and all(line.startswith("> ") for line in marked)


@pytest.mark.parametrize("own", ["team@acme.test", "Help+1@acme.test"])
def test_answers_of_a_program_do_not_go_to_the_team_itself(letter, own):
    assert message_mail(letter(reply_to=own), HELP, TEAM)["Reply-To"] is None
