"""Asked more than it can answer, the service says so early, and customers still reach a person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_search.service.overload import RETRY_AFTER_SECONDS, patience_with
from waiting import until

from ..test_serving import build, free_port, get, root  # noqa: F401 (a fixture)

# A search takes 10 ms of a processor that is busy with one at a time: 100 a second is all it can do.
SLOW = """
import sys, threading, time
from handrail_search.ranking.searcher import Searcher
search, one_at_a_time = Searcher.search, threading.Lock()
def slow(*values, **named):
    with one_at_a_time:
        time.sleep(0.01)
    return search(*values, **named)
Searcher.search = slow
if {patient}:
    from handrail_search.service import overload
    overload.patience_with = lambda endpoint: None
from handrail_kb.cli import main
main()
"""
CUSTOMERS = 150
SECONDS = 6.0


@contextmanager
def busy_service(folder, *, patient=False):
    port = free_port()
    flags = ["--port", str(port), "--workers", "1"]
    rates = {f"HANDRAIL_{kind}_RATE": "1000000 per minute" for kind in ("SEARCH", "CONTACT", "CODE")}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(patient=patient), "run", *flags],
        cwd=folder,
        env={**os.environ, **rates},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/help/"
        until(lambda: _answers(address), "ready", seconds=60)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _answers(address):
    try:
        return get(f"{address}readyz")[0] == 200
    except OSError:
        return False


class Crowd:
    """So many customers who ask again as soon as they are answered; one more who writes to a person meanwhile."""

    def __init__(self, address):
        self.address = address
        self.searches = Counter()
        self.slowest = 0.0
        self.retry_after = set()
        self.messages: list[tuple[int, float]] = []
        self._over = threading.Event()

    def run(self):
        crowd = [threading.Thread(target=self._search, args=(number,)) for number in range(CUSTOMERS)]
        for one in crowd:
            one.start()
        until(lambda: sum(self.searches.values()) > CUSTOMERS, "the line to build up")
        time_over = time.monotonic() + SECONDS
        while time.monotonic() < time_over:
            self.messages.append(self._ask("api/contact", {"message": f"Please help me, {time.monotonic()}"})[:2])
            self.messages.append(self._ask("healthz")[:2])
        self._over.set()
        for one in crowd:
            one.join()

    def _search(self, number):
        while not self._over.is_set():
            status, took, headers = self._ask(f"api/search?q=pears+{number}")
            self.searches[status] += 1
            self.slowest = max(self.slowest, took)
            if status == 503:
                self.retry_after.add(headers.get("Retry-After"))

    def _ask(self, path, sent=None):
        body = json.dumps(sent).encode() if sent else None
        asked = urllib.request.Request(self.address + path, body, {"Content-Type": "application/json"})
        began = time.monotonic()
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                answer.read()
                return answer.status, time.monotonic() - began, answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, time.monotonic() - began, error.headers


@pytest.mark.long
def test_under_overload_searches_are_refused_early_and_messages_arrive(root):  # noqa: F811 (a fixture)
    build(root)
    with busy_service(root) as address:
        crowd = Crowd(address)
        crowd.run()
        assert set(crowd.searches) == {200, 503}
        assert crowd.retry_after == {str(RETRY_AFTER_SECONDS)}
        assert {status for status, _ in crowd.messages} == {200, 201}
        late = sorted(took for _, took in crowd.messages)
        # Well again at once: the line is short.
        assert get(f"{address}api/search?q=pears")[0] == 200
    with busy_service(root, patient=True) as address:
        patient = Crowd(address)
        patient.run()
    assert set(patient.searches) == {200}
    waited = sorted(took for _, took in patient.messages)
    assert late[len(late) // 2] < 0.75 * waited[len(waited) // 2]


def test_votes_give_way_before_searches_before_pages_and_what_reaches_a_person_never():
    in_order = ["feedback.vote", "search.api", "site"]
    patience = [patience_with(endpoint) for endpoint in in_order]
    assert patience == sorted(patience)
    for endpoint in ("feedback.contact", "feedback.page", "feedback.code", "desk.home", "healthz", "readyz", "metrics"):
        assert patience_with(endpoint) is None


def test_what_a_program_does_next_is_in_the_headers(client):
    answer = client.delete("/api/search")
    assert answer.status_code == 405
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["Allow"].replace(" ", "").split(","))
