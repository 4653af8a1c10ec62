"""Delivery to a program: real HTTP and HTTPS servers, signatures, and answers of every kind."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from handrail_feedback.delivery.webhook import Webhook, sign
from handrail_feedback.records.messages import Along, Attachment, Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages.messages import find_message, keep_message
from handrail_kb.errors import DeliveryFailed

from .conftest import NOON
from .servers import DROP, HookServer, drip, free_port, talker

SECRET = "0123456789abcdef"


def hook(port, *, scheme="http", host="127.0.0.1", path="/handrail?team=1", seconds=5.0):
    return Webhook(f"{scheme}://{host}:{port}{path}", SECRET, seconds, lambda: NOON)


def refusal(webhook, letter):
    with pytest.raises(DeliveryFailed) as raised:
        webhook.deliver(letter)
    return raised.value


def answering(status, headers=None, body=b""):
    return HookServer(lambda _number: (status, headers or {}, body))


# --- what arrives


def test_a_program_gets_the_message_as_json(letter):
    message = letter("Größe 中文\n😀", "Login", "Anna <anna@acme.test>")
    with HookServer() as server:
        hook(server.port).deliver(message)
    [request] = server.requests
    assert request.path == "/handrail?team=1"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body) == {
        "type": "message",
        "key": f"handrail-{message.code}",
        "code": message.code,
        "follows": None,
        "at": "2026-03-02T12:00:00.000Z",
        "lang": "en",
        "subject": "Login",
        "message": "Größe 中文\n😀",
        "reply_to": "Anna <anna@acme.test>",
        "reply_email": "anna@acme.test",
        "desk_url": None,
        "callback": None,
        "along": [],
        "attachments": [],
    }


def test_what_the_customer_ticked_goes_to_the_program_and_when_to_call(letter):
    ticked = (Along("search", "reset pasword"), Along("article", "VAT number", "billing/vat/"))
    with HookServer() as server:
        hook(server.port).deliver(replace(letter(), along=ticked, callback="Tuesday 10:00"))
    sent = json.loads(server.requests[0].body)
    assert sent["callback"] == "Tuesday 10:00"
    assert sent["along"] == [
        {"kind": "search", "text": "reset pasword", "location": ""},
        {"kind": "article", "text": "VAT number", "location": "billing/vat/"},
    ]


def test_files_of_the_message_go_to_the_program(store, clock):
    picture = Attachment("a.png", "image/png", 3, content=b"\x89PN")
    code = keep_message(store, Message("See", "", "", "en", clock(), attachments=(picture,)))
    with HookServer() as server:
        hook(server.port).deliver(find_message(store, code, contents=True))
    [file] = json.loads(server.requests[0].body)["attachments"]
    assert file == {"name": "a.png", "type": "image/png", "size": 3, "base64": "iVBO"}


def test_an_addition_names_the_message_it_adds_to(letter):
    first = letter()
    with HookServer() as server:
        hook(server.port).deliver(letter(f"More about {first.code.lower()}"))
    assert json.loads(server.requests[0].body)["follows"] == first.code


def test_the_signature_can_be_checked_by_whoever_knows_the_secret(letter):
    with HookServer() as server:
        hook(server.port).deliver(letter())
    [request] = server.requests
    at, signature = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", request.headers["Handrail-Signature"]).groups()
    assert int(at) == NOON.timestamp()
    signed = hmac.new(SECRET.encode(), at.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signature, signed)
    assert sign("another secret, as long", request.body, int(at)).partition("v1=")[2] != signature


def test_the_key_and_the_body_are_the_same_on_every_attempt(letter):
    message = letter()
    with HookServer() as server:
        for _ in range(2):
            hook(server.port).deliver(message)
    first, second = server.requests
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == f"handrail-{message.code}"


def test_the_help_tells_what_is_posted_and_how_to_check_it(letter):
    page = (Path(__file__).parents[3] / "docs" / "operators" / "webhook.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```json\n(.*?)```", page, re.S)
    [program] = re.findall(r"```python\n(.*?)```", page, re.S)
    known = {}
    exec(program, known)
    at = int(time.time())
    with HookServer() as server:
        replace(hook(server.port), clock=now).deliver(letter())
    [request] = server.requests
    assert list(json.loads(shown)) == list(json.loads(request.body))
    assert known["is_genuine"](request.headers["Handrail-Signature"], request.body, SECRET)
    assert not known["is_genuine"](request.headers["Handrail-Signature"], request.body + b" ", SECRET)
    assert not known["is_genuine"](sign("another secret, as long", request.body, at), request.body, SECRET)
    assert not known["is_genuine"](sign(SECRET, request.body, at - 400), request.body, SECRET)


# --- how it is handed over


def test_https_with_a_certificate_that_is_vouched_for(trusted, letter):
    with HookServer(tls=trusted.context()) as server:
        hook(server.port, scheme="https", host="localhost").deliver(letter())
    assert len(server.requests) == 1


def test_a_certificate_nobody_vouches_for_is_refused(authority, letter, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with HookServer(tls=authority.context()) as server:
        error = refusal(hook(server.port, scheme="https", host="localhost"), letter())
    assert error.of_channel
    assert "is not trusted" in error.what
    assert server.requests == []


def test_a_certificate_of_another_host_is_refused(trusted, letter):
    with HookServer(tls=trusted.context("elsewhere.test")) as server:
        error = refusal(hook(server.port, scheme="https", host="localhost"), letter())
    assert "is not trusted" in error.what
    assert server.requests == []


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_kind_of_yes_is_yes(letter, status):
    with answering(status) as server:
        hook(server.port).deliver(letter())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(letter, status):
    with HookServer() as elsewhere, answering(status, {"Location": f"http://127.0.0.1:{elsewhere.port}/"}) as server:
        error = refusal(hook(server.port), letter())
        assert elsewhere.requests == []
    assert error.of_channel
    assert "redirects are not followed" in error.what


@pytest.mark.parametrize(
    ("status", "final", "of_channel"),
    [
        (400, True, False),
        (401, False, True),
        (403, False, True),
        (404, False, True),
        (408, False, False),
        (410, False, True),
        (413, True, False),
        (422, True, False),
        (425, False, False),
        (429, False, True),
        (500, False, False),
        (502, False, False),
        (503, False, True),
    ],
)
def test_a_refusal_is_told_from_a_delay(letter, status, final, of_channel):
    with answering(status, body=b"because of zanzibar") as server:
        error = refusal(hook(server.port), letter())
    assert (error.final, error.of_channel) == (final, of_channel)
    assert str(status) in error.what
    assert "zanzibar" in error.said
    assert "zanzibar" not in error.what


@pytest.mark.parametrize(
    ("asked", "seconds"), [("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-5", 0), ("9" * 99, 999999999)]
)
def test_a_busy_program_may_ask_for_a_pause(letter, asked, seconds):
    with answering(429, {"Retry-After": asked}) as server:
        assert refusal(hook(server.port), letter()).wait == seconds


# --- when it is not handed over


def test_a_connection_that_breaks_before_the_answer_is_a_failure(letter):
    with HookServer(lambda _number: DROP) as server:
        error = refusal(hook(server.port), letter())
    assert "may have taken" in error.what
    assert not error.of_channel


def test_an_endless_answer_is_not_read(letter):
    def flood(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 500 Oh\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with talker(flood) as port:
        began = time.monotonic()
        error = refusal(hook(port), letter())
    assert time.monotonic() - began < 3
    assert len(error.said) <= 2000


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 500 Oh\r\nX: "])
def test_a_program_that_says_little_for_ever_holds_nobody_for_ever(letter, first):
    def talk(connection):
        connection.sendall(first)
        drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    with talker(talk) as port:
        began = time.monotonic()
        error = refusal(hook(port, seconds=1.0), letter())
    assert time.monotonic() - began < 4
    assert "did not answer within" in error.what or "500" in error.what


def test_a_yes_is_a_yes_even_if_the_rest_of_the_answer_never_comes(letter):
    with talker(lambda connection: drip(connection, b"HTTP/1.1 204 Yes\r\n" + b"X: y\r\n" * 1000)) as port:
        hook(port, seconds=1.5).deliver(letter())


@pytest.mark.parametrize(
    "said", [b"220 mail here\r\n", b"\x16\x03\x01" * 100, b"HTTP/1.1 two hundred\r\n\r\n", b"x" * 100_000]
)
def test_what_is_no_web_server_is_a_failure(letter, said):
    with talker(lambda connection: connection.sendall(said)) as port:
        assert refusal(hook(port, seconds=1.0), letter()).mend


def test_a_program_that_is_away_is_named_by_its_host_alone(letter):
    port = free_port()
    error = refusal(hook(port, path="/hooks/secret-part"), letter())
    assert error.of_channel
    assert f"127.0.0.1:{port} cannot be reached" in error.what
    assert "secret-part" not in f"{error.what}{error.mend}{hook(port, path='/secret-part')!r}"


def test_the_doctor_can_look_without_sending():
    with HookServer() as server:
        assert "can be reached" in hook(server.port).check()
        assert server.requests == []
    with pytest.raises(DeliveryFailed, match="cannot be reached"):
        hook(free_port()).check()
