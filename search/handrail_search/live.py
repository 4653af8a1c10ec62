"""The generation that serves, kept up to date while it serves. Knows nothing of HTTP."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from pathlib import Path

from handrail_kb.errors import HandrailError, IndexUnusable
from handrail_search.index import REBUILD, current_generation
from handrail_search.query import Searcher

log = logging.getLogger(__name__)


class LiveIndex:
    """The generation that serves, replaced when CURRENT names another one.

    A thread of its own looks every now and then and opens what is new; requests go on with the Searcher they have, so
    none waits and none is dropped. A broken generation is refused with its reason and the old one goes on.
    """

    def __init__(self, index_dir: Path, *, every: float = 1.0) -> None:
        """Serve the index at `index_dir`, looking for a new generation every `every` seconds."""
        self._index_dir = index_dir
        self._every = every
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._watched_by = 0
        self.problem: HandrailError | None = None
        self.look()
        self.searcher()

    def searcher(self) -> Searcher | None:
        """The Searcher to use now; None while there has never been a usable index, then `problem` says why."""
        if self._watched_by != os.getpid():  # the first use, or the first after a fork
            self._watched_by = os.getpid()
            threading.Thread(target=_watch, args=(weakref.ref(self), self._every), daemon=True).start()
        return self._searcher

    def look(self) -> None:
        """Open the generation that CURRENT names, if it is another one than serves."""
        with self._lock:
            try:
                folder = current_generation(self._index_dir)
                if self._searcher is None or folder.name != self._searcher.index.name:
                    self._searcher = Searcher.open(folder)
                    log.info("serving index generation %s, %d pages", folder.name, len(self._searcher.index.pages))
                self.problem = None
            except HandrailError as error:
                if self.problem is None or self.problem.what != error.what:
                    log.error("index refused: %s", error.message)
                self.problem = error
            except Exception as error:  # whatever is wrong with a file, the service goes on
                log.error("index refused: %s", type(error).__name__)
                self.problem = IndexUnusable(f"The index cannot be opened ({type(error).__name__}).", REBUILD)


def _watch(reference: weakref.ref[LiveIndex], every: float) -> None:
    """Look for new generations for as long as anybody uses the LiveIndex."""
    while True:
        time.sleep(every)
        live = reference()
        if live is None:
            return
        try:
            live.look()
        except Exception:
            log.exception("looking for a new index failed; the one that serves goes on")
        del live
