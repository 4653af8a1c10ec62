"""Search shows articles: what somebody wrote to be read, and no list, archive, copy or stub of such pages."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("selectolax", reason="the service's libraries are not installed")

from handrail_kb.errors import ConfigError
from handrail_kb.site.built.passages import read_site
from handrail_kb.site.search_rules import read_rules

LOOK = '<link rel="stylesheet" href="{up}_static/theme.css?v=1"><script src="{up}_static/doctools.js"></script>'
REPORT = "<html><head><title>Scan</title></head><body><h1>Scan of the password page</h1><p>Nothing.</p></body></html>"
GENERIC = {
    "index.html": "<h1>Help</h1><p>Welcome to the help.</p>",
    "password.html": "<h1>Password</h1><p>How to choose a password.</p>",
    "invoice/index.html": "<h1>Invoice</h1><p>Where your invoices are.</p>",
    "mail.html": "<h1>Mail</h1><p>How to send mail.</p>",
}


def write(root, pages, known=None):
    for path, html in pages.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(html, encoding="utf-8")
    if known is not None:
        (root / "handrail").mkdir()
        (root / "handrail" / "site.json").write_text(json.dumps({"articles": known}))
    return root


def page(body, path="a.html", head="", html=""):
    look = LOOK.format(up="../" * path.count("/"))
    return f"<html {html}><head>{look}{head}</head><body><main>{body}</main></body></html>"


def locations(root, **values):
    return [found.location for found in read_site(root, read_rules(values))]


# --- a site that the plugin knows


@pytest.fixture
def known(tmp_path):
    """Three articles, and what else a build leaves."""
    links = "".join(f'<li><a href="../p{n}/">Page {n}</a></li>' for n in range(14))
    pages = {
        **{f"p{n}/index.html": f"<h1>Page {n}</h1><p>About passwords.</p>" for n in range(14)},
        "tags/index.html": '<h1>Tags</h1><h2 id="tag:news"><span class="md-tag">News</span></h2><ul><li>'
        '<a href="../p1/">Page 1</a></li></ul>',
        "all/index.html": f"<h1>All pages</h1><ul>{links}</ul>",
        "print_page/index.html": '<div id="print-site-page"><h1>Table of Contents</h1><p>About passwords.</p></div>',
        "scans/one.html": REPORT,
        "search.html": "<h1>Search</h1><div id='mkdocs-search-results'></div>",
        "404.html": "<h1>Not found</h1>",
        "old/index.html": '<meta http-equiv="refresh" content="0; url=../p1/">',
    }
    articles = {f"p{n}/": {"source": f"p{n}.md"} for n in range(14)}
    articles |= {"tags/": {"source": "tags.md"}, "all/": {"source": "all.md"}}
    return write(tmp_path, pages, articles)


def test_only_what_was_written_is_an_article(known):
    assert locations(known) == sorted(f"p{n}/" for n in range(14))


def test_a_page_of_links_with_questions_of_its_own_is_meant_to_be_found(known):
    facts = json.loads((known / "handrail" / "site.json").read_text())
    facts["articles"]["all/"]["questions"] = ["what is there"]
    (known / "handrail" / "site.json").write_text(json.dumps(facts))
    assert "all/" in locations(known)


def test_html_that_was_only_copied_is_taken_in_by_its_name(known):
    assert "scans/one.html" in locations(known, include_in_search="scans/*.html")
    assert "print_page/" in locations(known, include_in_search="print_page/, all.md")
    assert "all/" in locations(known, include_in_search="print_page/, all.md")
    assert "old/" not in locations(known, include_in_search="**")


def test_what_is_excluded_stays_out_even_if_it_is_included(known):
    rules = {"include_in_search": "**/*.html", "exclude_from_search": "scans/, p1.md, p2/"}
    assert {"scans/one.html", "p1/", "p2/"} & set(locations(known, **rules)) == set()


def test_a_pattern_for_html_means_no_article_of_markdown(known):
    assert locations(known, exclude_from_search="**/*.html, *.html") == locations(known)


def test_patterns_are_those_of_exclude_docs(known):
    assert locations(known, exclude_from_search="*, !/p1.md") == ["p1/"]


def test_a_site_without_any_article_left_says_which_setting_takes_pages_in(known):
    from handrail_kb.errors import SiteError

    with pytest.raises(SiteError) as told:
        locations(known, exclude_from_search="**")
    assert "include_in_search" in told.value.mend


def test_what_is_no_pattern_is_named_with_its_setting():
    with pytest.raises(ConfigError) as told:
        read_rules({"exclude_from_search": "a/***b, !"})
    assert "exclude_from_search" in told.value.what


# --- a site of another generator


def test_lists_and_searches_of_other_generators_are_no_articles(tmp_path):
    links = '<ul><li><a href="../password.html">Password</a></li></ul>'
    pages = {
        **GENERIC,
        "genindex.html": '<h1 id="index">Index</h1><div class="genindex-jumpbox"><a href="#P">P</a></div>'
        '<table class="indextable"><tr><td><ul><li><a href="password.html">Password</a></li></ul></td></tr></table>',
        "search.html": '<h1>Search</h1><p>Please type.</p><div id="search-results"></div>',
        "_modules/lamp.html": "<h1>Source code for lamp</h1><pre>password = 1</pre>",
        "blog/tags/index.html": f"<h1>Tags</h1>{links}",
        "categories/news/index.html": f"<h1>News</h1>{links}",
        "blog/page/2/index.html": f"<h1>Blog</h1>{links}",
        "archive.html": f"<h1>Archive</h1>{links}",
        "old.html": "<html><head><script>window.location.replace('new.html')</script></head><body></body></html>",
        "404/index.html": "<h1>Password not found</h1>",
        "hidden.html": page("<h1>Password draft</h1><p>x</p>", head='<meta name="ROBOTS" content="noindex, nofollow">'),
        "posts.html": page(
            "<h1>Posts on passwords</h1><p>x</p>", html='class="blog-wrapper blog-list-page plugin-blog"'
        ),
    }
    assert locations(write(tmp_path, pages)) == ["", "invoice/", "mail.html", "password.html"]


def test_html_that_another_generator_only_copied_is_no_article(tmp_path):
    pages = {path: page(body, path) for path, body in GENERIC.items()}
    write(tmp_path, {**pages, **{f"scan-{n}.html": REPORT for n in range(8)}})
    assert locations(tmp_path) == ["", "invoice/", "mail.html", "password.html"]
    assert "scan-1.html" in locations(tmp_path, include_in_search="scan-1.html")


def test_a_site_that_is_kept_from_search_engines_as_a_whole_is_still_searched(tmp_path):
    noindex = '<meta name="robots" content="noindex">'
    write(tmp_path, {path: page(body, path, head=noindex) for path, body in GENERIC.items()})
    assert locations(tmp_path) == ["", "invoice/", "mail.html", "password.html"]


def test_a_site_whose_pages_share_nothing_keeps_all_of_them(tmp_path):
    assert locations(write(tmp_path, GENERIC)) == ["", "invoice/", "mail.html", "password.html"]


def test_an_article_in_a_folder_named_as_a_list_stays_an_article(tmp_path):
    text = "<h1>Labels</h1><p>Give each parcel a label, so that the driver finds it. <a href='x'>More</a></p>"
    write(tmp_path, {**GENERIC, "tags/labels.html": text, "authors/write.html": text})
    assert {"tags/labels.html", "authors/write.html"} <= set(locations(tmp_path))


# --- as MkDocs builds it

POST = "---\ndate: 2026-01-0{0}\ncategories: [News]\ntags: [Zorblatt]\n---\n"
POST += "# Post {0}\n\nIt says {0}.\n\n<!-- more -->\n\nEnd.\n"


def test_a_blogs_archives_and_lists_of_tags_are_no_articles(build):
    articles = {f"blog/posts/p{n}.md": POST.format(n) for n in range(1, 4)}
    articles |= {"blog/index.md": "# Blog\n", "tags.md": "# Tags\n\n<!-- material/tags -->\n", "scan.html": REPORT}
    site = build(articles, plugins=["search", {"blog": {"pagination_per_page": 2}}, "tags"])
    found = {page.location: page for page in read_site(site.dir)}
    assert sorted(found) == ["", *(f"blog/2026/01/0{n}/post-{n}/" for n in range(1, 4))]
    assert found["blog/2026/01/01/post-1/"].keywords == ("Zorblatt",)


def test_pages_named_in_mkdocs_yml_are_kept_out_of_both_searches(build):
    articles = {"drafts/new.md": "# New\n\nIt is new.\n", "kept.md": "# Kept\n\nIt is kept.\n", "scan.html": REPORT}
    site = build(articles, handrail={"exclude_from_search": ["drafts/"], "include_in_search": ["*.html"]})
    rules = read_rules({"exclude_from_search": "drafts/", "include_in_search": "*.html"})
    assert [page.location for page in read_site(site.dir, rules)] == ["", "kept/", "scan.html"]
    kept = json.loads(site.page("search/handrail_fallback.json"))["docs"]
    assert not [section for section in kept if section["location"].startswith("drafts")]
    assert [page.location for page in read_site(site.dir)] == ["", "kept/"]


def test_a_list_of_patterns_is_read_from_mkdocs_yml_and_from_the_environment(tmp_path):
    from handrail_kb.config.settings import load_settings

    file = tmp_path / "mkdocs.yml"
    file.write_text("site_name: X\nplugins: [{handrail: {exclude_from_search: [a/, 'b c/*.html']}}]\n")
    assert load_settings(file, environ={}).text("exclude_from_search") == "a/, b c/*.html"
    assert load_settings(file, environ={"HANDRAIL_EXCLUDE_FROM_SEARCH": "x"}).text("exclude_from_search") == "x"
    file.write_text("site_name: X\nplugins: [{handrail: {exclude_from_search: [1]}}]\n")
    with pytest.raises(ConfigError) as told:
        load_settings(file, environ={})
    assert "a list of texts" in told.value.what


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_a_theme_with_a_list_of_results_on_every_page_keeps_its_articles(build, theme):
    """MkDocs' own theme has an empty list of results in a dialog of each page."""
    site = build({"pears.md": "# Pears\n\nSold in spring.\n"}, theme={"name": theme})
    assert [page.location for page in read_site(site.dir)] == ["", "pears/"]


@pytest.mark.parametrize("name", ["SUMMARY.md", "guide/SUMMARY.md"])
def test_a_file_that_only_holds_the_menu_is_no_result(build, name):
    """literate-nav, mdBook and GitBook write the menu as Markdown, and MkDocs builds a page of it."""
    pages = {"guide/pay.md": "# Pay\n\nBy card.\n", "sent.md": "# Sent\n\nTwo days.\n"}
    up = "../" if "/" in name else ""
    menu = f"# Summary\n\n- [Pay by card]({up}guide/pay.md)\n- [When it is sent]({up}sent.md)\n"
    assert "SUMMARY" not in " ".join(locations(build({**pages, name: menu}).dir))
    kept = {"include_in_search": ["**/SUMMARY.md", "SUMMARY.md"]}
    assert "SUMMARY" in " ".join(locations(build({**pages, name: menu}, handrail=kept, folder="kept").dir, **kept))


@pytest.mark.parametrize(
    "text",
    [
        "---\nquestions: [Where is what?]\n---\n# All\n\n- [Sent](sent.md)\n",
        "# Summary\n\nWe sent 40 parcels to Bonn.\n",
    ],
)
def test_a_summary_that_says_something_is_a_result(build, text):
    assert "SUMMARY/" in locations(build({"sent.md": "# Sent\n\nTwo days.\n", "SUMMARY.md": text}).dir)
