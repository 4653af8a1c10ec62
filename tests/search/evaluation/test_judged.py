"""Folders of judged questions: what is read, and every broken file told with its line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from handrail_kb.errors import ConfigError
from handrail_search.evaluation.judged import read_collection, read_lesson, read_questions


@pytest.fixture
def folder(tiny):
    """The folder that other tests only read, for a test that breaks it."""
    return tiny


def test_questions_without_a_judgement_are_left_out(folder):
    collection = read_collection(folder)
    assert [question.id for question in collection.questions] == ["q1", "q2"]
    assert collection.questions[0].relevant == {"pw": 2.0}
    assert [question.id for question in collection.unanswerable] == ["o1"]
    assert [page.location for page in collection.pages] == ["pw", "inv", "cal"]


def test_a_folder_needs_no_unanswerable_questions(folder):
    (folder / "oos_queries.jsonl").unlink()
    assert read_collection(folder).unanswerable == ()


def test_questions_about_a_site_need_no_articles(folder):
    (folder / "corpus.jsonl").unlink()
    assert read_questions(folder).pages == ()
    assert len(read_questions(folder).questions) == 2


def test_a_lesson_needs_no_articles_and_knows_when_questions_were_asked(folder):
    (folder / "corpus.jsonl").unlink()
    rows = [
        {"_id": "q1", "text": "a day", "created": "2024-02-18"},
        {"_id": "q2", "text": "a moment elsewhere", "created": "2024-02-18T01:30:00+02:00"},
        {"_id": "q3", "text": "not judged", "created": "2024-02-18"},
    ]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    lesson = read_lesson(folder)
    assert lesson.name == "tiny"
    asked = {labelled.question.id: labelled.created for labelled in lesson.questions}
    assert asked == {"q1": datetime(2024, 2, 18, tzinfo=UTC), "q2": datetime(2024, 2, 17, 23, 30, tzinfo=UTC)}


@pytest.mark.parametrize("created", ["yesterday", "2024-13-01", 17, "0001-01-01T00:00:00+14:00"])
def test_a_date_that_is_none_is_told_with_its_place(folder, created):
    (folder / "queries.jsonl").write_text("\n" + json.dumps({"_id": "q1", "text": "x", "created": created}))
    with pytest.raises(ConfigError) as told:
        read_lesson(folder)
    assert told.value.what.startswith(f"{folder / 'queries.jsonl'}:2: expected a date such as 2026-11-22")
    assert read_collection(folder).questions


def test_a_folder_that_teaches_nothing_is_told(folder):
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n")
    with pytest.raises(ConfigError, match="holds nothing to learn"):
        read_lesson(folder)


def test_the_digest_tells_other_questions_and_judgements_but_not_other_articles(folder):
    def changed(name, old, new):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace(old, new))
        try:
            return read_collection(folder)
        finally:
            (folder / name).write_text(text)

    before = read_collection(folder)
    articles = changed("corpus.jsonl", "Choose a new", "Think of a new")
    assert (articles.digest == before.digest, articles.articles_digest == before.articles_digest) == (True, False)
    for name, old, new in [
        ("queries.jsonl", "forgot", "lost"),
        ("qrels.tsv", "q1\tpw\t2", "q1\tpw\t1"),
        ("qrels.tsv", "q2\tinv", "q2\tcal"),
        ("oos_queries.jsonl", "ocean", "sea"),
    ]:
        other = changed(name, old, new)
        assert other.digest != before.digest, name
        assert other.articles_digest == before.articles_digest


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named_with_what_a_folder_holds(folder, name):
    (folder / name).unlink()
    with pytest.raises(ConfigError) as told:
        read_collection(folder)
    assert f"{folder / name} is missing" in told.value.what
    assert "handrail evaluate --help" in told.value.mend


def test_a_folder_without_an_article_is_told(folder):
    (folder / "corpus.jsonl").write_text("\n")
    with pytest.raises(ConfigError, match="holds no article"):
        read_collection(folder)


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
