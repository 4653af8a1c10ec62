"""Where a match stops being an answer on this site, found when the index is made, without any labelling.

Two kinds of questions are asked of the new index. *Orphans* are the articles' own questions (titles, where an article
has none), asked with the article and its nearest kin left out: how near they still come is how near a question without
an answer comes here. If the kin were not left out, a site with many articles on one subject would take every question
for answerable. *Titles*, asked with their article in place, come as near as a question can. On a site whose articles
resemble each other the orphans set the floor; where articles have nothing in common, orphans come near nothing, and the
floor is a share of what titles reach.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from handrail_kb.site.built.passages import Page
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.manifest import Floor
from handrail_search.lexical.words import open_words
from handrail_search.scoring.fusion import Scores
from handrail_search.scoring.verdict import CONFIDENT_QUANTILE, NONE_QUANTILE, Bands, confidence

# For sites with too few articles for probes.
DEFAULT_FLOOR = Floor(none=0.27, confident=0.38, words_none=0.5, words_confident=0.75, probes=0)
_MIN_PROBES, _MAX_PROBES = 20, 200
# Share of all articles that count as kin of one.
_KIN_SHARE = 0.02
# The least required of an answer, as a share of what titles reach, while most orphans reach less.
_NONE_OF_TITLES, _CONFIDENT_OF_TITLES = 0.40, 0.52
_NONE_OF_ORPHANS, _CONFIDENT_OF_ORPHANS = 0.5, 0.75

EncodeText = Callable[[str], Vectors]
_NOBODY = np.zeros(0, dtype=np.int64)
_Rows = npt.NDArray[np.int64]
_Item = TypeVar("_Item")


def calibrate(
    pages: Sequence[Page], owner: _Rows, encoded: Vectors, means: Vectors, encode: EncodeText, database: Path
) -> Floor:
    """The floor of a new index.

    `owner` maps rows of `encoded` to pages, `means` are the pages' own vectors, `encode` gives a question's vector.
    """
    probes = [(page_id, question) for page_id, page in enumerate(pages) for question in page.questions or (page.title,)]
    if len(pages) < 3 or len(probes) < _MIN_PROBES:
        return DEFAULT_FLOOR
    kin = _kin(means)
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as db:
        site_words = open_words(db)

        def ask(question: str, without: _Rows) -> tuple[float, float]:
            best = np.zeros(len(pages))
            np.maximum.at(best, owner, encoded @ encode(question))
            best[without] = 0.0
            coverage = site_words.coverage(db, site_words.read(db, question))
            left = {page: share for page, share in coverage.items() if page not in without}
            return confidence(best, left), max(left.values(), default=0.0)

        orphans = np.array([ask(question, kin[page_id]) for page_id, question in _some(probes)])
        titles = np.array([ask(page.title, _NOBODY) for page in _some(pages)])
    meaning = _between(orphans[:, 0], titles[:, 0])
    return Floor(
        none=meaning.none,
        confident=meaning.confident,
        words_none=min(float(np.quantile(orphans[:, 1], NONE_QUANTILE)), DEFAULT_FLOOR.words_none),
        words_confident=min(float(np.quantile(orphans[:, 1], CONFIDENT_QUANTILE)), DEFAULT_FLOOR.words_confident),
        probes=len(orphans),
    )


def _between(orphans: Scores, titles: Scores) -> Bands:
    usual = float(np.median(titles))
    none = max(
        float(np.quantile(orphans, NONE_QUANTILE)),
        min(float(np.quantile(orphans, _NONE_OF_ORPHANS)), _NONE_OF_TITLES * usual),
    )
    confident = max(
        float(np.quantile(orphans, CONFIDENT_QUANTILE)),
        min(float(np.quantile(orphans, _CONFIDENT_OF_ORPHANS)), _CONFIDENT_OF_TITLES * usual),
    )
    return Bands(none, max(none, confident))


def _some(items: Sequence[_Item]) -> Iterator[_Item]:
    """At most _MAX_PROBES of the items, evenly spread."""
    yield from items[:: math.ceil(len(items) / _MAX_PROBES) or 1]


def _kin(means: Vectors) -> _Rows:
    """For each page the page itself and its nearest ones, shape (pages, 1 + kin)."""
    count = 1 + max(1, round(_KIN_SHARE * len(means)))
    kin = np.empty((len(means), min(count, len(means))), dtype=np.int64)
    for page, mean in enumerate(means):
        nearness = means @ mean
        nearness[page] = np.inf  # a page is nearest to itself, whatever rounding says
        kin[page] = np.argsort(-nearness, kind="stable")[:count]
    return kin
