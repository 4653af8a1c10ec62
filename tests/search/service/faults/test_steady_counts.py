"""Limits last as long as they say, whatever happens to the clock on the wall, and keep nobody's name any longer."""

from __future__ import annotations

import threading
import time

import pytest

from handrail_search.service.rate_limits import steady_counts
from handrail_search.service.rate_limits.steady_counts import SteadyCounts
from waiting import until


@pytest.fixture
def wall(monkeypatch):
    """Sets the clock on the wall by so many seconds; the one that nobody sets goes on."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    def set_by(seconds):
        ahead[0] += seconds

    return set_by


@pytest.mark.parametrize("seconds", [-86400, -3000, -5, 5, 3000, 86400 * 400])
def test_a_limit_neither_lasts_longer_nor_ends_because_the_clock_was_set(wall, seconds):
    counts = SteadyCounts()
    assert counts.acquire_entry("anna", 2, 2)
    assert counts.acquire_entry("anna", 2, 2)
    wall(seconds)
    assert not counts.acquire_entry("anna", 2, 2), "it goes on"
    began, taken = counts.get_moving_window("anna", 2, 2)
    assert taken == 2
    assert abs(began - time.time()) < 2
    until_free = time.monotonic() + 10
    while not counts.acquire_entry("anna", 2, 2):
        assert time.monotonic() < until_free, "it ends when it would have ended"


def test_whoever_is_counted_no_more_is_forgotten_in_time(monkeypatch):
    monkeypatch.setattr(steady_counts, "_FORGET_EVERY_SECONDS", 0.0)
    counts = SteadyCounts()
    for number in range(50):
        assert counts.acquire_entry(f"client {number}", 5, 0.05)
        assert counts.incr(f"client {number} today", 0.05) == 1
    assert len(counts.events) == len(counts.storage) == 50
    assert counts.acquire_entry("anna", 5, 60)
    time.sleep(0.1)  # noqa: TID251 (both windows end)
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
