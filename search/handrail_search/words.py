"""The words leg: what the words of a question have in common with articles, their heads and their passages.

Words are kept by their stems, compounds also by their parts (`stemming`, `compounds`), and scored by BM25 (`postings`).
Knows nothing of vectors and of how scores are mixed.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce

import numpy as np

from handrail_kb.passages import Page
from handrail_kb.text_form import plain
from handrail_search import codes, compounds, postings, vocabulary
from handrail_search.postings import Ids, Postings, Scores
from handrail_search.stemming import fold, languages_of, stem, words_in

SCHEMA = f"""{postings.SCHEMA}{vocabulary.SCHEMA}{codes.SCHEMA}
-- Keywords that writers gave, as terms in their order.
CREATE TABLE keywords (terms TEXT NOT NULL, page_id INTEGER NOT NULL);
CREATE TABLE stemmed_as (lang TEXT PRIMARY KEY);
"""
_PLACES = ("articles", "titles", "passages")
# More words than this say nothing more, and cost time.
MAX_WORDS = 32
# Letters from which a word that goes on is looked for by its beginning.
_BEGINNING = 3
# Fragments are pieces of so many letters; their BM25 is about so many times that of the words they are of.
_FRAGMENT, _FRAGMENTS_A_WORD = 4, 3.0
_HEAD = 2
# A quarter of an English text and hardly any of another language's are these.
_ENGLISH = frozenset(
    ("the", "of", "to", "and", "in", "is", "you", "for", "that", "it", "on", "with", "are", "your", "this", "be",
     "can", "as", "or", "if")
)  # fmt: skip
# Their share of all words where a text is surely not English, and where it surely is.
_FOREIGN, _NATIVE = 0.08, 0.15
_SELDOM = 2
# Completions of a beginning that are marked in a snippet.
_MARKED = 8


@dataclass(frozen=True)
class AskedWord:
    """A word of a question: the terms it stands for, together one, and the terms of its parts if it is a compound.

    `meant` are the words of the site that it stands for, as they are written: it may go on, or lack its marks.
    `unfinished` is the beginning of words, `may_go_on` a word that is also the beginning of commoner ones;
    `seldom` ones stand in one or two articles and in no title, heading, question or keyword.
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

    `fragments` is that of pieces of words, all zero where the index keeps none; `keywords` the share of the question
    that is a keyword of the article, 0..1.
    """

    articles: Scores
    titles: Scores
    passages: Scores
    fragments: Scores
    keywords: Scores


# --- making


def write(db: sqlite3.Connection, pages: Sequence[Page], *, fragments: bool) -> None:
    """Fill the tables for pages whose passages are numbered through in order.

    With `fragments`, pieces of words are kept too: for languages that the encoder does not know.
    """
    texts = [_all_text(page) for page in pages]
    languages = languages_of(texts, [page.lang for page in pages])
    reader = _Reader(zip(texts, languages, strict=True))
    writer = postings.Writer([*_PLACES, "fragments"] if fragments else _PLACES)
    passage_id = 0
    for page_id, (page, lang) in enumerate(zip(pages, languages, strict=True)):
        first = passage_id
        headings = [
            " › ".join((*passage.path, passage.heading)) if passage.heading else "" for passage in page.passages
        ]
        _add_page(writer, reader, page, lang, headings, fragments=fragments)
        passage_id += len(page.passages)
        told = [(first + at, f"{heading} {passage.text}")
                for at, (heading, passage) in enumerate(zip(headings, page.passages, strict=True))]  # fmt: skip
        codes.write(
            db,
            codes.rows(page_id, (*page.questions, *page.keywords), f"{' '.join(page.titles)} {page.description}", told),
        )
        terms = (" ".join(stem(word, lang) for word in words_in(keyword)) for keyword in page.keywords)
        db.executemany("INSERT INTO keywords VALUES (?, ?)", [(kept, page_id) for kept in dict.fromkeys(terms) if kept])
    writer.write(db)
    vocabulary.write(db, reader.entries(zip(pages, languages, strict=True)))
    db.executemany("INSERT INTO stemmed_as VALUES (?)", [(lang,) for lang in sorted(set(languages))])


def _all_text(page: Page) -> str:
    texts = (text for passage in page.passages for text in (*passage.path, passage.heading, passage.text))
    return " \n".join((*page.titles, page.description, *page.questions, *page.keywords, *texts))


class _Reader:
    """Texts to terms, once for each word and language."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._words: Counter[tuple[str, str]] = Counter()
        for text, lang in texts:
            self._words.update({(word, lang) for word in words_in(text)})
        self._stems: Counter[tuple[str, str]] = Counter()
        for (word, lang), articles in self._words.items():
            self._stems[stem(word, lang), lang] += articles
        self.terms = lru_cache(None)(self._terms)

    def _terms(self, word: str, lang: str) -> tuple[str, ...]:
        parts = compounds.split(word, lang, lambda form: self._stems[form, lang])
        return (stem(word, lang), *(stem(part, lang) for part in parts))

    def counts(self, text: str, lang: str, times: int = 1) -> tuple[Counter[str], int]:
        """The terms of a text, each counting so many times, and how many there are."""
        found = Counter(words_in(text))
        counts: Counter[str] = Counter()
        length = 0
        for word, often in found.items():
            for term in self.terms(word, lang):
                counts[term] += often * times
                length += often
        return counts, length

    def entries(self, pages: Iterable[tuple[Page, str]]) -> Iterable[vocabulary.Entry]:
        """The vocabulary, words with the same letters as one."""
        heads = Counter((word, lang) for page, lang in pages for word in set(words_in(_heads(page))))
        same: dict[str, list[tuple[int, str, str]]] = {}
        for (word, lang), articles in self._words.items():
            same.setdefault(fold(word), []).append((articles, word, lang))
        for word, found in same.items():
            found.sort(reverse=True)
            terms = [self.terms(shown, lang) for _, shown, lang in found]
            yield vocabulary.Entry(
                word, found[0][1], tuple(dict.fromkeys(kept[0] for kept in terms)),
                tuple(dict.fromkeys(part for kept in terms for part in kept[1:])),
                sum(articles for articles, _, _ in found), sum(heads[shown, lang] for _, shown, lang in found),
            )  # fmt: skip


def _heads(page: Page) -> str:
    return " \n".join((*page.titles, *page.questions, *page.keywords, *(passage.heading for passage in page.passages)))


def _add_page(
    writer: postings.Writer, reader: _Reader, page: Page, lang: str, headings: Sequence[str], *, fragments: bool
) -> None:
    asked = " \n".join((*page.questions, *page.keywords))
    about = f"{page.description} \n{asked}"
    texts = [f"{heading} \n{passage.text}" for heading, passage in zip(headings, page.passages, strict=True)]
    named = " \n".join(page.titles)
    head, body = f"{named} \n{about}", " \n".join(texts)
    writer.add("articles", *_sum(reader.counts(head, lang, _HEAD), reader.counts(body, lang)))
    writer.add("titles", *_sum(reader.counts(named, lang, _HEAD), reader.counts(about, lang)))
    for text in texts:
        writer.add("passages", *reader.counts(f"{page.title} \n{text}", lang))
    if fragments:
        pieces, heads = _fragments(words_in(body)), _fragments(words_in(head))
        counts = Counter(pieces)
        for piece, often in Counter(heads).items():
            counts[piece] += _HEAD * often
        writer.add("fragments", counts, len(pieces) + len(heads))


def _sum(head: tuple[Counter[str], int], body: tuple[Counter[str], int]) -> tuple[Counter[str], int]:
    return head[0] + body[0], head[1] + body[1]


def _fragments(words: Iterable[str]) -> list[str]:
    """Pieces of words, their beginnings and ends marked by a space."""
    pieces = []
    for word in words:
        whole = f" {fold(word)} "
        pieces += [whole[at : at + _FRAGMENT] for at in range(max(1, len(whole) - _FRAGMENT + 1))]
    return pieces


def endings_known(texts: Iterable[str]) -> float:
    """How far search knows that words of these texts with other endings are the same words, 0..1."""
    found = [word for text in texts for word in words_in(text)]
    share = sum(word in _ENGLISH for word in found) / max(len(found), 1)
    return min(max((share - _FOREIGN) / (_NATIVE - _FOREIGN), 0.0), 1.0)


# --- asking


@dataclass(frozen=True)
class WordIndex:
    """The words of one index, for reading. Thread-safe: each call brings its own connection."""

    places: dict[str, Postings]
    languages: tuple[str, ...]
    keywords: dict[str, list[tuple[tuple[str, ...], int]]] = field(repr=False)

    def read(self, db: sqlite3.Connection, question: str) -> tuple[AskedWord, ...]:
        """The words of a question, each once, and what they are on this site."""
        texts = list(dict.fromkeys(words_in(question)))[:MAX_WORDS]
        known = vocabulary.look_up(db, [fold(text) for text in texts])
        going_on = bool(texts) and len(texts[-1]) >= _BEGINNING and plain(question).endswith(texts[-1])
        typed = texts[-1] if going_on else None
        return tuple(self._read_word(db, text, known.get(fold(text)), going_on=text is typed) for text in texts)

    def _read_word(
        self, db: sqlite3.Connection, text: str, entry: vocabulary.Entry | None, *, going_on: bool
    ) -> AskedWord:
        if entry is not None:
            return AskedWord(
                text, entry.forms, entry.parts, (entry.shown,), may_go_on=going_on and _goes_on(db, entry),
                seldom=entry.articles <= _SELDOM and not entry.heads,
            )  # fmt: skip
        if going_on and (longer := vocabulary.beginning(db, fold(text))):
            forms = tuple(dict.fromkeys(form for one in longer for form in one.forms))
            return AskedWord(text, forms, (), tuple(one.shown for one in longer), unfinished=True)
        forms = tuple(dict.fromkeys(stem(text, lang) for lang in self.languages))
        if len(self._articles.held(db, forms)[0]):
            return AskedWord(text, forms, (), (text,))
        for lang in self.languages:
            parts = compounds.split(text, lang, lambda form: len(self._articles.held(db, (form,))[0]))
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

        `unasked` is an article and a question of its own: the words of that question do not count there.
        """
        groups = _groups(asked)
        less = _less(asked, groups, unasked)
        scores = {
            name: place.score(db, groups, less.get(name)) for name, place in self.places.items() if name in _PLACES
        }
        fragments = np.zeros(self._articles.documents)
        if "fragments" in self.places:
            pieces = dict.fromkeys(_fragments(word.text for word in asked))
            fragments = self.places["fragments"].score(db, [(piece,) for piece in pieces]) / _FRAGMENTS_A_WORD
        return WordEvidence(
            scores["articles"], scores["titles"], scores["passages"], fragments, self._ask_keywords(db, asked)
        )

    def coverage(self, db: sqlite3.Connection, asked: Sequence[AskedWord]) -> dict[int, float]:
        """How much of the question each article holds, 0..1, rare words weighing more; those without any left out."""
        held = np.zeros(self._articles.documents)
        total = 0.0
        for word in asked:
            ids = self._holders(db, word)
            total += (rarity := self._rarity(len(ids)))
            held[ids] += rarity
        (ids,) = np.nonzero(held)
        return dict(zip(ids.tolist(), (held[ids] / total).tolist(), strict=True)) if total else {}

    def passages_holding(self, db: sqlite3.Connection, text: str) -> tuple[list[int], list[int]]:
        """Passages, and articles by their heads, that hold all words of a text: where a phrase can be."""
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
        """Articles that hold a word, or all parts of it."""
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
    return WordIndex(postings.open_places(db), languages, keywords)


def _goes_on(db: sqlite3.Connection, entry: vocabulary.Entry) -> bool:
    """Whether a word is also the beginning of another one that is at least as common."""
    longer = vocabulary.beginning(db, entry.word)
    return any(one.articles >= entry.articles and one.forms != entry.forms for one in longer[:1])


def _groups(asked: Sequence[AskedWord]) -> list[tuple[str, ...]]:
    """What BM25 is asked: each word's forms as one term, each part of a compound as another, nothing twice."""
    groups = [group for word in asked for group in (word.forms, *((part,) for part in word.parts))]
    return list(dict.fromkeys(groups))


def _less(
    asked: Sequence[AskedWord], groups: Sequence[tuple[str, ...]], unasked: tuple[int, str] | None
) -> dict[str, tuple[int, list[int]]]:
    """How often an article's own question counts in each place, for each of the groups that BM25 is asked."""
    if unasked is None:
        return {}
    page_id, question = unasked
    often = Counter(words_in(question))
    counts: Counter[tuple[str, ...]] = Counter()
    for word in asked:
        for group in (word.forms, *((part,) for part in word.parts)):
            counts[group] += often[word.text]
    return {
        "articles": (page_id, [_HEAD * counts[group] for group in groups]),
        "titles": (page_id, [counts[group] for group in groups]),
    }


def marked(asked: Sequence[AskedWord]) -> frozenset[str]:
    """The words to mark in a snippet: as they were typed, and as the site writes them."""
    return frozenset(text for word in asked for text in (word.text, *word.meant[:_MARKED], *word.parts))


def word_set(text: str) -> frozenset[str]:
    """The words of a text in small letters."""
    return frozenset(words_in(text))
