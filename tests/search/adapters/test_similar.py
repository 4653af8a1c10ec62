"""Messages are called similar only when they ask for the same, and nobody waits until all are read."""

from __future__ import annotations

import numpy as np
import pytest

from handrail_search.adapters import similar
from handrail_search.adapters.similar import ALIKE, AT_ONCE, MOST, Read, SimilarMessages, pairs_alike
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.searcher import Searcher
from waiting import until

PASSWORD = "I forgot my password, how can I sign in again?"
SAME = "Forgot the password of my account. I cannot sign in."
BATTERIES = "How do I recycle old batteries?"


def at_cosine(cosine, nearest=(1, 2)):
    """A text at this cosine with the one at 1."""
    return Read(np.array([cosine, np.sqrt(1 - cosine * cosine)], np.float32), nearest)


def test_texts_are_alike_from_the_threshold_on_and_none_below_it():
    first = at_cosine(1.0)
    [[(place, cosine)], _] = pairs_alike([first, at_cosine(ALIKE + 0.01)])
    assert place == 1 and cosine == pytest.approx(ALIKE + 0.01)
    assert pairs_alike([first, at_cosine(ALIKE - 0.01)]) == [[], []]


@pytest.mark.parametrize(
    ("nearest", "alike"), [((1, 2), True), ((2, 1), True), ((2, 3), False), ((3, 1), False), ((3, 4), False)]
)
def test_texts_that_lead_to_different_articles_are_not_alike_however_near(nearest, alike):
    found = pairs_alike([at_cosine(1.0, (1, 2)), at_cosine(0.95, nearest)])
    assert [bool(near) for near in found] == [alike, alike]


def test_the_nearest_come_first_and_are_few():
    texts = [at_cosine(1.0), *(at_cosine(0.7 + number / 100) for number in range(20))]
    near, *_ = pairs_alike(texts)
    assert [place for place, _ in near] == [20, 19, 18, 17, 16][:MOST]


def test_a_text_that_has_no_fellow_is_like_nobody():
    assert pairs_alike([]) == [] and pairs_alike([at_cosine(1.0)]) == [[]]


@pytest.fixture
def messages(acme):
    return SimilarMessages(LiveIndex(acme / "state" / "index"))


def test_messages_that_ask_for_the_same_are_found_in_other_words(messages):
    [[(place, share)], none, same] = messages.near([PASSWORD, BATTERIES, SAME])
    assert place == 2 and share >= ALIKE and none == [] and same == [(0, pytest.approx(share))]


def test_empty_messages_are_like_nobody(messages):
    assert messages.near(["", " \n", ""]) == [[], [], []]


@pytest.fixture
def encoded(monkeypatch):
    """The texts that are encoded, in this order; their vectors are all the same."""
    texts = []

    def vector_of(searcher, text):
        texts.append(text)
        return np.eye(1, searcher.index.vectors.dimensions, dtype=np.float32)[0]

    monkeypatch.setattr(Searcher, "vector_of", vector_of)
    return texts


def test_a_page_waits_for_a_few_messages_and_one_of_the_next_has_all(messages, encoded, monkeypatch):
    texts = [f"{PASSWORD} {number}" for number in range(50)]
    with monkeypatch.context() as alone:
        alone.setattr(messages, "_read_later", lambda _searcher, _texts: None)
        few = [True] * AT_ONCE + [False] * (len(texts) - AT_ONCE)
        assert [bool(near) for near in messages.near(texts)] == few
    assert encoded == texts[:AT_ONCE]
    until(lambda: all(messages.near(texts)))
    assert set(encoded) == set(texts)
    before = len(encoded)
    messages.near(texts)
    assert len(encoded) == before, "each is encoded once"


def test_only_so_many_messages_are_remembered(messages, encoded, monkeypatch):
    monkeypatch.setattr(similar, "KEPT", 3)
    pairs = [[f"{PASSWORD} {number}", f"{SAME} {number}"] for number in range(3)]
    for pair in (*pairs, pairs[2], pairs[0]):
        messages.near(pair)
    assert encoded == [*pairs[0], *pairs[1], *pairs[2], *pairs[0]]


def test_messages_that_are_still_shown_are_remembered_longest(messages, encoded, monkeypatch):
    monkeypatch.setattr(similar, "KEPT", 4)
    shown, *others = ([f"{PASSWORD} {number}", f"{SAME} {number}"] for number in range(4))
    for other in others:
        messages.near(shown)
        messages.near(other)
    messages.near(shown)
    assert [text for text in encoded if text in shown] == shown
