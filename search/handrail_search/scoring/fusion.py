"""Combines the evidence for articles into one score. Pure: arrays in, arrays out.

Each kind of evidence is an array over all pages, 0 where there is none. A new kind is a new name in WEIGHTS.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]

# Found on the first half of the questions of several sets, confirmed on the other half:
# docs/architecture/ranking/0012-score-fusion.md.
WEIGHTS: Mapping[str, float] = {
    "meaning_best": 1.0,  # cosine of the best passage or question
    "meaning_mean": 1.0,  # mean cosine of the article's three best passages, see `best_and_mean`
    "article_words": 0.8,  # BM25 of the whole article, saturated
    "title_words": 0.2,  # BM25 of title, description, questions and keywords, saturated
    "passage_words": 0.2,  # BM25 of the best passage, saturated
    "fragments": 1.0,  # BM25 of pieces of words, saturated; the less the encoder knows the language, the more
    "keywords": 1.0,  # share of the question that is a keyword of the article
    "exact": 12.0,  # share of the codes and quotes in the question that the article contains literally
    # How much each kind of learned evidence is worth is determined on the site itself, see `learned`.
    "learned_near": 1.0,  # a known question is nearer than the article's own text
    "learned_fit": 1.0,  # similar to the questions that the article is known to answer
    "learned_prior": 1.0,  # the article is often the answer
    "popularity": 1.0,  # opened more than others at its place, see `popularity`
    "same_question": 1.0,  # somebody of the company said that the article answers this very question
    "same_title": 1.0,  # the question is the title
}
_MEANING = frozenset({"meaning_best", "meaning_mean"})
_WORDS = frozenset({"article_words", "title_words", "passage_words"})
# The BM25 that counts half: strong matches on rare words count, weak ones on common words hardly do.
HALF = 20.0
# A boost adds at most this share of an article's own score, and reaches it at this boost or more. Only articles that
# score nearly as much as the best one are lifted: nothing below the share `_NEARLY` of its score, then more and more.
_MOST_LIFT, _FULL_BOOST, _NEARLY = 0.25, 4.0, 0.75
# The score of an article supported by all ordinary evidence; only used to show scores between 0 and 1.
FULL = 3.2


def saturate(bm25: Scores) -> Scores:
    """BM25 (0 and up) to 0..1."""
    scores: Scores = bm25 / (bm25 + HALF)
    return scores


def weights(trust: float, endings: float = 1.0) -> dict[str, float]:
    """The weight of each kind of evidence for an encoder that knows the language to the degree of `trust`, 0..1.

    Words weigh less where meaning is trusted and `endings`, how well their endings are recognised (0..1), is low: for
    German, a quarter is best.
    """
    meaning, words = 0.3 + 0.7 * trust, 3.0 - 2.0 * trust
    words *= 1.0 - 0.75 * (1.0 - endings) * max(0.0, 2.0 * trust - 1.0)
    share = dict.fromkeys(_MEANING, meaning) | dict.fromkeys(_WORDS, words) | {"fragments": 3.0 * (1.0 - trust)}
    return {name: weight * share.get(name, 1.0) for name, weight in WEIGHTS.items()}


def fuse(evidence: Mapping[str, Scores], trust: float, pages: int, endings: float = 1.0) -> Scores:
    """One score for each page: the weighted sum of its evidence."""
    total = np.zeros(pages)
    for name, weight in weights(trust, endings).items():
        if name in evidence:
            total += weight * evidence[name]
    return total


def lifts(evidence: Mapping[str, Scores], total: Scores, boost: Scores, fit: float) -> Scores:
    """What writers' boosts add to the scores of `fuse`: they break ties, and never lift what does not fit to the top.

    `fit` is the confidence that the question has an answer here at all, 0..1: without one nothing is lifted. What a
    boost below 1 takes away does not depend on it. Literal matches are not affected.
    """
    if not len(total) or (boost == 1.0).all():
        return np.zeros_like(total)
    strength = np.clip(np.log2(boost) / np.log2(_FULL_BOOST), -1.0, 1.0)
    near = np.clip((total / max(float(total.max()), 1e-9) - _NEARLY) / (1.0 - _NEARLY), 0.0, 1.0)
    ordinary = np.maximum(total - WEIGHTS["exact"] * evidence.get("exact", np.zeros_like(total)), 0.0)
    added: Scores = _MOST_LIFT * ordinary * strength * np.where(strength > 0, near * fit, 1.0)
    return added


def contributions(
    evidence: Mapping[str, Scores], page: int, share: Mapping[str, float], lift: float
) -> dict[str, float]:
    """What each kind of evidence, and a writer's boost, added to the score of a page; their sum is the score."""
    added = {name: share[name] * float(values[page]) for name, values in evidence.items() if values[page]}
    return added | ({"boost": lift} if lift else {})


def best_and_mean(
    rows: npt.NDArray[np.int64],
    cosines: npt.NDArray[np.float32],
    owner: npt.NDArray[np.int64],
    pages: int,
    top: int = 3,
) -> tuple[Scores, Scores]:
    """The best cosine of each page, and the mean of its `top` best; of a page with fewer, its best stands for the rest.

    `rows` come best first; `owner` maps row to page.
    """
    owners = owner[rows]
    best = np.zeros(pages)
    np.maximum.at(best, owners, cosines)
    # Rank of each row within its page: rows are sorted, so a stable sort by page keeps the order inside.
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(pages))
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows)) - starts[owners[order]]
    kept = rank < top
    total = np.bincount(owners[kept], weights=cosines[kept], minlength=pages)
    missing = top - np.bincount(owners[kept], minlength=pages)
    return best, (total + missing * best) / top
