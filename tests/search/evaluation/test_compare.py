"""Two evaluations beside each other: what moved, what is told of it, and which files are refused."""

from __future__ import annotations

import json

import pytest

from handrail_kb.errors import ConfigError
from handrail_search.evaluation.compare import compare, for_json, read_former
from handrail_search.evaluation.evaluate import QuestionRow, evaluation_as_json
from handrail_search.evaluation.metrics import Difference
from handrail_search.evaluation.report_text import MEASURES, judged, to_differences, to_table

from .made import made


@pytest.fixture
def former(tmp_path):
    """Writes an evaluation as a file of an earlier day: `former(evaluation)`."""

    def write(evaluation, **changes):
        file = tmp_path / "former.json"
        file.write_text(json.dumps({**json.loads(evaluation_as_json(evaluation)), **changes}))
        return file

    return write


def rows(*ranks, verdict="answered"):
    return [QuestionRow(f"q{n}", rank, 1.0, 1 / rank if rank else 0.0, verdict, 0.8) for n, rank in enumerate(ranks)]


def test_what_moved_is_told_worst_and_best_first(former):
    then, now = made(rows(1, 1, 4, None, 2, 7)), made(rows(3, 1, 2, 1, None, 7))
    texts = ["fell", "stayed", "rose", "came", "lost", "low"]
    comparison = compare(read_former(former(then)), now, texts)
    assert [(one.text, one.former, one.now) for one in comparison.worse] == [("fell", 1, 3), ("lost", 2, None)]
    assert [(one.text, one.former, one.now) for one in comparison.better] == [("came", None, 1), ("rose", 4, 2)]
    told = to_differences(comparison, now)
    assert "2 questions moved up, 2 down, 2 stayed." in told
    assert "    1 -> 3   q0  fell" in told
    assert "    - -> 1   q3  came" in told
    assert told.index("fell") < told.index("lost") < told.index("came") < told.index("rose")
    assert "stayed" not in told.split("stayed.")[1]
    assert for_json(comparison)["worse"][0] == {"id": "q0", "former": 1, "now": 3}


def test_a_file_from_before_lists_had_an_end_is_compared_in_all_that_it_measured(former):
    now = made([QuestionRow("q0", 1, 1.0, 1.0, "answered", 0.8, seen=False, length=2)])
    comparison = compare(read_former(former(made(rows(2)))), now, ["a"])
    assert "hit_at_1" in comparison.differences
    assert not {"hit_at_5_in_view", "list_length"} & set(comparison.differences)
    assert "in view" not in to_differences(comparison, now)
    assert "hit@5 in view   0.000" in to_table(now)


def test_a_list_that_became_longer_is_neither_better_nor_worse(former):
    def of(length):
        return made([QuestionRow(f"q{n}", 1, 1.0, 1.0, "weak", 0.8, seen=True, length=length) for n in range(20)])

    told = to_differences(compare(read_former(former(of(2))), of(5), ["x"] * 20), of(5))
    assert "list length     +3.000  +3.000 to +3.000  more, not by chance (p < 0.001)" in told


def test_many_moves_are_cut_and_the_rest_counted(former):
    comparison = compare(read_former(former(made(rows(*[2] * 50)))), made(rows(*[1] * 50)), ["x"] * 50)
    told = to_differences(comparison, made(rows(*[1] * 50)))
    assert told.count(" -> 1 ") == 10
    assert "and 40 more" in told
    assert "hit@1           +1.000  +1.000 to +1.000  better, more than chance (p < 0.001)" in told


def test_the_same_evaluation_has_no_difference(former):
    told = to_differences(
        compare(read_former(former(made(rows(1, 2)))), made(rows(1, 2)), ["a", "b"]), made(rows(1, 2))
    )
    assert told.count("the same\n") == 7
    assert "0 questions moved up, 0 down, 2 stayed." in told


def test_a_difference_is_told_in_plain_words():
    clear, unclear = Difference(0.1, 0.05, 0.15, 0.002), Difference(-0.01, -0.03, 0.02, 0.4)
    assert judged(MEASURES["hit_at_1"], clear) == "better, more than chance (p = 0.002)"
    assert judged(MEASURES["none_on_answerable"], clear) == "worse, more than chance (p = 0.002)"
    assert judged(MEASURES["hit_at_1"], unclear) == "may be chance (p = 0.400)"


def test_other_circumstances_are_told(former):
    file = former(made(rows(1)), encoder="another", articles_digest="b", learned={"questions": 7})
    told = to_differences(compare(read_former(file), made(rows(1)), ["x"]), made(rows(1)))
    assert "encoder: another then, all-MiniLM-L6-v2 now" in told
    assert "learned questions: 7 then, 0 now" in told
    assert "the articles are not the same as then" in told


def test_words_that_would_steer_a_terminal_are_not_written(former):
    comparison = compare(read_former(former(made(rows(1)))), made(rows(2)), ["\x1b[31mred\nline" + "x" * 200])
    told = to_differences(comparison, made(rows(2)))
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) < 120


@pytest.mark.parametrize("changes", [{"digest": "other"}, {"questions": []}, {"unanswerable": [
    {"id": "o", "verdict": "none", "confidence": 0.1}]}])  # fmt: skip
def test_an_evaluation_of_other_questions_is_refused(former, changes):
    with pytest.raises(ConfigError, match="other questions or judgements") as told:
        compare(read_former(former(made(rows(1)), **changes)), made(rows(1)), ["x"])
    assert "handrail evaluate DIR --json" in told.value.mend


ROW = {"id": "q", "rank": 1, "recall": 1.0, "ndcg": 1.0, "verdict": "none", "confidence": 0.5}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "handrail-evaluation-2"},
        {"questions": None},
        {"questions": [{"id": "q"}]},
        {"questions": [{**ROW, "rank": 11}]},
        {"questions": [{**ROW, "rank": 1.5}]},
        {"questions": [{**ROW, "recall": "all"}]},
        {"questions": [{**ROW, "ndcg": float("nan")}]},
        {"questions": [{**ROW, "verdict": "fine"}]},
        {"questions": [{**ROW, "section": "right"}]},
        {"questions": [{**ROW, "seen": "yes"}]},
        {"questions": [{**ROW, "length": 11}]},
        {"questions": [{**ROW, "length": 1.5}]},
        {"unanswerable": [{"id": 3, "verdict": "none", "confidence": 0.5}]},
        {"learned": 3},
        {"digest": None, "questions": "abc"},
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_clear_line(former, changes):
    with pytest.raises(ConfigError, match="is not what `handrail evaluate --json` writes") as told:
        read_former(former(made(rows(1)), **changes))
    assert "\n" not in told.value.what
    assert len(told.value.what) < 500


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{", b"[" * 100_000, b'{"format": 1}'])
def test_a_file_that_is_no_evaluation_is_refused(tmp_path, content):
    (tmp_path / "f.json").write_bytes(content)
    with pytest.raises(ConfigError, match="is not what `handrail evaluate --json` writes"):
        read_former(tmp_path / "f.json")
