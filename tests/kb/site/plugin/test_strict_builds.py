"""A strict build that went through before the plugin goes through with it, and names what it found."""

import pytest

FOREIGN = {
    "near.md": "---\nkeyword: tax\nproducts: [a]\n---\n# Near\n",
    "other.md": "---\nproducts: [b]\n---\n# Other\n",
    "broken.md": "---\ntitle: [a\n---\n# Broken\n",
    "list.md": "---\n- a\n- b\n---\n# List\n",
    "unclosed.md": "---\ntitle: Open\n\n# Unclosed\n",
    "twice.md": "---\ntitle: One\ntitle: Two\n---\n# Twice\n",
    "kinds.md": "---\ndescription: [a, b]\nsearch: {exclude: maybe}\n---\n# Kinds\n",
}


def test_a_strict_build_goes_on_with_front_matter_that_mkdocs_puts_up_with_and_names_it(build):
    site = build(FOREIGN, strict=True)
    assert site.warnings == []
    assert "docs/near.md:2: 'keyword' is not a known field. Did you mean 'keywords'?" in site.infos
    for name in ("broken.md", "list.md", "unclosed.md", "twice.md", "kinds.md"):
        assert [words for words in site.infos if words.startswith(f"docs/{name}:")], name


def test_a_strict_build_goes_on_with_raw_html_among_the_articles_and_names_it(build):
    raw = {"reports/scan.html": "<!doctype html><html><body><h1>Scan</h1></body></html>"}
    site = build(raw, strict=True)
    assert site.warnings == []
    assert [words for words in site.infos if words.startswith("reports/scan.html: HTML that the build copied")]


def test_a_strict_build_goes_on_where_fonts_come_from_a_third_party_and_says_so_once(build):
    site = build(theme={"name": "material"}, strict=True)
    assert site.warnings == []
    [told] = [words for words in site.infos if "Google" in words]
    assert "https://fonts.googleapis.com" in told
    assert "https://fonts.gstatic.com" in told
    assert "font: false" in told


def test_fonts_are_told_of_once_in_a_site_of_three_languages(build):
    pytest.importorskip("mkdocs_static_i18n", reason="mkdocs-static-i18n is not installed")
    languages = [{"locale": name, "name": name, "default": name == "en", "build": True} for name in ("en", "de", "fr")]
    site = build(
        {"guide.md": "# Guide\n\nWords.\n", "guide.de.md": "# Anleitung\n\nWörter.\n"},
        theme={"name": "material"},
        plugins=["search", {"i18n": {"languages": languages}}],
    )
    assert site.warnings == []
    assert len([words for words in site.infos if "Google" in words]) == 1
