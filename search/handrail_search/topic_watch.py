"""Keeps topics up to date while the service runs: today's searches are in them, and what is answered now is proven.

A thread of its own looks every ten minutes, in one process at a time. No request waits for it: it rests after each
question that it encodes or asks. When anything is the matter, topics stay as they are and it is logged once, without
words.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from handrail_feedback.db import Store, now
from handrail_feedback.replay import Past
from handrail_feedback.topic_proving import Answer, Search, prove_topics
from handrail_kb.errors import HandrailError, IndexUnusable
from handrail_kb.settings import Settings
from handrail_search.build import only_one
from handrail_search.live import LiveIndex
from handrail_search.page_names import Places, names_of
from handrail_search.topic_site import refresh_topics

log = logging.getLogger(__name__)

# A look that took long is followed by a rest so many times as long.
_REST = 20.0
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


class TopicWatch:
    """Brings the store's topics up to date with the index that serves."""

    def __init__(
        self, live: LiveIndex, settings: Settings, search: Search | None = None, *, every: float = 600.0
    ) -> None:
        """Look every `every` seconds; the first time so long after the first call of `watch`.

        Without a `search` to ask, no topic is proven.
        """
        self._live = live
        self._search = search
        self._settings = settings
        # A store object of its own: reading much must not hold up whoever writes a message.
        self._store = Store(settings.store_file)
        self._every = every
        self._problem = ""
        self._watched_by = 0
        self._stopped = threading.Event()

    def watch(self) -> None:
        """Begin to look, unless this process does already: at the start, and anew after a fork."""
        if self._watched_by != os.getpid():
            self._watched_by = os.getpid()
            self._stopped = threading.Event()
            arguments = (weakref.ref(self), self._stopped, self._every)
            threading.Thread(target=_watch, args=arguments, name="handrail-topics", daemon=True).start()

    def stop(self) -> None:
        """End the thread, for good."""
        self._stopped.set()
        self._store.close()

    def look(self) -> None:
        """Bring topics up to date, if nobody else does just now. Never raises."""
        try:
            self._look()
            self._problem = ""
        except IndexUnusable:
            pass  # another process is at it
        except HandrailError as error:
            self._complain(error.what)
        except Exception as error:  # whatever is wrong, the service goes on
            self._complain(type(error).__name__)

    def _look(self) -> None:
        searcher = self._live.searcher()
        if searcher is None or searcher.encoder is None or not self._store.path.exists():
            return
        with only_one(self._settings.state_dir / "topics.lock"):
            done = refresh_topics(
                self._store, searcher.index, searcher.encoder, self._settings, now(), self._breathe
            )  # fmt: skip
            if done.new:
                log.info("topics %s: %d failed searches, %d of them new", done.how, done.searches, done.new)
            if self._search:
                self._prove(self._search, names_of((page.location for page in searcher.index.pages), self._settings))

    def _prove(self, search: Search, names: Places) -> None:
        done = prove_topics(self._store, _Patient(search, self._rest), names.find, now(), most=_MOST_ASKED)
        if done.proven or done.lost or done.told:
            log.info("topics: %d proven, %d lost, %d to be told", done.proven, done.lost, done.told)

    def _breathe(self, _done: int, _total: int) -> None:
        """Leave the processor to searches between two questions."""
        self._rest()

    def _rest(self) -> bool:
        """The same; True once nothing more is to be asked."""
        return self._stopped.wait(_PAUSE)

    def _complain(self, what: str) -> None:
        if what != self._problem:
            self._problem = what
            log.error("topics stay as they are: %s", what)


def _watch(reference: weakref.ref[TopicWatch], stopped: threading.Event, every: float) -> None:
    """Look for as long as anybody uses the TopicWatch."""
    rest = every
    while not stopped.wait(rest):
        topics = reference()
        if topics is None:
            return
        began = time.monotonic()
        topics.look()
        del topics
        rest = max(every, _REST * (time.monotonic() - began))
