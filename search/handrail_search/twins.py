"""Articles that say nearly the same: copies for another version or another product. Search shows one of them.

Candidates are pages whose vectors are near; what decides is how many runs of words they share (w-shingling, Broder
1997), because two articles on one matter are near as well, and both are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handrail_kb.passages import Page
from handrail_search.stemming import words_in
from handrail_search.vectors import Vectors

_NEAR = 0.9
_SAME = 0.7
_RUN = 3
_MOST_WORDS = 5000
_MOST_CANDIDATES = 20


def find_twins(pages: Sequence[Page], means: Vectors) -> list[int]:
    """For each page the first page that says nearly the same in the same language; itself where there is none.

    `means` are the pages' own vectors, one row each.
    """
    first = list(range(len(pages)))
    runs: dict[int, frozenset[tuple[str, ...]]] = {}
    for page in range(1, len(pages)):
        nearness = means[:page] @ means[page]
        near = np.flatnonzero(nearness >= _NEAR)
        for other in near[np.argsort(-nearness[near])][:_MOST_CANDIDATES].tolist():
            for each in (page, other):
                if each not in runs:
                    runs[each] = _runs(pages[each])
            if pages[page].lang == pages[other].lang and _shared(runs[page], runs[other]) >= _SAME:
                first[page] = first[other]
                break
    return first


def _runs(page: Page) -> frozenset[tuple[str, ...]]:
    words = words_in(" ".join(passage.text for passage in page.passages))[:_MOST_WORDS]
    return frozenset(tuple(words[start : start + _RUN]) for start in range(max(1, len(words) - _RUN + 1)))


def _shared(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Jaccard similarity."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0
