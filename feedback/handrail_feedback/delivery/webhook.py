"""Delivers to a program: posts the message as signed JSON over HTTPS. Knows nothing of the outbox.

The signature has the form of Stripe's, for which many people have code:
`Handrail-Signature: t=1767225600,v1=<hex>`, where v1 is HMAC-SHA256 over `t`, a full stop and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from handrail_feedback.delivery.deadline import Deadline, trust
from handrail_feedback.delivery.letters import key_of, payload
from handrail_feedback.records.messages import KeptMessage
from handrail_feedback.records.stamps import now
from handrail_kb import __version__
from handrail_kb.errors import DeliveryFailed
from handrail_kb.language.printable import one_line

LOCAL = ("localhost", "127.0.0.1", "::1")
# The bytes that are read of an answer, which only people look at.
_ANSWER_BYTES = 2000
# Statuses that any message would get: the address or the secret is wrong.
_ADDRESS_IS_WRONG = (401, 402, 403, 404, 405, 407, 410)
_BUSY = (429, 503)


@dataclass(frozen=True)
class Webhook:
    """Posts messages to one address. Does not follow redirects, which would take a message elsewhere unnoticed."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    seconds: float = 60.0
    clock: Callable[[], datetime] = now
    desk: str = ""
    name: str = "webhook"

    def deliver(self, message: KeptMessage) -> None:
        """Post the message. Raises DeliveryFailed unless the status is from 200 to 299."""
        body = json.dumps(payload(message, self.desk), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key_of(message.code),
            "Handrail-Signature": sign(self.secret, body, int(self.clock().timestamp())),
            "User-Agent": f"Handrail/{__version__}",
        }
        with self._connection() as connection:
            parts = urlsplit(self.url)
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            with connection.getresponse() as answer:
                said = answer.read(_ANSWER_BYTES)
        if not 200 <= answer.status < 300:
            raise _refusal(self._where, answer, said)

    def check(self) -> str:
        """Connect without sending, and return the result in words. Raises DeliveryFailed."""
        with self._connection() as connection:
            connection.connect()
        return f"{self._where} can be reached"

    @property
    def _where(self) -> str:
        """The host only, because the path of such an address is often a secret."""
        return urlsplit(self.url).netloc

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        with Deadline(self.seconds) as deadline, _reasons(self._where, self.seconds, deadline):
            connection = _Connection(urlsplit(self.url), deadline)
            try:
                yield connection
            finally:
                connection.close()


class _Connection(http.client.HTTPConnection):
    """http.client's client on a connection that ends with a deadline; encrypted, unless the address says http."""

    def __init__(self, url: SplitResult, deadline: Deadline) -> None:
        self._deadline = deadline
        self._context = trust() if url.scheme == "https" else None
        # The Host header then names the port only if it is not the usual one.
        self.default_port = 443 if self._context else 80
        super().__init__(url.hostname or "", url.port or self.default_port)

    def connect(self) -> None:
        connection = self._deadline.connect(self.host, self.port)
        self.sock = self._context.wrap_socket(connection, server_hostname=self.host) if self._context else connection


def sign(secret: str, body: bytes, at: int) -> str:
    """The value of the header Handrail-Signature; `at` is in seconds since 1970."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def _refusal(where: str, answer: http.client.HTTPResponse, said: bytes) -> DeliveryFailed:
    """A DeliveryFailed that says what the answer means for this message and for others."""
    status = answer.status
    what = f"{where} answered {status}"
    if 300 <= status < 400:
        return DeliveryFailed(
            f"{what}: it wants the message elsewhere, and redirects are not followed.",
            "Set webhook_url to the address it leads to.",
            of_channel=True,
        )
    words = one_line(said.decode("utf-8", "replace"))
    if status in _ADDRESS_IS_WRONG:
        mend = "Check webhook_url and HANDRAIL_WEBHOOK_SECRET on both sides."
        return DeliveryFailed(f"{what}.", mend, said=words, of_channel=True)
    if status in _BUSY:
        mend = "Nothing to do if it passes."
        return DeliveryFailed(f"{what}.", mend, said=words, of_channel=True, wait=_seconds(answer))
    final = 400 <= status < 500 and status not in (408, 425)
    return DeliveryFailed(f"{what}.", "See the log of the program that gets the messages.", said=words, final=final)


def _seconds(answer: http.client.HTTPResponse) -> float:
    """The seconds in Retry-After; 0 if there is none, or a date."""
    asked = answer.getheader("Retry-After", "").strip()
    return float(asked[:9]) if asked.isascii() and asked.isdigit() else 0.0


@contextmanager
def _reasons(where: str, seconds: float, deadline: Deadline) -> Iterator[None]:
    """Turn what http.client, TLS and the system raise into a DeliveryFailed that a person can act upon."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreached(where, seconds, deadline, error) from error


def _unreached(where: str, seconds: float, deadline: Deadline, error: Exception) -> DeliveryFailed:
    late = deadline.passed or isinstance(error, TimeoutError)
    if not late and isinstance(error, http.client.HTTPException | ConnectionResetError | BrokenPipeError):
        return DeliveryFailed(
            f"{where} broke the connection off without an answer; it may have taken the message.",
            "Nothing to do if it passes; else see the log of the program that gets the messages.",
        )
    mend = "See whether it runs and can be reached from here: curl -v with the address in webhook_url"
    if late:
        what = f"{where} did not answer within {seconds:.0f} s."
    elif isinstance(error, ssl.SSLCertVerificationError):
        what = f"The certificate of {where} is not trusted: {error.verify_message}."
        mend = "Use the name in the certificate; for an authority of your own, set SSL_CERT_FILE to its file."
    elif isinstance(error, ssl.SSLError):
        what = f"{where} and we do not agree on TLS: {error.reason or error}."
    elif isinstance(error, socket.gaierror):
        what, mend = f"There is no host {where}: {error.strerror}.", "Mend webhook_url, or name resolution."
    else:
        what = f"{where} cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}."
    return DeliveryFailed(what, mend, of_channel=True)
