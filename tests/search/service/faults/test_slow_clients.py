"""Clients that send slowly, send nothing, or read nothing hold up nobody, also without a web server in front."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import namedtuple
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_search.service.overload import MOST_ARRIVING, WHOLE_BYTES, _length
from waiting import until

from ..test_serving import build, free_port, get, write_project

# Times that a test can wait for: seconds for a request to arrive, and for a thread.
PATCHED = """
import sys
from handrail_search.service import overload
overload.ARRIVAL_SECONDS, overload.THREAD_SECONDS, overload.LARGE_SECONDS = {times}
{more}
from handrail_kb.cli import main
main()
"""
USUAL = (20.0, 120.0, 300.0)
POST = "POST /help/api/contact HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: {kind}\r\n"
FORM, JSON = POST.format(kind="multipart/form-data; boundary=x"), POST.format(kind="application/json")
# What each slow client has sent so far, and of which it then sends one letter after another.
BEGUN = {
    "nothing": "",
    "a part of the first line": "GET /help/ HT",
    "a header without an end": "GET /help/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "a message without its end": JSON + 'Content-Length: 2000\r\n\r\n{"message": "',
    "a file without its end": FORM + "Content-Length: 900000\r\n\r\n--x\r\n",
    "a chunk without its end": JSON + "Transfer-Encoding: chunked\r\n\r\n",
    "long headers without an end": "GET /help/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + f"X-Long: {'a' * 6000}\r\n" * 4,
}

Service = namedtuple("Service", "port address process")


@contextmanager
def serving(folder, times=USUAL, more=""):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PATCHED.format(times=times, more=more), "run", "--port", str(port), "--workers", "1"],
        cwd=folder,
        env={**os.environ, "HANDRAIL_CONTACT_RATE": "1000000 per minute"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    address = f"http://127.0.0.1:{port}/help/"
    try:
        until(lambda: ready(address), "ready", seconds=60)
        yield Service(port, address, process)
    finally:
        process.terminate()
        assert b"Traceback" not in process.communicate(timeout=40)[1]


def ready(address):
    with suppress(OSError):
        return get(f"{address}readyz")[0] == 200
    return False


@pytest.fixture(scope="module")
def site(tmp_path_factory, lend_encoder):
    root = write_project(tmp_path_factory.mktemp("slow"))
    (root / "docs" / "film.bin").write_bytes(os.urandom(20_000_000))
    lend_encoder(root / ".handrail")
    build(root)
    return root


@pytest.fixture(scope="module")
def service(site):
    with serving(site) as running:
        yield running


def a_while(seconds):
    """What comes later has to come later."""
    threading.Event().wait(seconds)


def client(service):
    return socket.create_connection(("127.0.0.1", service.port), timeout=20)


def sent(service, *pieces, pause=0.2):
    """Send these one after another, and read all of the answer."""
    with client(service) as one:
        for piece in pieces:
            one.sendall(piece.encode())
            a_while(pause)
        one.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: one.recv(65536), b"")).decode(errors="replace")


def message(words):
    body = json.dumps({"message": words})
    return JSON + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n", body


def seconds_of_everybody_else(service):
    """How long a page, a search, a message and its code take together."""
    began = time.monotonic()
    assert get(service.address)[0] == 200
    assert get(f"{service.address}api/search?q=pears")[0] == 200
    answer = sent(service, "".join(message(f"Where are my pears, {began}?")), pause=0)
    assert answer.startswith("HTTP/1.1 201"), answer
    code = re.search(r'"code": ?"([^"]+)"', answer)[1]
    assert get(f"{service.address}contact/code/?code={code}")[0] == 200
    return time.monotonic() - began


def letters_to(slow, over):
    while not over.wait(0.3):
        for one in slow:
            with suppress(OSError):
                one.send(b"a")


@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_many_who_send_slowly_hold_up_nobody(service, begun):
    over = threading.Event()
    with ExitStack() as stack:
        slow = [stack.enter_context(client(service)) for _ in range(60)]
        for one in slow:
            one.sendall(begun.encode())
        if begun:
            sending = threading.Thread(target=letters_to, args=(slow, over))
            sending.start()
            stack.callback(sending.join)
            stack.callback(over.set)
        a_while(0.5)
        assert seconds_of_everybody_else(service) < 5


LARGE = [BEGUN[name] for name in ("a file without its end", "a chunk without its end", "long headers without an end")]


@pytest.mark.long
def test_who_sends_files_slowly_holds_them_up_for_others_hardly_longer_than_it_takes_to_see_it(site):
    over = threading.Event()
    with serving(site, more="overload.SLOW_SECONDS = 0.5") as service, ExitStack() as stack:
        slow = [stack.enter_context(client(service)) for _ in range(3 * len(LARGE))]
        for number, one in enumerate(slow):
            one.sendall(LARGE[number % len(LARGE)].encode())
        sending = threading.Thread(target=letters_to, args=(slow, over))
        sending.start()
        stack.callback(sending.join)
        stack.callback(over.set)
        a_while(0.5)
        began = time.monotonic()
        assert "HTTP/1.1 201" in sent(service, *with_a_file(900_000), pause=0.2)
        assert time.monotonic() - began < 15


@pytest.mark.long
def test_many_who_do_not_read_what_they_asked_for_hold_up_nobody(site):
    with serving(site, (20.0, 3.0, 300.0)) as service, ExitStack() as stack:
        for _ in range(20):
            one = stack.enter_context(client(service))
            one.sendall(b"GET /help/film.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        a_while(6)
        assert seconds_of_everybody_else(service) < 5


@pytest.mark.long
def test_who_takes_too_long_to_send_is_given_up(site):
    with serving(site, (1.0, 120.0, 2.0)) as service, ExitStack() as stack:
        slow = [stack.enter_context(client(service)) for _ in BEGUN]
        for one, begun in zip(slow, BEGUN.values(), strict=True):
            one.sendall(begun.encode())
        for one in slow:
            one.settimeout(10)
            with suppress(ConnectionResetError):
                answer = one.recv(1000)
                assert answer == b"" or b" 40" in answer.split(b"\r\n")[0], answer


def test_of_too_many_who_send_slowly_the_first_are_given_up(service):
    with ExitStack() as stack:
        slow = [stack.enter_context(client(service)) for _ in range(MOST_ARRIVING + 20)]
        a_while(0.5)
        slow[0].settimeout(5)
        assert slow[0].recv(1) == b""
        slow[-1].sendall(b"GET /help/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert slow[-1].recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("words", ["Where are my pears?", "Where? " * 500], ids=["short", "long"])
def test_a_message_that_comes_in_pieces_arrives(service, words):
    head, body = message(f"{words} {time.monotonic()}")
    third = len(body) // 3
    pieces = [head[:20], head[20:-2], head[-2:], body[:third], body[third : 2 * third], body[2 * third :]]
    assert sent(service, *pieces).startswith("HTTP/1.1 201")


@pytest.mark.parametrize("words", ["Please+do+cancel", "Please " * 15_000], ids=["short", "long"])
def test_a_message_that_breaks_off_is_not_taken_for_a_whole_one(service, words):
    head = POST.format(kind="application/x-www-form-urlencoded") + f"Content-Length: {len(words) + 50}\r\n\r\n"
    assert sent(service, head, f"message={words}").startswith("HTTP/1.1 400")


def with_a_file(size, expecting=""):
    """The head of a message with a file, and both halves of its body."""
    body = (
        f'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\nSee my file, {time.monotonic()}\r\n'
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n'
        f"Content-Type: application/pdf\r\n\r\n%PDF-1.4\n{'pears ' * (size // 6)}\n%%EOF\r\n--x--\r\n"
    )
    half = len(body) // 2
    head = FORM + f"{expecting}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return head, body[:half], body[half:]


@pytest.mark.parametrize("size", [WHOLE_BYTES - 2000, WHOLE_BYTES + 2000, 900_000])
@pytest.mark.parametrize("expecting", ["", "Expect: 100-continue\r\n"])
def test_a_file_of_any_size_that_comes_in_pieces_arrives(service, size, expecting):
    answer = sent(service, *with_a_file(size, expecting))
    assert re.match(r"HTTP/1.1 (100 Continue\r\n\r\nHTTP/1.1 )?201", answer), answer[:500]


def test_requests_that_come_at_once_are_all_answered(service):
    one = "GET /help/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    answers = sent(service, f"{one}\r\n{one}\r\n{one}Connection: close\r\n\r\n")
    assert answers.count("HTTP/1.1 200") in (1, 3), answers  # gunicorn may close after the first: it never waits


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(service):
    before = connections(service)
    for begun in BEGUN.values():
        for _ in range(30):
            with client(service) as one:
                one.sendall(begun.encode())
    until(lambda: connections(service) <= before, "all to be closed", seconds=10)


def worker(service):
    [pid] = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    return pid


def connections(service):
    found = 0
    for one in Path(f"/proc/{worker(service)}/fd").iterdir():
        with suppress(OSError):  # it has just been closed
            found += str(one.readlink()).startswith("socket:")
    return found


@pytest.mark.long
def test_who_sends_slowly_does_not_hold_up_the_end_of_the_service(site):
    with serving(site) as service, client(service) as one:
        one.sendall(b"GET /help/ HT")
        a_while(0.5)
        began = time.monotonic()
        service.process.terminate()
        service.process.wait(30)
        assert time.monotonic() - began < 12


@pytest.mark.parametrize(
    ("begun", "needed"),
    [
        (b"", 1),
        (b"GET / HTTP/1.1\r\n", 17),
        (b"GET / HTTP/1.1\r\n\r\n", 18),
        (b"GET / HTTP/1.1\r\n\r\nGET /", 18),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:5\r\n\r\nab", 42),
        (b"POST / HTTP/1.1\r\nContent-Length: \t5 \r\n\r\n", 45),
    ],
)
def test_what_is_needed_of_a_request_is_its_head_and_its_body(begun, needed):
    assert _length(begun) == needed


@pytest.mark.parametrize(
    "header",
    [
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Content-Length: pears",
        b"Content-Length: " + b"9" * 5000,
    ],
)
def test_what_does_not_say_its_size_counts_as_large(header):
    assert _length(b"POST / HTTP/1.1\r\n" + header + b"\r\n\r\n") > WHOLE_BYTES
