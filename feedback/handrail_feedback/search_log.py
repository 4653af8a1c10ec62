"""The log of searches: a bounded queue, and the thread that writes it to the store.

Answering must never wait for the store nor fail because of it: what comes in is put on a bounded queue, and dropped
and counted when that is full. One daemon thread in each process redacts, merges into intents and writes in batches,
in the order of arrival. Knows nothing of HTTP; `storage.searches.intents` says what an intent is.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from handrail_feedback.records.searches import Prepared, Search, SearchEvent, redact_search
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts.events import erase_old_events
from handrail_feedback.storage.database import Connection, Store, weakly
from handrail_feedback.storage.messages.mailings import expire
from handrail_feedback.storage.searches.intents import erase_old, write_event, write_search
from handrail_feedback.storage.searches.learned import erase_removed
from handrail_feedback.storage.searches.votes import erase_old_votes
from handrail_feedback.storage.upkeep.capacity import Capacity, Kind
from handrail_feedback.storage.upkeep.erasure import may_erase, note_erased
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_kb.texts.log.logger import REQUEST, Log, Request, part_of

log = Log(__name__)


__all__ = ["Search", "SearchEvent", "SearchLog"]

_BATCH = 500
_GATHER_SECONDS = 0.05
_TIDY_SECONDS = 24 * 3600.0
PATIENCE = (0.2, 1.0, 3.0)


@dataclass(frozen=True)
class _Marker:
    """Put on the queue to learn that everything before it was written; the `last` one ends the thread."""

    reached: threading.Event
    last: bool = False


@dataclass(frozen=True)
class _Entry:
    """A search or an event, and the request that brought it."""

    what: Search | SearchEvent | Prepared
    request: Request | None


_Item = _Entry | _Marker
# What became of an entry: `dropped` where the queue or the store was full or the store away, `failed` by our fault.
Outcome = Literal["written", "dropped", "failed"]


class SearchLog:
    """Keeps searches and what came of them. No method raises when the store fails, and none but `flush` waits.

    `dropped` counts what was not kept because the queue or the store was full, or the store could not be written;
    `failed` counts what could not be written for a fault of ours; `written` counts the rest.
    """

    def __init__(
        self,
        store: Store,
        *,
        retention_days: int,
        enabled: bool = True,
        longest: int = 10_000,
        capacity: Capacity | None = None,
        words: bool = True,
    ) -> None:
        """With `enabled` false nothing is kept, for sites that want no log; `longest` bounds the queue.

        `capacity` says whether the store has room for more. With `words` false, no word of a search is kept.
        """
        self.dropped = 0
        self.failed = 0
        self.written = 0
        self._store = store
        self._tell: Callable[[Outcome, int], None] = _nobody
        self._tell_waiting: Callable[[int], None] = _nobody
        self._retention = timedelta(days=retention_days)
        self._enabled = enabled
        self._longest = longest
        self._has_room: Callable[[Kind], bool] = capacity.has_room if capacity else _always
        self._words = words
        self._thread: threading.Thread | None = None
        self._begin_anew()
        os.register_at_fork(after_in_child=weakly(self._begin_anew))
        atexit.register(weakly(self.flush))

    def record(self, search: Search) -> None:
        """Keep a search. Returns at once."""
        self._put(search)

    def event(self, event: SearchEvent) -> None:
        """Keep what a customer did. Returns at once; may come before its search."""
        self._put(event)

    @property
    def waiting(self) -> int:
        """How many searches and events are not written yet."""
        return self._queue.qsize()

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all that came before is written or given up; False when that took longer than `seconds`."""
        return self._mark(_Marker(threading.Event()), seconds)

    def close(self, seconds: float = 5.0) -> bool:
        """Flush, and end the thread; what comes later starts a new one."""
        done = self._mark(_Marker(threading.Event(), last=True), seconds)
        self._thread = None
        return done

    def watch_counts(self, count: Callable[[Outcome, int], None], waiting: Callable[[int], None]) -> None:
        """Have `count` called with what becomes of entries, and `waiting` with how many are in the queue."""
        self._tell, self._tell_waiting = count, waiting

    def _count(self, outcome: Outcome, entries: int = 1) -> None:
        if outcome == "written":
            self.written += entries
        elif outcome == "dropped":
            self.dropped += entries
        else:
            self.failed += entries
        self._tell(outcome, entries)

    def _mark(self, marker: _Marker, seconds: float) -> bool:
        if self._thread is None:
            return True
        try:
            self._queue.put(marker, timeout=seconds)
        except queue.Full:
            return False
        return marker.reached.wait(seconds)

    def _begin_anew(self) -> None:
        """An empty queue and no thread: at the start, and in a child after a fork, which inherits no threads."""
        self._queue: queue.Queue[_Item] = queue.Queue(self._longest)
        self._starting = threading.Lock()
        self._thread = None

    def _put(self, what: Search | SearchEvent) -> None:
        if not self._enabled:
            return
        if self._thread is None:
            self._start()
        try:
            self._queue.put_nowait(_Entry(what, REQUEST.get()))
        except queue.Full:
            self._count("dropped")
        self._tell_waiting(self.waiting)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="handrail-search-log", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        tidy_at = time.monotonic()
        while True:
            if time.monotonic() >= tidy_at:
                self._tidy()
                tidy_at = time.monotonic() + _TIDY_SECONDS
            batch = self._gather(tidy_at - time.monotonic())
            if not batch:
                continue
            self._write(batch)
            self._tell_waiting(self.waiting)
            if isinstance(batch[-1], _Marker):  # a batch ends with its marker
                batch[-1].reached.set()
                if batch[-1].last:
                    return

    def _gather(self, seconds: float) -> list[_Item]:
        """What has arrived, after a moment for more: one transaction for many rows."""
        try:
            batch = [self._queue.get(timeout=max(seconds, 0.01))]
        except queue.Empty:
            return []
        until = time.monotonic() + _GATHER_SECONDS
        while len(batch) < _BATCH and not isinstance(batch[-1], _Marker):
            try:
                batch.append(self._queue.get(timeout=max(until - time.monotonic(), 0.0001)))
            except queue.Empty:
                break
        return batch

    def _write(self, batch: list[_Item]) -> None:
        """Write the batch; when the store is away for a moment, wait for it, then give the batch up."""
        sent = [item for item in batch if isinstance(item, _Entry)]
        fitting = [item for item in sent if self._has_room(_kind(item))]
        if len(fitting) < len(sent):
            self._count("dropped", len(sent) - len(fitting))
        entries = [ready for item in fitting if (ready := self._ready(item)) is not None]
        for pause in (*PATIENCE, None):
            try:
                self._write_once(entries)
            except StoreUnavailable as error:
                if pause is None:
                    self._count("dropped", len(entries))
                    with part_of(_only_request(entries)):
                        log("searches.not_kept", entries=len(entries), reason=error)
                else:
                    time.sleep(pause)
            except Exception as error:
                self._count("failed", len(entries))
                with part_of(_only_request(entries)):
                    log("search.not_kept", reason=error)
                return
            else:
                return

    def _write_once(self, entries: list[_Entry]) -> None:
        try:
            with self._store.transaction() as db:
                for entry in entries:
                    _write_entry(db, entry)
        except StoreUnavailable:
            raise
        except Exception:  # one of them cannot be written: the others are
            self._write_each(entries)
        else:
            self._count("written", len(entries))

    def _write_each(self, entries: list[_Entry]) -> None:
        failed = 0
        with self._store.transaction() as db:
            for entry in entries:
                try:
                    with db.savepoint():
                        _write_entry(db, entry)
                except StoreUnavailable:
                    raise
                except Exception as error:
                    failed += 1
                    with part_of(entry.request):
                        log("search.not_kept", reason=error)
        self._count("failed", failed)
        self._count("written", len(entries) - failed)

    def _ready(self, entry: _Entry) -> _Entry | None:
        """The entry as it may be written, its words redacted; None for a search that cannot be read."""
        if not isinstance(entry.what, Search):
            return entry
        try:
            search = entry.what if self._words else replace(entry.what, query="")
            return replace(entry, what=redact_search(search))
        except Exception as error:
            self._count("failed")
            with part_of(entry.request):
                log("search.not_kept", reason=error)
            return None

    def _tidy(self) -> None:
        """Erase what is older than the site promises to keep."""
        moment = now()
        try:
            if not may_erase(self._store, moment):
                failure = _doubted_clock()
                log("searches.erasure_waits", reason=failure)
                return
            erased = erase_old(self._store, moment - self._retention, moment)
            erased += erase_old_votes(self._store, moment - self._retention)
            erase_removed(self._store, moment - self._retention)
            erased += erase_old_events(self._store, moment)
            expire(self._store, moment)  # also where mail is set up no more
            note_erased(self._store, moment)
        except StoreUnavailable as error:
            log("searches.not_erased", reason=error)
        except Exception as error:
            log("search.not_kept", reason=error)
        else:
            log("searches.erased", entries=erased)


def _doubted_clock() -> HandrailError:
    return HandrailError(
        "the clock is days ahead of the last entry and of the last time something was erased.",
        "If it is right, nothing has to be done: it is believed tomorrow. See: timedatectl",
    )


def _nobody(*_: object) -> None:
    """Counts for nobody."""


def _always(_kind: Kind) -> bool:
    return True


def _kind(entry: _Entry) -> Kind:
    return "events" if isinstance(entry.what, SearchEvent) else "searches"


def _write_entry(db: Connection, entry: _Entry) -> None:
    if isinstance(entry.what, SearchEvent):
        write_event(db, entry.what)
    elif isinstance(entry.what, Prepared):
        write_search(db, entry.what)


def _only_request(entries: list[_Entry]) -> Request | None:
    """The request that brought all of these; None when there were several."""
    ids = {entry.request.id if entry.request else "" for entry in entries}
    return entries[0].request if len(ids) == 1 else None
