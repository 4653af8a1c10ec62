"""Serves the current generation of site and index, and changes to a newer one while serving."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

from handrail_kb.config.generations import current_name, generations_before, is_name, site_in
from handrail_kb.errors import HandrailError, IndexUnusable
from handrail_kb.texts.log.logger import Log
from handrail_search.background import Watch, release_memory
from handrail_search.index.generation import current_generation, remove_old
from handrail_search.index.manifest import REBUILD
from handrail_search.index.site_copy import check_site
from handrail_search.ranking.searcher import Searcher

log = Log(__name__)

# How often it is looked whether every file of the site is there, and so many times as long as that took it is not.
_SITE_EVERY, _SITE_REST = 10.0, 100.0


class LiveIndex(Watch):
    """The generation that serves, replaced when CURRENT names another one.

    It is opened at once; from the first call of `watch` on, a thread looks every now and then and opens what is new.
    Requests go on with the Searcher they have, so none waits and none is dropped. A broken generation is refused with
    its reason and the old one goes on. When one is damaged while it serves, the one before it serves.
    """

    rest = 0.0
    trouble = "index.refused"
    log = log

    def __init__(self, index_dir: Path, *, every: float = 1.0) -> None:
        """Serve the index at `index_dir`, looking for a new generation every `every` seconds."""
        super().__init__(every)
        self._index_dir = index_dir
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._damaged: Searcher | None = None
        self._replaced, self._switched_at = False, float("-inf")
        self._site_alone: Path | None = None
        self._site_of: Searcher | None = None
        self._site_again = 0.0
        self._site_problem: IndexUnusable | None = None
        self.problem: HandrailError | None = None
        self.look()

    def searcher(self) -> Searcher | None:
        """The Searcher to use now; None while there is no usable index, then `problem` says why."""
        return self._searcher

    def site(self) -> Path | None:
        """The built site of the generation that serves; None where it holds none.

        While no index could be opened, that of the generation in CURRENT: pages do not depend on search.
        """
        if self._searcher:
            return self._searcher.index.site
        return self._site_alone

    def seconds_since_switch(self) -> float:
        """For how long this generation has served in the place of another one; without end where it is the first."""
        return time.monotonic() - self._switched_at

    def first_after(self) -> float:
        """The first look was at the beginning."""
        return self.every

    def look_once(self) -> None:
        """Open the generation that CURRENT names, if it is another one than serves. Raises HandrailError."""
        with self._lock:
            try:
                self._open_current()
                self._look_at_site()
                self.problem = None
            except HandrailError as error:
                self.problem = error
                raise
            except Exception as error:  # whatever is wrong with a file, the service goes on
                self.problem = IndexUnusable(f"The index cannot be opened ({type(error).__name__}).", REBUILD)
                raise self.problem from error

    def instead_of(self, failed: Searcher) -> Searcher | None:
        """Another Searcher than one that failed, where its files are not what was written; None where they are.

        Raises HandrailError where they are damaged, and there is no other generation to serve.
        """
        with self._lock:
            if self._searcher is failed and _is_whole(failed):
                return None
        if self._searcher is failed:
            self._damaged = failed
            self.look()
        if self._searcher is None:
            raise self.problem or IndexUnusable("The index cannot be read.", REBUILD)
        return self._searcher if self._searcher is not failed else None

    def _open_current(self) -> None:
        try:
            folder = current_generation(self._index_dir)
        except HandrailError:
            self._do_without_a_name()
            raise
        self._site_alone = site_in(folder)
        if self._serves_well(folder):
            if self._replaced:  # a look ago: requests that used the old one have ended
                self._replaced = False
                release_memory()
            return
        try:
            opened = Searcher.open(folder)
        except Exception:  # whatever is wrong with it, the one before may serve
            self._fall_back(folder)
            raise
        if self._searcher is not None:
            self._replaced, self._switched_at = True, time.monotonic()
        self._searcher, self._damaged = opened, None
        log("index.serving", generation=folder.name, pages=len(opened.index.pages))
        remove_old(self._index_dir)  # where generations are copied to, nobody else does

    def _look_at_site(self) -> None:
        """Raise IndexUnusable where a file of the site that serves is gone; the rest of it goes on."""
        began = time.monotonic()
        if self._searcher and (self._searcher is not self._site_of or began >= self._site_again):
            self._site_of, self._site_problem = self._searcher, None
            try:
                check_site(self._searcher.index.folder)
            except IndexUnusable as error:
                self._site_problem = error
            ended = time.monotonic()
            self._site_again = ended + max(_SITE_EVERY, _SITE_REST * (ended - began))
        if self._site_problem:
            raise self._site_problem

    def _serves_well(self, folder: Path | None = None) -> bool:
        """Whether there is a Searcher, of this generation if one is named, whose files are those that it opened."""
        serving = self._searcher
        if serving is None or serving is self._damaged or (folder and folder.name != serving.index.name):
            return False
        return not serving.index.changed()

    def _do_without_a_name(self) -> None:
        """Where CURRENT names nothing that is there: go on with what serves, or with one before what was removed."""
        if self._site_alone and not self._site_alone.is_dir():
            self._site_alone = None
        if self._serves_well():
            return
        with suppress(OSError, ValueError):
            name = self._searcher.index.name if self._searcher else current_name(self._index_dir)
            if is_name(name):
                self._fall_back(self._index_dir / name)

    def _fall_back(self, refused: Path) -> None:
        """Go on with the generation that serves, unless that is the one that is refused; else with one before it."""
        if self._serves_well() and self._searcher and self._searcher.index.name != refused.name:
            return
        for folder in generations_before(refused):
            with suppress(HandrailError):
                self._searcher, self._damaged = Searcher.open(folder), None
                log("index.fell_back", generation=folder.name)
                return
        self._searcher = None


def _is_whole(searcher: Searcher) -> bool:
    try:
        searcher.index.verify()
    except HandrailError:
        return False
    return True
