"""Judgements may name sections: what is measured then, and what counts as right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.evaluation.compare import compare, read_former
from handrail_search.evaluation.evaluate import (
    Evaluation,
    QuestionRow,
    RankedAnswer,
    evaluate,
    evaluation_as_json,
    row_of,
)
from handrail_search.evaluation.judged import Collection, Question
from handrail_search.evaluation.metrics import Sample, differences
from handrail_search.evaluation.report_text import to_differences, to_table
from handrail_search.index.build import build_index
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL


def judged(*relevant: dict[str, float], text: str = "how is the printer oiled") -> Collection:
    return Collection("own", (), tuple(Question(f"q{n}", text, one) for n, one in enumerate(relevant)), ())


@pytest.fixture
def printer(state) -> Searcher:
    """Search over two articles whose sections share no word with each other."""
    texts = {"": "What stands here is about paper.", "oil": "Oil the printer each month.", "ink": "Ink is blue."}
    pages = [
        Page(
            place,
            title,
            tuple(
                Passage(f"{place}#{anchor}" if anchor else place, anchor, (), text) for anchor, text in texts.items()
            ),
        )
        for place, title in (("printer/", "The printer"), ("über uns/", "Us"))
    ]
    folder = build_index(pages, state, MODEL).folder
    return Searcher.open(folder)


def test_where_judgements_name_sections_the_share_of_right_ones_is_measured(printer):
    right, wrong = {"printer.md#oil": 2.0}, {"printer.md#ink": 2.0}
    measured = evaluate(printer, judged(right, wrong, wrong, wrong))
    assert [row.section for row in measured.rows] == [True, False, False, False]
    figure = measured.figures()["right_section"]
    assert figure.value == 0.25
    assert figure.low < 0.25 < figure.high
    assert "right section   0.250" in to_table(measured)


def test_the_article_of_a_judged_section_is_judged_as_before(printer):
    by_section = evaluate(printer, judged({"printer.md#oil": 2.0, "printer/#ink": 1.0}))
    by_article = evaluate(printer, judged({"printer/": 2.0}))
    assert (by_section.rows[0].rank, by_section.rows[0].ndcg) == (by_article.rows[0].rank, by_article.rows[0].ndcg)
    assert by_section.unknown_articles == ()


def test_any_of_several_judged_sections_is_right(printer):
    assert evaluate(printer, judged({"printer.md#ink": 2.0, "printer.md#oil": 1.0})).rows[0].section is True


def test_beside_sections_an_article_without_anchor_means_its_beginning(printer):
    beginning = evaluate(printer, judged({"printer.md": 2.0}, {"printer.md#oil": 2.0}))
    assert [row.section for row in beginning.rows] == [False, True]


def test_a_folder_that_names_no_section_has_no_figure_of_them(printer):
    measured = evaluate(printer, judged({"printer.md": 2.0}))
    assert measured.rows[0].section is None
    assert "right_section" not in measured.figures()
    assert "right section" not in to_table(measured)


def test_a_section_that_is_not_there_is_told(printer):
    measured = evaluate(printer, judged({"printer.md#oil": 2.0, "printer.md#gone": 1.0}))
    assert measured.unknown_sections == ("printer/#gone",)
    assert "judgements name 1 section that is not there: printer/#gone" in to_table(measured)
    assert measured.unknown_articles == ()


def test_an_anchor_may_be_written_as_the_browser_shows_it(printer):
    question = Question("q", "x", {"über uns/": 2.0})
    row = row_of(question, RankedAnswer(("über uns/",), "weak", 0.1, 1.0, ("über uns/#öl",)), {"über uns/#öl"})
    assert row.section is True
    measured = evaluate(printer, judged({"printer/#%6Fil": 2.0}))
    assert measured.rows[0].section is True


def test_a_question_whose_article_was_not_found_counts_for_no_section():
    question = Question("q", "x", {"a/": 2.0})
    assert row_of(question, RankedAnswer(("b/",), "weak", 0.1, 1.0, ("b/#one",)), {"a/#one"}).section is None
    found = Sample({}, {}, np.zeros(4), np.zeros(0), {"right_section": np.array([1.0, 0.0, np.nan, np.nan])})
    assert found.once() == {"right_section": 0.5}


def test_the_first_result_of_a_right_article_counts_whatever_stands_above_it():
    question = Question("q", "x", {"a/": 2.0, "c/": 1.0})
    opened = ("b/#one", "c/#two", "a/#one")
    assert row_of(question, RankedAnswer((), "weak", 0.1, 1.0, opened), {"a/#one", "c/#two"}).section is True
    assert row_of(question, RankedAnswer((), "weak", 0.1, 1.0, opened), {"a/#one", "c/"}).section is False


def rows(*sections):
    return tuple(QuestionRow(f"q{n}", 1, 1.0, 1.0, "weak", 0.5, section) for n, section in enumerate(sections))


def made(rows) -> Evaluation:
    return Evaluation("made", "d", "a", 3, MODEL, tuple(rows), (), (1.0,))


def test_two_evaluations_are_compared_by_their_sections(tmp_path):
    file, now = tmp_path / "former.json", made(rows(*[True] * 30, None))
    file.write_text(evaluation_as_json(made(rows(*[False] * 30, True))))
    comparison = compare(read_former(file), now, ["x"] * 31)
    assert comparison.differences["right_section"].p < 0.001
    assert "right section" in to_differences(comparison, now)


def test_an_evaluation_of_a_version_that_measured_no_sections_can_be_compared(tmp_path):
    file, now = tmp_path / "former.json", made(rows(True, False))
    data = json.loads(evaluation_as_json(now))
    for row in data["questions"]:
        del row["section"]
    file.write_text(json.dumps(data))
    comparison = compare(read_former(file), now, ["x", "y"])
    assert "right_section" not in comparison.differences
    assert comparison.differences["hit_at_1"].value == 0


def test_draws_without_any_judged_section_have_no_hole():
    one = Sample({}, {}, np.zeros(50), np.zeros(0), {"right_section": np.array([1.0] + [np.nan] * 49)})
    found = differences(one, one)["right_section"]
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)
