"""Learned questions from the store to the search that serves, while it serves. Knows nothing of HTTP.

A thread of its own looks whether the store or the index has changed, and teaches; no request ever waits for it. When
the store cannot be read, search goes on with what it was taught before.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence

from handrail_feedback.db import Store
from handrail_feedback.learned import known_questions, version
from handrail_kb.errors import HandrailError
from handrail_kb.settings import Settings
from handrail_search.index import Index
from handrail_search.known_vectors import KnownVectors
from handrail_search.learned import Known, Lesson, encode_known
from handrail_search.live import LiveIndex
from handrail_search.query import Searcher
from handrail_search.vectors import Vectors

log = logging.getLogger(__name__)

# A look that took long, on a site of very many votes, is followed by a rest so many times as long.
_REST = 10.0


class Teaching:
    """Teaches the Searcher that serves whenever the known questions or the index change."""

    def __init__(self, live: LiveIndex, settings: Settings, *, every: float = 1.0) -> None:
        """Look every `every` seconds, from the first call of `watch` on."""
        self._live = live
        # A store object of its own: reading much must not hold up whoever writes a message.
        self._store = Store(settings.store_file)
        self._pupil = Pupil(settings)
        self._every = every
        self._known: Sequence[Known] = ()
        self._seen: tuple[int, str] | None = None
        self._problem = ""
        self._watched_by = 0
        self._stopped = threading.Event()

    def watch(self) -> None:
        """Begin to look, unless this process does already: at the start, and anew after a fork."""
        if self._watched_by != os.getpid():
            self._watched_by = os.getpid()
            self._stopped = threading.Event()
            arguments = (weakref.ref(self), self._stopped, self._every)
            threading.Thread(target=_watch, args=arguments, name="handrail-teaching", daemon=True).start()

    def stop(self) -> None:
        """End the thread, for good."""
        self._stopped.set()
        self._store.close()

    @property
    def taught(self) -> tuple[int, str] | None:
        """What search knows now: the number of the known questions, and the index that was taught."""
        return self._seen

    def look(self) -> None:
        """Teach what is new, if anything is. Never raises; what is the matter is logged once, without words."""
        try:
            self._look()
            self._problem = ""
        except HandrailError as error:
            self._complain(error.what)
        except Exception as error:  # whatever is wrong, search goes on with what it was taught
            self._complain(type(error).__name__)

    def _look(self) -> None:
        searcher = self._live.searcher()
        if searcher is None or not self._store.path.exists():
            return
        seen = (version(self._store), searcher.index.name)
        if seen == self._seen:
            return
        known = read_known(self._store)
        # Most votes teach nothing; a new index has been taught nothing.
        if self._seen is None or seen[1] != self._seen[1] or known != self._known:
            self._pupil.teach(searcher, known)
            if known or self._known:
                log.info("taught %d learned questions", len(known))
        self._seen, self._known = seen, known

    def _complain(self, what: str) -> None:
        if what != self._problem:
            self._problem = what
            log.error("learned questions could not be read anew; search goes on with those it has: %s", what)


class Pupil:
    """Teaches Searchers of one site, encoding each question once: vectors are kept in memory and in a file."""

    def __init__(self, settings: Settings) -> None:
        """The file is in the folder of the site's index and store."""
        self._settings = settings
        self._encoder = ""
        self._vectors: dict[str, Vectors] = {}

    def teach(self, searcher: Searcher, known: Sequence[Known]) -> None:
        """Teach a Searcher these questions, in place of others. Raises EncoderUnavailable."""
        questions = {one.question for one in known}
        file = _file(self._settings, searcher.index)
        fingerprint = searcher.index.manifest.recipe.fingerprint
        if self._encoder != fingerprint:
            self._encoder, self._vectors = fingerprint, file.read(questions)
        held = set(self._vectors)
        before = searcher.lesson
        if before == Lesson():
            before = searcher.lesson = _lesson(file.read_lesson(searcher.index.name))
        searcher.teach(known, known_vectors=self._vectors)
        if searcher.lesson != before:
            file.write_lesson(searcher.index.name, searcher.lesson.to_json())
        if held != questions and not searcher.missing:
            self._vectors = {question: self._vectors[question] for question in questions}
            file.write(self._vectors)


def _lesson(text: str) -> Lesson:
    """A lesson that was kept; an empty one where there is none that can be read."""
    try:
        return Lesson.from_json(text)
    except (ValueError, TypeError, KeyError):
        return Lesson()


def encode_ahead(
    index: Index, known: Sequence[Known], settings: Settings, progress: Callable[[int, int], None]
) -> dict[str, Vectors]:
    """Encode questions and leave their vectors in the file, so that the service learns them at once.

    Gives back the vectors by question; `progress` is told how many are done, of how many. Raises EncoderUnavailable.
    """
    file = _file(settings, index)
    vectors = file.read(one.question for one in known)
    fresh = [one for one in known if one.question not in vectors]
    if fresh:
        encoder = index.encoder()
        for number, one in enumerate(fresh, start=1):
            encode_known([one], encoder, vectors)
            progress(number, len(fresh))
        file.write(vectors)
    return vectors


def _file(settings: Settings, index: Index) -> KnownVectors:
    recipe = index.manifest.recipe
    return KnownVectors(settings.state_dir / "learned-vectors.db", recipe.fingerprint, recipe.dimensions)


def read_known(store: Store) -> list[Known]:
    """What the store knows, as search understands it. Raises StoreUnavailable."""
    return [Known(one.question, one.location, one.source, one.at, one.session) for one in known_questions(store)]


def teach_from_store(searcher: Searcher, settings: Settings) -> None:
    """Teach what the site's store knows, so that a command answers as the service does.

    Without a store there is nothing to teach, and none is made; when it cannot be read, that is said and search goes
    on without.
    """
    if not settings.store_file.exists():
        return
    store = Store(settings.store_file)
    try:
        Pupil(settings).teach(searcher, read_known(store))
    except HandrailError as error:
        log.warning("learned questions are left out: %s", error.format_message())
    finally:
        store.close()


def _watch(reference: weakref.ref[Teaching], stopped: threading.Event, every: float) -> None:
    """Look for as long as anybody uses the Teaching."""
    while not stopped.is_set():
        teaching = reference()
        if teaching is None:
            return
        began = time.monotonic()
        teaching.look()
        del teaching
        stopped.wait(max(every, _REST * (time.monotonic() - began)))
