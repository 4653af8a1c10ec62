"""Groups questions that mean the same: average linkage on centred vectors, without a number of groups given.

What everything on a site has in common (it is all about mail, say) is taken off first: only what is left tells one
matter from another. Then the two nearest groups are joined again and again, for as long as their questions are on
average near enough. Pure; knows neither where vectors come from nor what a topic is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handrail_feedback.records.topics import Vectors

Numbers = NDArray[np.intp]

# The mean cosine, after centring, from which two groups are one topic. The more questions there are, the more
# of them are near to anything by chance: ten times the questions need so much more.
_NEAR, _MORE_IN_A_CROWD, _CROWD = 0.25, 0.05, 500
# What the site's own texts have in common weighs as much as so many questions, so that a handful is centred, too.
_TEXTS_WEIGH = 100
# Rows compared at a time: as many as the processor's cache is good for.
_BLOCK = 512


def near_enough(questions: int) -> float:
    """The mean cosine from which two groups are one topic, among so many different questions."""
    return _NEAR + _MORE_IN_A_CROWD * max(0.0, math.log10(max(questions, 1) / _CROWD))


def centre_of(vectors: Vectors, texts: Vectors | None = None) -> Vectors:
    """What questions have in common; `texts`, what the site's texts have in common, is used while there are few."""
    if texts is None:
        texts = np.zeros(vectors.shape[1], dtype=np.float32)
    total = vectors.sum(axis=0) + _TEXTS_WEIGH * texts
    centre: Vectors = (total / (len(vectors) + _TEXTS_WEIGH)).astype(np.float32)
    return centre


def centred(vectors: Vectors, centre: Vectors) -> Vectors:
    """The vectors without what all have in common, each of length 1 again."""
    rest = vectors - centre
    lengths = np.linalg.norm(rest, axis=1, keepdims=True)
    scaled: Vectors = (rest / np.maximum(lengths, 1e-6)).astype(np.float32)
    return scaled


def group(vectors: Vectors, near: float | None = None) -> Numbers:
    """The group of each vector, numbered from 0 in the order of their first members. Vectors are centred.

    `near` is the mean cosine from which groups are joined; by default that of `near_enough`.

    Exactly what average linkage gives. The mean similarity of two groups is the product of their means, so no table
    of all pairs is kept; and as joining never brings a group nearer to a third than one of its halves was, all pairs
    that are nearest to each other can be joined at once, and whoever is near to nobody is done with.
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
    """Groups while they are being joined. A group is known by the number of one of its members.

    `sums` and `sizes` hold its vectors' sum and number, `nearest` and `best` which other group is nearest, and how
    near; `open` lists the groups that may still be joined, `of` the group of each vector.
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
        """Find the open group that is nearest to each of these."""
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
        """Leave aside groups that are near to no other: none will ever be near to them."""
        self.open = self.open[self.best[self.open] >= near]

    def join_pairs(self) -> Numbers:
        """Join all pairs that are nearest to each other; the groups whose nearest has to be found again."""
        if not len(self.open):
            return self.open
        one = self.open
        other = self.nearest[one]
        mutual = (self.nearest[other] == one) & (one < other)
        kept, gone = one[mutual], other[mutual]
        if not len(kept):  # equal distances in a ring: any of them may begin
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
