"""Where relevance falls in a ranked list: which results stand beside the best one. Pure numpy.

What an article about something else scores is the zero to measure from: the mean of those that rank below the list.
Measured from there, the first five results stand unless they are far below the best, and those after them only where
they fit nearly as well. Where one result is far ahead, it stands alone. Thresholds, and what else was tried:
docs/architecture/ranking/0081-list-end.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handrail_search.scoring.fusion import WEIGHTS, Scores

# The share of the best result's points above the background that a result needs: among the first few, and after them,
# or beside one that is far ahead, which is one whose next reaches less than `FAR_AHEAD`.
STANDS, STANDS_LATE, FAR_AHEAD = 0.2, 0.6, 0.4
FIRST_FEW = 5
# The ranks whose mean score is the background; on a site with few articles, the lower half of them. Where there are
# fewer than five of these, the missing ones score nothing.
_FROM, _TO, _LEAST = 10, 40, 5


def ordinary(scores: Scores, exact: Scores) -> Scores:
    """Scores without codes found to the letter: these weigh so much that nothing else would stand beside them."""
    points: Scores = scores - WEIGHTS["exact"] * exact
    return points


def background(points: Scores) -> float:
    """What an article scores that has nothing to do with the question."""
    below = np.sort(points)[::-1][min(_FROM, len(points) // 2) : _TO]
    return float(below.sum() / max(len(below), _LEAST))


def reach(points: float, best: float, zero: float) -> float:
    """The points above the background, as a share of those of the best result, 0..1; 1 where that has none itself."""
    return min(max((points - zero) / (best - zero), 0.0), 1.0) if best > zero else 1.0


def standing(reached: Sequence[float], *, certain: bool, alone: bool = False) -> list[bool]:
    """Which results stand, by what each reaches, in the order of the list.

    `certain` says that there is an answer: one that is far ahead then stands alone. With `alone`, it does anyway.
    """
    strict = alone or (certain and sum(share >= FAR_AHEAD for share in reached) == 1)
    few = 0 if strict else FIRST_FEW
    return [share >= (STANDS if place < few else STANDS_LATE) for place, share in enumerate(reached)]
