"""Bytes that no browser sends, straight to the service: two requests in one, lines in headers, lines in the log."""

from __future__ import annotations

import json
import re
import shutil
import socket
from contextlib import closing

import pytest

from waiting import until

from ..nodes.machines import Node, ask

# A second request, hidden in a first one by signs that one reader sees and another does not; the plainer ways are tried
# through web servers, too (`proxies/test_request_ends.py`).
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"0\r\n\r\n" + HIDDEN
LENGTH = len(CHUNKED)
SMUGGLED = {
    "a length with an underscore": b"Content-Length: 1_0\r\n",
    "a length in other digits": "Content-Length: \u0661\u0660\r\n".encode(),
    "a folded header": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: %d\r\n" % LENGTH,
    "chunked after a tab": b"Transfer-Encoding:\tchunked\r\nContent-Length: %d\r\n" % LENGTH,
    "a name with an underscore": b"Content_Length: 0\r\nContent-Length: %d\r\n" % LENGTH,
    "a lone line feed": b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n" % LENGTH,
    "a lone carriage return": b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: %d\r\n" % LENGTH,
    "a zero byte": b"X: y\x00\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n" % LENGTH,
}
BROKEN = {
    "connect": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
    "another site by its address": b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no path": b"GET evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a made-up method": b"evil.example / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a made-up version": b"GET / HTTP/9.evil.example\r\nHost: localhost\r\n\r\n",
    "HTTP/0.9": b"GET /evil.example\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nevil.example",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    "lines in the path": b"GET /gone\r\nX-Evil: evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "lines in the path, encoded": b"GET /account/password%0d%0aX-Evil:evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "lines in what is asked": b"GET /account/password?a=%0d%0aX-Evil:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "lines in the host": b"GET /account/password HTTP/1.1\r\nHost: localhost%0d%0aX-Evil:1\r\n\r\n",
    "lines in the id": b"GET /gone HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a%0aevil.example\r\n\r\n",
    "signs that steer a terminal": b"GET /\x1b[2J%1b[31mevil.example HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n",
    "two hosts": b"GET /gone HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "a very long line": b"GET /" + b"evil.example" * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: evil.example\r\n" * 500 + b"\r\n",
    "a very long header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"evil.example" * 2000 + b"\r\n\r\n",
    "chunks of a wrong size": b"POST /api/contact HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"-1\r\nevil.example\r\n0\r\n\r\n",
    "a huge chunk": b"POST /api/contact HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ffffffffffffffffff\r\nevil.example",
}


@pytest.fixture(scope="module")
def node(acme, tmp_path_factory):
    """The real service, which writes its log as programs read it."""
    root = tmp_path_factory.mktemp("raw")
    shutil.copytree(acme, root, symlinks=True, dirs_exist_ok=True)
    started = Node(root, log=root / "service.log", HANDRAIL_LOG_FORMAT="json")
    until(started.ready, "the service")
    yield started
    started.stop()


def send(node, *parts: bytes) -> str:
    """All that comes back for these bytes until the service closes, or says nothing more."""
    with closing(socket.create_connection(("127.0.0.1", node.port), timeout=3)) as connection:
        got = b""
        try:
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                got += chunk
        except OSError:
            pass  # it has closed the connection, or keeps it open without a word
    return got.decode("utf-8", "replace")


def statuses(answer: str) -> list[str]:
    return re.findall(r"HTTP/1\.[01] (\d{3})", answer)


@pytest.mark.parametrize("headers", SMUGGLED.values(), ids=SMUGGLED)
def test_no_request_hides_a_second_one_in_itself(node, headers):
    head = b"POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + headers + b"\r\n"
    answer = send(node, head, CHUNKED)
    # One answer, by which the connection ends; or the body was read to the end that its one clear length has.
    assert len(statuses(answer)) == 1, answer[:500]
    assert "lost this page" not in answer


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN)
def test_no_broken_request_adds_a_header_or_is_sent_back(node, request_bytes):
    answer = send(node, request_bytes)
    head = answer.partition("\r\n\r\n")[0]
    # What is left of a body that nobody had to read may be refused after the answer; then the connection ends.
    assert statuses(answer)[1:] in ([], ["400"])
    assert not re.search(r"^X-Evil", answer, re.M | re.I)
    assert "evil.example" not in head
    assert not re.search(r"HTTP/1\.[01] (101|5\d\d|200 OK\r\n.*message/http)", answer), answer[:300]


def test_whatever_was_sent_the_log_has_one_line_for_each_event_and_nothing_of_it(node):
    for request_bytes in (*BROKEN.values(), b"GET /find/?q=evil.example%0a{%22event%22:1} HTTP/1.1\r\nHost: a\r\n\r\n"):
        send(node, request_bytes)
    assert ask(f"{node.address}healthz")[0] == 200
    written = node.log.read_text(encoding="utf-8")
    assert "evil.example" not in written and "\x1b" not in written and "Traceback" not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) > 5 and all(line["event"] for line in lines)
