"""A title is text: shown as a reader sees it, and never obeyed by a browser."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser

import pytest

from handrail_kb.articles.article import parse_article
from handrail_kb.articles.draft import ArticleDraft, draft_text
from handrail_kb.articles.titles import markup_in_titles, unclear_titles
from handrail_kb.language.markup import as_seen, heading_as_seen, without_markup

ATTACK = "export invoices </title><script>alert(1)</script>"


def title_of(site, address="a/"):
    return json.loads(site.page("handrail/site.json"))["articles"][address]["title"]


@pytest.mark.parametrize(
    ("heading", "seen"),
    [
        ("R&D budget &copy; &lt;draft&gt;", "R&D budget © <draft>"),
        ("Use **bold** and `code`", "Use bold and code"),
        ("Use `<b>` in *text* and [a link](b.md)", "Use <b> in text and a link"),
        ("A < B && C > D", "A < B && C > D"),
        ('Badge <span class="new">new</span>', "Badge new"),
        ("&amp;lt; is an entity", "&lt; is an entity"),
        ("Snake_case_name and 5 * 3 * 2", "Snake_case_name and 5 * 3 * 2"),
        ("Ünïcode – „quotes“", "Ünïcode – „quotes“"),
    ],
)
def test_a_title_from_a_heading_is_what_a_reader_sees(build, heading, seen):
    site = build({"a.md": f"# {heading}\n\nText.\n", "b.md": "# B\n"})
    assert title_of(site) == seen
    assert heading_as_seen(heading) == seen


@pytest.mark.parametrize(
    ("heading", "seen"),
    [
        ("1. First step", "1. First step"),
        ("- and > signs", "- and > signs"),
        ("Install { #install .big }", "Install"),
        ("Title<br>in two lines", "Title in two lines"),
        ("Install <!-- omit in toc -->", "Install"),
    ],
)
def test_a_heading_is_read_as_a_heading(heading, seen):
    assert heading_as_seen(heading) == seen


class _Attributes(HTMLParser):
    """Names of all attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names |= {name for name, _ in attrs}


@pytest.mark.parametrize("theme", [None, {"name": "mkdocs"}, {"name": "readthedocs"}])
def test_quotes_in_a_title_end_no_attribute_of_any_page(build, theme):
    words = 'The "onward" key x" onlead=alert(1) y="'
    articles = {"a.md": "# A\n\nText.\n", "b.md": f"# {words}\n\nText.\n", "c.md": "# C\n\nText.\n"}
    nav = ["index.md", "a.md", "b.md", {f"Nav {words}": "c.md"}]
    site = build(articles, theme=theme, nav=nav)
    for file in site.dir.rglob("*.html"):
        assert "onlead" not in " ".join(_Attributes(file.read_text(encoding="utf-8")).names)
    assert title_of(site, "b/") == words
    assert title_of(site, "c/") == f"Nav {words}"


@pytest.mark.parametrize("empty", ["", " ''", " null", " '  '"])
def test_an_empty_title_is_no_title(build, empty):
    site = build({"a.md": f"---\ntitle:{empty}\n---\n# Pay by card\n\nText.\n"})
    assert title_of(site) == "Pay by card"


def test_check_names_a_title_as_a_reader_sees_it():
    words = (
        "Nothing of that is written here: this article is about cats and dogs, their food, and how they sleep all day."
    )
    [problem] = unclear_titles([parse_article("x.md", f"# Use **zorblatt** &amp; `frobnicate`\n\n{words}\n")])
    assert "'Use zorblatt & frobnicate'" in problem.what


@pytest.mark.parametrize("theme", [None, {"name": "mkdocs"}, {"name": "readthedocs"}])
@pytest.mark.parametrize(
    "article",
    [
        f"---\ntitle: '{ATTACK}'\n---\n# Export\n\nText.\n",
        "---\ndescription: '\"><script>alert(1)</script>'\nauthor: '\"><script>alert(1)</script>'\n---\n# Export\n",
        f"# {ATTACK.replace('<', '&lt;').replace('>', '&gt;')}\n\nText.\n",
        f"# `{ATTACK}`\n\nText.\n",
        f"title: {ATTACK}\n\n# Export\n\nText.\n",
    ],
    ids=["front matter", "description", "escaped heading", "code in the heading", "fields without lines"],
)
def test_no_word_of_a_writer_is_obeyed_as_markup(build, article, theme):
    site = build({"a.md": article, "b.md": "# B\n\nText.\n"}, theme=theme)
    for page in site.dir.rglob("*.html"):
        assert "<script>alert(1)" not in page.read_text(encoding="utf-8"), page


def test_a_title_of_markup_is_shown_to_the_letter(build):
    site = build({"a.md": f"---\ntitle: '{ATTACK}'\n---\n# Export\n"})
    assert title_of(site) == ATTACK
    assert "<title>export invoices &lt;/title&gt;&lt;script&gt;" in site.page("a/index.html")
    site = build({"a.md": "# Use `<title>` well\n"})
    assert title_of(site) == "Use <title> well"
    assert re.search(r"<title>Use &lt;title&gt; well( - Help)?</title>", site.page("a/index.html"))


def test_an_entity_in_front_matter_is_shown_as_before(build):
    site = build({"a.md": "---\ntitle: R&amp;D &copy; & more\n---\n# R\n"})
    assert "<title>R&amp;D &copy; & more - Help</title>" in site.page("a/index.html")
    assert title_of(site) == "R&D © & more"


@pytest.mark.parametrize(
    "title", [ATTACK, "<b>Bold</b> moves", "<img src=x onerror=alert(1)>", "x </TITLE>", "<svg/onload=alert(1)>",
              "<SCRIPT src=//evil.example>", "<!doctype x", "half a <script"],
)  # fmt: skip
def test_check_refuses_markup_in_a_title_with_file_and_line(title):
    article = parse_article("a.md", f"---\nowner: me\ntitle: '{title}'\n---\n# A\n")
    problems = list(markup_in_titles([article]))
    assert [(one.file, one.line, one.severity) for one in problems] == [("a.md", 3, "error")]


@pytest.mark.parametrize("heading", [ATTACK, "Now <iframe src=x></iframe>", "A <b onclick=alert(1)>b</b>"])
def test_check_refuses_a_heading_that_does_something(heading):
    [problem] = markup_in_titles([parse_article("a.md", f"---\nowner: me\n---\n\n# {heading}\n")])
    assert (problem.line, problem.severity) == (5, "error")


@pytest.mark.parametrize("title", ["Use List<String> well", "A < B", "5 <6", "I <3 you", "R&D", "a > b", "Set x<-5"])
def test_a_title_without_tags_is_fine(title):
    assert not list(markup_in_titles([parse_article("a.md", f"---\ntitle: '{title}'\n---\n# {title}\n")]))


@pytest.mark.parametrize("heading", ['Badge <span class="new">new</span>', "Press <kbd>Enter</kbd>", "Use `<script>`"])
def test_a_heading_may_have_tags_that_only_change_its_look(heading):
    assert not list(markup_in_titles([parse_article("a.md", f"# {heading}\n")]))


@pytest.mark.parametrize("asked", [ATTACK, "<img src=x onerror=alert(1)> invoices", "a <script", "<<b>script>x"])
def test_a_draft_has_no_markup_in_its_title(build, asked):
    draft = ArticleDraft(title=asked, why="", questions=(asked,), must_answer=(), related=())
    article = parse_article("a.md", draft_text(draft, "a.md"))
    assert not list(markup_in_titles([article]))
    assert not {"<", ">"} & set(article.title)
    site = build({"a.md": draft_text(draft, "a.md")})
    assert not re.search(r"<script>alert|onerror=alert\(1\)>", site.page("a/index.html"))


def test_long_hostile_words_are_read_in_no_time():
    for words in ("<" * 10_000, "<a " * 5_000, "&lt;" * 5_000, "<!--" * 5_000, "**" * 5_000, "<a on" * 5_000):
        began = time.thread_time()
        as_seen(words), heading_as_seen(words), without_markup(words)
        list(markup_in_titles([parse_article("a.md", f"---\ntitle: '{words}'\n---\n")]))
        assert time.thread_time() - began < 2, words[:10]
