"""How evidence becomes one score: pure numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handrail_search.scoring.fusion import WEIGHTS, best_and_mean, contributions, fuse, lifts, saturate, weights

POSITIVE = st.floats(0, 1e6, allow_nan=False)
SHARE = st.floats(0, 1, allow_nan=False)


@given(st.lists(POSITIVE, min_size=1))
def test_saturated_scores_stay_below_one_and_keep_their_order(scores):
    bm25 = np.sort(np.array(scores))
    saturated = saturate(bm25)
    assert (saturated >= 0).all()
    assert (saturated < 1).all()
    assert (np.diff(saturated) >= 0).all()
    assert saturate(np.zeros(1))[0] == 0


def slowly(rows, cosines, owner, pages, top):
    """The same without cleverness."""
    held = {page: [] for page in range(pages)}
    for row, cosine in zip(rows, cosines, strict=True):
        held[owner[row]].append(cosine)
    best = [max([*cosines, 0.0]) for cosines in held.values()]
    mean = [sum((cosines + [first] * top)[:top]) / top for first, cosines in zip(best, held.values(), strict=True)]
    return best, mean


@given(st.data(), st.integers(1, 8), st.integers(1, 5))
def test_best_and_mean_are_those_of_the_slow_way(data, pages, top):
    owner = data.draw(st.lists(st.integers(0, pages - 1), max_size=40))
    rows = data.draw(st.permutations(range(len(owner))))
    rows = rows[: data.draw(st.integers(0, len(rows)))]
    cosines = sorted(data.draw(st.lists(st.floats(-1, 1, width=32), min_size=len(rows), max_size=len(rows))))[::-1]
    given_best, given_mean = best_and_mean(
        np.array(rows, np.int64), np.array(cosines, np.float32), np.array(owner, np.int64), pages, top
    )
    best, mean = slowly(rows, cosines, owner, pages, top)
    assert np.allclose(given_best, best, atol=1e-6)
    assert np.allclose(given_mean, mean, atol=1e-6)


EVIDENCE = [name for name in WEIGHTS if name not in ("exact", "same_title")]


@given(st.data(), SHARE, st.floats(0.01, 3, allow_nan=False))
def test_what_stands_there_to_the_letter_is_not_outranked(data, trust, boost):
    """The first article holds all that was asked for to the letter, the second has everything else on its side."""
    evidence = {name: np.array([0.0, data.draw(SHARE)]) for name in EVIDENCE}
    evidence["exact"] = np.array([1.0, 0.0])
    scores = fuse(evidence, trust, 2)
    scores = scores + lifts(evidence, scores, np.array([boost, 1.0]), 1.0)
    assert scores[0] > scores[1]


@given(SHARE)
def test_an_unknown_language_leaves_the_word_to_words(trust):
    less, more = weights(trust * 0.5), weights(trust)
    assert less["meaning_best"] <= more["meaning_best"]
    assert less["article_words"] >= more["article_words"]
    assert less["exact"] == more["exact"] == WEIGHTS["exact"]
    assert weights(1.0) == {**WEIGHTS, "fragments": 0.0}


def test_evidence_that_is_missing_counts_nothing():
    assert (fuse({}, 1.0, 3) == 0).all()
    alone = fuse({"article_words": np.array([0.5, 0.0, 1.0])}, 0.0, 3)
    assert alone.argmax() == 2
    assert alone[1] == 0


BOOSTS = st.floats(1e-300, 1e300)


def lifted(words, boost, fit=1.0):
    evidence = {"article_words": np.array(words)}
    scores = fuse(evidence, 1.0, len(words))
    return scores, scores + lifts(evidence, scores, np.array(boost), fit)


@given(st.floats(1.01, 1e300), st.floats(0.1, 1))
def test_a_boost_decides_between_articles_that_fit_alike(boost, words):
    _, scores = lifted([words, words], [1.0, boost])
    assert scores.argmax() == 1


@given(BOOSTS, st.floats(0, 0.75), SHARE)
def test_no_boost_puts_an_article_first_that_fits_much_less(boost, words, fit):
    _, scores = lifted([1.0, words], [1.0, boost], fit)
    assert scores.argmax() == 0


@given(BOOSTS, st.floats(0, 0.999))
def test_no_boost_lifts_anything_where_there_is_no_answer(boost, words):
    plain, scores = lifted([1.0, words], [1.0, max(boost, 1.0)], fit=0.0)
    assert (scores == plain).all()


@given(BOOSTS, st.lists(SHARE, min_size=1, max_size=5), SHARE)
def test_a_boost_is_bounded_and_keeps_scores_above_nothing(boost, words, fit):
    plain, scores = lifted(words, [boost] * len(words), fit)
    assert (scores >= 0).all()
    assert (abs(scores - plain) <= 0.25 * plain + 1e-9).all()


@given(st.data(), BOOSTS, SHARE)
def test_what_is_told_of_a_score_adds_up_to_it(data, boost, fit):
    evidence = {name: np.array([data.draw(SHARE), data.draw(SHARE)]) for name in WEIGHTS}
    scores = fuse(evidence, 1.0, 2)
    added = lifts(evidence, scores, np.array([1.0, boost]), fit)
    told = contributions(evidence, 1, weights(1.0), float(added[1]))
    assert np.isclose(sum(told.values()), scores[1] + added[1])
    assert ("boost" in told) == bool(added[1])
