"""Measuring search from end to end: what is asked, what is taught before, and what is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from handrail_kb.cli.group import main
from handrail_kb.errors import ConfigError
from handrail_search.evaluation.decisions import decisions
from handrail_search.evaluation.evaluate import (
    OutsideRow,
    QuestionRow,
    evaluate,
    evaluation_as_json,
    indexed,
    teachable_part,
)
from handrail_search.evaluation.judged import (
    Collection,
    Labelled,
    LabelledQuestions,
    Question,
    read_collection,
    read_lesson,
)
from handrail_search.evaluation.report_text import MEASURES, to_table

from ..conftest import MODEL
from .made import made


@pytest.fixture
def ask_tiny(tiny, state):
    """Measures the tiny folder as it is now: `ask_tiny(lesson)`."""

    def measured(lesson=None):
        collection = read_collection(tiny)
        return evaluate(indexed(collection, state, MODEL), collection, lesson)

    return measured


# --- one evaluation


def test_a_tiny_collection_is_measured_from_end_to_end(ask_tiny):
    measured = ask_tiny()
    assert [(row.id, row.rank) for row in measured.rows] == [("q1", 1), ("q2", 1)]
    figures = measured.figures()
    assert {figures[name].value for name in ("hit_at_1", "hit_at_5", "ndcg_at_10", "mrr_at_10", "recall_at_10")} == {1}
    assert figures["verdict_auroc"].value == 1
    assert figures["caught_at_5_percent"].value == 1
    table = to_table(measured)
    assert "tiny: 2 answerable and 1 unanswerable questions, 3 articles" in table
    assert "hit@1           1.000  1.000 to 1.000" in table
    assert "Only 2 answerable questions: too few to rely on" in table
    assert "Only 1 unanswerable question: too few to rely on" in table


def test_the_json_holds_every_figure_and_a_row_for_each_question_and_no_words(ask_tiny):
    told = json.loads(evaluation_as_json(ask_tiny()))
    assert told["format"] == "handrail-evaluation-1"
    assert set(MEASURES) - {"right_section", "card", "answer_in_card", "answer_in_section", "decisive_right"} <= set(
        told["figures"]
    )
    assert told["figures"]["hit_at_1"] == {"value": 1, "low": 1, "high": 1}
    assert set(told["latency_ms"]) == {"p50", "p95"}
    assert set(told["questions"][0]) == {
        "id",
        "rank",
        "recall",
        "ndcg",
        "verdict",
        "confidence",
        "section",
        "card",
        "answer_in_card",
        "decisive",
        "answer_in_section",
        "seen",
        "length",
        "asked_back",
    }
    assert set(told["unanswerable"][0]) == {"id", "verdict", "confidence", "length", "asked_back"}
    assert "password" not in json.dumps(told)
    assert "ocean" not in json.dumps(told)


def test_means_and_error_rates_by_hand():
    rows = (QuestionRow("1", 1, 1.0, 1.0, "answered", 0.9), QuestionRow("2", 2, 1.0, 0.5, "none", 0.2))
    outside = (OutsideRow("3", "none", 0.1), OutsideRow("4", "weak", 0.3))
    figures = {name: found.value for name, found in made(rows, outside).figures().items()}
    assert (figures["hit_at_1"], figures["hit_at_5"], figures["mrr_at_10"], figures["recall_at_10"]) == (
        0.5,
        1,
        0.75,
        1,
    )
    assert (figures["none_on_answerable"], figures["weak_on_answerable"]) == (0.5, 0)
    assert (figures["none_on_unanswerable"], figures["weak_on_unanswerable"]) == (0.5, 0.5)
    assert figures["verdict_auroc"] == 0.75
    assert figures["caught_at_10_percent"] == 0.5


def test_what_is_in_view_is_measured_apart_from_what_waits_behind_more(searcher):
    """The article of the second question is found, and the list ends before it."""
    found = searcher.search("I forgot my password", limit=10)
    behind = next(hit.location for hit in found.hits[:5] if not hit.fits)
    questions = [Question(to, "I forgot my password", {to: 1.0}) for to in ("account/password/", behind)]
    outside = (Question("o", "I forgot my password", {}),)
    measured = evaluate(searcher, Collection("own", (), tuple(questions), outside))
    figures = {name: one.value for name, one in measured.figures().items()}
    assert (figures["hit_at_5"], figures["hit_at_5_in_view"]) == (1, 0.5)
    assert figures["list_length"] == figures["list_length_in_vain"] == len(found.shown) < len(found.hits)
    table = to_table(measured)
    assert "hit@5           1.000  1.000 to 1.000" in table
    assert "hit@5 in view   0.500  0.000 to 1.000" in table
    assert f"list length     {len(found.shown):.3f}" in table


def test_means_of_what_is_in_view_by_hand():
    rows = [QuestionRow(str(n), 1, 1.0, 1.0, "weak", 0.9, seen=n > 1, length=n) for n in range(4)]
    outside = [OutsideRow("x", "none", 0.1, 0), OutsideRow("y", "none", 0.1, 3)]
    figures = made(rows, outside).figures()
    names = ("hit_at_5_in_view", "list_length", "list_length_in_vain")
    assert [figures[name].value for name in names] == [0.5, 1.5, 1.5]


def test_without_unanswerable_questions_the_verdict_has_no_figures():
    measured = made([QuestionRow("1", 1, 1.0, 1.0, "answered", 0.9)])
    assert "verdict_auroc" not in measured.figures()
    assert "no unanswerable questions" in to_table(measured)
    assert json.loads(evaluation_as_json(measured))["unanswerable"] == []


def test_answering_asking_back_and_saying_none_are_counted_by_hand():
    rows = [QuestionRow(name, 1, 1.0, 1.0, "answered", 0.9) for name in "ab"]
    rows.append(QuestionRow("c", 1, 1.0, 1.0, "weak", 0.4, asked_back=True))
    broad = (OutsideRow("d", "weak", 0.4, asked_back=True), OutsideRow("e", "weak", 0.4), OutsideRow("f", "none", 0.1))
    measured = made(rows, [OutsideRow("g", "none", 0.1)], broad=broad)
    found = decisions(measured)
    assert found.counts == ((2, 1, 0), (1, 1, 1), (0, 0, 1))
    assert [found.precision(number) for number in range(3)] == [2 / 3, 1 / 2, 1 / 2]
    assert [found.recall(number) for number in range(3)] == [2 / 3, 1 / 3, 1]
    assert measured.figures()["asked_back_on_answerable"].value == pytest.approx(1 / 3)
    assert measured.figures()["weak_on_answerable"].value == 0  # to ask back is no unsure answer
    assert "precision           0.667     0.500     0.500" in to_table(measured)
    assert decisions(made([])).precision(1) is None


def test_questions_too_broad_for_one_answer_are_asked_and_told(tiny, ask_tiny):
    before = read_collection(tiny)
    (tiny / "broad_queries.jsonl").write_text('{"_id": "b1", "text": "it does not work"}\n')
    measured = ask_tiny()
    assert [(row.id, row.asked_back) for row in measured.broad] == [("b1", True)]
    assert "asks back" in to_table(measured)
    assert json.loads(evaluation_as_json(measured))["broad"][0]["id"] == "b1"
    assert read_collection(tiny).digest != before.digest


def test_no_judged_question_is_told(searcher):
    with pytest.raises(ConfigError, match="no judged question"):
        evaluate(searcher, Collection("none", (), (), ()))


def test_half_characters_in_a_collection_are_no_end(tiny, ask_tiny):
    (tiny / "corpus.jsonl").write_text('{"_id": "pw", "title": "half \\ud800", "text": "\\udfff x"}\n')
    measured = ask_tiny()
    assert measured.articles == 1
    assert measured.unknown_articles == ("inv",)
    assert "judgements name 1 article that is not there: inv; they count as not found" in to_table(measured)


def test_an_article_may_be_called_like_the_section_of_another(tiny, ask_tiny):
    for name in ("corpus.jsonl", "qrels.tsv"):
        (tiny / name).write_text((tiny / name).read_text().replace("inv", "pw#inv"))
    assert [row.rank for row in ask_tiny().rows] == [1, 1]


def test_articles_of_a_site_may_be_named_by_address_or_by_file(searcher):
    names = [
        "account/password/",
        "/account/password/",
        "account/password",
        "account/password.md",
        "account/password/index.md",
    ]
    questions = [Question(name, "I forgot my password", {name: 1.0}) for name in [*names, "account/gone.md"]]
    measured = evaluate(searcher, Collection("own", (), tuple(questions), ()))
    assert [row.rank for row in measured.rows] == [1, 1, 1, 1, 1, None]
    assert measured.unknown_articles == ("account/gone.md",)


# --- learning first


def lesson(*pairs, **days):
    """Questions with the article that answers each."""
    return LabelledQuestions(
        "taught", tuple(Labelled(Question(one, text, {to: 2.0}), days.get(one)) for one, text, to in pairs)
    )


def test_what_is_asked_is_never_taught(tiny, state):
    collection = read_collection(tiny)
    searcher = indexed(collection, state, MODEL)
    day = datetime(2024, 2, 18, tzinfo=UTC)
    known, taught = teachable_part(
        lesson(
            ("q1", "something else under a name that is asked", "pw"),
            ("x1", "  Where is my BILL? ", "inv"),
            ("x2", "how deep is the ocean", "cal"),
            ("x3", "show my colleagues when I am away", "cal"),
            ("x4", "what the bin is for", "bin"),
            x3=day,
        ),
        collection, searcher, now=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    assert [(one.question, one.location, one.source, one.at) for one in known] == [
        ("show my colleagues when I am away", "cal", "import", day)
    ]
    assert (taught.questions, taught.asked_here, taught.unknown_articles) == (1, 3, ("bin",))


def test_a_question_without_a_date_counts_as_asked_now(tiny, state):
    now = datetime(2026, 11, 22, tzinfo=UTC)
    collection = read_collection(tiny)
    known, _ = teachable_part(lesson(("x", "away", "cal")), collection, indexed(collection, state, MODEL), now=now)
    assert [one.at for one in known] == [now]


def test_what_was_learned_answers_and_is_told(tiny, ask_tiny):
    """Customers call invoices by a word that stands in no article."""
    rows = [{"_id": "q1", "text": "zorblax"}, {"_id": "q2", "text": "zorblax of last month"}]
    (tiny / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tiny / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tcal\t1\nq2\tcal\t2\n")
    before = ask_tiny()
    after = ask_tiny(
        lesson(*[(f"x{n}", f"zorblax {word}", "cal") for n, word in enumerate(["now", "again", "of March", "when"])])
    )
    assert after.figures()["mrr_at_10"].value > before.figures()["mrr_at_10"].value
    assert after.taught.questions == 4
    assert "learned 4 questions of taught before asking" in to_table(after)
    assert json.loads(evaluation_as_json(after))["learned"]["questions"] == 4


# --- the command


@pytest.fixture
def command(state, tmp_path, monkeypatch):
    """Runs `handrail evaluate` with the encoder at hand."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(main, ["evaluate", *map(str, arguments), "--state-dir", str(state)])

    return run


def test_an_evaluation_is_kept_and_compared_with_later(tiny, tmp_path, command):
    kept = command(tiny, "--json")
    (tmp_path / "former.json").write_text(kept.stdout)
    (tiny / "corpus.jsonl").write_text((tiny / "corpus.jsonl").read_text().replace("Invoices", "Zzz"))
    later = command(tiny, "--compare", tmp_path / "former.json")
    assert later.exit_code == 0, later.output
    assert "Compared with" in later.stdout
    assert "the articles are not the same as then" in later.stdout
    as_json = command(tiny, "--json", "--compare", tmp_path / "former.json")
    assert set(json.loads(as_json.stdout)["comparison"]) >= {"differences", "worse", "better"}


def test_a_folder_is_learned_from_by_the_command(tiny, tmp_path, command):
    other = tmp_path / "first-half"
    other.mkdir()
    (other / "queries.jsonl").write_text('{"_id": "f1", "text": "when am I away"}\n{"_id": "q1", "text": "again"}\n')
    (other / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nf1\tcal\t1\nf1\tgone\t1\nq1\tpw\t1\n")
    assert len(read_lesson(other).questions) == 2
    told = command(tiny, "--learn", other)
    assert told.exit_code == 0, told.output
    assert "learned 1 question of first-half before asking" in told.stdout
    assert "1 question of first-half not taught: asked here too" in told.stdout
    assert "questions of first-half name 1 article that is not there: gone; not taught." in told.stdout


def test_a_site_is_measured_without_a_copy_of_its_articles(tiny, acme):
    (tiny / "corpus.jsonl").unlink()
    (tiny / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\taccount/password.md\t2\n")
    told = CliRunner().invoke(main, ["evaluate", str(tiny), "--site", "--state-dir", str(acme / "state")])
    assert told.exit_code == 0, told.output
    assert "hit@1           1.000" in told.stdout
    assert "tiny: 1 answerable and 1 unanswerable" in told.stdout


def test_a_broken_former_file_is_told_before_anything_is_asked(tiny, tmp_path, command):
    (tmp_path / "former.json").write_text("{}")
    told = command(tiny, "--compare", tmp_path / "former.json")
    assert told.exit_code == 1
    assert "is not what `handrail evaluate --json` writes" in told.output
    assert "Traceback" not in told.output
