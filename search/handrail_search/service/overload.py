"""Gives threads to requests that are whole and not too old, so that slow clients and too many hold up nobody else.

A client that sends slowly would hold a thread meanwhile, and a few dozen of them every thread. So a request gets one
when all of it has arrived; what is large, or does not say how large it is, has a few threads of its own.

Requests wait in line for a thread. Without a bound, a service that is asked more than it can answer makes everybody
wait until they have gone, and works for those who have. So what has waited longer than it is worth is answered 503 with
`Retry-After`, which costs little; the dialog then searches in the browser. Votes and events give way first, then
searches, then pages. Messages, codes, health and the desk never do: their line is short, because the rest of it is
refused quickly. As in CoDel (RFC 8289), the time in line is the measure, and not its length.
"""

from __future__ import annotations

import errno
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fcntl import ioctl
from functools import partial
from itertools import islice
from selectors import EVENT_READ
from termios import TIOCOUTQ
from typing import Any

from flask import Flask, request
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import ServiceUnavailable

# Seconds a request may have waited, by its endpoint, or by the blueprint before the dot.
_PATIENCE = {
    "feedback.events": 0.25,
    "feedback.vote": 0.25,
    "search": 0.5,
    "site": 1.5,
    "site_home": 1.5,
}
RETRY_AFTER_SECONDS = 2

# A request of at most so many bytes waits until all of it is there: anything but a message with files.
WHOLE_BYTES = 80_000
# What has a longer head is read by the threads for large requests, or each byte of it would be looked at again.
_HEAD_BYTES = 16_384
LARGE_THREADS = 4
# While others wait for one of these, who sends fewer bytes a second than this keeps none for longer: a file of
# ten megabytes would take a quarter of an hour so.
SLOW_BYTES, SLOW_SECONDS = 10_000, 3.0
# How long a request may take to arrive; how long its thread may take, also to send to a client that reads slowly.
ARRIVAL_SECONDS, THREAD_SECONDS, LARGE_SECONDS = 20.0, 120.0, 300.0
# So many threads are never left to clients that do not read; how often it is looked at while the others are in use.
FREE_THREADS, _LOOK_SECONDS = 4, 0.05
# When the service stops, nobody waits longer than this for the rest of a request.
_ARRIVAL_SECONDS_AT_THE_END = 2.0
# Connections of a process, and of them: requests that are arriving, where of more the one that has taken longest is
# given up; large ones, where the newest is refused, for whoever is told so can send the words without the files; those
# that are answered and wait for the client to close, or to ask again, where the first are closed. What is left has or
# gets a thread at once, and is never without room. With fewer connections, all of these are fewer.
CONNECTIONS = 1000
MOST_ARRIVING, MOST_LARGE, MOST_CLOSING, MOST_IDLE = 500, 100, 100, 200
# As gunicorn does it, how long to wait for a client to close, and how much to read meanwhile: without that, the system
# would take back what the client has not read yet.
_CLOSING_SECONDS, _MOST_DRAINED = 2.0, 65_536
_REFUSED = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
)
_TOO_MANY_FILES = b"Too many files are being sent at the moment. Send your message without files, or in a minute.\n"
# An answer that fits is handed to the system at once, however slowly it is read.
_SENT_AHEAD_BYTES = 1 << 20
_NO_ROOM, _NO_ROOM_SECONDS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM), 0.05
_ROOM = 20
_LENGTH = re.compile(rb"\r\ncontent-length:([^\r]*)\r\n", re.IGNORECASE)
_UNKNOWN_LENGTH = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)
# `tcpi_bytes_received` in Linux' `struct tcp_info`.
_RECEIVED = struct.Struct("=128xQ")
_this_thread = threading.local()


class WatchedWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which get requests that are whole, and know how long these have waited."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        # Since when each connection has had a request that is not whole, or a thread, longest first.
        self._arriving: dict[Any, float] = {}
        self._handled: dict[Any, float] = {}
        # Since when each has been answered, and waits for the client to close; and those that need a thread for long.
        self._closing: dict[Any, float] = {}
        self._large: set[Any] = set()
        self._looked_at = self._freed_at = 0.0
        self.max_keepalived = self.share(MOST_IDLE)

    def share(self, of_all: int) -> int:
        """So many of `CONNECTIONS`, in proportion where the system allows fewer."""
        return max(1, of_all * int(self.cfg.worker_connections) // CONNECTIONS)

    def get_thread_pool(self) -> _Threads:
        """The threads for requests."""
        return _Threads(self.cfg.threads)

    def enqueue_req(self, conn: Any) -> None:
        """Put a connection into the line for a thread, once its request is whole."""
        conn.seen = 0
        needed = _needed(conn)
        if not needed:
            self._line_up(conn)
            return
        self._arriving[conn] = time.monotonic()
        _wake_at(conn, needed)
        self.poller.register(conn.sock, EVENT_READ, partial(self._more, conn))
        if len(self._arriving) > self.share(MOST_ARRIVING):
            self._give_up(next(iter(self._arriving)), self._arriving)

    def _more(self, conn: Any, _sock: object) -> None:
        if conn not in self._arriving:  # given up for another one, which came in the same moment
            return
        needed = _needed(conn)
        if needed:
            _wake_at(conn, needed)
            return
        self.poller.unregister(conn.sock)
        del self._arriving[conn]
        _wake_at(conn, 1)
        self._line_up(conn)

    def _line_up(self, conn: Any) -> None:
        if conn.is_large and len(self._large) >= self.share(MOST_LARGE):
            self._refuse(conn)
            return
        if conn.is_large:
            self._large.add(conn)
            conn.had, conn.answered = _received(conn), getattr(conn.parser, "mesg", None)
        conn.in_line_since = time.monotonic()
        conn.data_ready = True  # or gunicorn would look with a handle of its own
        with suppress(OSError):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT_AHEAD_BYTES)
        super().enqueue_req(conn)

    def _refuse(self, conn: Any) -> None:
        """Answer without a thread; that fits into what the system holds for a client that reads slowly."""
        with suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.send(_REFUSED % (len(_TOO_MANY_FILES), _TOO_MANY_FILES))
        self._end(conn)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Take a connection back from its thread: for its next request, or to be closed without waiting here for it."""
        self._large.discard(conn)
        if not fs.cancelled() and fs.exception() is None and not fs.result():
            self._end(conn)
        else:
            super().finish_request(conn, fs)

    def _end(self, conn: Any) -> None:
        """Send no more, and close when the client does. gunicorn would wait for each here, and take nothing on."""
        conn.drained = 0
        self._closing[conn] = time.monotonic()
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):  # the client has gone, or it was closed already
            self._give_up(conn, self._closing)
        if len(self._closing) > self.share(MOST_CLOSING):
            self._give_up(next(iter(self._closing)), self._closing)

    def _drain(self, conn: Any, _sock: object) -> None:
        if conn not in self._closing:
            return
        try:
            got = len(conn.sock.recv(_MOST_DRAINED))
        except BlockingIOError:
            return
        except OSError:
            got = 0
        conn.drained += got
        if not got or conn.drained >= _MOST_DRAINED:
            self._give_up(conn, self._closing)

    def _give_up(self, conn: Any, waiting: dict[Any, float]) -> None:
        with suppress(OSError, KeyError, ValueError):  # it was not registered
            self.poller.unregister(conn.sock)
        del waiting[conn]
        self.nr_conns -= 1
        conn.close()

    def accept(self, listener: socket.socket) -> None:
        """Take on a connection. Where the system has no handle left, room is made: the process goes on."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            waiting = self._closing or self._arriving
            for conn in list(islice(waiting, _ROOM)):
                self._give_up(conn, waiting)
            time.sleep(_NO_ROOM_SECONDS)  # or it would be told at once again

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what comes next, a second at most, and close what has taken too long."""
        is_busy = len(self._handled) > self.cfg.threads - FREE_THREADS
        super().wait_for_and_dispatch_events(min(timeout, _LOOK_SECONDS if is_busy else 1.0))
        at = time.monotonic()
        if is_busy and at - self._freed_at >= _LOOK_SECONDS:
            self._freed_at = at
            self._free_threads(at)
        if at - self._looked_at >= 1.0:
            self._looked_at = at
            self._close_late(at)

    def _free_threads(self, at: float) -> None:
        """Keep some threads for others: of more clients that do not read what they asked for, close the longest."""
        handled = self._handled.copy().items()  # threads change it meanwhile
        slow = [
            conn for conn, since in handled if not conn.is_large and at - since > _LOOK_SECONDS and _is_unread(conn)
        ]
        for conn in slow[: max(0, len(slow) - self.cfg.threads + FREE_THREADS)]:
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RDWR)

    def _close_late(self, at: float) -> None:
        arrival = ARRIVAL_SECONDS if self.alive else _ARRIVAL_SECONDS_AT_THE_END
        for waiting, most in ((self._arriving, arrival), (self._closing, _CLOSING_SECONDS)):
            for conn in [conn for conn, since in waiting.items() if at - since > most]:
                self._give_up(conn, waiting)
        others_wait = len(self._large) > LARGE_THREADS
        for conn, since in self._handled.copy().items():  # threads change it meanwhile
            if others_wait and conn.is_large and _is_slow(conn, at - since):
                with suppress(OSError):  # it is told what was read of it
                    conn.sock.shutdown(socket.SHUT_RD)
            if at - since > (LARGE_SECONDS if conn.is_large else THREAD_SECONDS):
                with suppress(OSError):  # it has just ended
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def handle(self, conn: Any) -> Any:
        """Answer it, in a thread."""
        self._handled[conn] = at = time.monotonic()
        _this_thread.waited = at - conn.in_line_since
        try:
            return super().handle(conn)
        finally:
            del self._handled[conn]


class _Threads:
    """Threads for requests, and a few for those that have to be read from a client, which may be slow."""

    def __init__(self, number: int) -> None:
        self._usual = ThreadPoolExecutor(number)
        self._large = ThreadPoolExecutor(LARGE_THREADS)

    def submit(self, handle: Callable[[Any], Any], conn: Any) -> Future[Any]:
        return (self._large if conn.is_large else self._usual).submit(handle, conn)

    def shutdown(self, wait: bool = True) -> None:
        self._usual.shutdown(wait)
        self._large.shutdown(wait)


def _needed(conn: Any) -> int:
    """How many bytes of its request have to be there before a connection is looked at again; 0 if it needs a thread.

    Notes on the connection whether it needs one of those for large requests, and how much of it was there.
    """
    parser = getattr(conn, "parser", None)
    conn.is_large = bool(parser and parser.unreader.buf.getvalue())  # it has read some of its next request
    if conn.is_large:
        return 0
    try:
        begun = conn.sock.recv(WHOLE_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 1
    except OSError:  # whoever handles it finds out
        return 0
    needed = _length(begun)
    if begun and needed > len(begun):
        # Woken up for nothing more: the client has closed, or the system cannot hold as much.
        conn.is_large = needed > WHOLE_BYTES or len(begun) <= conn.seen
        conn.seen = len(begun)
        return 0 if conn.is_large else needed
    return 0


def _length(begun: bytes) -> int:
    """How many bytes a request has that begins so, at least; more than WHOLE_BYTES if that cannot be said.

    This decides only which thread reads it, and when: what a request means is for gunicorn to say.
    """
    head, end, _ = begun.partition(b"\r\n\r\n")
    if not end:
        return len(begun) + 1 if len(begun) < _HEAD_BYTES else WHOLE_BYTES + 1
    head += b"\r\n"
    if _UNKNOWN_LENGTH.search(head):
        return WHOLE_BYTES + 1
    lengths = _LENGTH.findall(head)
    try:
        return len(head) + 2 + (int(lengths[0]) if lengths else 0)
    except ValueError:
        return WHOLE_BYTES + 1


def _is_unread(conn: Any) -> bool:
    """Whether the system still holds some of an answer, which the client has not taken."""
    try:
        return bool(int.from_bytes(ioctl(conn.sock.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder))
    except (OSError, ValueError):
        return False


def _is_slow(conn: Any, seconds: float) -> bool:
    """Whether a client has sent hardly anything to the thread that has read its request for so long."""
    if seconds <= SLOW_SECONDS or _received(conn) - conn.had >= SLOW_BYTES * seconds:
        return False
    asked = getattr(conn.parser, "mesg", None)
    if asked is None or asked is conn.answered:  # the head of its request is not whole
        return True
    reader = asked.body.reader
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))


def _received(conn: Any) -> int:
    """How many bytes a client has sent, ever, over a connection of its own; of another one nobody knows: enough."""
    try:
        found = conn.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
        return int(_RECEIVED.unpack(found)[0])
    except (OSError, AttributeError, struct.error):
        return sys.maxsize


def _wake_at(conn: Any, bytes_there: int) -> None:
    """Have the poller tell of a connection when so much of its request is there."""
    with suppress(OSError):
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, bytes_there)


def refuse_late(app: Flask) -> None:
    """Answer 503 to what has waited too long, before anything else is done for it."""
    app.before_request_funcs.setdefault(None, []).insert(0, _refuse_late)


def _refuse_late() -> None:
    patience = patience_with(request.endpoint or "")
    if patience is not None and getattr(_this_thread, "waited", 0.0) > patience:
        raise ServiceUnavailable("The service is busy.", retry_after=RETRY_AFTER_SECONDS)


def patience_with(endpoint: str) -> float | None:
    """How long a request for an endpoint may have waited, in seconds; None without a limit."""
    return _PATIENCE.get(endpoint, _PATIENCE.get(endpoint.partition(".")[0]))
