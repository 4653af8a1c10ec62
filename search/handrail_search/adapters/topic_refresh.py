"""Keeps topics up to date while the service runs: adds new searches, and proves topics that are now answered.

A thread looks every ten minutes, in one process at a time. No request waits for it: it pauses after each question that
it encodes or asks. If anything goes wrong, topics stay as they are and the error is logged once, without customers'
words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.contracts import AnswersPastSearches, Past, PresentAnswer
from handrail_feedback.records.stamps import moment, now, stamp
from handrail_feedback.records.topics import History
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.job_runs import last_successes, note_success
from handrail_feedback.storage.searches.topics import read_history
from handrail_feedback.topics.proving import prove_topics
from handrail_kb.config.settings import Settings
from handrail_kb.texts.log.logger import Log
from handrail_search.adapters.page_names import PageNames, names_of
from handrail_search.adapters.topics import refresh_topics
from handrail_search.background import Watch, release_memory
from handrail_search.embedding.encoder import Encoder
from handrail_search.index.generation import Index
from handrail_search.ranking.live import LiveIndex

log = Log(__name__)


_PAUSE = 0.01
# After so many questions, ten seconds of processor time, a look begins no other topic. The rest follow next time.
_MOST_ASKED = 1000


@dataclass(frozen=True)
class _PausingSearch:
    """Search that is asked with a pause after each question, until `rest` says that it is over."""

    search: AnswersPastSearches
    rest: Callable[[], bool]

    def state(self) -> str:
        return self.search.state()

    def answer(self, past: Past) -> PresentAnswer | None:
        return None if self.rest() else self.search.answer(past)


class TopicWatch(Watch):
    """Brings the store's topics up to date with the index that serves."""

    rest = 20.0
    trouble = "topics.not_refreshed"
    log = log

    def __init__(
        self, live: LiveIndex, settings: Settings, search: AnswersPastSearches | None = None, *, every: float = 600.0
    ) -> None:
        """Look every `every` seconds, for the first time `every` seconds after the first call of `watch`.

        Without a `search` to ask, no topic is proven.
        """
        super().__init__(every)
        self._live = live
        self._search = search
        self._settings = settings
        self._done_at: datetime | None = None
        # A store object of its own: reading much must not delay whoever writes a message.
        self._store = Store(settings.store_place)

    def first_after(self) -> float:
        """As long as between two looks, so that the service answers requests first."""
        return self.every

    def stop(self) -> None:
        """End the thread permanently, and close the store."""
        super().stop()
        self._store.close()

    def look_once(self) -> None:
        """Bring topics up to date, unless another process is doing so."""
        searcher = self._live.searcher()
        if searcher is None or searcher.encoder is None or not self._store.exists():
            return
        with self._store.only_one("topics") as alone:
            if not alone or self._done_by_another():
                return
            self._refresh(searcher.index, searcher.encoder)
            self._done_at = moment(stamp(now()))
            note_success(self._store, "topics", self._done_at)
        release_memory()  # grouping needs much, for a moment; what was read is no longer held here

    def _done_by_another(self) -> bool:
        """Whether another process did this less than one pause ago, and so goes on doing it.

        A part of the memory that this takes stays with the process, for the next time: one has it, not all of them.
        """
        last = last_successes(self._store).get("topics")
        if last is None or last == self._done_at:
            return False
        return timedelta(0) <= now() - last < timedelta(seconds=self.every)

    def _refresh(self, index: Index, encoder: Encoder) -> None:
        history = read_history(self._store)
        done = refresh_topics(self._store, index, encoder, self._settings, now(), self._pause_between, history=history)
        if done.new:
            log("topics.refreshed", how=done.how, searches=done.searches, new=done.new)
        if self._search:
            names = names_of((page.location for page in index.pages), self._settings)
            self._prove(self._search, names, history)

    def _prove(self, search: AnswersPastSearches, names: PageNames, history: History) -> None:
        pausing = _PausingSearch(search, self._pause)
        done = prove_topics(self._store, pausing, names.find, now(), history=history, most=_MOST_ASKED)
        if done.proven or done.lost or done.told:
            log("topics.proven", proven=done.proven, lost=done.lost, to_notify=done.told)

    def _pause_between(self, _done: int, _total: int) -> None:
        """Leave the processor to searches between two questions."""
        self._pause()

    def _pause(self) -> bool:
        """As `_pause_between`; True once nothing more is to be asked."""
        return self.stopped.wait(_PAUSE)
