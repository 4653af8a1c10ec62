"""Measuring search: every figure against another implementation, and every broken file told with its line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail_kb.errors import ConfigError
from handrail_search.evaluate import (
    Question,
    Ranking,
    auroc,
    evaluate,
    hit,
    measure,
    ndcg,
    read_collection,
    recall,
    reciprocal_rank,
    to_table,
)

from .conftest import MODEL

# --- figures


def test_hits_ranks_and_recall_by_hand():
    ranked, relevant = ("a", "b", "c", "d"), {"c": 1.0, "d": 2.0, "z": 1.0}
    assert [hit(ranked, relevant, depth) for depth in (1, 2, 3, 10)] == [0, 0, 1, 1]
    assert reciprocal_rank(ranked, relevant, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranked, relevant, 2) == 0
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


@given(
    st.permutations(range(12)), st.lists(st.integers(0, 2), min_size=12, max_size=12).filter(any), st.integers(1, 12)
)
def test_ndcg_is_that_of_scikit_learn(order, grades, depth):
    from sklearn.metrics import ndcg_score

    gains = [2**grade - 1 for grade in grades]
    scores = [0] * 12
    for rank, article in enumerate(order):
        scores[article] = 12 - rank
    ranked = tuple(str(article) for article in order)
    relevant = {str(article): float(grade) for article, grade in enumerate(grades) if grade}
    assert ndcg(ranked, relevant, depth) == pytest.approx(ndcg_score([gains], [scores], k=depth))


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=30),
    st.lists(st.integers(0, 5), min_size=1, max_size=30),
)
def test_auroc_is_that_of_scikit_learn(high, low):
    from sklearn.metrics import roc_auc_score

    wanted = roc_auc_score([1] * len(high) + [0] * len(low), [*high, *low])
    assert auroc(high, low) == pytest.approx(wanted)


def test_auroc_needs_both_kinds():
    assert auroc([1.0], []) is None
    assert auroc([], [1.0]) is None


def test_means_and_error_rates_by_hand():
    questions = [Question("1", "?", {"a": 1.0}), Question("2", "?", {"b": 1.0})]
    answered = [Ranking(("a",), "answered", 0.9, 1.0), Ranking(("x", "b"), "none", 0.2, 3.0)]
    unanswered = [Ranking(("a",), "none", 0.1, 1.0), Ranking(("a",), "weak", 0.3, 1.0)]
    figures = measure(questions, answered, unanswered, articles=3)
    assert (figures.hit_at_1, figures.hit_at_5, figures.mrr_at_10, figures.recall_at_10) == (0.5, 1.0, 0.75, 1.0)
    assert (figures.none_on_answerable, figures.weak_on_answerable) == (0.5, 0.0)
    assert (figures.none_on_unanswerable, figures.weak_on_unanswerable) == (0.5, 0.5)
    assert figures.verdict_auroc == 0.75
    assert (figures.questions, figures.unanswerable, figures.articles) == (2, 2, 3)


def test_no_judged_question_is_told():
    with pytest.raises(ConfigError, match="no judged question"):
        measure([], [], [], 1)


# --- folders


@pytest.fixture
def folder(tmp_path):
    """A tiny collection: three articles, three questions of which one is not judged, one that nothing answers."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    articles = [
        {"_id": "pw", "title": "Reset your password", "text": "Choose a new password.\nThe mail may take a while."},
        {"_id": "inv", "title": "Invoices", "text": "A PDF file each month.", "summary": "Where your bills are"},
        {"_id": "cal", "title": "Share your calendar", "text": ""},
    ]
    questions = [("q1", "I forgot my password"), ("q2", "where is my bill"), ("q3", "not judged")]
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in articles) + "\n\n")
    (folder / "queries.jsonl").write_text("\n".join(json.dumps({"_id": i, "text": text}) for i, text in questions))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tpw\t2\nq1\tcal\t0\nq2\tinv\t1\n\n")
    (folder / "oos_queries.jsonl").write_text('{"_id": "o1", "text": "how deep is the ocean"}\n')
    return folder


def test_a_tiny_collection_is_measured_from_end_to_end(folder, state):
    collection = read_collection(folder)
    assert [question.id for question in collection.questions] == ["q1", "q2"]
    assert collection.questions[0].relevant == {"pw": 2.0}
    figures = evaluate(collection, state, MODEL)
    assert (figures.questions, figures.unanswerable, figures.articles) == (2, 1, 3)
    assert figures.hit_at_1 == figures.ndcg_at_10 == figures.mrr_at_10 == figures.recall_at_10 == 1.0
    assert figures.verdict_auroc == 1.0
    assert json.loads(figures.to_json())["hit_at_1"] == 1.0
    table = to_table(figures)
    assert "2 answerable and 1 unanswerable questions, 3 articles" in table
    assert "hit@1          1.000" in table


def test_a_folder_without_unanswerable_questions_has_no_verdict_figure(folder):
    (folder / "oos_queries.jsonl").unlink()
    collection = read_collection(folder)
    assert collection.unanswerable == ()
    figures = measure(collection.questions, [Ranking(("pw",), "answered", 0.9, 1.0)] * 2, [], 3)
    assert (figures.verdict_auroc, figures.none_on_unanswerable) == (None, None)
    assert "no unanswerable questions" in to_table(figures)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named_with_what_a_folder_holds(folder, name):
    (folder / name).unlink()
    with pytest.raises(ConfigError) as told:
        read_collection(folder)
    assert f"{folder / name} is missing" in told.value.what
    assert "handrail evaluate --help" in told.value.mend


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("corpus.jsonl", "{not json"),
        ("corpus.jsonl", "[1]"),
        ("corpus.jsonl", '{"title": "no id"}'),
        ("corpus.jsonl", "[" * 100_000),
        ("queries.jsonl", '{"_id": "q1"}'),
        ("queries.jsonl", "null"),
        ("oos_queries.jsonl", '{"_id": "o1"}'),
        ("qrels.tsv", "q1 pw 1"),
        ("qrels.tsv", "q1\tpw"),
        ("qrels.tsv", "q1\tpw\tgood"),
        ("qrels.tsv", "q1\tpw\tinf"),
        ("qrels.tsv", "q1\tpw\tnan"),
        ("qrels.tsv", "q1\tpw\t5000"),
        ("qrels.tsv", "q1\tpw\t-1"),
    ],
)
def test_a_broken_line_is_told_with_its_place(folder, name, line):
    head = (folder / name).read_text().splitlines()[0]
    (folder / name).write_text(f"{head}\n{line}\n")
    with pytest.raises(ConfigError) as told:
        read_collection(folder)
    assert told.value.what.startswith(f"{folder / name}:2: ")
    assert len(told.value.what) < 400


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_file_that_is_not_text_is_told(folder, name):
    (folder / name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError) as told:
        read_collection(folder)
    assert name in told.value.what


def test_only_line_ends_end_a_line(folder):
    (folder / "corpus.jsonl").write_text(
        json.dumps({"_id": "pw", "text": "a\u2028b\x85c"}, ensure_ascii=False) + "\r\n"
    )
    (folder / "qrels.tsv").write_bytes(b"query-id\tcorpus-id\tscore\r\nq1\tpw\t2\r\n")
    collection = read_collection(folder)
    assert collection.pages[0].passages[0].text == "a\u2028b\x85c"
    assert collection.questions[0].relevant == {"pw": 2.0}


def test_half_characters_in_a_collection_are_no_end(folder, state):
    (folder / "corpus.jsonl").write_text('{"_id": "pw", "title": "half \\ud800", "text": "\\udfff x"}\n')
    collection = read_collection(folder)
    assert evaluate(collection, state, MODEL).articles == 1
