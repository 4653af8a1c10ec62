"""Web server and service agree where a request ends, so that nobody hides another one in it (request smuggling)."""

from __future__ import annotations

import re
import socket
from contextlib import closing, suppress

import pytest

from .conftest import HOST

HIDDEN = "POST /api/contact HTTP/1.1\r\nHost: help.example.com\r\nContent-Type: application/json\r\n"
MESSAGE = b'{"message": "One message", "reply_to": "anna@acme.test"}'
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(MESSAGE), MESSAGE)
BOTH = {
    "length first": ["Content-Length: 4", "Transfer-Encoding: chunked"],
    "chunks first": ["Transfer-Encoding: chunked", "Content-Length: 4"],
    "a length of all": [f"Content-Length: {len(CHUNKED)}", "Transfer-Encoding: chunked"],
}
UNCLEAR = {
    "two lengths": ["Content-Length: 4", "Content-Length: 5"],
    "a list of lengths": ["Content-Length: 4, 5"],
    "a length with a sign": ["Content-Length: +4"],
    "a length below nothing": ["Content-Length: -4"],
    "a length in another base": ["Content-Length: 0x4"],
    "an unknown encoding": ["Content-Length: 4", "Transfer-Encoding: xchunked"],
    "chunked and then another": ["Content-Length: 4", "Transfer-Encoding: chunked, identity"],
    "chunked twice": ["Transfer-Encoding: chunked, chunked"],
    "a space before the colon": ["Content-Length: 4", "Transfer-Encoding : chunked"],
    "a sign that is no space": ["Content-Length: 4", "Transfer-Encoding: \x0bchunked"],
}
BROKEN_CHUNKS = {
    "another base": b"0x4\r\nabcd\r\n0\r\n\r\n",
    "a sign": b"+4\r\nabcd\r\n0\r\n\r\n",
    "longer than it says": b"2\r\nabcd\r\n0\r\n\r\n",
    "no number": b"zz\r\nabcd\r\n0\r\n\r\n",
}


def said(connection, raw):
    """The statuses of all answers to what is sent on a connection, until it is closed or nothing more comes."""
    connection.settimeout(10)
    answers = b""
    with closing(connection), suppress(OSError):
        connection.sendall(raw)
        while got := connection.recv(65536):
            answers += got
            connection.settimeout(0.5)  # another answer would follow at once
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3})", answers, re.M)]


def ends(proxy):
    """Both ends of what is documented: the web server, and the service itself."""
    yield proxy.socket
    yield lambda: socket.create_connection(("127.0.0.1", proxy.node.port), timeout=20)


def hidden(body):
    """A body after which another request begins, for whoever thinks that the first one has ended by then."""
    poison = HIDDEN + "Content-Length: 500\r\n\r\n"
    return body + poison.encode()


def test_a_length_beside_chunks_is_ignored_or_refused_by_both_ends(proxy):
    for headers in BOTH.values():
        raw = HIDDEN + "".join(f"{one}\r\n" for one in headers)
        for connect in ends(proxy):
            answers = said(connect(), raw.encode() + b"\r\n" + CHUNKED)
            assert answers in ([201], [400], [501]), (headers, answers)


@pytest.mark.parametrize("headers", UNCLEAR.values(), ids=UNCLEAR)
def test_a_request_that_does_not_say_where_it_ends_is_refused_by_both_ends(proxy, headers):
    raw = (HIDDEN + "".join(f"{one}\r\n" for one in headers) + "\r\n").encode()
    for connect in ends(proxy):
        answers = said(connect(), hidden(raw + CHUNKED))
        assert len(answers) <= 1 and all(status in (400, 411, 500, 501) for status in answers), answers
    assert proxy.ask("/contact/")[0] == 200


@pytest.mark.parametrize("chunks", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
def test_chunks_that_are_not_as_they_say_are_refused_by_both_ends(proxy, chunks):
    raw = (HIDDEN + "Transfer-Encoding: chunked\r\n\r\n").encode()
    for connect in ends(proxy):
        answers = said(connect(), hidden(raw + chunks))
        assert len(answers) <= 1 and not any(status < 400 for status in answers), answers


def test_nobody_gets_the_answer_to_what_another_one_hid(proxy):
    lines = [*BOTH.values(), *UNCLEAR.values()]
    for number, headers in enumerate(lines * 2):
        raw = (HIDDEN + "".join(f"{one}\r\n" for one in headers) + "\r\n").encode()
        said(proxy.socket(), raw + b"0\r\n\r\n" + f"GET /healthz?{number} HTTP/1.1\r\nX-Ignore: ".encode())
        status, _, page = proxy.ask("/contact/")
        assert status == 200 and "<form" in page


def test_nobody_gets_back_what_they_sent_by_trace(proxy):
    raw = f"TRACE / HTTP/1.1\r\nHost: {HOST}\r\nX-Secret: walrus\r\nConnection: close\r\n\r\n".encode()
    for connect in ends(proxy):
        with closing(connect()) as connection:
            connection.sendall(raw)
            answer = b"".join(iter(lambda connection=connection: connection.recv(65536), b""))
        assert re.match(rb"HTTP/1\.[01] (400|403|405|501)", answer), answer[:100]
        assert b"walrus" not in answer
