"""Counts what tests try: as many tries as a test makes itself, and how each ended."""

from __future__ import annotations

import functools
import math
import time
from collections import defaultdict
from dataclasses import dataclass, field

import pytest

from .kinds import KINDS

NO_TIME = "no time was left"


@dataclass
class Tally:
    """What came of one kind: `failed` and `skipped` are the names of tests."""

    tried: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


class Tries:
    """A plugin of pytest. `of` has a Tally for each kind, by its name.

    A test tries once, or as often as it says by `record_property("tried", 100)`; one by Hypothesis, once an example.
    """

    def __init__(self, seconds=math.inf):
        """No test is begun after so many seconds."""
        self.of = defaultdict(Tally)
        self.over = False
        self._until = time.monotonic() + seconds
        self._examples = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """The longest last, of which there may be no time for all."""
        items.sort(key=lambda item: item.get_closest_marker("long") is not None)

    def pytest_runtest_setup(self, item):
        """Stop where the time is over."""
        if time.monotonic() > self._until:
            self.over, item.session.shouldstop = True, "the time is over"
            pytest.skip(NO_TIME)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        """Count the examples of a test that Hypothesis runs."""
        self._examples = 0
        drawn = getattr(getattr(item, "obj", None), "hypothesis", None)
        if drawn is None:
            return (yield)
        inner = drawn.inner_test

        @functools.wraps(inner)
        def counted(*values, **named):
            self._examples += 1
            return inner(*values, **named)

        drawn.inner_test = counted
        try:
            return (yield)
        finally:
            drawn.inner_test = inner
            item.user_properties.append(("tried", max(self._examples, 1)))

    def pytest_runtest_logreport(self, report):
        """Note how a test ended. What fails before or after it counts as well."""
        for kind in KINDS:
            if not kind.has(report.nodeid):
                continue
            tally = self.of[kind.name]
            if report.skipped and NO_TIME in str(report.longrepr):
                continue
            if report.skipped:
                tally.skipped.append(report.nodeid)
            elif report.failed:
                tally.failed.append(report.nodeid)
            if report.when == "call" and not report.skipped:
                tally.tried += dict(report.user_properties).get("tried", 1)
