"""Clients that hold connections, without a web server in front, take them from nobody else, and end no process."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import ExitStack

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from gunicorn.config import Config
from gunicorn.glogging import Logger

from handrail_search.service import gunicorn_server, overload
from handrail_search.service.overload import CONNECTIONS, MOST_ARRIVING, MOST_LARGE, WatchedWorker

from . import test_slow_clients
from .test_slow_clients import JSON, a_while, client, seconds_of_everybody_else, serving, worker

site, service = test_slow_clients.site, test_slow_clients.service
ASKS = b"GET /help/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"
CHUNKS = JSON.encode() + b"Transfer-Encoding: chunked\r\n\r\n"
FEW_FILES = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}))"


@pytest.fixture(autouse=True)
def many_files():
    """The test itself holds as many connections as it opens."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 0 else min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def many(stack, service, number, sent=b""):
    opened = []
    for _ in range(number):
        opened.append(stack.enter_context(client(service)))
        if sent:
            opened[-1].sendall(sent)
    return opened


@pytest.mark.long
@pytest.mark.parametrize("asks", [b"Connection: close\r\n", b"Content-Length: -1\r\n"], ids=["answered", "refused"])
def test_who_does_not_close_what_is_answered_holds_up_nobody(service, asks):
    with ExitStack() as stack:
        many(stack, service, 40, ASKS % asks)
        assert seconds_of_everybody_else(service) < 5


def test_who_does_not_read_a_large_file_holds_up_nobody_meanwhile(service):
    before = worker(service)
    with ExitStack() as stack:
        many(stack, service, 60, b"GET /help/film.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        a_while(0.5)
        assert seconds_of_everybody_else(service) < 5
    assert worker(service) == before


def test_of_too_many_large_requests_the_newest_are_refused_and_others_are_answered(service):
    with ExitStack() as stack:
        large = many(stack, service, CONNECTIONS + 50, CHUNKS)
        assert seconds_of_everybody_else(service) < 5
        large[0].settimeout(0.2)
        with pytest.raises(TimeoutError):  # it still has its turn
            large[0].recv(1)
        answer = large[-1].recv(1000)
        assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 60" in answer and b"without files" in answer


def test_a_client_that_is_given_up_while_it_sends_ends_no_process(service):
    before = worker(service)
    with ExitStack() as stack:
        slow = many(stack, service, MOST_ARRIVING)
        a_while(0.5)
        os.kill(int(before), signal.SIGSTOP)  # so that it sees the new client and what the others send at once
        many(stack, service, 1)
        for one in slow:
            one.send(b"G")
        os.kill(int(before), signal.SIGCONT)
        assert seconds_of_everybody_else(service) < 5
    assert worker(service) == before


@pytest.mark.long
def test_with_few_files_fewer_connections_are_held_and_the_rest_goes_on(site):
    with serving(site, more=FEW_FILES.format(most=300)) as service, ExitStack() as stack:
        before = worker(service)
        for sent in (b"", CHUNKS, ASKS % b"Connection: close\r\n"):
            many(stack, service, 250, sent)
            assert seconds_of_everybody_else(service) < 5
        assert worker(service) == before


@pytest.mark.long
def test_without_any_file_left_the_process_goes_on(site):
    more = f"{FEW_FILES.format(most=200)}; from handrail_search.service import gunicorn_server as g; g.OTHER_FILES = 0"
    with serving(site, more=more) as service:
        before = worker(service)
        with ExitStack() as stack:
            many(stack, service, 400)
            a_while(1)
        assert seconds_of_everybody_else(service) < 10
        assert worker(service) == before


@pytest.mark.parametrize(("allowed", "found"), [((1024, 4096), 1000), ((1024, 1024), 524), ((256, 256), 128)])
def test_as_many_connections_are_held_as_the_system_allows_files(monkeypatch, allowed, found):
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: allowed)
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, _limits: None)
    assert gunicorn_server.connections() == found


@pytest.mark.parametrize("connections", [CONNECTIONS, 150])
def test_all_kinds_of_connections_that_wait_leave_room_for_others(connections):
    cfg = Config()
    cfg.set("worker_connections", connections)
    made = WatchedWorker(0, 0, [], None, 60, cfg, Logger(cfg))
    made.tmp.close()
    kinds = (MOST_ARRIVING, MOST_LARGE, overload.MOST_CLOSING, overload.MOST_IDLE)
    assert sum(made.share(kind) for kind in kinds) <= 0.9 * connections
    assert made.max_keepalived == overload.MOST_IDLE * connections // CONNECTIONS
