"""Articles that say nearly the same, so that a writer merges them or points out the difference.

Either in the same words: `twin_pages`, which search folds into one result. Or in other words: each passage of one has a
passage in the other that means the same, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from handrail_kb.problems import Problem
from handrail_search.embedding.encoder import USUAL_REACH
from handrail_search.embedding.vectors import Vectors, means
from handrail_search.index.generation import Index

# Mean cosine of each passage with the nearest one of the other article, the smaller of both directions. Among 709
# Mozilla articles it finds five pairs, all about the same task; the nearest pair of Handrail's own has 0.66.
_SAME = 0.9
# The least cosine between the articles' own vectors for a pair to be compared.
_NEAR = 0.8


def near_duplicates(index: Index, sources: Mapping[str, str]) -> Iterator[Problem]:
    """Each article that says nearly the same as an earlier one, once."""
    found = {
        page: first
        for page, first in sorted(index.twin_of.items())
        if index.pages[page].lang == index.pages[first].lang
    }
    for page, first in _same_meaning(index):
        found.setdefault(page, first)
    for page, first in sorted(found.items()):
        path, other = sources.get(index.pages[page].location), sources.get(index.pages[first].location)
        if path and other and path != other:
            shown = ": search shows one of them" if page in index.twin_of else ""
            what = f"this says nearly the same as {other}{shown}. Merge them, or say in both what is different."
            yield Problem(path, 1, "warning", what, "near-duplicate")


def _same_meaning(index: Index) -> Iterator[tuple[int, int]]:
    """Pairs of pages of one language, the later first. None with an encoder whose cosines are on another scale."""
    if index.manifest.recipe.reach < USUAL_REACH:
        return
    passages = index.passage_of_row >= 0
    vectors, owner = index.vectors.all_vectors()[passages], index.owner[passages]
    own = means(vectors, owner, len(index.pages))
    # Where many articles share a template nearly all pairs are near, so passages are grouped by page only once.
    passages_of = [vectors[owner == page] for page in range(len(own))]
    for page in range(1, len(own)):
        for other in np.flatnonzero(own[:page] @ own[page] >= _NEAR).tolist():
            if index.pages[page].lang == index.pages[other].lang and _is_same(passages_of[page], passages_of[other]):
                yield page, other
                break


def _is_same(one: Vectors, other: Vectors) -> bool:
    cosines = one @ other.T
    return bool(cosines.size and min(cosines.max(axis=1).mean(), cosines.max(axis=0).mean()) >= _SAME)
