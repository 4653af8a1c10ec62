"""What topics need to know of the site: vectors of what customers typed, and its articles. Knows none of their rules.

Vectors are kept in a file by a digest of their text, so that only new questions are encoded.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.topics import History
from handrail_feedback.storage.database import Store
from handrail_feedback.topics.refresh import Refreshed, refresh
from handrail_kb.config.settings import Settings
from handrail_kb.site.built.site_info import read_site_info
from handrail_search.embedding.encoder import Encoder, stack
from handrail_search.embedding.vector_cache import KnownVectors
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.index.manifest import PageRow
from handrail_search.lexical.stemming import stem, words_in

# A word of at least three letters, or two in scripts where two letters make a word.
_LETTERS = re.compile(r"[^\W\d_]{3}|[^\W\d_\u0000-\u0dff]{2}")
# A word characterises a topic when at least this share and number of its searches contain it …
_SHARE, _SEARCHES = 0.1, 2
# … and this share is so many times that of all other failed searches.
_TIMES_AS_OFTEN = 3.0
_MOST_WORDS = 12
# The most names of topics that are corrected once, and not for each period anew.
_NAMES = 10_000


def refresh_topics(
    store: Store, index: Index, encoder: Encoder, settings: Settings, at: datetime,
    progress: Callable[[int, int], None], *, regroup: bool = False, history: History | None = None,
) -> Refreshed:  # fmt: skip
    """Bring the store's topics up to date with an index and its encoder. Raises EncoderUnavailable, StoreUnavailable.

    `progress` gets how many of the questions to encode are done. Reads searches unless `history` has them.
    """
    vectors = _QuestionVectors(index, encoder, settings, progress)
    texts = index.vectors.all_vectors().mean(axis=0) if index.vectors.rows else None
    meaning = Meaning(encoder.recipe.fingerprint, vectors.encode, texts, apart=not encoder.multilingual)
    done = refresh(store, meaning, at, regroup=regroup, history=history)
    if done.how == "regrouped":
        vectors.forget_others()
    return done


class _QuestionVectors:
    """Vectors of questions; known ones come from a file that holds only vectors and digests."""

    def __init__(
        self, index: Index, encoder: Encoder, settings: Settings, progress: Callable[[int, int], None]
    ) -> None:
        recipe = index.manifest.recipe
        self._file = KnownVectors(settings.state_dir / "topic-vectors.db", recipe.fingerprint, recipe.dimensions)
        self._dimensions = recipe.dimensions
        self._encoder = encoder
        self._progress = progress
        self._asked: dict[str, Vectors] = {}

    def encode(self, questions: Sequence[str]) -> Vectors:
        """A vector of length 1 for each. Raises EncoderUnavailable."""
        known = dict(self._file.read(questions))
        fresh = [question for question in dict.fromkeys(questions) if question not in known]
        for number, question in enumerate(fresh, start=1):
            known[question] = self._encoder.encode_query(question)
            self._progress(number, len(fresh))
        self._asked |= known
        if fresh:
            self._file.write({question: known[question] for question in fresh}, keep_others=True)
        return stack([known[question] for question in questions], self._dimensions)

    def forget_others(self) -> None:
        """Keep in the file only what was asked here: the texts of others may have been erased."""
        self._file.write(self._asked)


class SiteArticles:
    """The site's articles, as `contracts.Articles`."""

    def __init__(self, index: Index, failed: Iterable[str], spelled: Callable[[str], str] = str) -> None:
        """`failed` are all failed searches: a word found in many of them characterises none.

        `spelled` corrects words that the site writes otherwise.
        """
        self._index = index
        self._spelled = lru_cache(_NAMES)(spelled)
        self._lang = read_site_info(index.site).lang if index.site else _commonest(page.lang for page in index.pages)
        self._pages = {page.location: page for page in index.pages}
        self._usual: Counter[str] = Counter()
        self._searches = 0
        for query in failed:
            self._searches += 1
            self._usual.update(_words(query))

    @property
    def lang(self) -> str:
        """The site's language: as its build says or, where the index holds no built site, that of most articles."""
        return self._lang

    def spelled(self, words: str) -> str:
        """What a customer typed, with the words corrected that the site writes otherwise."""
        try:
            return self._spelled(words)
        except sqlite3.Error:  # the generation was removed or damaged while it served
            return words

    def title(self, location: str) -> str:
        """The article's title; its location where it is gone."""
        page = self._pages.get(location)
        return page.title if page else location

    def people_only(self, location: str) -> bool:
        """Whether the article says that its subject is handled by a person."""
        page = self._pages.get(location)
        return page is not None and page.people_only

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        """Words that characterise these searches and that the article does not contain in any form."""
        page = self._pages.get(location)
        if page is None:
            return ()
        counts: Counter[str] = Counter()
        for query, often in queries.items():
            counts.update(dict.fromkeys(_words(query), often))
        searches = sum(queries.values())
        others = max(self._searches - searches, 1)
        found = [
            word
            for word, count in counts.items()
            if count >= max(_SEARCHES, _SHARE * searches)
            and count / searches >= _TIMES_AS_OFTEN * (self._usual[word] - count) / others
        ]
        lacking = (word for word in found if not self._holds(page, stem(word, page.lang)))
        return tuple(sorted(lacking, key=lambda word: (-counts[word], word))[:_MOST_WORDS])

    def _holds(self, page: PageRow, term: str) -> bool:
        """Whether a term is in the article's text, or in its title, description, questions or keywords."""
        places = (self._index.words.places[name] for name in ("articles", "titles"))
        return any(page.id in place.held(self._index.db, [term])[0] for place in places)


def _commonest(langs: Iterable[str]) -> str:
    return next((lang for lang, _ in Counter(langs).most_common(1)), "")


def _words(query: str) -> frozenset[str]:
    return frozenset(word for word in words_in(query) if _LETTERS.search(word))
