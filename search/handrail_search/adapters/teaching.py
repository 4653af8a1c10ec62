"""Hands learned questions from the store to the index that serves, while it serves. Knows nothing of HTTP.

A thread checks whether the store or the index has changed, and teaches what is new; no request ever waits for it. When
the store cannot be read, search goes on with what it was taught before.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.learned import known_questions, version
from handrail_kb.config.settings import Settings
from handrail_kb.errors import HandrailError
from handrail_kb.texts.log.logger import Log
from handrail_search.adapters.openings import CountOpenings, popularity_in
from handrail_search.background import Watch
from handrail_search.embedding.vector_cache import KnownVectors
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.ranking.learned import KnownAnswer, LearnedModel, encode_known
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.searcher import Searcher

log = Log(__name__)


class Teaching(Watch):
    """Teaches the Searcher that serves whenever the known questions or the index change."""

    rest = 10.0  # on a site of very many votes
    trouble = "learned.not_read"
    log = log

    def __init__(self, live: LiveIndex, settings: Settings, *, every: float = 1.0) -> None:
        """Look every `every` seconds, from the first call of `watch` on. `known` are the questions taught last."""
        super().__init__(every)
        self.live = live
        # A store object of its own: reading much must not delay whoever writes a message.
        self._store = Store(settings.store_place)
        self._teacher = Teacher(settings)
        self._openings = CountOpenings(live, settings)
        self.known: Sequence[KnownAnswer] = ()
        self._seen: tuple[int, str] | None = None
        # Held by nothing but this it may go, with the files of an index that no longer serves.
        self._pupil: weakref.ref[Searcher] | None = None

    def watch(self) -> None:
        """Start looking, and counting what people open, unless this process does already."""
        super().watch()
        self._openings.watch()

    def stop(self) -> None:
        """End the threads permanently, and close the store."""
        super().stop()
        self._openings.stop()
        self._store.close()

    @property
    def taught(self) -> tuple[int, str] | None:
        """What search knows now: the number of the known questions, and the index that was taught."""
        return self._seen

    def look_once(self) -> None:
        """Teach what is new, if anything is."""
        searcher = self.live.searcher()
        if searcher is None or not self._store.exists():
            return
        seen = (version(self._store), searcher.index.name)
        pupil = self._pupil and self._pupil()
        if seen == self._seen and searcher is pupil:
            return
        known = read_known(self._store)
        # Most votes teach nothing; a new index has been taught nothing.
        if searcher is not pupil or known != self.known:
            self._teacher.teach(searcher, known)
            if known or self.known:
                log("learned.loaded", questions=len(known))
        self._seen, self.known, self._pupil = seen, known, weakref.ref(searcher)


class Teacher:
    """Teaches Searchers of one site, encoding each question once: vectors are kept in memory and in a file."""

    def __init__(self, settings: Settings) -> None:
        """The file is in the folder of the site's index and store."""
        self._settings = settings
        self._encoder = ""
        self._vectors: dict[str, Vectors] = {}

    def teach(self, searcher: Searcher, known: Sequence[KnownAnswer]) -> None:
        """Teach a Searcher these questions, replacing any others. Raises EncoderUnavailable."""
        questions = {one.question for one in known}
        file = _file(self._settings, searcher.index)
        fingerprint = searcher.index.manifest.recipe.fingerprint
        if self._encoder != fingerprint:
            self._encoder, self._vectors = fingerprint, file.read(questions)
        held = set(self._vectors)
        before = searcher.lesson
        if before == LearnedModel():
            before = searcher.lesson = _lesson(file.read_lesson(searcher.index.name))
        searcher.teach(known, known_vectors=self._vectors)
        if searcher.lesson != before:
            file.write_lesson(searcher.index.name, searcher.lesson.to_json())
        if held != questions and not searcher.missing:
            self._vectors = {question: self._vectors[question] for question in questions}
            file.write(self._vectors)


def _lesson(text: str) -> LearnedModel:
    """The stored lesson; an empty one where none can be read."""
    try:
        return LearnedModel.from_json(text)
    except (ValueError, TypeError, KeyError):
        return LearnedModel()


def encode_ahead(
    index: Index, known: Sequence[KnownAnswer], settings: Settings, progress: Callable[[int, int], None]
) -> dict[str, Vectors]:
    """Encode questions and store their vectors in the file, so that the service learns them at once.

    Returns the vectors by question; `progress` is called with how many are done, of how many. Raises
    EncoderUnavailable.
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


def read_known(store: Store) -> list[KnownAnswer]:
    """What the store knows, as search understands it. Raises StoreUnavailable."""
    return [KnownAnswer(one.question, one.location, one.source, one.at, one.session) for one in known_questions(store)]


def teach_from_store(searcher: Searcher, settings: Settings) -> None:
    """Teach what the site's store knows, and what people open, so that a command answers as the service does.

    Without a store there is nothing to teach, and none is created; when it cannot be read, a warning is logged and
    search goes on without it.
    """
    store = Store(settings.store_place)
    if not store.exists():
        return
    try:
        Teacher(settings).teach(searcher, read_known(store))
        searcher.popularity = popularity_in(store, searcher.index, now())
    except HandrailError as error:
        log("learned.left_out", reason=error)
    finally:
        store.close()
