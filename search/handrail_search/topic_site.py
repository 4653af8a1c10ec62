"""What topics have to know of the site: vectors of what customers typed, and its articles. Knows none of their rules.

Vectors are kept in a file by what they are of, so that a week's topics encode only the week's new words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from handrail_feedback.db import Store
from handrail_feedback.topic_keeping import Meaning, Refreshed, refresh
from handrail_kb.settings import Settings
from handrail_search.encoder import Encoder, stack
from handrail_search.index import Index
from handrail_search.known_vectors import KnownVectors
from handrail_search.stemming import stem, words_in
from handrail_search.vectors import Vectors

# A word of three letters or more, or of a script where two are as many.
_TELLS = re.compile(r"[^\W\d_]{3}|[^\W\d_\u0000-\u0dff]{2}")
# A word tells what a topic is about when so many of its searches hold it, as a share and as a number …
_SHARE, _SEARCHES = 0.1, 2
# … and so many times as large a share as of all other failed searches.
_TELLING = 3.0
_MOST_WORDS = 12


def refresh_topics(
    store: Store, index: Index, encoder: Encoder, settings: Settings, at: datetime,
    progress: Callable[[int, int], None], *, regroup: bool = False,
) -> Refreshed:  # fmt: skip
    """Bring the store's topics up to date with an index and its encoder. Raises EncoderUnavailable, StoreUnavailable.

    `progress` is told how many questions are encoded, of how many that have to be.
    """
    vectors = _QuestionVectors(index, encoder, settings, progress)
    texts = index.vectors.all_vectors().mean(axis=0) if index.vectors.rows else None
    meaning = Meaning(encoder.recipe.fingerprint, vectors.encode, texts, apart=not encoder.multilingual)
    done = refresh(store, meaning, at, regroup=regroup)
    if done.how == "regrouped":
        vectors.forget_others()
    return done


class _QuestionVectors:
    """Vectors of questions, those of before from a file in which there are vectors and digests alone."""

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
            self._file.write({question: known[question] for question in fresh}, beside=True)
        return stack([known[question] for question in questions], self._dimensions)

    def forget_others(self) -> None:
        """Keep nothing in the file but what was asked here: the words of the others may be erased."""
        self._file.write(self._asked)


class SiteArticles:
    """The site's articles as topics ask for them (`topic_facts.Articles`)."""

    def __init__(self, index: Index, failed: Iterable[str]) -> None:
        """`failed` are all failed searches: a word that is in many of them tells nothing of one."""
        self._index = index
        self._pages = {page.location: page for page in index.pages}
        self._usual: Counter[str] = Counter()
        self._searches = 0
        for query in failed:
            self._searches += 1
            self._usual.update(_words(query))

    def title(self, location: str) -> str:
        """The article's title; its location where it is gone."""
        page = self._pages.get(location)
        return page.title if page else location

    def people_only(self, location: str) -> bool:
        """Whether the article says that its matter goes to a person."""
        page = self._pages.get(location)
        return page is not None and page.people_only

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        """Words that tell what these searches are about and that the article does not hold in any form."""
        page = self._pages.get(location)
        if page is None:
            return ()
        held = {stem(word, page.lang) for word in words_in(self._text(page.id))}
        counts: Counter[str] = Counter()
        for query, often in queries.items():
            counts.update(dict.fromkeys(_words(query), often))
        searches = sum(queries.values())
        others = max(self._searches - searches, 1)
        found = [
            word
            for word, count in counts.items()
            if count >= max(_SEARCHES, _SHARE * searches)
            and count / searches >= _TELLING * (self._usual[word] - count) / others
            and stem(word, page.lang) not in held
        ]
        return tuple(sorted(found, key=lambda word: (-counts[word], word))[:_MOST_WORDS])

    def _text(self, page_id: int) -> str:
        """All that the article says, and the questions and keywords it says it answers."""
        page = self._index.pages[page_id]
        [(asked,)] = self._index.db.execute("SELECT asked FROM pages WHERE id = ?", [page_id])
        passages = self._index.db.execute("SELECT heading, text FROM passages WHERE page_id = ?", [page_id])
        return " ".join((page.title, page.description, asked, *(f"{heading} {text}" for heading, text in passages)))


def _words(query: str) -> frozenset[str]:
    return frozenset(word for word in words_in(query) if _TELLS.search(word))
