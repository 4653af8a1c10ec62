"""Pages that leave out what HTML lets them leave out, and what plugins give a page beside its own front matter."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
import yaml

from handrail_kb.site.built.passages import read_site
from handrail_kb.site.help_links import one_click
from handrail_kb.site.patch import PageLinks, patch
from handrail_kb.texts import text

LINKS = PageLinks(contact="../contact/", find="../find/", api="../api", tab_script="t.js")
BARE = "<!doctype html><html lang=en><title>{{ page.title }}</title>\n{{ page.content }}"
TEMPLATES = {
    "bare": BARE,
    "piece": "<div>{{ page.content }}</div>",
    "loud": "<!DOCTYPE HTML><HTML><HEAD><TITLE>A</TITLE></HEAD><BODY CLASS=x>{{ page.content }}</BODY></HTML>",
    "no-end": "<html><head><title>A</title></head><body>{{ page.content }}",
    "head-only": "<html><head><title>A</title></head>{{ page.content }}</html>",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_page_without_a_body_of_its_own_leads_to_a_person_and_is_read(build, tmp_path, name):
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "own.html").write_text(TEMPLATES[name])
    theme = {"name": "material", "font": False, "custom_dir": str(folder)}
    site = build({"a.md": "---\ntemplate: own.html\n---\n# A walrus\n\nIt rests on ice.\n"}, theme=theme)
    html = site.page("a/index.html")
    assert html.count('href="../contact/"') == 1
    assert html.index("It rests on ice") < html.index('href="../contact/"')
    assert html.count('id="__handrail"') == 1
    assert html.startswith(TEMPLATES[name][:5]), "nothing may stand before the doctype"
    assert site.warnings == []
    assert any("It rests on ice." in passage.text for page in read_site(site.dir) for passage in page.passages)
    if name != "piece":
        near, pages = one_click(site.dir)
        assert near == pages == len(list(site.dir.rglob("*.html")))


def test_a_page_of_the_theme_whose_search_has_changed_is_reported():
    html = '<html><body><header class="md-header"></header><main>x</main></body></html>'
    from handrail_kb.site.patch import Worker

    worker = Worker("w.js", "../api/search", 800, 100, 0, False)
    assert len(patch(html, LINKS, worker).missed) == 2
    assert patch("<html><body>x</body></html>", LINKS, worker).missed == ()


def test_a_link_that_switches_off_that_searches_are_kept_carries_its_words_in_the_pages_language():
    link = '<a class="md-button handrail-keep" href="#switch">Do not keep</a>'
    html = patch(f'<html lang="de"><body>{link}<a class="other">x</a></body></html>', LINKS, None).html
    [words] = re.findall(r'href="#switch" data-handrail-keep="([^"]+)">Do not keep</a>', html)
    assert json.loads(unescape(words)) == {state: text("de", f"keep.{state}") for state in ("on", "off", "gpc")}
    assert '<a class="other">' in html


@pytest.mark.parametrize("block", ["scripts", "libs", "styles"])
def test_a_template_that_replaces_a_block_of_the_theme_keeps_our_scripts_and_style(build, tmp_path, block):
    """Public sites do: without `super()`, nothing of `extra_javascript` is loaded on any page."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "main.html").write_text(f'{{% extends "base.html" %}}{{% block {block} %}}<!-- ours -->{{% endblock %}}')
    site = build({"a.md": "# A\n"}, theme={"name": "material", "font": False, "custom_dir": str(folder)})
    html = site.page("a/index.html")
    assert "<!-- ours -->" in html
    assert len(re.findall(r'<script src="\.\./assets/handrail/handrail\.[0-9a-f]{8}\.js"', html)) == 1
    assert len(re.findall(r'<link rel="stylesheet" href="\.\./assets/handrail/handrail\.[0-9a-f]{8}\.css"', html)) == 1


def articles_of(site):
    return json.loads(site.page("handrail/site.json"))["articles"]


@pytest.mark.parametrize("plugins", [["search", "meta", "tags"], ["search", "material/meta", "material/tags"]])
def test_what_the_meta_file_of_a_folder_says_counts_for_its_articles(build, plugins):
    meta = {"search": {"exclude": True}, "tags": ["Folder"], "people_only": True, "owner": "Ana",
            "review_by": "2031-01-02", "keywords": ["till"]}  # fmt: skip
    site = build(
        {
            "in/.meta.yml": yaml.safe_dump(meta),
            "in/a.md": "# A\n\nWalrus.\n",
            "in/own.md": "---\nsearch: {exclude: false, boost: 2}\ntags: [2.10, Own]\npeople_only: false\nowner: Bo\n"
            "keywords: [007]\n---\n# B\n\nPenguin.\n",
            "out.md": "# C\n\nSeal.\n",
        },
        plugins=plugins,
    )
    known = articles_of(site)
    folder, own, out = known["in/a/"], known["in/own/"], known["out/"]
    assert (folder["exclude"], folder["people_only"], folder["tags"]) == (True, True, ["Folder"])
    assert (folder["owner"], folder["review_by"], folder["keywords"]) == ("Ana", "2031-01-02", ["till"])
    assert (own["exclude"], own["people_only"], own["boost"], own["owner"]) == (False, False, 2.0, "Bo")
    assert own["tags"] == ["2.10", "Own", "Folder"]
    assert own["keywords"] == ["007", "till"]
    assert (out["exclude"], out["people_only"], out["tags"], out["owner"]) == (False, False, [], "")


def test_a_meta_file_counts_for_nothing_while_its_plugin_is_off(build):
    articles = {"in/.meta.yml": "people_only: true\nsearch: {exclude: true}\n", "in/a.md": "# A\n\nWalrus.\n"}
    for plugins in (["search"], ["search", {"meta": {"enabled": False}}]):
        known = articles_of(build(articles, plugins=plugins))["in/a/"]
        assert (known["people_only"], known["exclude"]) == (False, False)


def test_a_boost_of_a_folder_counts_beside_what_an_article_says(build):
    articles = {
        "in/.meta.yml": "search: {boost: 1.5}\nquestions: ['Who?']\n",
        "in/a.md": "---\nsearch: {exclude: true}\nquestions: ['What?']\n---\n# A\n\nWalrus.\n",
    }
    known = articles_of(build(articles, plugins=["search", "meta"]))["in/a/"]
    assert (known["boost"], known["exclude"], known["questions"]) == (1.5, True, ["What?", "Who?"])


def test_plugins_may_be_written_as_a_mapping(build):
    options = {"search": {}, "handrail": {"contact_text": "Ask Ana"}}
    site = build({"a.md": "---\npeople_only: true\n---\n# A\n"}, plugins=options)
    assert "Ask Ana" in site.page("a/index.html")
    assert articles_of(site)["a/"]["people_only"] is True
    assert build({}, plugins={"search": {}, "handrail": None}, folder="other").warnings == []
    from handrail_kb.config.settings import load_settings

    assert load_settings(site.dir.parent / "mkdocs.yml", environ={}).text("contact_text") == "Ask Ana"


@pytest.mark.parametrize("title", ["[One, Two]", "{a: b}", "[]", "[[deep]]"])
def test_a_title_that_is_no_text_gives_way_to_the_heading(build, title):
    """Of a list, Material cannot make the address that a vote is sent to: the build would end."""
    site = build({"tax.md": f"---\ntitle: {title}\n---\n# What tax is\n\nA walrus pays none.\n"})
    assert articles_of(site)["tax/"]["title"] == "What tax is"
    assert "<title>What tax is - Help</title>" in site.page("tax/index.html")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("<!-- SPDX-License-Identifier: MIT -->\n\n# Pay by *card*\n", "Pay by card"),
        ('<h1 align="center">Pay &amp; <em>send</em></h1>\n', "Pay & send"),
        ('<p><img src="a.png" alt=""></p>\n\nPay by card\n===========\n', "Pay by card"),
        ("!!! note\n    Old.\n\n# Refunds[^1]\n\n[^1]: In euros.\n", "Refunds"),
        ("Words before.\n\n# Part one\n\nText.\n\n# Part two\n", "How to pay"),
        ("No heading at all.\n", "How to pay"),
        ('<h1><img src="a.png" alt="x"></h1>\n\nText.\n', "How to pay"),
    ],
)
def test_a_title_made_of_a_files_name_gives_way_to_the_only_first_heading_that_readers_see(build, written, title):
    extensions = ["admonition", "footnotes", {"toc": {"permalink": True}}]
    site = build({"how-to-pay.md": written}, markdown_extensions=extensions)
    assert articles_of(site)["how-to-pay/"]["title"] == title
    assert next(page.title for page in read_site(site.dir) if page.location == "how-to-pay/") == title


def test_a_title_that_somebody_gave_stays_beside_another_heading(build):
    written = "<!-- MIT -->\n\n# Pay by card\n"
    named = build({"pay.md": written}, nav=[{"Home": "index.md"}, {"Paying": "pay.md"}])
    assert articles_of(named)["pay/"]["title"] == "Paying"
    titled = build({"pay.md": f"---\ntitle: Pay\n---\n{written}"}, folder="titled")
    assert articles_of(titled)["pay/"]["title"] == "Pay"


def test_the_home_page_is_called_by_its_heading_behind_a_picture(build):
    site = build({"index.md": '<p align="center"><img src="a.png" alt=""></p>\n\n# Acme Printer\n\nIt prints.\n'})
    assert articles_of(site)[""]["title"] == "Acme Printer"
