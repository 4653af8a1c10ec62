"""The confidence that a question has an answer here, as one number to compare with the calibrated floor. Pure.

A single cosine says little: short questions have low ones, and questions about a neighbouring product high ones. What
helped on all sets is added up: how near the best article is, how near the site as a whole is, and how much of the
question's words the nearest articles contain, rare words counting more. What was tried:
docs/architecture/ranking/0017-verdict.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handrail_search.scoring.fusion import Scores

_SITE, _COVERED = 0.4, 0.3
# Where people of the company vouch for enough known questions, these are the best evidence: the nearest, and all of
# them together.
_BEST_BESIDE, _COVERED_BESIDE, _KNOWN, _ALL_KNOWN = 0.25, 0.6, 2.0, 1.5
_NEAREST = 3
# Quantiles of the confidence that known questions reach: below the first a match counts as none, below the second as
# weak. The first is about the share of answerable questions that are wrongly answered "no article".
NONE_QUANTILE, CONFIDENT_QUANTILE = 0.08, 0.25


@dataclass(frozen=True)
class Bands:
    """Where a match stops being an answer: below `none` there is none, below `confident` it is weak."""

    none: float
    confident: float


NO_BANDS = Bands(0.0, 0.0)


@dataclass(frozen=True)
class Familiarity:
    """What a site's known questions say about a question: the mean cosine of the `nearest` few, and of `all`."""

    nearest: float
    all: float


def familiarity(cosines: Scores) -> Familiarity:
    """The familiarity of a question with these cosines to known ones; a cosine of 0 is one that is left out."""
    if len(cosines) < _NEAREST:
        return Familiarity(0.0, 0.0)
    nearest = np.partition(cosines, -_NEAREST)[-_NEAREST:].mean()
    return Familiarity(float(nearest), float(cosines.sum() / max(np.count_nonzero(cosines), 1)))


def confidence(best: Scores, coverage: Mapping[int, float], known: Familiarity | None = None) -> float:
    """The confidence that a question has an answer here, at most 1.

    `best` is each page's best cosine, `coverage` the share of the question's words that pages contain, `known` what
    known questions say where a site has enough of them. With `known` the number is on another scale.
    """
    nearest = np.argsort(-best)[:_NEAREST]
    covered = max((coverage.get(int(page), 0.0) for page in nearest), default=0.0)
    if known is None:
        return float(best.max() + _SITE * best.mean() + _COVERED * covered) / (1 + _SITE + _COVERED)
    total = _BEST_BESIDE * best.max() + _COVERED_BESIDE * covered + _KNOWN * known.nearest + _ALL_KNOWN * known.all
    return float(total) / (_BEST_BESIDE + _COVERED_BESIDE + _KNOWN + _ALL_KNOWN)


def bands(confidences: Scores) -> Bands:
    """The bands for which answerable questions like these get an answer, except for the least certain ones."""
    return Bands(float(np.quantile(confidences, NONE_QUANTILE)), float(np.quantile(confidences, CONFIDENT_QUANTILE)))
