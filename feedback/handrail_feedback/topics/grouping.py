"""Groups questions that mean the same, by average linkage on centred vectors, without a given number of groups.

First it subtracts what everything on a site has in common (all is about mail, say), because only the rest
distinguishes one matter from another. Then it joins the two nearest groups, again and again, as long as their
questions are near enough on average. Pure; knows neither where vectors come from nor what a topic is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handrail_feedback.records.topics import Vectors

Numbers = NDArray[np.intp]

# The mean cosine, after centring, from which two groups are one topic. The more questions there are, the more of them
# are near to anything by chance, so ten times the questions need _MORE_IN_A_CROWD more.
_NEAR, _MORE_IN_A_CROWD, _CROWD = 0.25, 0.05, 500
# The mean of the site's own texts weighs as much as this many questions, so that a handful is centred, too.
_TEXTS_WEIGH = 100
# Rows compared at a time: as many as fit into the processor's cache.
_BLOCK = 512


def near_enough(questions: int) -> float:
    """The mean cosine from which two groups are one topic, among this many different questions."""
    return _NEAR + _MORE_IN_A_CROWD * max(0.0, math.log10(max(questions, 1) / _CROWD))


def centre_of(vectors: Vectors, texts: Vectors | None = None) -> Vectors:
    """The mean of questions' vectors. While they are few, `texts`, the mean of the site's texts, counts, too."""
    if texts is None:
        texts = np.zeros(vectors.shape[1], dtype=np.float32)
    total = vectors.sum(axis=0) + _TEXTS_WEIGH * texts
    centre: Vectors = (total / (len(vectors) + _TEXTS_WEIGH)).astype(np.float32)
    return centre


def centred(vectors: Vectors, centre: Vectors) -> Vectors:
    """The vectors less the centre, each of length 1 again."""
    rest = vectors - centre
    lengths = np.linalg.norm(rest, axis=1, keepdims=True)
    scaled: Vectors = (rest / np.maximum(lengths, 1e-6)).astype(np.float32)
    return scaled


def group(vectors: Vectors, near: float | None = None) -> Numbers:
    """The group of each (centred) vector. Groups are numbered from 0, in the order of their first members.

    `near` is the mean cosine from which groups are joined, by default that of `near_enough`.

    The result is exactly that of average linkage. The mean similarity of two groups is the product of their means, so
    no table of all pairs is needed. And since joining never brings a group nearer to a third one than one of its halves
    was, all pairs that are nearest to each other can be joined at once, and groups that are near to none are final.
    """
    near = near_enough(len(vectors)) if near is None else near
    state = _Groups.of_one_each(vectors)
    stale = np.arange(len(vectors))
    while len(state.open) > 1 and len(stale):
        state.find_nearest(stale)
        state.close_those_alone(near)
        stale = state.join_pairs()
    _, first, number = np.unique(state.of, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    groups: Numbers = order[number]
    return groups


@dataclass
class _Groups:
    """Groups while they are being joined. A group is identified by the number of one of its members.

    `sums` and `sizes` hold the sum and the number of each group's vectors, `nearest` and `best` its nearest other group
    and their cosine; `open` lists the groups that may still be joined, `of` holds the group of each vector.
    """

    sums: Vectors
    sizes: NDArray[np.float32]
    nearest: Numbers
    best: NDArray[np.float32]
    open: Numbers
    of: Numbers

    @classmethod
    def of_one_each(cls, vectors: Vectors) -> _Groups:
        count = len(vectors)
        return cls(
            sums=vectors.astype(np.float32, copy=True),
            sizes=np.ones(count, dtype=np.float32),
            nearest=np.full(count, -1, dtype=np.intp),
            best=np.full(count, -1.0, dtype=np.float32),
            open=np.arange(count),
            of=np.arange(count),
        )

    def find_nearest(self, groups: Numbers) -> None:
        """Find the nearest open group to each of these groups."""
        means = self.sums[self.open] / self.sizes[self.open, None]
        place = np.full(len(self.of), -1, dtype=np.intp)
        place[self.open] = np.arange(len(self.open))
        for start in range(0, len(groups), _BLOCK):
            some = groups[start : start + _BLOCK]
            own = place[some]
            similar = means[own] @ means.T
            similar[np.arange(len(some)), own] = -np.inf
            found = similar.argmax(axis=1)
            self.nearest[some] = self.open[found]
            self.best[some] = similar[np.arange(len(some)), found]

    def close_those_alone(self, near: float) -> None:
        """Close groups that are not near to any other, since no joined group will be near to them either."""
        self.open = self.open[self.best[self.open] >= near]

    def join_pairs(self) -> Numbers:
        """Join all pairs that are nearest to each other, and return the groups whose nearest must be found again."""
        if not len(self.open):
            return self.open
        one = self.open
        other = self.nearest[one]
        mutual = (self.nearest[other] == one) & (one < other)
        kept, gone = one[mutual], other[mutual]
        if not len(kept):  # equal distances in a ring, so start with any pair
            first = one[np.argmax(self.best[one])]
            kept, gone = np.array([first]), np.array([self.nearest[first]])
        self.sums[kept] += self.sums[gone]
        self.sizes[kept] += self.sizes[gone]
        target = np.arange(len(self.of))
        target[gone] = kept
        self.of = target[self.of]
        changed = np.zeros(len(self.of), dtype=bool)
        changed[kept] = changed[gone] = True
        self.open = np.setdiff1d(self.open, gone, assume_unique=True)
        stale: Numbers = self.open[changed[self.open] | changed[self.nearest[self.open]]]
        return stale
