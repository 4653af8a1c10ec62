"""Writes the tables of words in a generation; `words` reads them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from handrail_kb.site.built.passages import Page
from handrail_search.lexical import bm25, compounds, literals, vocabulary
from handrail_search.lexical.stemming import fold, languages_of, stem, words_in

WORD_PLACES = ("articles", "titles", "passages")
# Fragments are pieces of so many letters; their BM25 is about so many times that of whole words.
_FRAGMENT, FRAGMENTS_PER_WORD = 4, 3.0
HEAD_WEIGHT = 2


# --- making


def write_words(db: sqlite3.Connection, pages: Sequence[Page], *, fragments: bool) -> None:
    """Fill the tables for pages whose passages are numbered consecutively.

    With `fragments`, pieces of words are stored too: for languages that the encoder does not know.
    """
    texts = [_all_text(page) for page in pages]
    languages = languages_of(texts, [page.lang for page in pages])
    reader = _Reader(zip(texts, languages, strict=True))
    writer = bm25.Writer([*WORD_PLACES, "fragments"] if fragments else WORD_PLACES)
    passage_id = 0
    for page_id, (page, lang) in enumerate(zip(pages, languages, strict=True)):
        first = passage_id
        headings = [
            " › ".join((*passage.path, passage.heading)) if passage.heading else "" for passage in page.passages
        ]
        _add_page(writer, reader, page, lang, headings, fragments=fragments)
        passage_id += len(page.passages)
        numbered = [
            (first + at, f"{heading} {passage.text}")
            for at, (heading, passage) in enumerate(zip(headings, page.passages, strict=True))
        ]
        literals.write_literals(
            db,
            literals.literal_rows(
                page_id, (*page.questions, *page.keywords), f"{' '.join(page.titles)} {page.description}", numbered
            ),
        )
        terms = (" ".join(stem(word, lang) for word in words_in(keyword)) for keyword in page.keywords)
        db.executemany("INSERT INTO keywords VALUES (?, ?)", [(kept, page_id) for kept in dict.fromkeys(terms) if kept])
    writer.write(db)
    vocabulary.write_vocabulary(db, reader.entries(zip(pages, languages, strict=True)))
    db.executemany("INSERT INTO stemmed_as VALUES (?)", [(lang,) for lang in sorted(set(languages))])


def _all_text(page: Page) -> str:
    texts = (text for passage in page.passages for text in (*passage.path, passage.heading, passage.text))
    return " \n".join((*page.titles, page.description, *page.questions, *page.keywords, *texts))


class _Reader:
    """Converts texts to terms, once for each word and language."""

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
        """The terms of a text with the weight of each, and how many there are."""
        found = Counter(words_in(text))
        counts: Counter[str] = Counter()
        length = 0
        for word, often in found.items():
            for term in self.terms(word, lang):
                counts[term] += often * times
                length += often
        return counts, length

    def entries(self, pages: Iterable[tuple[Page, str]]) -> Iterable[vocabulary.VocabularyEntry]:
        """The vocabulary; words that fold to the same letters are one entry."""
        heads = Counter((word, lang) for page, lang in pages for word in set(words_in(_heads(page))))
        same: dict[str, list[tuple[int, str, str]]] = {}
        for (word, lang), articles in self._words.items():
            same.setdefault(fold(word), []).append((articles, word, lang))
        for word, found in same.items():
            found.sort(reverse=True)
            terms = [self.terms(shown, lang) for _, shown, lang in found]
            yield vocabulary.VocabularyEntry(
                word,
                found[0][1],
                tuple(dict.fromkeys(kept[0] for kept in terms)),
                tuple(dict.fromkeys(part for kept in terms for part in kept[1:])),
                sum(articles for articles, _, _ in found),
                sum(heads[shown, lang] for _, shown, lang in found),
            )


def _heads(page: Page) -> str:
    return " \n".join((*page.titles, *page.questions, *page.keywords, *(passage.heading for passage in page.passages)))


def _add_page(
    writer: bm25.Writer, reader: _Reader, page: Page, lang: str, headings: Sequence[str], *, fragments: bool
) -> None:
    asked = " \n".join((*page.questions, *page.keywords))
    about = f"{page.description} \n{asked}"
    texts = [f"{heading} \n{passage.text}" for heading, passage in zip(headings, page.passages, strict=True)]
    named = " \n".join(page.titles)
    head, body = f"{named} \n{about}", " \n".join(texts)
    writer.add("articles", *_sum(reader.counts(head, lang, HEAD_WEIGHT), reader.counts(body, lang)))
    writer.add("titles", *_sum(reader.counts(named, lang, HEAD_WEIGHT), reader.counts(about, lang)))
    for text in texts:
        writer.add("passages", *reader.counts(f"{page.title} \n{text}", lang))
    if fragments:
        pieces, heads = fragments_of(words_in(body)), fragments_of(words_in(head))
        counts = Counter(pieces)
        for piece, often in Counter(heads).items():
            counts[piece] += HEAD_WEIGHT * often
        writer.add("fragments", counts, len(pieces) + len(heads))


def _sum(head: tuple[Counter[str], int], body: tuple[Counter[str], int]) -> tuple[Counter[str], int]:
    return head[0] + body[0], head[1] + body[1]


def fragments_of(words: Iterable[str]) -> list[str]:
    """Pieces of words, whose beginnings and ends are marked by a space."""
    pieces = []
    for word in words:
        whole = f" {fold(word)} "
        pieces += [whole[at : at + _FRAGMENT] for at in range(max(1, len(whole) - _FRAGMENT + 1))]
    return pieces
