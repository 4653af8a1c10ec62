"""Articles that `nav` includes from other folders are checked with the others, and named by their real files."""

from __future__ import annotations

import json

import pytest

from handrail_search.checking.inspection import read_written
from waiting import newer_than

NAV = "nav:\n  - index.md\n  - Team A: '!include ./teams/a/mkdocs.yml'\n  - Others: '*include ./parts/*/mkdocs.yml'\n"


@pytest.fixture
def site(tmp_path):
    def put(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    put("mkdocs.yml", f"site_name: Help\nplugins: [handrail]\n{NAV}  - Gone: '!include ./gone/mkdocs.yml'\n")
    put("docs/index.md", "# Home\n\n[a](team-a/guide.md)\n\n[b](team-a/gone.md)\n")
    put("teams/a/mkdocs.yml", "site_name: team-a\ndocs_dir: texts\n")
    put("teams/a/texts/guide.md", "---\ntitle: Guide\nquestion: none\n---\n\n![x](shot.png) [y](no.md)\n")
    put("teams/a/texts/shot.png", "png")
    put("parts/b/mkdocs.yml", "site_name: Part B & more\n")
    put("parts/b/docs/about.md", "---\ntitle: Guide\n---\n\n[home](../index.md)\n")
    return tmp_path / "mkdocs.yml"


def test_each_fault_of_an_included_article_is_named_with_its_own_file_and_line(site):
    found = {(one.file, one.line, one.code) for one in read_written(site).problems if one.severity != "note"}
    assert found == {
        ("docs/index.md", 5, "dead-link"),
        ("teams/a/texts/guide.md", 3, "unknown-field"),
        ("teams/a/texts/guide.md", 6, "dead-link"),
        ("parts/b/docs/about.md", 2, "same-title"),
    }


def test_included_articles_have_the_paths_that_the_site_gives_them(site):
    written = read_written(site)
    assert [one.path for one in written.articles] == ["index.md", "team-a/guide.md", "part-b-more/about.md"]
    assert written.file_of("team-a/guide.md").read_text().startswith("---\ntitle: Guide")


def test_after_a_save_an_included_article_that_is_as_it_was_is_the_same(site):
    kept = {}
    first, second = read_written(site, kept).articles, read_written(site, kept).articles
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_links_of_an_included_article_are_told_by_its_page(site):
    built = {"": "index.md", "team-a/guide/": "team-a/guide.md", "part-b-more/about/": "part-b-more/about.md"}
    pages = {"": "<a href='team-a/guide/'>", "team-a/guide/": "<img src='../shot.png'> <a href='no.md'>",
             "part-b-more/about/": "<a href='../../'>"}  # fmt: skip
    newer_than(site.parent / "teams" / "a" / "texts" / "guide.md")
    for place, body in pages.items():
        file = site.parent / "site" / place / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<!doctype html><html><body><main>{body}</main></body></html>")
    (site.parent / "site" / "team-a" / "shot.png").write_text("png")
    manifest = site.parent / "site" / "handrail" / "site.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"articles": {place: {"source": source} for place, source in built.items()}}))
    found = {(one.file, one.line) for one in read_written(site).problems if one.code == "dead-link"}
    assert found == {("teams/a/texts/guide.md", 6)}
