"""What a site's own headings teach about telling the sections of an article apart: a linear map of questions. Pure.

All sections of an article are about the same thing, so a question is nearly as near to one as to another. Each heading
is taken as a question that its own section answers, and the map is learned that brings headings nearer to their own
sections than to the others of the article. It needs no labels, and does not carry over to other sites. Figures:
docs/architecture/ranking/0080-right-section.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
# Steps of gradient descent on the cross-entropy of the right section, and the size of each. Cosines are divided by
# _SPREAD first, which is about how far those of an article's sections lie apart.
_STEPS, _RATE, _SPREAD = 25, 10.0, 0.08
# So many headings more would have to speak for a step: a site with few learns little from them.
_CAUTION = 100
# Passages are encoded with the headings above them; so much of these is taken out, or nothing else would be learned.
_OF_HEADING = 0.4
# With more articles, some are left out, evenly spread; of a longer article only its first passages are looked at.
_MOST_ARTICLES, _MOST_PASSAGES = 1000, 100


@dataclass(frozen=True)
class HeadedArticle:
    """The passages of an article, shape (passages, dimensions), and its headings, shape (headings, dimensions).

    `heading_of` has for each passage the number of the heading above it, -1 for the article's beginning.
    """

    headings: Vectors
    passages: Vectors
    heading_of: npt.NDArray[np.int64]


def learn_from_headings(articles: Sequence[HeadedArticle], dimensions: int) -> Vectors:
    """The map, shape (dimensions, dimensions): `question + question @ map` is to be compared with passages.

    All zero where no article has two sections to tell apart.
    """
    told = [_Lesson.of(article) for article in articles if len(article.headings) > 1]
    told = told[:: len(told) // _MOST_ARTICLES + 1]
    learned = np.zeros((dimensions, dimensions), dtype=np.float32)
    if not told:
        return learned
    rate = _RATE / (sum(len(lesson.headings) for lesson in told) + _CAUTION)
    headings = np.concatenate([lesson.headings for lesson in told])
    for _ in range(_STEPS):
        learned += rate * headings.T @ np.concatenate([lesson.pull(learned) for lesson in told])
    return learned


@dataclass(frozen=True)
class _Lesson:
    """An article to learn from: `own` is 1 where a passage (row) is below a heading (column)."""

    headings: Vectors
    passages: Vectors
    own: Vectors

    @classmethod
    def of(cls, article: HeadedArticle) -> _Lesson:
        heading_of = article.heading_of[:_MOST_PASSAGES]
        passages = article.passages[:_MOST_PASSAGES].copy()
        below = heading_of >= 0
        passages[below] -= _OF_HEADING * article.headings[heading_of[below]]
        passages /= np.maximum(np.linalg.norm(passages, axis=1, keepdims=True), 1e-9)
        seen = np.unique(heading_of[below])
        own = (heading_of[:, None] == seen[None, :]).astype(np.float32)
        return cls(article.headings[seen], passages, own)

    def pull(self, learned: Vectors) -> Vectors:
        """Where each heading should go: towards its own passages, away from those that are taken for them."""
        scores = self.passages @ (self.headings + self.headings @ learned).T / _SPREAD
        share = np.exp(scores - scores.max(axis=0))
        share /= share.sum(axis=0)
        right = share * self.own
        wrong = right / np.maximum(right.sum(axis=0), 1e-9) - share
        pull: Vectors = wrong.T @ self.passages
        return pull
