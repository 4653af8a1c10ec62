"""A draft is an article that MkDocs and Handrail read, whatever customers typed."""

from __future__ import annotations

import pytest

from handrail_kb.articles.article import parse_article
from handrail_kb.articles.draft import ArticleDraft, CustomerQuestion, different, draft_text, file_name, write_draft
from handrail_kb.errors import ArticleError

NASTY = (
    "how: do I # reset",
    "- yes or no",
    "'quoted' \"twice\"",
    "--> <script>alert(1)</script>",
    "{{ macro }} [link](javascript:x) `code`",
    "--- \n---\nowner: eve",
    "# heading\x1b[31m",
)


def draft(**more):
    values = {
        "title": "I forgot my password",
        "why": "24 people looked for topic 39.",
        "questions": ("forgot my password", "password lost"),
        "must_answer": (CustomerQuestion("forgot my password", "12 people"),),
        "related": (("account/sign-in.md", "Sign in"),),
    }
    return ArticleDraft(**{**values, **more})


def test_a_draft_has_title_questions_headings_and_related_articles():
    text = draft_text(draft(), "account/password.md")
    article = parse_article("account/password.md", text)
    assert article.problems == ()
    assert article.title == "I forgot my password"
    assert article.questions == ("forgot my password", "password lost")
    assert "# I forgot my password\n" in article.body
    assert "## Step by step\n" in article.body
    assert "- [Sign in](sign-in.md)" in article.body


def test_what_it_must_answer_stands_where_nobody_publishes_it():
    text = draft_text(draft(), "password.md")
    assert "#   forgot my password (12 people)\n" in text
    body = parse_article("password.md", text).body
    assert "12 people" not in body
    assert "<!--" not in body


@pytest.mark.parametrize("words", NASTY)
def test_nothing_that_customers_typed_is_obeyed(words):
    text = draft_text(
        draft(title=words, questions=(words,), must_answer=(CustomerQuestion(words, "3 people"),)), "a.md"
    )
    article = parse_article("a.md", text)
    assert article.problems == ()
    assert set(article.meta) == {"title", "questions"}
    assert len(article.questions) == 1
    assert "<script>" not in article.body
    assert "[link](" not in article.body
    assert "{{" not in article.body
    assert article.body.count("\n# ") == 1
    assert "\x1b" not in text


def test_headings_are_in_the_language_of_the_site():
    assert "## Schritt für Schritt\n" in draft_text(draft(lang="de-AT"), "a.md")


def test_related_articles_are_found_from_where_the_draft_stands():
    text = draft_text(draft(related=(("account/a b.md", "A [b]"),)), "mail/new.md")
    assert "[A &#91;b&#93;](../account/a%20b.md)" in text


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("I forgot my password?", "i-forgot-my-password.md"),
        ("Größe ändern", "grosse-andern.md"),
        ("パスワード", "article.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("x" * 200, "x" * 60 + ".md"),
    ],
)
def test_a_file_is_named_as_every_address_can_be(title, name):
    assert file_name(title) == name


def test_what_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "a.md").write_text("mine")
    with pytest.raises(ArticleError, match="is there already"):
        write_draft(tmp_path, "a.md", "new")
    assert (tmp_path / "a.md").read_text() == "mine"


@pytest.mark.parametrize("path", ["../out.md", "/tmp/out.md", "a.txt"])
def test_a_draft_is_written_nowhere_but_among_the_articles(tmp_path, path):
    docs = tmp_path / "docs"
    docs.mkdir()
    with pytest.raises(ArticleError, match="no place for an article"):
        write_draft(docs, path, "new")
    assert list(tmp_path.rglob("*.md")) == []


def test_questions_of_the_same_words_are_taken_once_and_none_that_stands_elsewhere():
    asked = ["Forgot my password?", "my password, forgot", "lost the key", "password", "where is the key"]
    assert different(asked, ["The key, lost"], 5) == ["Forgot my password?", "where is the key"]
    assert different(asked, [], 1) == ["Forgot my password?"]
