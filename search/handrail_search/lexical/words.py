"""Search by words: what the words of a question have in common with articles, their heads and their passages.

Words are stored by their stems, compounds also by their parts (`stemming`, `compounds`), and scored by BM25 (`bm25`).
Knows nothing of vectors or of how scores are combined.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from handrail_kb.language.normal_form import plain
from handrail_kb.language.segments import has_unspaced
from handrail_search.lexical import bm25, compounds, literals, vocabulary
from handrail_search.lexical.bm25 import Held, Ids, Postings, Scores
from handrail_search.lexical.stemming import fold, stem, words_in
from handrail_search.lexical.word_tables import FRAGMENTS_PER_WORD, HEAD_WEIGHT, fragments_of

WORDS_SCHEMA = f"""{bm25.POSTINGS_SCHEMA}{vocabulary.VOCABULARY_SCHEMA}{literals.LITERALS_SCHEMA}
-- Keywords that writers gave, as terms in their order.
CREATE TABLE keywords (terms TEXT NOT NULL, page_id INTEGER NOT NULL);
CREATE TABLE stemmed_as (lang TEXT PRIMARY KEY);
"""
# More words than this add nothing, and cost time.
MAX_WORDS = 32
# From so many letters on, a word still being typed is looked up by its beginning.
_BEGINNING = 3
# These make up a quarter of an English text and hardly any of another language's.
_COMMON_ENGLISH = "the of to and in is you for that it on with are your this be can as or if"
_ENGLISH = frozenset(_COMMON_ENGLISH.split())
# Their share of all words where a text is surely not English, and where it surely is.
_FOREIGN, _NATIVE = 0.08, 0.15
_SELDOM = 2
# How many completions of a beginning are marked in a snippet.
_MARKED = 8


@dataclass(frozen=True)
class AskedWord:
    """A word of a question: the terms it stands for, counted as one, and the terms of its parts if it is a compound.

    `meant` are the words of the site that it stands for, as written there: it may be incomplete, or lack its marks.
    `unfinished` is the beginning of words, `may_go_on` a word that is also the beginning of commoner ones; `seldom`
    ones occur in one or two articles and in no title, heading, question or keyword.
    """

    text: str
    forms: tuple[str, ...]
    parts: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    unfinished: bool = False
    may_go_on: bool = False
    seldom: bool = False

    @property
    def known(self) -> bool:
        """Whether the site uses it."""
        return bool(self.meant or self.parts)


@dataclass(frozen=True)
class WordEvidence:
    """BM25 of `articles`, `titles` (with descriptions, questions, keywords), and `passages`, by their numbers.

    `fragments` is the BM25 of pieces of words, all zero where the index has none; `keywords` the share of the question
    that is a keyword of the article, 0..1. `in_passages` are the passages that contain each of the words.
    """

    articles: Scores
    titles: Scores
    passages: Scores
    fragments: Scores
    keywords: Scores
    in_passages: tuple[Held, ...] = ()


def endings_known(texts: Iterable[str]) -> float:
    """How well different endings of a word in these texts are recognised as the same word, 0..1.

    In scripts without spaces, such as that of Japanese, endings are cut off as words of their own: all are recognised.
    """
    found = [word for text in texts for word in words_in(text)]
    spaced = [word for word in found if not has_unspaced(word)]
    share = sum(word in _ENGLISH for word in spaced) / max(len(spaced), 1)
    known = min(max((share - _FOREIGN) / (_NATIVE - _FOREIGN), 0.0), 1.0)
    return (len(found) - len(spaced) + known * len(spaced)) / max(len(found), 1)


# --- asking


@dataclass(frozen=True)
class WordIndex:
    """The words of one index, for reading. Thread-safe: each caller passes its own connection."""

    places: dict[str, Postings]
    languages: tuple[str, ...]
    keywords: dict[str, list[tuple[tuple[str, ...], int]]] = field(repr=False)

    def read(self, db: sqlite3.Connection, question: str) -> tuple[AskedWord, ...]:
        """The words of a question, each once, as this site knows them."""
        texts = list(dict.fromkeys(words_in(question)))[:MAX_WORDS]
        known = vocabulary.look_up(db, [fold(text) for text in texts])
        going_on = bool(texts) and len(texts[-1]) >= _BEGINNING and plain(question).endswith(texts[-1])
        typed = texts[-1] if going_on else None
        return tuple(self._read_word(db, text, known.get(fold(text)), going_on=text is typed) for text in texts)

    def _read_word(
        self, db: sqlite3.Connection, text: str, entry: vocabulary.VocabularyEntry | None, *, going_on: bool
    ) -> AskedWord:
        if entry is not None:
            return AskedWord(
                text,
                entry.forms,
                entry.parts,
                (entry.shown,),
                may_go_on=going_on and _goes_on(db, entry),
                seldom=entry.articles <= _SELDOM and not entry.heads,
            )
        if going_on and (longer := vocabulary.beginning(db, fold(text))):
            forms = tuple(dict.fromkeys(form for one in longer for form in one.forms))
            return AskedWord(text, forms, (), tuple(one.shown for one in longer), unfinished=True)
        forms = tuple(dict.fromkeys(stem(text, lang) for lang in self.languages))
        if len(self._articles.held(db, forms)[0]):
            return AskedWord(text, forms, (), (text,))
        dashed = literals.with_dash(db, text)
        for lang in self.languages:
            parts = compounds.split(text, lang, lambda form: len(self._articles.held(db, (form,))[0])) or dashed
            if parts:
                return AskedWord(text, forms, tuple(stem(part, lang) for part in parts))
        return AskedWord(text, forms)

    @property
    def _articles(self) -> Postings:
        return self.places["articles"]

    def ask(
        self, db: sqlite3.Connection, asked: Sequence[AskedWord], unasked: tuple[int, str] | None = None
    ) -> WordEvidence:
        """What every article, head and passage has in common with the words of a question.

        `unasked` is an article and a question of its own: the words of that question are not counted there.
        """
        groups = _groups(asked)
        less = _less(asked, groups, unasked)
        heads = {name: self.places[name].score(db, groups, less.get(name)) for name in ("articles", "titles")}
        held = self.held_in_passages(db, asked)
        fragments = np.zeros(self._articles.documents)
        if "fragments" in self.places:
            pieces = dict.fromkeys(fragments_of(word.text for word in asked))
            fragments = self.places["fragments"].score(db, [(piece,) for piece in pieces]) / FRAGMENTS_PER_WORD
        passages = self.places["passages"].score_held(held)
        return WordEvidence(
            heads["articles"], heads["titles"], passages, fragments, self._ask_keywords(db, asked), held
        )

    def held_in_passages(self, db: sqlite3.Connection, asked: Sequence[AskedWord]) -> tuple[Held, ...]:
        """The passages that contain each of the words of a question, and each part of its compounds."""
        return tuple(self.places["passages"].held(db, group) for group in _groups(asked))

    def tell_apart(self, held: Sequence[Held], section_of: Ids, page_of: Ids, sections: Scores) -> Scores:
        """How well words tell the sections of its article apart, 0..1, for each passage, see `Postings.tell_apart`."""
        return self.places["passages"].tell_apart(held, section_of, page_of, sections)

    def coverage(self, db: sqlite3.Connection, asked: Sequence[AskedWord]) -> dict[int, float]:
        """How much of the question each article contains, 0..1, rare words weighing more; without those at 0."""
        held = np.zeros(self._articles.documents)
        total = 0.0
        for word in asked:
            ids = self._holders(db, word)
            total += (rarity := self._rarity(len(ids)))
            held[ids] += rarity
        (ids,) = np.nonzero(held)
        return dict(zip(ids.tolist(), (held[ids] / total).tolist(), strict=True)) if total else {}

    def rarity(self, db: sqlite3.Connection, word: AskedWord) -> float:
        """How much a word says: the more, the fewer articles contain it."""
        return self._rarity(len(self._holders(db, word)))

    def articles_holding(self, db: sqlite3.Connection, asked: Sequence[AskedWord]) -> int:
        """How many articles contain all of these words."""
        held = [self._holders(db, word) for word in asked]
        return len(reduce(np.intersect1d, held)) if held else 0

    def heads_holding(self, db: sqlite3.Connection, asked: Sequence[AskedWord]) -> int:
        """The same of titles, with descriptions, questions and keywords."""
        return len(self._all(db, "titles", asked))

    def passages_holding(self, db: sqlite3.Connection, text: str) -> tuple[list[int], list[int]]:
        """Passages, and articles by their heads, that contain all words of a text: where a phrase can be."""
        asked = self.read(db, f"{text} ")
        return self._all(db, "passages", asked), self._all(db, "titles", asked)

    def _ask_keywords(self, db: sqlite3.Connection, asked: Sequence[AskedWord]) -> Scores:
        """The share of the question that is a keyword of the article, rare words weighing more."""
        scores = np.zeros(self._articles.documents)
        word_of = {form: number for number, word in enumerate(asked) for form in word.forms}
        said = [
            one for form in word_of for one in self.keywords.get(form, ()) if all(term in word_of for term in one[0])
        ]
        if said:
            rarities = [self._rarity(len(self._holders(db, word))) for word in asked]
            givers = Counter(terms for terms, _ in said)
            for terms, page_id in said:
                share = sum(rarities[number] for number in {word_of[term] for term in terms}) / sum(rarities)
                scores[page_id] = max(scores[page_id], share / givers[terms])
        return scores

    def _holders(self, db: sqlite3.Connection, word: AskedWord) -> Ids:
        """Articles that contain a word, or all parts of it."""
        ids, _ = self._articles.held(db, word.forms)
        if not word.parts:
            return ids
        return np.union1d(ids, reduce(np.intersect1d, [self._articles.held(db, (part,))[0] for part in word.parts]))

    def _rarity(self, articles: int) -> float:
        return math.log(1 + self._articles.documents / (articles + 0.5))

    def _all(self, db: sqlite3.Connection, place: str, asked: Sequence[AskedWord]) -> list[int]:
        found = [self.places[place].held(db, word.forms)[0] for word in asked]
        ids: list[int] = reduce(np.intersect1d, found).tolist() if found else []
        return ids


def open_words(db: sqlite3.Connection) -> WordIndex:
    """The words of an index."""
    keywords: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for terms, page_id in db.execute("SELECT terms, page_id FROM keywords"):
        kept = tuple(terms.split())
        keywords.setdefault(kept[0], []).append((kept, page_id))
    languages = tuple(lang for (lang,) in db.execute("SELECT lang FROM stemmed_as"))
    return WordIndex(bm25.open_places(db), languages, keywords)


def _goes_on(db: sqlite3.Connection, entry: vocabulary.VocabularyEntry) -> bool:
    """Whether a word is also the beginning of another one that is at least as common."""
    longer = vocabulary.beginning(db, entry.word)
    return any(one.articles >= entry.articles and one.forms != entry.forms for one in longer[:1])


def _groups(asked: Sequence[AskedWord]) -> list[tuple[str, ...]]:
    """The groups of terms given to BM25: each word's forms as one, each part of a compound as another, each once."""
    groups = [group for word in asked for group in (word.forms, *((part,) for part in word.parts))]
    return list(dict.fromkeys(groups))


def _less(
    asked: Sequence[AskedWord], groups: Sequence[tuple[str, ...]], unasked: tuple[int, str] | None
) -> dict[str, tuple[int, list[int]]]:
    """How often an article's own question counts in each place, for each of the groups given to BM25."""
    if unasked is None:
        return {}
    page_id, question = unasked
    often = Counter(words_in(question))
    counts: Counter[tuple[str, ...]] = Counter()
    for word in asked:
        for group in (word.forms, *((part,) for part in word.parts)):
            counts[group] += often[word.text]
    return {
        "articles": (page_id, [HEAD_WEIGHT * counts[group] for group in groups]),
        "titles": (page_id, [counts[group] for group in groups]),
    }


def marked(asked: Sequence[AskedWord]) -> frozenset[str]:
    """The words to mark in a snippet: as typed, and as the site writes them."""
    return frozenset(text for word in asked for text in (word.text, *word.meant[:_MARKED], *word.parts))


def word_set(text: str) -> frozenset[str]:
    """The words of a text in lower case."""
    return frozenset(words_in(text))
