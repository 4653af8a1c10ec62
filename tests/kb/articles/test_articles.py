"""Reading articles: values for those who use them, clear words for those who write them."""

import time
from datetime import date

import pytest
from mkdocs.utils.meta import get_data

from handrail_kb.articles.article import MARKDOWN, parse_article, read_article, read_articles
from handrail_kb.errors import ArticleError


def article(front, body="# Title\n", path="billing.md"):
    return parse_article(path, f"---\n{front}---\n{body}")


def problems(front):
    return [str(problem) for problem in article(front).problems]


def test_an_article_has_its_fields_and_their_lines():
    found = article(
        "title: VAT\ndescription: Where it is\nquestions:\n  - Where is my VAT number?\nkeywords: tax, invoice\n"
        "owner: billing team\nreview_by: 2027-01-31\npeople_only: true\nsearch:\n  boost: 2\n  exclude: true\n",
        "# VAT\n\nHere.\n",
    )
    assert (found.title, found.questions, found.keywords) == ("VAT", ("Where is my VAT number?",), ("tax", "invoice"))
    assert (found.owner, found.review_by, found.people_only) == ("billing team", date(2027, 1, 31), True)
    assert (found.boost, found.exclude, found.problems) == (2.0, True, ())
    assert (found.lines["title"], found.lines["questions.0"], found.lines["search.exclude"]) == (2, 5, 12)
    assert found.body == "# VAT\n\nHere.\n"
    assert found.body_line == 14


def test_an_article_needs_no_front_matter():
    found = parse_article("a.md", "# Hello\n")
    assert (found.body, found.body_line, found.meta, found.problems) == ("# Hello\n", 1, {}, ())


def test_a_rule_at_the_top_of_an_article_is_not_front_matter():
    assert parse_article("a.md", "---\n\nJust a line above.\n").problems == ()


def test_a_misspelt_field_is_named_with_its_line_and_the_nearest_one():
    assert problems("title: VAT\nkeyword: tax\n") == [
        "docs/billing.md:3: 'keyword' is not a known field. Did you mean 'keywords'?"
    ]
    assert article("keyword: tax\n").problems[0].severity == "warning"
    assert problems("search:\n  boots: 2\n") == [
        "docs/billing.md:3: 'boots' is not a known field. Did you mean 'boost'?"
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("people: only", "people_only: true"),
        ("People: true", "people_only: true"),
        ("only-people: yes", "people_only: true"),
        ("review: 2027-01-31", "review_by: 2027-01-31"),
        ("exclude: true", "search: {exclude: true}"),
        ("search_boost: 2", "search: {boost: 2}"),
        ("boost: 0.5", "search: {boost: 2}"),
    ],
)
def test_a_field_that_says_part_of_a_name_is_told_where_its_value_fits(written, meant):
    assert problems(f"title: VAT\n{written}\n") == [
        f"docs/billing.md:3: '{written.partition(':')[0]}' is not a known field. Did you mean '{meant}'?"
    ]
    assert article(f"{written}\n").problems[0].severity == "warning"


@pytest.mark.parametrize(
    "written",
    [
        "people: [Ana, Bo]",
        "people: Ana",
        "only: on weekdays",
        "exclude: [a, b]",
        "boost: strong",
        "by: 2027-01-31",
    ],
)
def test_the_same_name_with_another_kind_of_value_is_the_sites_own(written):
    assert [problem.severity for problem in article(f"{written}\n").problems] == ["note"]


def test_who_reviewed_an_article_is_no_slip_of_when():
    assert problems("reviewer: Ana\nreviewers: [Ana, Bo]\nreview: the second one\n") == []


@pytest.mark.parametrize("name", ["products", "source_url", "license", "version", "locale", "audience", "weight"])
def test_a_field_of_the_sites_own_is_only_noted(name):
    assert [problem.severity for problem in article(f"{name}: x\n").problems] == ["note"]


def test_fields_of_mkdocs_and_material_are_taken_quietly():
    assert problems("hide: [toc]\ntags: [a]\nstatus: new\ntemplate: home.html\nicon: x\ndraft: true\n") == []


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("title: [a]\n", ":2: 'title' should be text, but is a list."),
        ("people_only: maybe\n", ":2: 'people_only' should be true or false, but is the text 'maybe'."),
        ("review_by: soon\n", ":2: 'review_by' should be a date such as 2027-01-31, but is the text 'soon'."),
        ("questions: Why?\n", ":2: 'questions' should be a list: one line per question, each beginning with '- '."),
        (
            "questions:\n  - ok\n  - Error: what now?\n",
            ":4: each of 'questions' should be text, but here is a group of fields."
            " Put it in quotes: a ': ' inside made it a field.",
        ),
        ("search:\n  boost: -1\n", ":3: 'search.boost' should be a number above 0, but is a number."),
        ("search: no thanks\n", ":2: 'search' should be fields such as 'exclude: true', but is the text 'no thanks'."),
        ("title: a\ntitle: b\n", ":3: 'title' stands here twice; only the last one counts."),
        ("- a\n- b\n", ":2: the front matter should be fields such as 'title: …', but is a list."),
    ],
)
def test_a_value_that_does_not_fit_is_explained(front, words):
    assert problems(front) == [f"docs/billing.md{words}"]


@pytest.mark.parametrize(
    "front",
    [
        "questions:\n  my parcel: lost\n  how long:\n  where from: '#'\n",
        "questions:\n  - my parcel: '#lost'\n  - how long\n  - where from: '#'\n",
        "questions: [{my parcel: lost}, how long, {where from: '#'}]\n",
        "questions: {my parcel: lost, how long: , where from: '#'}\n",
    ],
)
def test_a_question_may_name_the_section_that_answers_it(front):
    found = article(front, "Body\n")
    assert found.questions == ("my parcel", "how long", "where from")
    assert found.sections == {"my parcel": "lost", "where from": ""}
    assert found.problems == ()


def test_the_line_of_a_question_is_known_however_it_is_written():
    listed = article("title: A\nquestions:\n  - one\n  - two: b\n", "")
    mapped = article("title: A\nquestions:\n  one:\n  two: b\n", "")
    assert [listed.line_of(one) for one in ("one", "two")] == [4, 5]
    assert [mapped.line_of(one) for one in ("one", "two")] == [4, 5]


def test_numbers_and_words_of_yaml_in_a_question_or_an_anchor_stay_as_written():
    found = article("questions:\n  - yes: 2024\n  - 007: 1.10\n", "")
    assert found.sections == {"yes": "2024", "007": "1.10"}


@pytest.mark.parametrize(
    ("front", "line"),
    [
        ("questions:\n  fine: a\n  not: [a]\n", 4),
        ("questions:\n  - fine: a\n  - {b: c, d: e}\n", 4),
        ("questions:\n  fine: a\n  error: no such file\n", 4),
        ("questions:\n  - fine: a\n  - [b]\n", 4),
    ],
)
def test_what_is_no_question_is_named_with_its_line_and_the_others_stay(front, line):
    found = article(front, "")
    assert found.questions == ("fine",)
    assert [str(one).split(": ")[0] for one in found.problems] == [f"docs/billing.md:{line}"]


def test_broken_yaml_is_named_with_its_line_and_the_text_is_still_read():
    found = article("title: VAT: where?\n", "Body\n")
    assert str(found.problems[0]).startswith("docs/billing.md:2: the front matter is not valid YAML: ")
    assert (found.problems[0].severity, found.body) == ("error", "Body\n")


@pytest.mark.parametrize(
    ("front", "line", "to_do"),
    [
        (
            'owner: a\ntitle: "Printer offline\nquestions:\n  - one\n',
            3,
            "a quotation mark opens here and is not closed",
        ),
        ("title: 'Printer offline\n", 2, "a quotation mark opens here and is not closed"),
        ("title: A\nkeywords: [ink, toner\nowner: b\n", 3, "with [ or { is not closed"),
        ("title: A\nsearch: {boost: 2\n", 3, "with [ or { is not closed"),
        ("title: A\n\towner: b\n", 3, "Indent with spaces"),
        ("title: @home\n", 2, "Put the value in quotes"),
        ("questions:\n  - one\n - two\n", 4, "Check the indentation"),
        ("title: Error: printer offline\n", 2, "needs quotes"),
    ],
)
def test_broken_yaml_is_named_where_a_writer_mends_it_and_with_what_to_do(front, line, to_do):
    [problem] = article(front, "").problems
    assert str(problem).startswith(f"docs/billing.md:{line}: the front matter is not valid YAML: ")
    assert to_do in problem.what


def test_front_matter_that_never_ends_is_named():
    found = parse_article("a.md", "---\ntitle: A\n\n# A\n")
    assert "no closing '---'" in str(found.problems[0])


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path):
    (tmp_path / "a.md").write_bytes("﻿---\r\ntitle: Grüße\r\n---\r\nText\r\n".encode())
    found = read_article(tmp_path, "a.md")
    assert (found.title, found.body, found.problems) == ("Grüße", "Text\n", ())


def test_a_file_that_is_not_utf_8_is_named_with_its_line(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_bytes(b"# A\n\nGr\xfc\xdfe\n")
    with pytest.raises(ArticleError, match=r"docs/a\.md:3: this file is not text in UTF-8 \(byte 0xfc\)"):
        read_article(tmp_path / "docs", "a.md")
    articles, found = read_articles(tmp_path / "docs")
    assert articles == []
    assert len(found) == 1
    assert (found[0].line, found[0].severity) == (3, "error")
    assert found[0].what.endswith("(byte 0xfc). Save it as UTF-8 in your editor.")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ArticleError, match="cannot be read"):
        read_article(tmp_path, "none.md")


@pytest.mark.parametrize("value", ["2027-13-45", "2027-02-30 10:00:00", "[" * 3000])
def test_a_value_that_yaml_cannot_make_is_a_problem_with_its_file(value):
    article = parse_article("a.md", f"---\ntitle: A\nreview_by: {value}\n---\n# A\n")
    assert article.problems
    assert str(article.problems[0]).startswith("docs/a.md:")


def test_an_article_cannot_publish_the_environment(monkeypatch):
    monkeypatch.setenv("MY_SECRET", "s3cr3t")
    assert "s3cr3t" not in repr(parse_article("a.md", "---\ndescription: !ENV MY_SECRET\n---\n# A\n"))


def test_every_ending_that_mkdocs_knows_is_an_article(tmp_path):
    from mkdocs.utils import markdown_extensions

    assert set(MARKDOWN) == set(markdown_extensions)
    for ending in markdown_extensions:
        (tmp_path / f"a{ending}").write_text("---\nquestions: [a: b c]\n---\n# A\n")
    (tmp_path / "b.MD").write_text("# B\n")
    (tmp_path / "c.mp4").write_text("c")
    articles, problems = read_articles(tmp_path)
    assert sorted(article.path for article in articles) == sorted(f"a{ending}" for ending in markdown_extensions)
    assert len(problems) == len(markdown_extensions)


def test_what_cannot_be_read_in_front_matter_is_said():
    [problem] = parse_article("a.md", "---\nreview_by: 2026-02-30\n---\n").problems
    assert "day is out of range" in problem.what
    assert "quotes" not in problem.what


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\ntitle: VAT\n---", 3, "needs a line end after the '---'"),
        ("\n\n---\ntitle: VAT\n---\nBody\n", 3, "begins on the first line"),
        ("---yaml\ntitle: VAT\n---\nBody\n", 1, "'---' and nothing else"),
        ("--- # about\nsearch: {exclude: true}\n---\nBody\n", 1, "'---' and nothing else"),
        ("----\ntags: [a]\n----\nBody\n", 1, "'---' and nothing else"),
        ("title: VAT\nQuestions: Why?\n\nBody\n", 2, "'Questions' counts only in a front matter"),
        ("people_only: true\n# VAT\n", 1, "'people_only' counts only in a front matter"),
        ("---\nowner: Ana\ntitle: !ref VAT\n---\nBody\n", 3, "the tag !ref means nothing here"),
        ("---\nrun: !!python/name:os.system x\n---\nBody\n", 2, "python/name:os.system means nothing here"),
    ],
)
def test_fields_that_mkdocs_does_not_take_for_front_matter_are_named_with_their_line(text, line, words):
    assert get_data(text)[1].keys() <= {"title", "questions", "people_only"}, "MkDocs has learned to read it"
    [problem] = parse_article("billing.md", text).problems
    assert str(problem).startswith(f"docs/billing.md:{line}: ")
    assert words in str(problem)
    assert problem.severity == "error"


@pytest.mark.parametrize(
    "text",
    [
        "\n\n---\n\nSee: below\n\n---\n\nBetween two rules.\n",
        "Note: mind the gap\n\nBody\n",
        "title: VAT\n\nowner: is a word here\n",
        "# VAT\n\nquestions: many\n",
        "---------\n\nJust a long rule.\n\n---------\n",
    ],
)
def test_text_that_only_looks_like_fields_is_text(text):
    assert parse_article("billing.md", text).problems == ()


@pytest.mark.parametrize("text", ["-" * 200_000, "\n" * 200_000 + "x", "-" * 100_000 + "\n" + "---- a\n" * 20_000])
def test_rules_without_end_are_read_in_no_time(text):
    began = time.thread_time()
    assert parse_article("billing.md", text).problems == ()
    assert time.thread_time() - began < 2
