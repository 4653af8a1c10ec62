"""Metrics for Prometheus: what this service counts, and where the others are collected. No words, no addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import prometheus_client.values
from flask import Flask, Response, current_app
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from handrail_feedback.search_log import Outcome, SearchLog
from handrail_search.ranking.results import Mode, Verdict
from handrail_search.service.monitoring.allocated_counts import AllocatedDict
from handrail_search.service.monitoring.process_files import ProcessFiles, shared_folder
from handrail_search.service.monitoring.process_metrics import ProcessMetrics
from handrail_search.service.monitoring.requests import Answered
from handrail_search.service.search_pages import AnsweredSearch

_REQUEST_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SEARCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0)
# Statuses that a rate is taken of; series of others appear with their first answer.
_STATUSES = ("200", "500", "503")
_METHODS = ("GET", "POST")
# When a series began is of no use here, and would be as many series again.
disable_created_metrics()  # type: ignore[no-untyped-call]
# Where processes share a folder, counts are in files of this kind. Whether they do was not known yet when whatever this
# process was made from imported the library.
prometheus_client.values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]
prometheus_client.values.ValueClass = prometheus_client.values.get_value_class()  # type: ignore[no-untyped-call]


class Meter:
    """The counters of this service. Those of several processes are summed (PROMETHEUS_MULTIPROC_DIR)."""

    def __init__(self, searches: SearchLog, *states: Collector) -> None:
        """Use a separate registry. `states` are read when they are asked for, and are the same in each process."""
        self._registry = CollectorRegistry()
        self._searches = self._counter(
            "handrail_searches", "Searches answered, by verdict and mode.", "verdict", "mode"
        )
        self._seconds = self._histogram(
            "handrail_search_duration_seconds", "Seconds a search took in the engine.", _SEARCH_SECONDS
        )
        self._requests = self._histogram(
            "handrail_http_request_duration_seconds",
            "Seconds until the answer to a request was ready.",
            _REQUEST_SECONDS,
            *("method", "endpoint", "status"),
        )
        self._messages = self._counter(
            "handrail_contact", "Messages sent with the contact form, by what became of them.", "outcome"
        )
        self._log_entries = self._counter(
            "handrail_search_log_entries", "Searches and events for the report, by what became of them.", "outcome"
        )
        self._log_waiting = Gauge(
            "handrail_search_log_waiting",
            "Searches and events that are not written yet.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._states = (*states, ProcessMetrics(several=shared_folder() is not None))
        for state in self._states:
            self._registry.register(state)
        self._begin()
        self._begun = False
        searches.watch_counts(self._count_entries, self._log_waiting.set)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, what, labels, buckets=buckets, registry=self._registry)

    def _begin(self) -> None:
        """Have a series for each value that a label may have: a rate needs one before the first time."""
        for verdict in get_args(Verdict):
            for mode in get_args(Mode):
                self._searches.labels(verdict, mode)
        for outcome in ("kept", "refused", "failed"):
            self._messages.labels(outcome)
        for kind in get_args(Outcome):
            self._log_entries.labels(kind)

    def _begin_endpoints(self, app: Flask) -> None:
        """The same for the addresses of the application, with the first scrape: no start has to wait for thousands."""
        for rule in app.url_map.iter_rules():
            for method in set(_METHODS) & (rule.methods or set()):
                for status in _STATUSES:
                    self._requests.labels(method, rule.endpoint, status)
        self._begun = True

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

    def _count_entries(self, outcome: Outcome, entries: int) -> None:
        self._log_entries.labels(outcome).inc(entries)

    def page(self) -> Response:
        """GET metrics."""
        if not self._begun:
            self._begin_endpoints(current_app)
        registry, folder = self._registry, shared_folder()
        if folder is not None:
            registry = CollectorRegistry()
            registry.register(ProcessFiles(folder))
            for state in self._states:
                registry.register(state)
        return Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST)
