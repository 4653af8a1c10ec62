"""Metrics that are read when they are asked for: of the index, of limits, and of the store, which every node sees.

What an alert needs is among them, and not counted in memory: it is the same after a restart, and from every process.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from handrail_feedback.records.outbox import ANSWER, OutboxStatus, parse_routes
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.job_runs import JOBS, last_successes
from handrail_feedback.storage.messages.outbox_status import outbox_status
from handrail_feedback.storage.upkeep.capacity import Filled, how_full
from handrail_kb import __version__
from handrail_kb.config.settings import Settings
from handrail_kb.errors import StoreUnavailable
from handrail_search.ranking.live import LiveIndex
from handrail_search.service.rate_limits.shared_counts import SharedCounts

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
# For each of three questions: Prometheus waits for ten seconds in all.
_PATIENCE_SECONDS = 3.0


class IndexMetrics(Collector):
    """What this node answers with, and what it does without."""

    def __init__(self, live: LiveIndex, settings: Settings, counts: SharedCounts | None) -> None:
        """`counts` are the limits that nodes share, where they do."""
        self._live = live
        self._settings = settings
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Read the state of this process."""
        searcher = self._live.searcher()
        index = searcher.index if searcher else None
        info = GaugeMetricFamily(
            "handrail_build_info",
            "1, with what this node runs: version, generation of the index, encoder, role, kind of store.",
            labels=["version", "generation", "encoder", "role", "store", "python"],
        )
        store = "postgresql" if isinstance(self._settings.store_place, str) else "sqlite"
        generation, encoder = (index.name, Path(self._settings.text("encoder")).name) if index else ("", "")
        info.add_metric(
            [__version__, generation, encoder, self._settings.text("role"), store, platform.python_version()], 1
        )
        yield info
        created = datetime.fromisoformat(index.manifest.created).timestamp() if index else 0
        yield _gauge("handrail_index_articles", "Articles in the index.", len(index.pages) if index else 0)
        yield _gauge("handrail_index_created_timestamp_seconds", "When the index was made; 0 without one.", created)
        yield _gauge(
            "handrail_index_refused",
            "1 while the index that is named in CURRENT is missing or refused.",
            self._live.problem is not None,
        )
        yield _gauge(
            "handrail_search_degraded",
            "1 while words answer without meaning.",
            bool(searcher and searcher.missing),
        )
        yield _gauge(
            "handrail_limits_degraded",
            "1 while limits_store cannot be used and each process counts for itself.",
            bool(self._counts and not self._counts.reachable),
        )


class StoreMetrics(Collector):
    """What the store says; where it cannot be read only that, because 0 would be untrue. Nothing is written."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """The channels of the settings have their series before the first message."""
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="handrail-metrics")
        self._channels = {ANSWER: None} | {
            channel: None for route in parse_routes(settings.text("deliver")) for channel in route.channels
        }

    def collect(self) -> Iterator[Metric]:
        """Read the store, and look whether it could be written; what can be read comes first, whatever else holds."""
        at, usable = now(), 1
        try:
            status, succeeded = self._in_time(self._read, at)
            yield from self._outbox(status, at)
            yield _jobs(succeeded)
            yield _fullness(self._in_time(how_full, self._store))
            self._in_time(self._store.look)
        except StoreUnavailable:
            usable = 0
        yield _gauge("handrail_store_usable", "1 while the store can be read and written.", usable)

    def _read(self, at: datetime) -> tuple[OutboxStatus, dict[str, datetime]]:
        return outbox_status(self._store, at), last_successes(self._store)

    def _in_time(self, ask: Callable[Given, Answer], *args: Given.args, **more: Given.kwargs) -> Answer:
        """What the store answers. Raises StoreUnavailable, also where it takes so long that the scrape would fail."""
        asked = self._thread.submit(ask, *args, **more)
        try:
            return asked.result(timeout=_PATIENCE_SECONDS)
        except TimeoutError as error:
            asked.cancel()  # the one that is asked already has bounds of its own
            raise StoreUnavailable(
                f"{self._store.place} does not answer.", "Ask: handrail doctor", passing=True
            ) from error

    def _outbox(self, status: OutboxStatus, at: datetime) -> Iterator[Metric]:
        yield _gauge("handrail_outbox_waiting", "Messages that no person has got yet, by route.", status.waiting)
        yield _gauge(
            "handrail_outbox_oldest_seconds",
            "Seconds that the oldest of them has waited.",
            status.age(at).total_seconds(),
        )
        yield _gauge("handrail_outbox_unsent", "Messages that no way of `deliver` was set for.", status.unsent)
        yield _gauge(
            "handrail_answers_came_back", "Answers refused for good that nobody has seen to.", status.came_back
        )
        delivered = CounterMetricFamily(
            "handrail_outbox_delivered", "Messages delivered, by channel.", labels=["channel"]
        )
        failures = CounterMetricFamily(
            "handrail_outbox_failures", "Attempts that failed, by channel.", labels=["channel"]
        )
        failing = GaugeMetricFamily(
            "handrail_outbox_channel_failing_seconds",
            "Seconds since a channel began to fail; 0 while it works.",
            labels=["channel"],
        )
        states = {channel.name: channel for channel in status.channels}
        for name in {**self._channels, **dict.fromkeys(states)}:
            state = states.get(name)
            since = state.failing_since if state else None
            delivered.add_metric([name], state.delivered if state else 0)
            failures.add_metric([name], state.failed if state else 0)
            failing.add_metric([name], max((at - since).total_seconds(), 0.0) if since else 0)
        yield from (delivered, failures, failing)


def _jobs(succeeded: Mapping[str, datetime]) -> Metric:
    jobs = GaugeMetricFamily(
        "handrail_job_last_success_timestamp_seconds", "When a job last succeeded; 0: never.", labels=["name"]
    )
    for job in JOBS:
        jobs.add_metric([job], succeeded[job].timestamp() if job in succeeded else 0)
    return jobs


def _fullness(found: list[Filled]) -> Metric:
    shares = GaugeMetricFamily(
        "handrail_store_filled_ratio",
        "How full the store is, by kind of what is kept; from 1 on no more of it is kept.",
        labels=["kind"],
    )
    for one in found:
        shares.add_metric([one.kind], one.share)
    return shares


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)
