"""What is said of links once a site is built: what its pages hold, neither more nor less, each with its line."""

from __future__ import annotations

import itertools
import re
import shutil
import unicodedata
from urllib.parse import quote

import pytest

from handrail_kb.articles.article import parse_article, read_articles
from handrail_kb.articles.checks import same_questions, same_titles
from handrail_kb.articles.links import Ground, dead_links
from handrail_kb.articles.markdown_links import links_of
from handrail_kb.articles.unpublished import rules_of
from handrail_kb.site.built.site_info import read_site_info

LONG = "Paper forms and what is said of them by those who fill them in.\n\n"


@pytest.fixture(scope="module")
def built():
    """Projects that were built, by what they were built from: both ways to read a site need it built once."""
    return {}


@pytest.fixture(params=["built", "written since"])
def said(request, built, build, tmp_path):
    """What is said of the links of a site: (file, line, code), as it was built and as if it was written after that."""

    numbers = itertools.count()

    def run(articles, **settings):
        made_from = repr((articles, settings))
        if made_from not in built:
            built[made_from] = shutil.copytree(build(articles, **settings).dir.parent, tmp_path / f"kept-{len(built)}")
        project = shutil.copytree(built[made_from], tmp_path / f"read-{next(numbers)}")
        docs, site_dir = project / "docs", project / "site"
        found, _ = read_articles(docs)
        info = read_site_info(site_dir)
        pages = {str(facts["source"]): place for place, facts in info.articles.items()}
        rules = rules_of(project / "mkdocs.yml")
        left_out = rules.left_out([one.path for one in found], docs)
        if request.param != "built":
            for file in docs.rglob("*.md"):
                file.touch()
        ground = Ground(docs, site_dir, pages, info.base_path, left_out, rules.directory_urls, rules.absolute)
        kept = [one for one in found if one.path not in left_out]
        return sorted((one.file, one.line, one.code) for one in dead_links(kept, ground))

    return run


FINE = [
        "[a](my page.md) and [b](<my page.md>) and [c](my%20page.md)",
        "[the two kinds]: Paper forms, and what is on a screen.\n\nOf [the two kinds] one is [kept].",
        "[unused]: gone.md\n\nNothing.",
        "*[HTML]: A language\n\nHTML is one.",
        r"\[escaped](gone.md) and !\[escaped](gone.png)",
        "[a](two.md 'with (one bracket') and [b](<two.md> \"title\")",
        "[with [brackets] inside](two.md) [![pic](shot.png)](two.md)",
        "[over\ntwo lines](two.md\n\"a title\")",
        "[ref][r] [r]\n\n[r]:\n    two.md\n    'A title'",
        "[ref][r]\n\n[r]: <my page.md>",
        "<a href='../two/'>x</a> <img src='../shot.png'>",
        "[a](two.md#a-part) [b](two.md?x=1#a-part) [c](#) [d](#top)",
        "Text ] that is not (gone.md) [one](two.md).",
        "Write `[x](gone.md)` or ``` [x](gone.md) ```.",
    ]  # fmt: skip


def test_what_mkdocs_makes_a_good_link_or_no_link_of_is_not_named(said):
    others = {"my page.md": "# My page\n", "two.md": "# Two\n\n## A part\n", "shot.png": b"png"}
    articles = {f"{number}.md": f"# One\n\n{body}\n" for number, body in enumerate(FINE)}
    assert said({**articles, **others}, markdown_extensions=["abbr", "attr_list"]) == []


DEAD = [
    ('<a href="two.md">two</a>', "dead-link"),
    ('<img src="shot.png" alt="x">', "dead-link"),
    ("[x](two/)", "dead-link"),
    ("[x](two)", "dead-link"),
    ("[x](gone page.md)", "dead-link"),
    ("[over\ntwo lines](gone.md)", "dead-link"),
    ("[with [brackets] inside](gone.md)", "dead-link"),
    ("[ref]\n\n[ref]: gone.md 'A title'", "dead-link"),
    ("[x](two.md#nowhere)", "dead-anchor"),
    ('<a href="../two/#nowhere">x</a>', "dead-anchor"),
    ("[x](/help/gone/)", "dead-link"),
    ("[x](/help/two/#nowhere)", "dead-anchor"),
]


def test_what_readers_find_dead_is_named_with_its_line(said):
    articles = {f"{number:02}.md": f"# One\n\n{LONG}{body}\n" for number, (body, _) in enumerate(DEAD)}
    found = said({**articles, "two.md": "# Two\n\n## A part\n", "shot.png": b"png"})
    lines = [7 if body.startswith("[ref]") else 6 if body.startswith("[over") else 5 for body, _ in DEAD]
    assert found == [(f"{number:02}.md", line, DEAD[number][1]) for number, line in enumerate(lines)]


def test_a_page_that_leads_into_its_folder_has_pictures_beside_it(said):
    assert said({"guide/index.md": '# Guide\n\n<img src="shot.png" alt="x">\n', "guide/shot.png": b"png"}) == []
    flat = {"one.md": '# One\n\n<img src="shot.png" alt="x"> <a href="two.html">x</a>\n', "two.md": "# Two\n"}
    assert said({**flat, "shot.png": b"png"}, use_directory_urls=False, folder="flat") == []


def test_links_from_the_root_of_the_articles_are_followed_where_mkdocs_does(said):
    links = {"a/one.md": "# One\n\n[x](/two.md) [y](/gone.md)\n", "two.md": "# Two\n"}
    validation = {"links": {"absolute_links": "relative_to_docs"}}
    assert said(links, validation=validation) == [("a/one.md", 3, "dead-link")]


def test_an_address_that_nobody_serves_is_named_only_where_the_site_has_a_path_of_its_own(said):
    assert said({"one.md": "# One\n\n[x](/api/) [y](/help/api/)\n"}) == [("one.md", 3, "dead-link")]
    rooted = {"site_url": "https://example.org/", "folder": "rooted"}
    assert said({"one.md": "# One\n\n[x](/api/) [y](/two.md)\n\n[z](/two/)\n", "two.md": "# Two\n"}, **rooted) == [
        ("one.md", 3, "dead-link")
    ]


def test_what_lies_above_the_site_is_judged_as_a_browser_reaches_it(said):
    raw = "# One\n\n<img src='../../shot.png' alt=''> <a href='../../../other/'>x</a>\n\n[x](../LICENSE.txt)\n"
    assert said({"one.md": raw, "shot.png": b"png"}) == [("one.md", 5, "dead-link")]
    # Above the root of a host there is nothing, and browsers stay there.
    rooted = {"site_url": "https://example.org/", "folder": "rooted"}
    found = said({"one.md": raw, "shot.png": b"png"}, **rooted)
    assert found == [("one.md", 3, "dead-link"), ("one.md", 5, "dead-link")]


def test_a_link_to_what_is_left_out_is_named_and_what_is_left_out_is_not_checked(said):
    articles = {
        "one.md": "# One\n\n[x](drafts/a.md)\n[y](later.md)\n[z](hidden.md)\n[w](README.md)\n",
        "drafts/a.md": "# A\n\n[x](gone.md)\n", "later.md": "# Later\n\n[x](gone.md)\n", "hidden.md": "# Hidden\n",
        "README.md": "# Read me\n\n[x](gone.md)\n", ".notes.md": "# Notes\n\n[x](gone.md)\n",
    }  # fmt: skip
    settings = {"exclude_docs": "drafts/\n", "draft_docs": "later.md\n", "not_in_nav": "hidden.md\n"}
    assert said(articles, **settings) == [("one.md", line, "dead-link") for line in (3, 4, 6)]
    # A file that was taken back by a later pattern is published.
    taken_back = {"exclude_docs": "drafts/*\n!drafts/a.md\n", "folder": "back"}
    assert [file for file, _, _ in said({"drafts/a.md": "# A\n\n[x](gone.md)\n"}, **taken_back)] == ["drafts/a.md"]


def stub(site, old, new):
    page = site / old / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(
        f'<!doctype html><html><head><meta http-equiv="refresh" content="0; url={new}"></head><body></body>'
    )


def test_links_to_old_addresses_are_named_with_where_they_lead_now(build):
    body = "# One\n\n[a](../old/)\n\n[b](old.md)\n\n[c](../old/#nowhere)\n\n[d](../lost/)\n\n[e](../away/)\n"
    site = build({"one.md": body, "two.md": "# Two\n"})
    stub(site.dir, "old", "../two/")
    stub(site.dir, "lost", "../gone/")
    stub(site.dir, "away", "https://example.org/")
    docs = site.dir.parent / "docs"
    built = {"one.md": "one/", "two.md": "two/", "index.md": ""}
    found = {one.line: one for one in dead_links(read_articles(docs)[0], Ground(docs, site.dir, built))}
    assert {line: one.code for line, one in found.items()} == {
        3: "redirected-link", 5: "dead-link", 7: "dead-anchor", 9: "dead-link"
    }  # fmt: skip
    assert "'two/'. Link there. Did you mean 'two.md'?" in found[3].what
    assert "old name of a page" in found[5].what and "Did you mean 'two.md'?" in found[5].what
    assert "no heading of two.md" in found[7].what


def test_each_dead_link_says_what_would_be_right(build):
    body = '# One\n\n<a href="two.md">x</a>\n\n<img src="shot.png" alt="">\n\n[x](two/)\n\n[x](hidden.md)\n'
    site = build({"one.md": body, "two.md": "# Two\n", "shot.png": b"png", "hidden.md": "# H\n"},
                 exclude_docs="hidden.md")  # fmt: skip
    docs = site.dir.parent / "docs"
    articles = [one for one in read_articles(docs)[0] if one.path != "hidden.md"]
    built = {"one.md": "one/", "two.md": "two/", "index.md": ""}
    found = {one.line: one.what for one in dead_links(articles, Ground(docs, site.dir, built, left_out={"hidden.md"}))}
    assert "Write '../two/', or a link in Markdown" in found[3]
    assert "Write '../shot.png'" in found[5]
    assert "Did you mean 'two.md'?" in found[7]
    assert "hidden.md, which is left out of the site" in found[9]


def test_a_link_that_another_file_adds_to_many_articles_is_told_once(build):
    hook = "def on_page_markdown(markdown, **_):\n    return markdown + '\\n[x](from-a-hook.md)\\n'\n"
    articles = {"one.md": "# One\n", "two.md": "# Two\n"}
    site = build({**articles, "../hook.py": hook}, hooks=["hook.py"])
    docs = site.dir.parent / "docs"
    built = {"one.md": "one/", "two.md": "two/", "index.md": ""}
    [only] = dead_links(read_articles(docs)[0], Ground(docs, site.dir, built))
    assert (only.line, only.code) == (1, "dead-link") and "3 articles have it" in only.what


def titled(*paths, question="how much is it"):
    text = f"---\ntitle: Prices\nquestions: ['{question}']\n---\n"
    articles = [parse_article(path, text) for path in paths]
    return len([*same_titles(articles), *same_questions(articles)])


@pytest.mark.parametrize(
    "paths",
    [
        ("a.md", "a.de.md"),
        ("a.en.md", "a.pt-BR.md"),
        ("en/a.md", "de/a.md"),
        ("a.md", "fr/a.md"),
        ("en/a.md", "zh_CN/a.md"),
    ],
)
def test_translations_may_have_one_title_and_one_question(paths):
    assert titled(*paths) == 0


@pytest.mark.parametrize(
    "paths",
    [
        ("a.md", "b.md"),
        ("a.de.md", "b.de.md"),
        ("de/a.md", "de/b.md", "en/a.md"),
        ("it/a.md", "hr/b.md"),
        ("a.xx.md", "b.xx.md"),
    ],
)
def test_two_articles_of_one_language_may_not(paths):
    assert titled(*paths) > 0


def test_what_is_written_is_read_as_pythons_markdown_reads_it():
    text = "[a](x(1).md) [b]( y.md ) [c](z.md\n'title')\n\n[open\n\n](n.md) \\[no](n.md) [d](a\\_b.md)"
    assert [link.target for link in links_of(text)] == ["x(1).md", "y.md", "z.md", "a_b.md"]


HOSTILE = ["[](" * 200_000, "[x](()" * 100_000, "[](" + "()" * 300_000, "\\" * 500_000, "[x]: " * 100_000,
           "[x]:\n" * 100_000, "[](a 'b" * 100_000, "[](a\n" * 100_000, "[" * 300_000 + "](" * 300_000,
           "[](<" * 200_000, "[x]: a 'b\n" * 50_000]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_links_are_read_in_a_time_that_grows_with_the_text(body):
    import time

    began = time.process_time()
    list(links_of(body))
    assert time.process_time() - began < 2


def test_mkdocs_own_validation_names_the_same(build, caplog):
    body = (
        "# One\n\n[a](gone page.md) [b][c] \\[d](no.md) [e](two.md#no \"t (\")\n\n[c]: gone.md 'x'\n[f]: no2.md\n\n"
        "[the two]: Paper forms, and more.\n\n[g [h]](gone3.md) [the two] [![i](gone.png)](gone4.md)\n\n"
        "1. x\n\n    [j](gone5.md)\n\n        [code](no3.md)\n"
    )
    site = build({"one.md": body, "two.md": "# Two\n"}, validation={"links": {"anchors": "warn"}})
    theirs = set(re.findall(r"'one\.md' contains a link '([^']*)'", caplog.text))
    docs = site.dir.parent / "docs"
    ground = Ground(docs, site.dir, {"one.md": "one/", "two.md": "two/"})
    found = [one for one in dead_links(read_articles(docs)[0], ground) if one.file == "one.md"]
    assert {re.match("'([^']*)'", one.what)[1] for one in found} == theirs
    assert len(theirs) == 7


ODD = ("faq?", "50%", "a#b", "über uns", "a+b", "100%25", "My Help/index", "My Help/a;b", "it's", "[x]", "1=2&3")


@pytest.mark.parametrize("name", ODD)
def test_a_link_to_an_article_with_an_odd_name_is_judged_by_the_file_that_it_means(said, name):
    target = quote(f"{name}.md", safe="/")
    articles = {
        f"{name}.md": "# Odd\n\n## Part\n\nText.\n",
        "a.md": f"[x]({target}) [y]({target}#part)\n\n[z]({target}#parts)\n\n[w]({quote(name)}x.md)\n",
    }
    assert said(articles) == [("a.md", 3, "dead-anchor"), ("a.md", 5, "dead-link")]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_link_finds_its_article_however_accents_are_written(said, form):
    articles = {
        f"{unicodedata.normalize('NFD', 'café')}.md": "# Odd\n\n## Part\n\nText.\n",
        "a.md": f"[x]({quote(unicodedata.normalize('NFD', 'café.md'))}#{'part' if form == 'NFC' else 'parts'})\n",
    }
    assert said(articles) == ([] if form == "NFC" else [("a.md", 1, "dead-anchor")])
