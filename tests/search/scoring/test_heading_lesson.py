"""What headings teach about telling the sections of an article apart."""

from __future__ import annotations

import time

import numpy as np

from handrail_search.scoring.heading_lesson import HeadedArticle, Vectors, learn_from_headings

DIMENSIONS = 24


def of_length_one(vectors: Vectors) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def articles(count: int, *, sections: int = 5, seed: int = 1) -> list[HeadedArticle]:
    """Articles whose headings say in other dimensions than their passages what the section is about."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        subject, about = random.normal(size=4), random.normal(size=(sections, 4))
        nothing = np.zeros((sections, 4))
        headings = np.hstack([np.tile(2 * subject, (sections, 1)), about, nothing, nothing, nothing, nothing])
        passages = np.hstack([np.tile(2 * subject, (sections, 1)), nothing, about, nothing, nothing, nothing])
        found.append(HeadedArticle(of_length_one(headings), of_length_one(passages), np.arange(sections)))
    return found


def share_right(asked: list[HeadedArticle], learned: Vectors) -> float:
    """How often a heading is nearest to its own section."""
    right = [
        (one.passages @ (one.headings + one.headings @ learned).T).argmax(axis=0) == np.arange(len(one.headings))
        for one in asked
    ]
    return float(np.mean(right))


def test_what_some_articles_teach_tells_sections_of_others_apart():
    learned = learn_from_headings(articles(60), DIMENSIONS)
    others = articles(20, seed=2)
    assert share_right(others, np.zeros_like(learned)) < 0.5
    assert share_right(others, learned) > 0.9


def test_a_few_headings_change_little_and_one_section_nothing():
    few = learn_from_headings(articles(1), DIMENSIONS)
    many = learn_from_headings(articles(60), DIMENSIONS)
    assert np.linalg.norm(few) < 0.5 * np.linalg.norm(many)
    assert not learn_from_headings(articles(30, sections=1), DIMENSIONS).any()
    assert not learn_from_headings([], DIMENSIONS).any()


def test_a_beginning_and_several_passages_below_one_heading_are_learned_from():
    own = articles(60)
    beginning = [np.vstack([of_length_one(np.ones((1, DIMENSIONS))), one.passages, one.passages[-1:]]) for one in own]
    longer = [
        HeadedArticle(one.headings, passages, np.array([-1, *one.heading_of, one.heading_of[-1]]))
        for one, passages in zip(own, beginning, strict=True)
    ]
    assert share_right(articles(20, seed=2), learn_from_headings(longer, DIMENSIONS)) > 0.9


def test_articles_without_text_below_their_headings_do_no_harm():
    empty = HeadedArticle(
        np.zeros((0, DIMENSIONS), np.float32), np.zeros((0, DIMENSIONS), np.float32), np.zeros(0, int)
    )
    bare = HeadedArticle(articles(1)[0].headings, articles(1)[0].passages[:2], np.array([-1, -1]))
    learned = learn_from_headings([empty, bare, *articles(60)], DIMENSIONS)
    assert np.isfinite(learned).all()
    assert share_right(articles(20, seed=2), learned) > 0.9


def test_an_article_of_thousands_of_sections_is_learned_from_within_seconds():
    began = time.process_time()
    assert np.isfinite(learn_from_headings(articles(2, sections=20_000), DIMENSIONS)).all()
    assert time.process_time() - began < 5
