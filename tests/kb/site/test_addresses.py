"""Pages under every name that a file can have: what is written of them counts, and their addresses open."""

from __future__ import annotations

import json
import unicodedata
from urllib.parse import unquote

import pytest

from handrail_kb.addresses import (
    Known,
    address_of,
    file_of,
    html_files,
    location_of,
    location_of_address,
    location_of_path,
)
from handrail_kb.errors import SiteError

NAMES = [
    "über", "two words", "a+b", unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "résumé"), "faq?",
    "50%", "a#b", "100%25", "a%2Fb", "c&d", "it's", 'say "hi"', "x;y=1", "日本語", "(draft)", "[x]", "a~b", "me@work",
    "no\u00a0break", "👩‍👩‍👧", "two  spaces", "a=b&c", "$1,000!", "My Help/index", "My Help/über uns",
    "FAQ/README", "v1.0.html", "x.html",
]  # fmt: skip
FRONT = "---\nquestions: [Is this page known]\nkeywords: [kept]\nsearch: {exclude: true}\n---\n"


@pytest.fixture(params=[True, False], ids=["folders", "files"])
def site(build, request):
    """A site with an article of every name; each has front matter."""
    articles = {f"{name}.md": f"{FRONT}# Page {number}\n\nWords.\n" for number, name in enumerate(NAMES)}
    return build({**articles, "index.md": f"{FRONT}# Home\n\nHi.\n"}, use_directory_urls=request.param)


def test_front_matter_counts_whatever_the_name_of_the_file(site):
    pytest.importorskip("selectolax", reason="search is not installed")
    from handrail_kb.site.built.passages import read_site
    from handrail_kb.site.built.site_info import read_site_info

    info = read_site_info(site.dir)
    sources = {str(facts["source"]) for facts in info.articles.values()}
    assert {f"{name}.md" for name in [*NAMES, "index"]} <= sources
    found = {location_of(file, site.dir) for file in html_files(site.dir) if file.name != "404.html"}
    assert found == set(info.articles)
    with pytest.raises(SiteError, match="no HTML page that search may show"):  # all are excluded
        list(read_site(site.dir))


def test_every_built_page_has_an_address_that_leads_back_to_it(site):
    for file in html_files(site.dir):
        location = location_of(file, site.dir)
        address = address_of(location)
        assert not set(address) & set(' ?#"<>%') - {"%"}
        assert location_of_address(f"./{address}") == location
        assert file_of(site.dir, location) == file
        assert unquote(address) in (
            file.relative_to(site.dir).as_posix(),
            str(file.parent.relative_to(site.dir)) + "/",
            "",
        )


def test_addresses_are_those_that_mkdocs_writes(site):
    noted = json.loads(site.page("handrail/site.json"))["articles"]
    sitemap = site.page("sitemap.xml")
    for address in noted:
        assert f"https://example.org/help/{address}".replace("&", "&amp;") in sitemap


@pytest.mark.parametrize(
    ("path", "location", "address"),
    [
        ("guide/index.html", "guide/", "guide/"),
        ("index.html", "", ""),
        ("guide/myindex.html", "guide/myindex.html", "guide/myindex.html"),
        ("über/index.html", "über/", "%C3%BCber/"),
        ("50%/index.html", "50%25/", "50%25/"),
        ("a#b.html", "a%23b.html", "a%23b.html"),
        ("faq?/", "faq%3F/", "faq%3F/"),
        ("a%2Fb/", "a%252Fb/", "a%252Fb/"),
        ("a b+c/", "a b+c/", "a%20b%2Bc/"),
    ],
)
def test_a_location_holds_no_letter_that_ends_an_address(path, location, address):
    assert location_of_path(path) == location
    assert address_of(location) == address
    assert location_of_address(address) == location


def test_an_anchor_is_encoded_and_told_apart_from_the_name_of_the_page():
    assert address_of("a%23b/#größe 50%") == "a%23b/#gr%C3%B6%C3%9Fe%2050%25"
    assert location_of_address("a%23b/?q=1#gr%C3%B6%C3%9Fe%2050%25") == "a%23b/#größe 50%"


def test_accents_are_found_however_they_are_written():
    one, other = unicodedata.normalize("NFC", "café/"), unicodedata.normalize("NFD", "café/")
    assert Known([(other, 1)])[one] == 1
    assert Known([(one, 1)]).get(other) == 1
    assert Known([(one, 1), (other, 2)])[other] == 2
    with pytest.raises(KeyError):
        Known([(one, 1)])["cafe/"]


def test_a_location_never_leads_out_of_the_site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "secret.html").write_text("x")
    for location in ("../secret.html", "%2E%2E/secret.html", str(tmp_path / "secret.html"), "a\0b", "x" * 5000):
        assert file_of(tmp_path / "site", location) is None


def test_a_page_that_the_build_noted_and_that_is_not_there_stops_the_index_and_is_named(build):
    pytest.importorskip("selectolax", reason="search is not installed")
    from handrail_kb.site.built.passages import read_site

    site = build({"my page.md": FRONT + "# My page\n\nWords.\n"})
    (site.dir / "my page").rename(site.dir / "my-page")
    with pytest.raises(SiteError) as raised:
        list(read_site(site.dir))
    assert "my%20page/" in raised.value.what
    assert "my page.md" in raised.value.what


def test_a_page_that_another_plugin_takes_away_is_warned_of_with_its_name(build, tmp_path):
    hook = tmp_path / "hook.py"
    hook.write_text(
        "import pathlib\ndef on_post_page(output, page, config):\n    return '' if 'gone' in page.url else output\n"
    )
    site = build({"gone away.md": "# Gone\n\nWords.\n"}, hooks=[str(hook)])
    assert [one for one in site.warnings if "gone away.md" in one]
    assert "gone%20away/" not in json.loads(site.page("handrail/site.json"))["articles"]
