"""Tells the Searcher that serves what people open more often than its place in the lists explains."""

from __future__ import annotations

import time
import zlib
from datetime import datetime, timedelta

from handrail_feedback.records.searches import SeenList
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import seen_lists
from handrail_kb.config.settings import Settings
from handrail_kb.texts.log.logger import Log
from handrail_search.background import Watch
from handrail_search.index.generation import Index
from handrail_search.ranking.live import LiveIndex
from handrail_search.scoring.popularity import Popularity, ShownList, popularity

log = Log(__name__)

# How far back lists are counted, and how many of them at most.
_SINCE = timedelta(days=730)
_MOST = 20_000
# Seconds after which they are counted anew.
_AGAIN = 3600.0


class CountOpenings(Watch):
    """Counts openings for the Searcher that serves: for each new index, and once an hour."""

    rest = 20.0
    trouble = "openings.not_read"
    log = log

    def __init__(self, live: LiveIndex, settings: Settings, *, every: float = 60.0) -> None:
        """Look every `every` seconds, from the first call of `watch` on."""
        super().__init__(every)
        self._live = live
        # A store object of its own: reading much must not delay whoever writes a message.
        self._store = Store(settings.store_place)
        self._counted: tuple[str, float] = ("", 0.0)

    def first_after(self) -> float:
        """A few seconds, so that search learns first what colleagues taught."""
        return min(self.every, 5.0)

    def stop(self) -> None:
        """End the thread permanently, and close the store."""
        super().stop()
        self._store.close()

    def look_once(self) -> None:
        """Count, if it is time."""
        searcher = self._live.searcher()
        if searcher is None or not self._store.exists():
            return
        index, at = self._counted
        if index == searcher.index.name and time.monotonic() < at + _AGAIN:
            return
        searcher.popularity = popularity_in(self._store, searcher.index, now())
        self._counted = (searcher.index.name, time.monotonic())


def popularity_in(store: Store, index: Index, at: datetime) -> Popularity:
    """The popularity of the pages of an index, by the lists of the store. Raises StoreUnavailable."""
    pages = {page.location: page.id for page in index.pages}
    lists = [_shown(one, pages, at) for one in seen_lists(store, at - _SINCE, _MOST)]
    return popularity(lists, len(pages))


def _shown(seen: SeenList, pages: dict[str, int], at: datetime) -> ShownList:
    """A list with the pages that are still there; of several sections of one, the first counts."""
    kept: dict[int, float] = {}
    for location, score in seen.results:
        page = pages.get(location.partition("#")[0])
        if page is not None:
            kept.setdefault(page, score)
    return ShownList(
        pages=tuple(kept),
        scores=tuple(kept.values()),
        opened=frozenset(pages[location] for location in seen.opened if location in pages),
        days=max((at - seen.at).total_seconds() / 86400, 0.0),
        half=bool(zlib.crc32(seen.shape.encode()) & 1),
    )
