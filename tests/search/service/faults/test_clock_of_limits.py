"""Limits last as long as they say, whatever happens to the clock on the wall."""

from __future__ import annotations

import time

import pytest

from handrail_search.service.rate_limits.steady_counts import SteadyCounts


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
