"""Figures, intervals and tests: each against another implementation, made by people who do little else."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, ScoredDoc, Success, nDCG
from scipy import stats
from sklearn.metrics import ndcg_score, roc_auc_score, roc_curve

from handrail_search.evaluation.metrics import (
    Difference,
    Interval,
    Sample,
    Separation,
    differences,
    first_rank,
    intervals,
    ndcg,
    randomisation,
    recall,
)

# --- rankings


def test_ranks_and_recall_by_hand():
    ranked, relevant = ("a", "b", "c", "d"), {"c": 1.0, "d": 2.0, "z": 1.0}
    assert [first_rank(ranked, relevant, depth) for depth in (2, 3, 10)] == [None, 3, 3]
    assert recall(ranked, relevant, 3) == pytest.approx(1 / 3)
    assert recall(ranked, relevant, 10) == pytest.approx(2 / 3)
    assert recall((), relevant, 10) == 0


def test_ndcg_by_hand():
    assert ndcg(("a",), {"a": 1.0}, 10) == 1
    assert ndcg(("b", "a"), {"a": 1.0}, 10) == pytest.approx(1 / np.log2(3))
    assert ndcg(("b", "c"), {"a": 2.0}, 10) == 0
    # The gain of 2 is 3 and of 1 is 1: the better one first is worth more.
    assert ndcg(("two", "one"), {"one": 1.0, "two": 2.0}, 10) == 1
    worse = (1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3))
    assert ndcg(("one", "two"), {"one": 1.0, "two": 2.0}, 10) == pytest.approx(worse)


def test_the_smallest_score_that_can_be_written_is_no_end():
    assert ndcg(("b", "a"), {"a": 5e-324}, 10) <= 1


GRADES = st.dictionaries(st.sampled_from("abcdefghijklmnopqrst"), st.integers(0, 4), min_size=1).filter(
    lambda grades: any(grades.values())
)
# Few different scores, so that many articles of a ranking are tied.
SCORES = st.dictionaries(st.sampled_from("abcdefghijklmnopqrst"), st.integers(0, 5), min_size=1)


@given(GRADES, SCORES)
def test_figures_of_rankings_are_those_of_trec_eval(grades, scores):
    qrels = [ir_measures.Qrel("q", article, grade) for article, grade in grades.items()]
    run = [ScoredDoc("q", article, float(score)) for article, score in scores.items()]
    gains = {grade: 2**grade - 1 for grade in range(5)}
    wanted = ir_measures.calc_aggregate([nDCG(gains=gains) @ 10, R @ 10, RR, Success @ 1, Success @ 5], qrels, run)
    # trec_eval puts tied articles in the order of their names, last first.
    ranked = sorted(scores, key=lambda article: (scores[article], article), reverse=True)
    relevant = {article: float(grade) for article, grade in grades.items() if grade}
    rank = first_rank(ranked, relevant, 10)
    assert ndcg(ranked, relevant, 10) == pytest.approx(wanted[nDCG(gains=gains) @ 10])
    assert recall(ranked, relevant, 10) == pytest.approx(wanted[R @ 10])
    assert (1 / rank if rank else 0) == pytest.approx(wanted[RR] if wanted[RR] >= 0.1 else 0)
    assert float(rank == 1) == wanted[Success @ 1]
    assert float(rank is not None and rank <= 5) == wanted[Success @ 5]


@given(
    st.permutations(range(12)), st.lists(st.integers(0, 2), min_size=12, max_size=12).filter(any), st.integers(1, 12)
)
def test_ndcg_is_that_of_scikit_learn(order, grades, depth):
    gains = [2**grade - 1 for grade in grades]
    scores = [0] * 12
    for rank, article in enumerate(order):
        scores[article] = 12 - rank
    ranked = tuple(str(article) for article in order)
    relevant = {str(article): float(grade) for article, grade in enumerate(grades) if grade}
    assert ndcg(ranked, relevant, depth) == pytest.approx(ndcg_score([gains], [scores], k=depth))


# --- telling answerable from unanswerable

CONFIDENCES = st.lists(st.integers(0, 9), min_size=1, max_size=40)


def once(answerable, unanswerable):
    """The scores as arrays, and weights that count each question once."""
    scores = np.array(answerable, dtype=float), np.array(unanswerable, dtype=float)
    return Separation(*scores), np.ones((1, len(answerable))), np.ones((1, len(unanswerable)))


@given(CONFIDENCES, CONFIDENCES)
def test_auroc_is_that_of_scikit_learn(answerable, unanswerable):
    wanted = roc_auc_score([1] * len(answerable) + [0] * len(unanswerable), [*answerable, *unanswerable])
    telling, *weights = once(answerable, unanswerable)
    assert telling.auroc(*weights)[0] == pytest.approx(wanted)


@given(CONFIDENCES, CONFIDENCES, st.sampled_from([0.05, 0.1, 0.5]))
def test_the_catch_at_so_many_false_alarms_is_the_best_point_of_the_curve(answerable, unanswerable, alarms):
    truth = [0] * len(answerable) + [1] * len(unanswerable)
    suspicion = [-score for score in (*answerable, *unanswerable)]
    false, true, _ = roc_curve(truth, suspicion, drop_intermediate=False)
    telling, *weights = once(answerable, unanswerable)
    assert telling.caught(alarms, *weights)[0] == pytest.approx(true[false <= alarms + 1e-9].max())


@given(CONFIDENCES, CONFIDENCES, st.randoms(use_true_random=False))
def test_a_question_drawn_twice_counts_as_two(answerable, unanswerable, chance):
    drawn, drawn_un = (chance.choices(range(len(scores)), k=len(scores)) for scores in (answerable, unanswerable))
    telling, _, _ = once(answerable, unanswerable)
    weights = np.bincount(drawn, minlength=len(answerable))[None] * 1.0
    weights_un = np.bincount(drawn_un, minlength=len(unanswerable))[None] * 1.0
    written_out, *ones = once([answerable[i] for i in drawn], [unanswerable[i] for i in drawn_un])
    assert telling.auroc(weights, weights_un) == pytest.approx(written_out.auroc(*ones))
    assert telling.caught(0.1, weights, weights_un) == pytest.approx(written_out.caught(0.1, *ones))


# --- intervals


def sample(hits, confidence=(), outside=()):
    """A sample with one figure for answerable questions and, with `outside`, one for the others."""
    confidence = np.array(confidence if len(confidence) else np.zeros(len(hits)))
    values_un = {"caught": np.array([float(score < 0.5) for score in outside])}
    return Sample({"hits": np.array(hits, dtype=float)}, values_un, confidence, np.array(outside, dtype=float))


def test_an_interval_is_that_of_scipy():
    hits = np.random.default_rng(1).random(400) < 0.3
    found = intervals(sample(hits))["hits"]
    wanted = stats.bootstrap(
        (hits,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.value == pytest.approx(hits.mean())
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.006)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    chance = np.random.default_rng(3)
    found = [intervals(sample(chance.random(150) < 0.4))["hits"] for _ in range(120)]
    held = np.mean([interval.low <= 0.4 <= interval.high for interval in found])
    assert 0.89 <= held <= 0.99


def test_the_same_answers_give_the_same_figures():
    chance = np.random.default_rng(4)
    made = sample(chance.random(50) < 0.5, chance.random(50), chance.random(20))
    assert intervals(made) == intervals(made)
    assert set(intervals(made)) == {"hits", "caught", "verdict_auroc", "caught_at_5_percent", "caught_at_10_percent"}


def test_more_questions_make_a_narrower_interval():
    few, many = (intervals(sample([1, 0] * pairs))["hits"] for pairs in (20, 500))
    assert few.high - few.low > 3 * (many.high - many.low)


def test_without_unanswerable_questions_the_verdict_has_no_figures():
    assert intervals(sample([1, 0, 1])) == {"hits": Interval(pytest.approx(2 / 3), 0.0, 1.0)}


def test_many_questions_need_little_memory(monkeypatch):
    monkeypatch.setattr("handrail_search.evaluation.metrics.HELD", 10)  # one draw at a time
    found = intervals(sample([1, 0] * 30, [0.5] * 60, [0.4] * 9))
    assert found["hits"].value == 0.5
    assert found["verdict_auroc"] == Interval(1, 1, 1)


# --- differences


@given(st.lists(st.integers(-2, 2), min_size=2, max_size=10))
def test_the_chance_of_a_difference_is_that_of_scipy(changes):
    changes = np.array(changes, dtype=float)
    if not changes.any():
        assert randomisation(changes) == 1
        return
    wanted = stats.permutation_test((changes, np.zeros(len(changes))), lambda x, y: np.mean(x - y),
                                    permutation_type="samples", n_resamples=np.inf).pvalue  # fmt: skip
    assert randomisation(changes) == pytest.approx(wanted, abs=0.025)


def test_a_clear_improvement_is_more_than_chance_and_a_small_one_may_be_chance():
    chance = np.random.default_rng(5)
    former = chance.random(300) < 0.3
    much, little = former | (chance.random(300) < 0.2), former.copy()
    little[:2] = ~little[:2]
    found = {name: differences(sample(former), sample(now))["hits"] for name, now in {"m": much, "l": little}.items()}
    assert found["m"].value == pytest.approx(much.mean() - former.mean())
    assert 0 < found["m"].low < found["m"].value < found["m"].high
    assert found["m"].p < 0.001
    assert found["l"].p > 0.4


def test_the_same_answers_differ_in_nothing():
    made = sample([1, 0, 1, 1], [0.9, 0.2, 0.8, 0.7], [0.1, 0.3])
    assert set(differences(made, made).values()) == {Difference(0, 0, 0, 1)}


def test_the_better_verdict_is_found_to_be_better_by_pairs_of_the_same_questions():
    chance = np.random.default_rng(6)
    truth, outside = chance.normal(1, 1, 200), chance.normal(0, 1, 100)
    worse = sample(truth > 0, truth + chance.normal(0, 1, 200), outside + chance.normal(0, 1, 100))
    found = differences(worse, sample(truth > 0, truth, outside))
    assert found["verdict_auroc"].low > 0
    assert found["verdict_auroc"].p < 0.01
    assert found["hits"].p == 1


def test_chance_alone_is_seldom_told_as_more():
    chance = np.random.default_rng(7)
    pairs = [(chance.random(60) < 0.5, chance.random(60) < 0.5) for _ in range(100)]
    told = [differences(sample(former), sample(now))["hits"].p < 0.05 for former, now in pairs]
    assert np.mean(told) <= 0.12
