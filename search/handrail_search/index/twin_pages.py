"""Near-duplicate articles: copies for another version or product, or untranslated copies in another language.

Search shows one of them. Candidates are pages whose vectors are near; what decides is how many runs of words they share
(w-shingling, Broder 1997), because two articles about one subject are near as well, and both are wanted. A translation
shares almost none. Exact copies are recognised without vectors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handrail_kb.site.built.passages import Page
from handrail_search.embedding.vectors import Vectors
from handrail_search.lexical.stemming import words_in

_NEAR = 0.9
_SAME = 0.7
_RUN = 3
_MOST_WORDS = 5000
_MOST_CANDIDATES = 20
# Identical texts of at least so many characters are copies, whatever their titles: "Coming soon." is not.
_ENOUGH = 100

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
