"""Near-duplicate articles (copies for another version, product or language), and articles about related matters.

Search shows one of them. Candidates are pages whose vectors are near; what decides is how many runs of words they share
(w-shingling, Broder 1997), because two articles about one subject are near as well, and both are wanted. A translation
shares almost none. Exact copies are recognised without vectors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from handrail_kb.site.built.passages import Page
from handrail_search.embedding.vectors import Vectors
from handrail_search.lexical.stemming import words_in

NEIGHBOURS_SCHEMA = """
-- Pages that say nearly the same as an earlier one.
CREATE TABLE twins (page_id INTEGER PRIMARY KEY, first INTEGER NOT NULL);
-- Pages that the reader of a page may want next, nearest first.
CREATE TABLE related (page_id INTEGER NOT NULL, place INTEGER NOT NULL, other INTEGER NOT NULL,
  PRIMARY KEY (page_id, place)) WITHOUT ROWID;
"""
_NEAR = 0.9
_SAME = 0.7
_RUN = 3
_MOST_WORDS = 5000
_MOST_CANDIDATES = 20
# Identical texts of at least so many characters are copies, whatever their titles: "Coming soon." is not.
_ENOUGH = 100

# Articles are related from this cosine on, once what all articles of the site have in common is taken out.
_RELATED = 0.35
MOST_RELATED = 3

_Runs = frozenset[tuple[str, ...]]


def find_twins(pages: Sequence[Page], means: Vectors) -> list[int]:
    """For each page its first near-duplicate, in whatever language it is filed; the page itself where there is none.

    `means` are the pages' own vectors, one row each.
    """
    first = list(range(len(pages)))
    runs: dict[int, _Runs] = {}
    known: dict[str, int] = {}
    for page, text in enumerate(map(_text, pages)):
        copy = known.setdefault(text, page)
        if copy != page and _is_copy(pages[page], pages[copy], text):
            first[page] = first[copy]
            continue
        nearness = means[:page] @ means[page]
        near = np.flatnonzero(nearness >= _NEAR)
        for other in near[np.argsort(-nearness[near])][:_MOST_CANDIDATES].tolist():
            for each in (page, other):
                if each not in runs:
                    runs[each] = _runs(_text(pages[each]))
            if _shared(runs[page], runs[other]) >= _SAME:
                first[page] = first[other]
                break
    return first


def find_related(pages: Sequence[Page], means: Vectors, first: Sequence[int]) -> list[list[int]]:
    """For each page the pages that its reader may want next, nearest first, at most MOST_RELATED; often none.

    Only pages in its language, none of its near-duplicates (`first`, from `find_twins`), and none for people only,
    where an article is not what helps.
    """
    if not pages:
        return []
    apart = means - means.mean(axis=0)
    apart /= np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
    found = []
    for page, vector in enumerate(apart):
        nearness = apart @ vector
        seen = {first[page]}
        related: list[int] = []
        for other in np.argsort(-nearness).tolist():
            if nearness[other] < _RELATED or len(related) == MOST_RELATED:
                break
            if first[other] in seen or pages[other].people_only or pages[other].lang != pages[page].lang:
                continue
            if not pages[other].location:  # the home page leads everywhere
                continue
            seen.add(first[other])
            related.append(other)
        found.append(related)
    return found


def related_to(db: sqlite3.Connection, location: str) -> list[int]:
    """The ids of the pages related to one, nearest first."""
    found = db.execute(
        "SELECT other FROM related JOIN pages ON pages.id = page_id WHERE location = ? ORDER BY place", (location,)
    )
    return [other for (other,) in found]


def _text(page: Page) -> str:
    return "\n".join(passage.text for passage in page.passages).lower()


def _is_copy(page: Page, other: Page, text: str) -> bool:
    """Whether two pages with the same text are one article: a short text needs the same title as well."""
    return len(text) >= _ENOUGH or bool(set(page.titles) & set(other.titles))


def _runs(text: str) -> _Runs:
    """Runs of words; none for a text without words, which resembles nothing."""
    words = words_in(text)[:_MOST_WORDS]
    if not words:
        return frozenset()
    return frozenset(tuple(words[start : start + _RUN]) for start in range(max(1, len(words) - _RUN + 1)))


def _shared(one: _Runs, other: _Runs) -> float:
    """The Jaccard similarity of two sets of runs."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0
