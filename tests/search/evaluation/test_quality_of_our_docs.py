"""Handrail's own help finds what its readers ask for: 80 questions in their words, and 30 that nothing answers.

The floors stand a little below what was measured, so that a better ranking passes and a worse one does not.
`measured.json` beside the questions is what `make quality` came to last; a failure tells what moved since.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("material", reason="mkdocs-material is not installed")

from handrail_search.evaluation.compare import compare, read_former
from handrail_search.evaluation.decisions import DECISIONS
from handrail_search.evaluation.report_text import to_differences

ROOT = Path(__file__).parents[3]
FLOORS = {
    "hit_at_1": 0.73,
    "hit_at_5": 0.89,
    "ndcg_at_10": 0.85,
    "verdict_auroc": 0.85,
    "caught_at_10_percent": 0.45,
}
MOST_FALSE_ALARMS = 0.10


@pytest.fixture(scope="module")
def own_docs():
    spec = importlib.util.spec_from_file_location("own_docs", ROOT / "tests" / "quality" / "own_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def home(encoder_cache):
    """The index of the help of today is kept between runs: only changed passages are encoded again.

    The first run begins with the index of `make docs`, where there is one.
    """
    home, of_docs = ROOT / ".cache" / "docs-quality", ROOT / ".handrail" / "index"
    home.mkdir(parents=True, exist_ok=True)
    if of_docs.exists() and not (home / "index").exists():
        shutil.copytree(of_docs, home / "index", symlinks=True)
    if not (home / "encoder").exists():
        (home / "encoder").symlink_to(encoder_cache)
    return home


@pytest.fixture(scope="module")
def measured(own_docs, home):
    """The help of today, asked."""
    return own_docs.measure(home)


@pytest.fixture(scope="module")
def opened(own_docs, home):
    """The figures of sections and answer cards, on the half of the questions that nothing was chosen with."""
    return own_docs.open_sections(home, "test").figures()


def since(own_docs, now):
    """What moved since the figures that are committed."""
    asked = own_docs.read()
    return to_differences(compare(read_former(own_docs.MEASURED), now, [one.text for one in asked.questions]), now)


@pytest.mark.long
@pytest.mark.parametrize("name", FLOORS)
def test_our_own_help_finds_what_readers_ask_for(own_docs, measured, name):
    figure = measured.figures()[name]
    assert figure.value >= FLOORS[name], since(own_docs, measured)


@pytest.mark.long
def test_readers_whose_question_is_answered_are_seldom_told_that_it_is_not(own_docs, measured):
    assert measured.figures()["none_on_answerable"].value <= MOST_FALSE_ALARMS, since(own_docs, measured)


@pytest.mark.long
@pytest.mark.parametrize(("name", "floor"), [("card", 0.55), ("answer_in_card", 0.40), ("answer_in_section", 0.80)])
def test_answer_cards_show_the_words_that_answer(opened, name, floor):
    assert opened[name].value >= floor, opened[name]


def test_every_question_is_about_an_article_that_is_there(own_docs, measured):
    assert measured.unknown_articles == ()
    assert (len(measured.rows), len(measured.outside)) >= (60, 25)


def test_no_question_stands_in_an_article(own_docs):
    """Or it would measure memory."""
    from handrail_kb.articles.article import read_articles

    known = {question.casefold() for article in read_articles(ROOT / "docs")[0] for question in article.questions}
    asked = own_docs.read()
    assert not known & {one.text.casefold() for one in (*asked.questions, *asked.unanswerable)}


def test_the_figures_that_are_committed_are_of_these_questions(own_docs):
    renew = "renew them: .venv/bin/python tests/quality/run.py --only docs --write"
    assert read_former(own_docs.MEASURED).digest == own_docs.read().digest, renew


def test_what_is_too_broad_for_one_answer_is_asked_back_and_little_else_is(own_docs, home):
    """On the half of the questions that nothing was chosen by."""
    found = own_docs.decide(home, "test")
    asks_back = DECISIONS.index("asks back")
    assert found.precision(asks_back) >= 0.85, found
    assert found.recall(asks_back) >= 0.70, found


@pytest.mark.parametrize("kind", ["queries", "oos_queries", "broad_queries"])
def test_each_half_of_the_verdicts_has_thirty_questions_of_each_kind(own_docs, kind):
    lines = (own_docs.VERDICTS / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    halves = Counter(json.loads(line)["half"] for line in lines)
    assert set(halves) == {"tune", "test"}
    assert min(halves.values()) >= 30
