"""Metrics for Prometheus: number of searches, outcomes, durations. No words, no addresses."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox_status import outbox_status
from handrail_kb.errors import StoreUnavailable
from handrail_search.ranking.live import LiveIndex
from handrail_search.service.monitoring.requests import Answered
from handrail_search.service.rate_limits.shared_counts import SharedCounts
from handrail_search.service.search_pages import AnsweredSearch

_REQUEST_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0)


class Meter:
    """The counters of this service. Those of several processes are summed (PROMETHEUS_MULTIPROC_DIR)."""

    def __init__(self, live: LiveIndex, searches: SearchLog, store: Store, counts: SharedCounts | None = None) -> None:
        """Use a separate registry; the state of the outbox is read from the store."""
        self._registry = CollectorRegistry()
        self._searches = Counter(
            "handrail_searches", "Searches answered, by verdict and mode.", ["verdict", "mode"], registry=self._registry
        )
        self._seconds = Histogram(
            "handrail_search_seconds", "Seconds a search took in the engine.", buckets=_SECONDS, registry=self._registry
        )
        self._requests = Histogram(
            "handrail_http_request_duration_seconds",
            "Seconds until a request was answered.",
            ["method", "endpoint", "status"],
            buckets=_REQUEST_SECONDS,
            registry=self._registry,
        )
        self._messages = Counter(
            "handrail_contact",
            "Messages sent with the contact form, by what became of them.",
            ["outcome"],
            registry=self._registry,
        )
        self._state = _State(live, searches, store, counts)
        self._registry.register(self._state)

    def count(self, asked: AnsweredSearch) -> None:
        """Count an answered search."""
        self._searches.labels(asked.results.verdict, asked.results.mode).inc()
        self._seconds.observe(asked.ms / 1000)

    def count_request(self, answered: Answered) -> None:
        """Count an answered request."""
        self._requests.labels(answered.method, answered.endpoint, str(answered.status)).observe(answered.seconds)

    def count_message(self, status: int) -> None:
        """Count a message that was sent, by the status of the answer."""
        self._messages.labels("failed" if status >= 500 else "refused" if status >= 400 else "kept").inc()

    def page(self) -> Response:
        """GET metrics."""
        registry = self._registry
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if folder and Path(folder).is_dir():
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            registry.register(self._state)
        return Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST)


class _State(Collector):
    """The state of the process that is asked, read when it is asked."""

    def __init__(self, live: LiveIndex, searches: SearchLog, store: Store, counts: SharedCounts | None) -> None:
        self._live = live
        self._counts = counts
        self._searches = searches
        self._store = store

    def collect(self) -> list[Metric]:
        searcher = self._live.searcher()
        degraded = bool(searcher and searcher.missing)
        refused = self._live.problem is not None
        return [
            *([_generation(searcher.index.name)] if searcher else []),
            _gauge("handrail_articles", "Articles in the index.", len(searcher.index.pages) if searcher else 0),
            _gauge("handrail_degraded", "1 while words answer without meaning.", degraded),
            _gauge("handrail_index_refused", "1 while the index named in CURRENT is refused.", refused),
            _gauge(
                "handrail_limits_degraded",
                "1 while limits_store cannot be used and each process counts for itself.",
                bool(self._counts and not self._counts.reachable),
            ),
            _gauge("handrail_log_waiting", "Searches and events not written yet.", self._searches.waiting),
            _gauge("handrail_log_dropped", "Searches and events that could not be kept.", self._searches.dropped),
            *self._outbox(),
        ]

    def _outbox(self) -> list[Metric]:
        """The state of the outbox and its channels; nothing, rather than 0, when the store cannot be read."""
        at = now()
        try:
            stands = outbox_status(self._store, at)
        except StoreUnavailable:
            return []
        delivered = CounterMetricFamily(
            "handrail_outbox_delivered", "Messages delivered, by channel.", labels=["channel"]
        )
        failures = CounterMetricFamily(
            "handrail_outbox_failures", "Attempts that failed, by channel.", labels=["channel"]
        )
        for channel in stands.channels:
            delivered.add_metric([channel.name], channel.delivered)
            failures.add_metric([channel.name], channel.failed)
        seconds = stands.age(at).total_seconds()
        return [
            _gauge("handrail_outbox_waiting", "Messages that no person has got yet, by route.", stands.waiting),
            _gauge("handrail_answers_came_back", "Answers refused for good that nobody has seen to.", stands.came_back),
            _gauge("handrail_outbox_oldest_seconds", "Seconds that the oldest of them has waited.", seconds),
            delivered,
            failures,
        ]


def _generation(name: str) -> Metric:
    info = GaugeMetricFamily(
        "handrail_generation_info", "The generation of site and index that serves, as a label.", labels=["generation"]
    )
    info.add_metric([name], 1)
    return info


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)
