"""Keeps topics up to date while the service runs: today's searches are in them, and what is answered now is proven.

A thread of its own looks every ten minutes, in one process at a time. No request waits for it: it rests after each
question that it encodes or asks. When anything is the matter, topics stay as they are and it is logged once, without
words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from handrail_feedback.db import Store, now
from handrail_feedback.replay import Past
from handrail_feedback.topic_proving import Answer, Search, prove_topics
from handrail_kb.errors import LockHeld
from handrail_kb.settings import Settings
from handrail_search.build import only_one
from handrail_search.live import LiveIndex
from handrail_search.page_names import Places, names_of
from handrail_search.topic_site import refresh_topics
from handrail_search.watching import Watch

log = logging.getLogger(__name__)

_PAUSE = 0.01
# Questions after which a look begins no other topic: ten seconds of a processor. The others come next.
_MOST_ASKED = 1000


@dataclass(frozen=True)
class _Patient:
    """Search that is asked with a rest after each question, until `rest` says that it is over."""

    search: Search
    rest: Callable[[], bool]

    def state(self) -> str:
        return self.search.state()

    def answer(self, past: Past) -> Answer | None:
        return None if self.rest() else self.search.answer(past)


class TopicWatch(Watch):
    """Brings the store's topics up to date with the index that serves."""

    rest = 20.0
    trouble = "topics stay as they are"
    log = log

    def __init__(
        self, live: LiveIndex, settings: Settings, search: Search | None = None, *, every: float = 600.0
    ) -> None:
        """Look every `every` seconds; the first time so long after the first call of `watch`.

        Without a `search` to ask, no topic is proven.
        """
        super().__init__(every)
        self._live = live
        self._search = search
        self._settings = settings
        # A store object of its own: reading much must not hold up whoever writes a message.
        self._store = Store(settings.store_file)

    def first_after(self) -> float:
        """The service begins to answer first."""
        return self.every

    def stop(self) -> None:
        """End the thread, for good."""
        super().stop()
        self._store.close()

    def look_once(self) -> None:
        """Bring topics up to date, if nobody else does just now."""
        searcher = self._live.searcher()
        if searcher is None or searcher.encoder is None or not self._store.path.exists():
            return
        with suppress(LockHeld), only_one(self._settings.state_dir / "topics.lock"):
            done = refresh_topics(
                self._store, searcher.index, searcher.encoder, self._settings, now(), self._breathe
            )  # fmt: skip
            if done.new:
                log.info("topics %s: %d failed searches, %d of them new", done.how, done.searches, done.new)
            if self._search:
                self._prove(self._search, names_of((page.location for page in searcher.index.pages), self._settings))

    def _prove(self, search: Search, names: Places) -> None:
        done = prove_topics(self._store, _Patient(search, self._pause), names.find, now(), most=_MOST_ASKED)
        if done.proven or done.lost or done.told:
            log.info("topics: %d proven, %d lost, %d to be told", done.proven, done.lost, done.told)

    def _breathe(self, _done: int, _total: int) -> None:
        """Leave the processor to searches between two questions."""
        self._pause()

    def _pause(self) -> bool:
        """The same; True once nothing more is to be asked."""
        return self.stopped.wait(_PAUSE)
