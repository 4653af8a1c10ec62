"""Caches the figures about all articles, which a thread computes, because a year takes long to count.

Each process reads each period at most once a minute; meanwhile, requests get the previous figures. The cache holds
numbers only: each page reads the words of customers anew, so that erased ones are never shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from handrail_feedback.desk.reports.period import PERIODS
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

    def __init__(self, store: Store, site: ReadSiteArticles, least: int) -> None:
        """`site` returns the facts that the build stored about each article; numbers below `least` are hidden."""
        # A separate store object, so that long reads do not delay whoever writes a message.
        self._reader = Store(store.at)
        self._site = site
        self.least = least
        self._lock = threading.Lock()
        self._read: dict[int, tuple[datetime, ArticleList]] = {}
        self._thread: threading.Thread | None = None

    def warm(self) -> None:
        """Begin to read all periods if none was read yet, since whoever opens the desk may open the articles next."""
        if not self._read:
            self._again(*PERIODS)

    def list(self, days: int) -> ArticleList:
        """The articles of the last `days` days, read now if they never were. Raises StoreUnavailable."""
        known = self._read.get(days)
        if known is None:
            with self._lock:  # one request reads, the others wait for it
                known = self._read.get(days) or self._look(days)
        elif now() - known[0] >= _FRESH:
            self._again(days)
        return known[1]

    def one(self, location: str, days: int) -> OneArticle | None:
        """One article, read now. Raises StoreUnavailable."""
        return find_article_facts(self._reader, self._site(), location, Period.last(days, now()), self.least)

    def _look(self, days: int) -> tuple[datetime, ArticleList]:
        at = now()
        self._read[days] = (at, read_list(self._reader, self._site(), Period.last(days, at), self.least))
        return self._read[days]

    def _again(self, *days: int) -> None:
        """Start a thread that reads again, unless one is running."""
        if not self._thread or not self._thread.is_alive():
            self._thread = thread_of_request(self._look_again, "handrail-articles", days)
            self._thread.start()

    def _look_again(self, *days: int) -> None:
        for number in days:
            try:
                with self._lock:
                    self._look(number)
            except StoreUnavailable as error:
                log("desk.articles_stale", reason=error)
                return
