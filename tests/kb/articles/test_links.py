"""Links that lead nowhere, images without text, titles that say nothing: each named with its line, nothing else is."""

from __future__ import annotations

import os
import re
import time

import pytest

from handrail_kb.articles.article import parse_article, read_articles
from handrail_kb.articles.links import Ground, dead_links, images_without_text, lost_sections
from handrail_kb.articles.prose import prose
from handrail_kb.articles.titles import unclear_titles

FRONT = "---\ntitle: Feeds\n---\n"


def linked(tmp_path, *, built=True, **bodies):
    """What is said of `a.md` in a folder of articles: (line, code, text)."""
    docs, site = tmp_path / "docs", tmp_path / "site"
    for name, body in {"b": "# Two\n\n## A part\n", **bodies}.items():
        (docs / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (docs / f"{name}.md").write_text(FRONT + body)
        page = site / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text('<h2 id="made-by-a-plugin">x</h2>' if built else "")
    (docs / "shot.png").write_bytes(b"png")
    articles, _ = read_articles(docs)
    places = {article.path: f"{article.path[:-3]}/" for article in articles} if built else {}
    found = dead_links(articles, Ground(docs, site, places))
    return [(one.line, one.code, one.what) for one in found if one.file == "a.md"]


def test_a_link_to_a_file_that_is_not_there_is_named_with_its_line_and_the_nearest_file(tmp_path):
    [(line, code, what)] = linked(tmp_path, a="See\nalso [the other](bb.md).\n")
    assert (line, code) == (5, "dead-link")
    assert "'bb.md' leads to no file" in what and "Did you mean 'b.md'?" in what


def test_a_link_to_a_heading_that_is_not_there_is_named_with_the_nearest_heading(tmp_path):
    [(line, code, what)] = linked(tmp_path, a="[part](b.md#a-parts)\n")
    assert (line, code) == (4, "dead-anchor")
    assert "no heading of b.md. Did you mean 'a-part'?" in what
    # An anchor that only begins as one of the built page does is none.
    assert [code for _, code, _ in linked(tmp_path, a="[part](b.md#made-by)\n")] == ["dead-anchor"]
    assert "Did you mean 'a-part'?" in linked(tmp_path, a="[part](b.md#a)\n")[0][2]
    [(_, code, what)] = linked(tmp_path, a="# One\n\n[here](#oen)\n")
    assert code == "dead-anchor" and "Did you mean 'one'?" in what


def test_a_dead_link_in_a_tab_an_admonition_or_a_definition_is_found_too(tmp_path):
    body = '=== "Tab"\n\n    [x](gone.md)\n\n!!! note\n    ![y](gone.png)\n\n[z][1]\n\n[1]: gone2.md\n'
    assert [line for line, _, _ in linked(tmp_path, a=body)] == [6, 9, 13]


@pytest.mark.parametrize(
    "body",
    [
        "[x](b.md) [x](b.md#a-part) [x](#own) <a id=own></a>",
        "[x](b.md#made-by-a-plugin)",
        "[x](shot.png) ![x](shot.png 'title') [x](<shot.png>)",
        "[x](https://example.org/gone.md) [x](mailto:a@b.c) [x](/somewhere) [x](//host/x)",
        "`[x](gone.md)` and ``a ` [x](gone.md)``",
        "```\n[x](gone.md)\n```\n\n~~~~ md\n```\n[x](gone.md)\n~~~~\n",
        "Text\n\n    [x](gone.md)\n",
        "<!-- [x](gone.md) -->",
        "[x]({{ page }}.md)",
        "[x](../b/)",
        "[x](b.md#:~:text=part)",
        "## Own { #own }\n\n[x](#own)\n",
        "- item\n\n    ```\n    [x](gone.md)\n    ```\n",
    ],
)
def test_what_leads_somewhere_or_is_no_link_is_left_alone(tmp_path, body):
    assert linked(tmp_path, a=body) == []


def test_headings_of_pages_that_were_not_built_are_not_guessed(tmp_path):
    assert linked(tmp_path, built=False, a="[x](b.md#made-by-a-plugin)\n") == []


def test_mkdocs_finds_the_same_links_dead(build, caplog):
    """Its own validation names no line, but knows all that Markdown can hold."""
    body = (
        "# One\n\n[a](gone.md) [b](two.md#gone) [c](two.md#part) ![d](gone.png)\n\n[e][e] `[f](no.md)`\n\n[e]: no2.md\n"
        "\n- x\n\n    [g](gone3.md)\n\n!!! note\n    [h](#nowhere)\n"
    )
    validation = {"links": {"anchors": "warn"}}
    site = build({"one.md": body, "two.md": "# Two\n\n## Part\n"}, validation=validation,
                 markdown_extensions=["admonition"])  # fmt: skip
    theirs = set(re.findall(r"'one\.md' contains a link '([^']*)'", caplog.text))
    docs = site.dir.parent / "docs"
    articles, _ = read_articles(docs)
    ground = Ground(docs, site.dir, {"one.md": "one/", "two.md": "two/"})
    ours = {re.match("'([^']*)'", one.what)[1] for one in dead_links(articles, ground) if one.file == "one.md"}
    assert ours == theirs == {"gone.md", "two.md#gone", "gone.png", "no2.md", "gone3.md", "#nowhere"}


def test_images_without_text_are_named_with_their_line_in_markdown_and_in_html():
    body = '![](a.png)\n![Save](b.png)\n\n<img src="c.png">\n<img src="d.png" alt="">\n`![](e.png)`\n'
    found = images_without_text([parse_article("a.md", FRONT + body)])
    assert [(one.line, one.code) for one in found] == [(4, "image-without-text"), (7, "image-without-text")]


def titled(title, body="The words of an article that is long enough " * 5, path="a.md", questions="[]"):
    text = f"---\ntitle: {title}\nquestions: {questions}\n---\n{body}"
    return [(one.line, one.code) for one in unclear_titles([parse_article(path, text)])]


@pytest.mark.parametrize("title", ["Overview", "FAQ", "Häufige Fragen", "Aperçu", "Introducción", "X", "Payouts"])
def test_titles_that_could_stand_over_any_article_or_over_another_one_are_named(title):
    assert titled(title) == [(2, "unclear-title")]


@pytest.mark.parametrize("title", ["Long words", "Articles", "Überlong Wörds enough", "The 2 of us", "購入"])
def test_titles_that_share_a_word_with_their_article_are_left_alone(title):
    body = "The words of an article that is long enough. uberlang 購入 " * 5
    assert titled(title, body) == []


def test_an_overview_of_a_folder_may_be_called_so_and_questions_count_as_words():
    assert titled("Overview", path="guide/index.md") == []
    assert titled("Payouts", questions="[when is my payout]") == []


def test_a_title_that_is_only_a_heading_is_named_where_it_stands():
    [problem] = unclear_titles([parse_article("a.md", "Hello\n\n# Overview\n\ntext\n")])
    assert problem.line == 3


HOSTILE = [
    "`" * 200_000,
    "<!--" * 200_000,
    "[" * 200_000,
    "![](" * 100_000,
    "](<" * 200_000,
    "<a " * 200_000,
    "<script>x</script>" * 50_000,
    "> " * 100_000,
    "[x](a(" * 100_000,
    "\n".join("`" * (number % 700 + 3) for number in range(4000)),
    "# " + "a" * 500_000 + "\n" + "=" * 500_000,
    "{#" * 200_000,
    *(f"{line}\n" * 50 for line in (" " * 19_999 + "x", ">" * 20_000, "~" * 19_999 + "`", "x" * 20_000)),
    ("# " + "#" * 19_997 + "x\n") * 50,
    "<title " * 100_000,
    "<script>" * 100_000 + "</script>",
    "# x\n" * 50_000,
    "![](x)\n" * 10_000,
    "".join(f"[x](#y{number}) [x](y{number}.md)\n" for number in range(3000)),
]


@pytest.mark.parametrize("body", HOSTILE, ids=[text[:6].strip() + str(place) for place, text in enumerate(HOSTILE)])
def test_no_article_takes_long_whatever_it_holds(tmp_path, body):
    from datetime import date

    from handrail_kb.articles.checks import check_articles

    article = parse_article("a.md", FRONT + body)
    began = time.process_time()
    check_articles([article], date(2026, 11, 22), Ground(tmp_path, tmp_path, {}))
    assert time.process_time() - began < 3
    assert prose(body).count("\n") == body.count("\n") and len(prose(body)) == len(body)


def test_a_link_longer_than_a_disk_allows_names_is_a_dead_link(tmp_path):
    found = linked(tmp_path, a=f"[x]({'a' * 300}.md)\n\n![y](%00{'b' * 300}.png)\n\n<a href='{'c' * 300}/'>z</a>\n")
    assert [(line, code) for line, code, _ in found] == [(4, "dead-link"), (6, "dead-link"), (8, "dead-link")]


def test_a_heading_is_reached_by_its_own_name_or_that_of_its_words_and_place(tmp_path):
    body = "# One #\n\n## Two {#second} \n\n## Again\n\n## Again ##\n\nUnder\n-----\n\n"
    links = " ".join(f"[x](#{anchor})" for anchor in ("one", "second", "again", "again_1", "under", "again_2"))
    assert [what.split()[0] for _, _, what in linked(tmp_path, a=body + links)] == ["'#again_2'"]


def test_a_file_that_is_no_article_is_named_and_hangs_nothing(tmp_path):
    docs = tmp_path / "repo" / "docs"
    docs.mkdir(parents=True)
    (docs / "good.md").write_text("# Good\n")
    (docs / "binary.md").write_bytes(b"# A\n\xff\xfe\x00")
    (docs / "large.md").write_text("word " * 500_000)
    (tmp_path / "secret.md").write_text("secret")
    (docs / "outside.md").symlink_to(tmp_path / "secret.md")
    (docs / "loop.md").symlink_to("loop.md")
    (docs / "device.md").symlink_to("/dev/zero")
    (docs / "gone.md").symlink_to("nowhere.md")
    os.mkfifo(docs / "pipe.md")
    (docs / "deep.md").write_text(f"---\nkeywords: {'[' * 20_000}\n---\n# Deep\n")
    articles, problems = read_articles(docs)
    assert [article.path for article in articles] == ["deep.md", "good.md"]
    said = {problem.file: (problem.line, problem.code) for problem in problems}
    names = ("device", "gone", "large", "loop", "outside", "pipe")
    assert said == {
        "docs/binary.md": (2, "unreadable"), "docs/deep.md": (2, "front-matter"),
        **{f"docs/{name}.md": (1, "unreadable") for name in names},
    }  # fmt: skip


def leading_to(tmp_path, anchor, body="# One\n\n## Lost { #lost }\n", built=None):
    """What is said of a question that leads to an anchor of its article; `built` is the page it became."""
    (tmp_path / "docs").mkdir(exist_ok=True)
    (tmp_path / "docs/a.md").write_text(f"---\ntitle: A\nquestions:\n  - one\n  - two: '{anchor}'\n---\n{body}")
    articles, _ = read_articles(tmp_path / "docs")
    places = {}
    if built is not None:
        places = {"a.md": "a/"}
        (tmp_path / "site/a").mkdir(parents=True)
        (tmp_path / "site/a/index.html").write_text(f"<html><body><main>{built}</main></body></html>")
    return [
        (one.line, one.code, one.what)
        for one in lost_sections(articles, Ground(tmp_path / "docs", tmp_path / "site", places))
    ]


def test_a_question_that_leads_to_no_heading_is_named_with_its_line_and_the_nearest(tmp_path):
    [(line, code, what)] = leading_to(tmp_path, "losst")
    assert (line, code) == (5, "dead-anchor")
    assert "'two' leads to '#losst'" in what and "Did you mean 'lost'?" in what
    assert "put all of it in quotes" in leading_to(tmp_path, "xyzxyz")[0][2]


@pytest.mark.parametrize("anchor", ["lost", "#lost", "#", "one"])
def test_a_question_that_leads_to_a_section_is_fine(tmp_path, anchor):
    assert leading_to(tmp_path, anchor) == []


def test_the_built_page_judges_where_a_question_leads(tmp_path):
    assert leading_to(tmp_path, "made-by-a-plugin", built='<h2 id="made-by-a-plugin">x</h2>') == []


def test_a_question_that_leads_nowhere_in_the_built_page_is_named(tmp_path):
    assert [line for line, _, _ in leading_to(tmp_path, "gone", built='<h2 id="lost">x</h2>')] == [5]
