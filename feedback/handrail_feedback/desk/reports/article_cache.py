"""Caches the figures about all articles, which a thread computes, because a year takes long to count.

Each process reads each period at most once a minute; meanwhile, requests get the previous figures. The cache holds
numbers only: each page reads the words of customers anew, so that erased ones are never shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from handrail_feedback.desk.look import EXACT
from handrail_feedback.desk.reports.period import SPANS, RequestedPeriod
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.articles import ArticleList, OneArticle, find_article_facts, read_list
from handrail_feedback.storage.database import Store
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts.log.logger import Log, thread_of_request

log = Log(__name__)


_FRESH = timedelta(minutes=1)
ReadSiteArticles = Callable[[], Mapping[str, Mapping[str, Any]]]


class ArticleFactsCache:
    """The articles of a site, for all requests of a process."""

    def __init__(self, store: Store, site: ReadSiteArticles, least: int, zone: tzinfo = UTC) -> None:
        """`site` returns the facts that the build stored about each article; files hide numbers below `least`."""
        # A separate store object, so that long reads do not delay whoever writes a message.
        self._reader = Store(store.at)
        self._site = site
        self.store = store
        self.least = least
        self._zone = zone
        self._lock = threading.Lock()
        self._read: dict[str, tuple[datetime, ArticleList]] = {}
        self._thread: threading.Thread | None = None

    def warm(self) -> None:
        """Begin to read all periods if none was read yet, since whoever opens the desk may open the articles next."""
        if not self._read:
            self._again(*SPANS)

    def list(self, span: str) -> ArticleList:
        """The articles of a span, read now if they never were. Raises StoreUnavailable."""
        known = self._read.get(span)
        if known is None:
            with self._lock:  # one request reads, the others wait for it
                known = self._read.get(span) or self._look(span)
        elif now() - known[0] >= _FRESH:
            self._again(span)
        return known[1]

    def one(self, location: str, span: str) -> OneArticle | None:
        """One article, read now. Raises StoreUnavailable."""
        return find_article_facts(self._reader, self._site(), location, self._period(span, now()), EXACT)

    def _period(self, span: str, at: datetime) -> Period:
        return RequestedPeriod(span).period(at, self._zone)

    def _look(self, span: str) -> tuple[datetime, ArticleList]:
        at = now()
        self._read[span] = (at, read_list(self._reader, self._site(), self._period(span, at), EXACT))
        return self._read[span]

    def _again(self, *spans: str) -> None:
        """Start a thread that reads again, unless one is running."""
        if not self._thread or not self._thread.is_alive():
            self._thread = thread_of_request(self._look_again, "handrail-articles", spans)
            self._thread.start()

    def _look_again(self, *spans: str) -> None:
        for span in spans:
            try:
                with self._lock:
                    self._look(span)
            except StoreUnavailable as error:
                log("desk.articles_stale", reason=error)
                return
