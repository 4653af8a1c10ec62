"""Learned questions as evidence: what they are worth, and whose opinion counts how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from handrail_search.index.generation import current_generation
from handrail_search.ranking.learned import KnownAnswer, LearnedModel, LearnedQuestions, Mix, weigh
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.verdict import Bands

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def known(question, location, source="agent", days=0, session="Kim"):
    return KnownAnswer(question, location, source, NOW - timedelta(days=days), session)


@pytest.fixture
def searcher(acme):
    return Searcher.open(current_generation(acme / "state" / "index"))


def first(searcher, question):
    return searcher.search(question).hits[0].location.partition("#")[0]


def test_what_an_agent_names_is_found_at_once_by_the_same_question(searcher):
    question = "my aunt moved to the sea and wants her letters"
    before = first(searcher, question)
    wanted = next(page.location for page in searcher.index.pages if page.location != before)
    searcher.teach([known(question, wanted)])
    results = searcher.search(question + "?")
    assert results.hits[0].location.partition("#")[0] == wanted
    assert results.verdict == "answered"
    assert results.hits[0].why["same_question"] > 0
    searcher.teach([])
    assert first(searcher, question) == before


def test_a_question_that_means_the_same_profits_too(searcher):
    searcher.teach([known("the gadget that beeps is gone", "account/two-factor/")])
    assert first(searcher, "my beeping gadget is gone") == "account/two-factor/"


def test_questions_of_articles_that_are_gone_are_left_out(searcher):
    searcher.teach([known("where is the tea", "gone/"), known("where is the tea", "account/delete/")])
    assert first(searcher, "where is the tea") == "account/delete/"


def test_an_opinion_counts_half_of_one_that_is_two_years_younger():
    old, new = weigh([known("a", "x/", days=2 * 365.25), known("b", "y/")])
    assert old == pytest.approx(new / 2)


def test_a_hundred_clicks_of_one_customer_count_less_than_one_word_of_an_agent():
    clicks = [known(f"question {number}", "x/", "customer", session="tab") for number in range(100)]
    assert weigh(clicks).sum() < weigh([known("a", "x/")]).sum()


def test_a_crowd_of_customers_counts_for_no_more_than_a_few_agents():
    crowd = [known(f"question {number}", "x/", "customer", session=f"tab{number}") for number in range(500)]
    assert weigh(crowd).sum() <= 3.0 + 1e-9
    staff = [known(f"answer {number}", "x/", session=f"agent{number}") for number in range(20)]
    assert weigh([*crowd, *staff])[: len(crowd)].sum() <= 10.0 + 1e-9


def test_one_agent_cannot_make_an_article_the_answer_to_everything():
    said = [known(f"question {number}", "x/") for number in range(200)]
    assert weigh(said).sum() <= 10.0 + 1e-9


def synthetic(searcher, count=60):
    """Known questions with made-up vectors, several to an article, and the rows' articles."""
    random = np.random.default_rng(7)
    pages = [page.location for page in searcher.index.pages]
    at = random.integers(len(pages), size=count)
    centers = random.normal(size=(len(pages), 24))
    vectors = (centers[at] + random.normal(size=(count, 24))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    questions = [known(f"question {number}", pages[page], days=7 * number) for number, page in enumerate(at)]
    return questions, vectors, at


def test_leaving_one_out_by_formula_gives_what_leaving_it_out_gives(searcher):
    questions, vectors, _ = synthetic(searcher)
    everything = LearnedQuestions(questions, searcher.index, vectors, LearnedModel(Mix(fit=1.0)))
    for row in (1, 17, 59):
        kept = [number for number in range(len(questions)) if number != row]
        without = LearnedQuestions(
            [questions[n] for n in kept], searcher.index, vectors[kept], LearnedModel(Mix(fit=1.0))
        )
        weights = everything.weights[kept]
        share = np.bincount(everything.owner[kept], weights, minlength=len(searcher.index.pages)) / weights.sum()
        whole = np.bincount(everything.owner, everything.weights, minlength=len(share)) / everything.weights.sum()
        nobody = np.zeros(len(share))
        by_hand = without.hear("?", vectors[row], nobody).evidence["learned_fit"] + share - whole
        assert everything.fit_without(np.array([row]))[0] == pytest.approx(by_hand, abs=1e-4)


def test_learning_is_worth_nothing_where_known_questions_do_not_help(searcher):
    questions, vectors, at = synthetic(searcher)
    learned = LearnedQuestions(questions, searcher.index, vectors, LearnedModel())
    sure = np.zeros((len(questions), len(searcher.index.pages)))
    sure[np.arange(len(questions)), at] = 5.0  # search without learning has all of them right already
    assert learned.choose(range(len(questions)), sure, np.ones_like(sure)) == Mix(0.5, 0.0, 0.0)
    blind = np.zeros_like(sure)
    assert learned.choose(range(len(questions)), blind, np.ones_like(sure)).fit > 0


def test_a_lesson_is_taken_again_only_when_much_was_added():
    lesson = LearnedModel(Mix(), Bands(0.3, 0.4), 100)
    assert lesson.holds_for(110) and not lesson.holds_for(140) and not lesson.holds_for(60)
    assert LearnedModel().holds_for(3)


def test_enough_known_questions_bring_bands_of_their_own(searcher):
    ways = ("please help: {}", "{}, how", "again {}", "urgent {}", "{} thanks")
    taught = [known(way.format(page.title.lower()), page.location) for page in searcher.index.pages for way in ways]
    searcher.teach(taught)
    assert searcher.search("help with how to reset your password").verdict == "answered"
    assert searcher.search("recipe for plum cake").verdict == "none"


def test_opinions_of_one_person_are_told_from_those_of_others():
    alone = [known(f"question {number}", "x/", "customer", session="tab") for number in range(4)]
    apart = [replace(question, session=f"tab{number}") for number, question in enumerate(alone)]
    assert weigh(alone).sum() < weigh(apart).sum()
