"""A site that MkDocs did not build: its sections have addresses, its own scripts work, its path and advice fit."""

from __future__ import annotations

import json

import pytest

from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_page, read_site
from handrail_kb.site.built.site_info import SiteInfo
from handrail_search.index.other_generators import advice, base_path_of, fit_policy, generator_of

HEAD = '<meta content="Docutils 0.21" name="generator"><link href="https://example.org/docs/v2/" rel="canonical" />'
PAGE = (
    f"<html><head>{HEAD}<script>document.documentElement.dataset.mode = 'x'</script></head><body><div role='main'>"
    '<section id="lamp"><h1>Lamp<a class="headerlink" href="#lamp">¶</a></h1><p>It shines.</p><section id="ports">'
    '<span id="old-name"></span><h2>Ports<a class="headerlink" href="#ports">¶</a></h2><p>Use port 80.</p></section>'
    "</section></div></body></html>"
)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(PAGE, encoding="utf-8")
    return tmp_path / "site"


def settings_of(site, yml=""):
    if yml:
        (site.parent / "mkdocs.yml").write_text(yml)
    return load_settings(site.parent / "mkdocs.yml" if yml else None, site_dir=site, environ={})


@pytest.mark.parametrize(
    ("html", "anchor"),
    [
        ('<section id="a"><h2>Ports</h2><p>x</p></section>', "a"),
        ('<div class="section" id="a"><span></span><h2>Ports</h2><p>x</p></div>', "a"),
        ('<h2 id="a">Ports</h2>', "a"),
        ('<h2><a name="a"></a>Ports</h2>', "a"),
        ('<a id="a"></a>\n<h2>Ports</h2>', "a"),
        ('<p><a name="a"></a></p><h2>Ports</h2>', "a"),
        ('<h2><a class="header" href="#a" id="a">Ports</a></h2>', "a"),
        ('<header id="a"><h2>Ports</h2></header>', "a"),
        ('<section id="b"><p>Words before.</p><h2>Ports</h2></section>', ""),
        ('<a id="b">A link that says something</a><h2>Ports</h2>', ""),
    ],
)
def test_a_section_is_found_where_the_generator_put_its_anchor(html, anchor):
    page = read_page(f"<main><h1>Lamp</h1><p>It shines.</p>{html}<p>Use 80.</p></main>", "lamp.html", SiteInfo())
    [section] = [passage for passage in page.passages if passage.heading == "Ports"]
    assert section.location == ("lamp.html#" + anchor if anchor else "lamp.html")


def test_an_indexed_site_keeps_its_own_scripts(site):
    fit_policy(settings_of(site), site)
    written = (site / "handrail" / "csp.json").read_text()
    assert "sha256-" in written
    assert [page.location for page in read_site(site)] == [""]


def test_what_the_plugin_wrote_is_left_alone(site):
    (site / "handrail").mkdir()
    (site / "handrail" / "site.json").write_text(json.dumps({"articles": {"": {}}}))
    fit_policy(settings_of(site), site)
    assert not (site / "handrail" / "csp.json").exists()


def test_a_folder_that_cannot_be_written_to_is_told_and_no_traceback(site, caplog):
    (site / "handrail").write_text("a file where the folder should be")
    fit_policy(settings_of(site), site)
    assert "cannot be written" in caplog.text


def test_the_path_of_the_address_is_that_of_the_setting_else_what_the_first_page_says(site):
    assert base_path_of(settings_of(site), site) == "/docs/v2/"
    assert base_path_of(settings_of(site, "site_name: X\nsite_url: https://example.org/help/\n"), site) == "/help/"
    (site / "index.html").write_text("<h1>No head</h1>")
    assert base_path_of(load_settings(site_dir=site, environ={}), site) == "/"


def test_advice_fits_what_built_the_site(site):
    settings = settings_of(site)
    assert generator_of(site) == "Sphinx"
    assert advice(settings, site) == f"Its inline scripts are blocked until it is indexed: handrail index {site}"
    fit_policy(settings, site)
    assert advice(settings, site) == ""
    (site / "index.html").write_text('<meta name="generator" content="mkdocs-1.6.1, mkdocs-material-9.5">')
    assert "plugins: [search, handrail]" in advice(settings, site)


def test_a_head_without_end_is_read_in_no_time(site):
    (site / "index.html").write_text("<meta " * 200_000 + "<link rel=" * 100_000)
    assert base_path_of(settings_of(site), site) == "/"
