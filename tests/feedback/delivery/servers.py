"""Real servers that the outbox talks to in tests: they refuse, delay, fall silent and break connections off."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from handrail_feedback.delivery.smtp import Mail
from handrail_feedback.delivery.smtp import MailServer as Server

DROP = "drop"  # break the connection off instead of answering


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Authority:
    """A certificate authority of our own. Programs trust it when SSL_CERT_FILE names `file`."""

    def __init__(self, folder):
        self._ca = trustme.CA()
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def context(self, *names):
        """What a server with these names shows to those who connect."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context


@dataclass
class Post:
    """What a mail server does with what it is given: `plan` is asked at each stage for an answer, None is yes.

    Stages are `connect`, `mail`, `rcpt`, `data` (before the mail is stored) and `stored` (after that). The plan may
    wait, and may give DROP. It is asked in the thread of the server, one stage at a time.
    """

    plan: Callable[[str], object] = lambda _stage: None
    mails: list = field(default_factory=list)
    envelopes: list = field(default_factory=list)

    async def _ask(self, stage, server, envelope):
        answer = self.plan(stage)
        if isinstance(answer, int | float):
            await asyncio.sleep(answer)
            return None
        if answer == DROP:
            server.transport.abort()
            raise ConnectionResetError
        return answer

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        answer = await self._ask("mail", server, envelope)
        if answer is None:
            envelope.mail_from = address
        return answer or "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answer = await self._ask("rcpt", server, envelope)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = await self._ask("data", server, envelope)
        if answer is not None:
            return answer
        self.envelopes.append(envelope)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return await self._ask("stored", server, envelope) or "250 stored"


class MailServer:
    """A mail server on this machine; it can be stopped and started again on the same port."""

    def __init__(self, post, *, tls=None, implicit=False, login=None):
        self.post, self.port = post, free_port()
        options = {"decode_data": False, "hostname": "127.0.0.1", "port": self.port}
        if tls and implicit:
            options["ssl_context"] = tls
        elif tls:
            options |= {"tls_context": tls, "require_starttls": True}
        if login:
            options |= {"authenticator": self._allow, "auth_required": True, "auth_require_tls": not implicit}
        self._options, self._login = options, login
        self._controller = None

    def _allow(self, _server, _session, _envelope, _mechanism, data):
        right = (data.login.decode(), data.password.decode()) == self._login
        return AuthResult(success=right, handled=False)

    def start(self):
        self._controller = Controller(self.post, **self._options)
        self._controller.start()

    def stop(self):
        if self._controller:
            self._controller.stop(no_assert=True)
            self._controller = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


@dataclass
class Request:
    path: str
    headers: dict
    body: bytes
    method: str = "POST"


class HookServer:
    """A web server that keeps what is sent to it, and answers what `answer(number)` says: status, headers, body."""

    def __init__(self, answer=lambda _number: (204, {}, b""), *, tls=None):
        self.requests = []
        keep = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                keep.append(Request(self.path, dict(self.headers), body, self.command))
                said = answer(len(keep))
                if said == DROP:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, text = said
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(text)

            do_GET = do_PUT = do_POST  # noqa: N815 (as the library calls them)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def talker(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that says whatever `talk(connection)` says to everybody who connects; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=_talk, args=(talk, connection), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            connection.close()


def _talk(talk, connection):
    with contextlib.suppress(OSError):
        talk(connection)


def drip(connection, text=b"220-wait\r\n"):
    """Says a little, again and again, and never comes to an end."""
    while True:
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)  # noqa: TID251 little by little is what it does


def mail_by(port, to="team@acme.test"):
    """The channel that mails by a server on this port, as a service that lies beside it does."""
    return Mail(
        Server("127.0.0.1", port, "none", seconds=3.0), Address(addr_spec="help@acme.test"), (Address(addr_spec=to),)
    )
