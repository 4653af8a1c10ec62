from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from handrail_feedback.topics.grouping import centre_of, centred, group, near_enough

SAME = (
    ("I forgot my password", "how do I reset my password", "password lost, cannot log in"),
    ("where is my invoice", "download an invoice as PDF", "send me a copy of my invoice"),
    ("app crashes when it starts", "the program closes by itself", "crash at startup"),
)


def scattered(count: int, seed: int) -> np.ndarray:
    """Vectors of length 1 around a few directions."""
    numbers = np.random.default_rng(seed)
    around = numbers.normal(size=(max(count // 6, 1), 24))
    vectors = around[numbers.integers(len(around), size=count)] + 0.8 * numbers.normal(size=(count, 24))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_exactly_those_of_average_linkage(seed: int) -> None:
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")
    vectors = scattered(200, seed)
    theirs = cluster.AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=0.6
    ).fit_predict(vectors)
    ours = group(vectors, near=0.4)
    assert 3 < len(set(ours)) < 150
    assert len(set(zip(ours.tolist(), theirs.tolist(), strict=True))) == len(set(ours)) == len(set(theirs))


def test_the_order_in_which_questions_came_makes_no_difference() -> None:
    vectors = scattered(150, 7)
    order = np.random.default_rng(1).permutation(len(vectors))
    straight, mixed = group(vectors, near=0.4)[order], group(vectors[order], near=0.4)
    assert len(set(zip(straight.tolist(), mixed.tolist(), strict=True))) == len(set(straight)) == len(set(mixed))


def test_groups_are_numbered_as_their_first_members_came() -> None:
    groups = group(scattered(100, 3), near=0.4)
    firsts = [int(np.flatnonzero(groups == number)[0]) for number in range(int(groups.max()) + 1)]
    assert all(one < other for one, other in pairwise(firsts))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_is_grouped_as_well(count: int) -> None:
    assert len(group(scattered(count, 0))) == count


def test_equal_questions_are_one_group_and_a_ring_of_equal_distances_ends() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), 50, axis=0)
    assert group(vectors, near=0.5).tolist() == np.repeat(np.arange(4), 50).tolist()
    assert set(group(np.eye(6, dtype=np.float32), near=0.0).tolist()) == {0}


def test_a_crowd_has_to_be_nearer_than_a_few() -> None:
    assert near_enough(0) == near_enough(400) < near_enough(5_000) < near_enough(50_000) < 0.5


def test_questions_that_mean_the_same_come_together_however_they_are_worded(exported: Path) -> None:
    encoder_module = pytest.importorskip("handrail_search.embedding.encoder", reason="the service is not installed")
    encoder = encoder_module.Encoder(exported)
    vectors = np.stack([encoder.encode_query(question) for topic in SAME for question in topic])
    groups = group(centred(vectors, centre_of(vectors)))
    assert groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
