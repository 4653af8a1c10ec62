"""Judged questions may have the words that answer: whether a card shows and marks them is measured."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handrail_kb.errors import ConfigError
from handrail_search.evaluation.cards import CardRow, judged
from handrail_search.evaluation.compare import compare, read_former
from handrail_search.evaluation.evaluate import evaluate, evaluation_as_json
from handrail_search.evaluation.judged import Collection, Question, read_questions
from handrail_search.evaluation.report_text import to_table
from handrail_search.ranking.answer.card import AnswerCard, CardBlock, CardPiece

ONE, TWO = CardPiece("Refunds take 14 days.", decisive=True), CardPiece("They go to your card.")


def card(*pieces: CardPiece) -> AnswerCard:
    return AnswerCard("a/", "A", "", (), "en", (CardBlock("text", pieces),))


@pytest.mark.parametrize(
    ("pieces", "answer", "row"),
    [
        ((ONE, TWO), "Refunds  take 14 days", CardRow(True, True, True)),
        ((ONE, TWO), "Refunds take 14 days. They go to your card.", CardRow(True, True, True)),
        ((ONE, TWO), "They go to your card.", CardRow(True, True, False)),
        ((ONE,), "Refunds take 14 days. They go to your card.", CardRow(True, False, True)),
        ((TWO,), "Something else", CardRow(True, False, False)),
        (
            (CardPiece("Parcel", decisive=True), CardPiece("45 NOK", decisive=True)),
            "Parcel | 45 NOK",
            CardRow(True, True, True),
        ),
        ((ONE,), "", CardRow()),
        ((), "Refunds take 14 days.", CardRow(True, False, False)),
    ],
)
def test_a_card_is_right_that_shows_all_labelled_words_and_marks_some(pieces, answer, row):
    assert judged(card(*pieces), answer) == row


def test_cards_of_a_right_section_are_counted_apart():
    assert judged(card(ONE), ONE.text, {"a/"}).answer_in_section is True
    assert judged(card(ONE), TWO.text, {"a/"}).answer_in_section is False
    assert judged(card(ONE), ONE.text, {"a/#else"}).answer_in_section is None


def test_a_labelled_question_without_a_card_counts_as_one_without():
    assert judged(None, "Refunds take 14 days.") == CardRow(card=False)


@pytest.fixture
def labelled() -> Collection:
    relevant = {"account/password.md": 2.0}
    answers = {
        "the password mail does not arrive": "Look into the folder for spam.",
        "the mail with the new password does not arrive": "Not a word of this.",
        "how deep is the ocean": "Very.",
        "delete my account": "",
    }
    questions = [Question(f"q{n}", text, relevant, answer) for n, (text, answer) in enumerate(answers.items())]
    return Collection("own", (), tuple(questions), ())


def test_cards_are_measured_where_answers_are_labelled(searcher, labelled, tmp_path):
    measured = evaluate(searcher, labelled)
    figures = measured.figures()
    assert [row.card for row in measured.rows] == [True, True, False, None]
    assert [row.answer_in_card for row in measured.rows] == [True, False, None, None]
    assert figures["card"].value == pytest.approx(2 / 3)
    assert figures["answer_in_card"].value == 0.5
    assert "answer in card" in to_table(measured)
    file = tmp_path / "former.json"
    file.write_text(evaluation_as_json(measured))
    assert compare(read_former(file), measured, ["x"] * 4).differences["answer_in_card"].value == 0


def test_without_labelled_answers_there_is_no_figure_of_cards(searcher, labelled):
    bare = replace(labelled, questions=tuple(replace(one, answer="") for one in labelled.questions))
    assert not {"card", "answer_in_card", "decisive_right"} & evaluate(searcher, bare).figures().keys()
    assert bare.digest != labelled.digest


def test_answers_are_read_beside_the_questions(tiny):
    assert {one.answer for one in read_questions(tiny).questions} == {""}
    (tiny / "answers.jsonl").write_text(json.dumps({"_id": "q1", "answer": "Choose a new password."}) + "\n")
    assert [one.answer for one in read_questions(tiny).questions] == ["Choose a new password.", ""]
    (tiny / "answers.jsonl").write_text('{"_id": "q1"}\n')
    with pytest.raises(ConfigError, match=r"answers\.jsonl:1: expected an object with `_id` and `answer`"):
        read_questions(tiny)
