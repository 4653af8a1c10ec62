"""Limits last as long as they say, whatever happens to the clock on the wall, and keep nobody's name any longer."""

from __future__ import annotations

import threading
import time

import pytest

from handrail_search.service.rate_limits.steady_counts import SteadyCounts
from waiting import until


@pytest.fixture
def clocks(monkeypatch):
    """Two clocks, in seconds ahead of the real ones: the one on the wall, which can be set, and the one that cannot."""
    wall, steady, ahead = time.time, time.monotonic, {"set": 0.0, "passed": 0.0}
    monkeypatch.setattr(time, "time", lambda: wall() + ahead["set"] + ahead["passed"])
    monkeypatch.setattr(time, "monotonic", lambda: steady() + ahead["passed"])
    return ahead


@pytest.mark.parametrize("seconds", [-86400, -3000, -5, 5, 3000, 86400 * 400])
def test_a_limit_neither_lasts_longer_nor_ends_because_the_clock_was_set(clocks, seconds):
    counts = SteadyCounts()
    assert counts.acquire_entry("anna", 2, 60)
    assert counts.acquire_entry("anna", 2, 60)
    clocks["set"] += seconds
    assert not counts.acquire_entry("anna", 2, 60), "it goes on"
    began, taken = counts.get_moving_window("anna", 2, 60)
    assert taken == 2
    assert abs(began - time.time()) < 20
    clocks["passed"] += 57
    assert not counts.acquire_entry("anna", 2, 60)
    clocks["passed"] += 4
    assert counts.acquire_entry("anna", 2, 60), "it ends when it would have ended"


def test_whoever_is_counted_no_more_is_forgotten_in_time(clocks):
    counts = SteadyCounts()
    for number in range(50):
        assert counts.acquire_entry(f"client {number}", 5, 60)
        assert counts.incr(f"client {number} today", 60) == 1
    assert len(counts.events) == len(counts.storage) == 50
    assert counts.acquire_entry("anna", 5, 3600)
    clocks["passed"] += 90
    assert counts.incr("bert today", 60) == 1
    kept = {*counts.events, *counts.storage, *counts.expirations, *counts.locks}
    assert kept == {"anna", "bert today"}


def test_no_request_starts_a_thread_that_walks_through_all_clients():
    def timers():
        return [one for one in threading.enumerate() if isinstance(one, threading.Timer)]

    counts = SteadyCounts()
    until(lambda: not timers(), "the library's first timer to end")
    for number in range(200):
        counts.acquire_entry(f"client {number}", 5, 60)
        counts.incr(f"client {number} today", 60)
        assert timers() == []
