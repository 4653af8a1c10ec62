"""Where a match stops being an answer on this site, found when the index is made, without any labelling.

Two kinds of questions are asked of the new index. *Orphans* are the articles' own questions (titles, where an article
has none), asked with the article and its nearest kin left out: how near they still come is how near a question without
an answer comes here. If the kin were not left out, a site with many articles on one subject, or sixty release notes,
would take hardly any question for answerable. *Titles*, asked with their article in place, come as near as a question
can. On a site whose articles resemble each other the orphans set the floor; where articles have nothing in common,
orphans come near nothing, and the floor is a share of what titles reach.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
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
# The share of all articles that are kin of one, and from where any others are, such as those of a series: two thirds of
# the way from what the site's unlike articles have in common (0) to everything (1).
_KIN_SHARE, _UNLIKE, _KIN_FROM = 0.02, 0.1, 0.65
# An article that comes so near to another one's question, as a share of how near that one comes, answers it as well.
_ANSWERS_TOO = 0.9
# The least required of an answer, as a share of what titles reach, while most orphans reach less.
_NONE_OF_TITLES, _CONFIDENT_OF_TITLES = 0.40, 0.52
_NONE_OF_ORPHANS, _CONFIDENT_OF_ORPHANS = 0.5, 0.75

EncodeText = Callable[[str], Vectors]
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
    probes = list(_some(probes))
    kin = _kin({page_id for page_id, _ in probes}, means)
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as db:
        site_words = open_words(db)

        def ask(question: str, page_id: int | None = None) -> tuple[float, float]:
            """How surely a question is answered, without a page and its kin if one is given, and its words found."""
            best = np.zeros(len(pages))
            np.maximum.at(best, owner, encoded @ encode(question))
            coverage = site_words.coverage(db, site_words.read(db, question))
            if page_id is not None:
                answering = _ANSWERS_TOO * best[page_id] or np.inf  # an empty page comes near nothing
                left_out = {*kin[page_id], *np.flatnonzero(best >= answering)}
                best[list(left_out)] = 0.0
                coverage = {page: share for page, share in coverage.items() if page not in left_out}
            return confidence(best, coverage), max(coverage.values(), default=0.0)

        orphans = np.array([ask(question, page_id) for page_id, question in probes])
        titles = np.array([ask(page.title) for page in _some(pages)])
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


def _kin(some: Iterable[int], means: Vectors) -> dict[int, _Rows]:
    """Each of some pages with those pages, itself among them, that are most like it."""
    asked = sorted(some)
    likeness = means[asked] @ means.T
    unlike = float(np.quantile(likeness, _UNLIKE))
    alike = unlike + _KIN_FROM * (1 - unlike)
    likeness[np.arange(len(asked)), asked] = np.inf  # a page is nearest to itself, whatever rounding says
    count = 1 + max(1, round(_KIN_SHARE * len(means)))
    order = np.argsort(-likeness, kind="stable")
    return {
        page: row[: max(count, int((near >= alike).sum()))]
        for page, row, near in zip(asked, order, likeness, strict=True)
    }
