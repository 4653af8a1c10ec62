"""Questions are written into articles without touching anything else, or not at all."""

from __future__ import annotations

import stat

import pytest

from handrail_kb.articles.article import parse_article
from handrail_kb.articles.front_matter import add_questions, with_questions
from handrail_kb.errors import ArticleError

NEW = ["new one?", "it says: no", "no", "# 1 of 2", 'don\'t "quote" me', "- dash", "[email] is wrong", "!ENV HOME"]
FITTING = {
    "nothing": "",
    "no front matter": "# Hello\n\ntext\n",
    "an empty one": "---\n---\n# x\n",
    "no questions": "---\ntitle: X  # a comment\ndescription: |\n  a\n  b\n---\n\n# x\n",
    "questions": '---\nquestions:\n  - a b c\n  # a comment\n  - "d: e"   # why\n# after\ntitle: T\n---\nbody',
    "not indented": "---\nquestions:\n- a\n- b\ntitle: T\n---\nbody",
    "questions with anchors": "---\nquestions:\n  one: a\n  two: '#'\ntitle: T\n---\nbody",
    "questions with anchors, the last without": "---\ntitle: T\nquestions:\n  one: a\n  two:\n---\nbody",
    "anchors in a list": "---\nquestions:\n  - one: a\n  - two\n---\nbody",
    "deeply indented": "---\nquestions:\n     - a\n     - b\nsearch:\n  boost: 1\n---\nbody",
    "a folded question": "---\nquestions:\n  - a\n  - >\n    folded\n    text\n\ntitle: T\n---\nbody",
    "a question on two lines": "---\nquestions:\n  - a\n  - b\n    c\ntitle: T\n---\nbody",
    "no question yet": "---\nquestions: # to do\ntitle: T\n---\nbody",
    "no question yet, last": "---\ntitle: T\nquestions:\n---\nbody",
    "lines of Windows": "---\r\ntitle: T\r\nquestions:\r\n  - a\r\n---\r\nbody\r\n",
    "lines of Windows without front matter": "# Hello\r\n\r\ntext",
    "a byte order mark": "\ufeff---\ntitle: T\n---\nbody\n",
    "a byte order mark and no front matter": "\ufeff# hi\n",
    "dots at the end": "---\ntitle: T\n...\nbody\n",
    "all indented": "---\n  title: T\n---\nbody",
    "no line after it": "---\ntitle: T\n---",
    "a rule in the text": "---\ntitle: T\n---\n\n---\n\nquestions:\n",
    "letters of all kinds": "---\ntitle: Über 💡\n---\n\nGrüße\u2028\x0c\n",
}


@pytest.mark.parametrize("text", FITTING.values(), ids=FITTING)
def test_questions_are_added_and_every_line_that_stood_there_stays(text):
    changed, added = with_questions(text, NEW, "docs/a.md")
    assert added == len(NEW)
    before, after = parse_article("a.md", text.lstrip("\ufeff")), parse_article("a.md", changed.lstrip("\ufeff"))
    assert after.questions == (*before.questions, *NEW)
    assert after.body.lstrip("\n") == before.body.lstrip("\n")
    assert {**after.meta, "questions": 0} == {**before.meta, "questions": 0}
    assert [one.what for one in after.problems] == [one.what for one in before.problems]
    assert after.problems == () or text.endswith("---"), "the only fault, and one that stood there before"
    lines = iter(changed.removeprefix("\ufeff").splitlines(keepends=True))
    assert all(line in lines for line in text.removeprefix("\ufeff").splitlines(keepends=True)), "in the same order"
    assert changed.startswith("\ufeff") == text.startswith("\ufeff")
    assert changed.count("\n") == changed.count("\r\n") or "\r\n" not in text


def test_what_is_written_looks_as_a_person_would_write_it():
    text = "---\ntitle: T\nquestions:\n  - a\nowner: me\n---\n# T\n"
    changed, _ = with_questions(text, ["where is it?", "it: no"], "docs/a.md")
    assert changed == '---\ntitle: T\nquestions:\n  - a\n  - where is it?\n  - "it: no"\nowner: me\n---\n# T\n'


def test_a_question_that_stands_there_already_is_not_added():
    text = "---\nquestions:\n  - Where is it?\n---\n"
    assert with_questions(text, ["where is it", " where  IS it? "], "docs/a.md") == (text, 0)


REFUSED = {
    "---\ntitle: T\nquestions: [a, b]\n---\nbody": 3,
    "---\nquestions: []\n---\nbody": 2,
    "---\nquestions: ~\n---\nbody": 2,
    "---\nquestions: how do I\n---\nbody": 2,
    "---\nquestions: {one: a}\n---\nbody": 2,
    "---\nquestions:\n- a\nquestions:\n- b\n---\nbody": 4,
    "---\nx: &a\n  - q\nquestions: *a\n---\nbody": 4,
    "---\ntitle: T\nbody\n": 1,
    "title: T\ndate: x\n\nbody\n": 1,
    "---\ntitle: a: b\n---\nbody": 2,
    "---\n{title: T}\n---\nbody": 2,
    "---\n- T\n---\nbody": 2,
    "---\rtitle: T\r---\rbody": 1,
    '---\ntitle: "a\u2028b"\nquestions:\n  - a\n---\nbody': 1,
}


@pytest.mark.parametrize(("text", "line"), REFUSED.items())
def test_what_cannot_be_done_safely_is_refused_with_its_line(text, line):
    with pytest.raises(ArticleError) as refused:
        with_questions(text, ["new one"], "docs/a.md")
    assert refused.value.what.startswith(f"docs/a.md:{line}: ")
    assert refused.value.what.endswith("so no question was added.")
    assert "questions:" in refused.value.mend


def test_a_file_is_written_whole_with_the_rights_it_has(tmp_path):
    (tmp_path / "docs").mkdir()
    file = tmp_path / "docs" / "a.md"
    file.write_bytes(b"---\r\ntitle: T\r\n---\r\n\r\ntext\r\n")
    file.chmod(0o640)
    addition = add_questions(tmp_path / "docs", "a.md", ["why"])
    assert addition.added == 1
    assert file.read_bytes().count(b"why") == 0, "nothing is written before it is asked for"
    addition.write()
    assert file.read_bytes() == b"---\r\ntitle: T\r\nquestions:\r\n  - why\r\n---\r\n\r\ntext\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list((tmp_path / "docs").iterdir()) == [file]


def test_a_link_to_an_article_stays_a_link(tmp_path):
    (tmp_path / "real.md").write_text("# T\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").symlink_to(tmp_path / "real.md")
    add_questions(tmp_path / "docs", "a.md", ["why"]).write()
    assert (tmp_path / "docs" / "a.md").is_symlink()
    assert "why" in (tmp_path / "real.md").read_text()


@pytest.mark.parametrize("content", [None, b"\xff\xfe text"])
def test_an_article_that_cannot_be_read_is_named(tmp_path, content):
    (tmp_path / "docs").mkdir()
    if content:
        (tmp_path / "docs" / "a.md").write_bytes(content)
    with pytest.raises(ArticleError, match=r"^docs/a.md:1: this file cannot be read"):
        add_questions(tmp_path / "docs", "a.md", ["why"])
