"""The index that the theme made is set aside for the time when the service is away, and is never too large for it."""

import json

from handrail_kb.site.artefacts import FALLBACK_BUDGET, set_index_aside
from kb.site.plugin.guide import GUIDE


def test_the_search_index_is_set_aside_once(build):
    site = build(GUIDE)
    stub = json.loads(site.page("search/search_index.json"))
    kept = json.loads(site.page("search/handrail_fallback.json"))
    assert stub["docs"] == []
    assert stub["config"] == kept["config"]
    assert len(kept["docs"]) == 3
    set_index_aside(site.dir, fallback_chars=200)
    assert json.loads(site.page("search/handrail_fallback.json")) == kept


def test_our_words_are_in_no_search_index(build):
    site = build({**GUIDE, "contact.md": "# Write to us\n"}, handrail={"lazy_index": False})
    index = site.page("search/search_index.json")
    assert "Write to us" in index
    assert "Still stuck" not in index
    assert "Your message" not in index
    assert not (site.dir / "search/handrail_fallback.json").exists()


def set_aside(folder, sections, *, fallback_chars=200):
    (folder / "search").mkdir()
    (folder / "search/search_index.json").write_text(json.dumps({"config": {}, "docs": sections}))
    set_index_aside(folder, fallback_chars=fallback_chars)
    return json.loads((folder / "search/handrail_fallback.json").read_text())["docs"]


def test_sections_of_a_big_site_are_cut_for_the_fallback(tmp_path):
    sections = [{"location": f"p{n}/", "title": "T", "text": f"<p>{'word ' * 30}&amp; more</p>"} for n in range(501)]
    kept = set_aside(tmp_path, sections, fallback_chars=50)
    assert kept[0]["text"] == ("word " * 10).strip()


def test_a_huge_fallback_index_is_cut_to_its_budget_and_keeps_every_title(tmp_path):
    sections = [{"location": f"p{n}/", "title": f"T{n}", "text": f"<p>{'word ' * 4000}</p>"} for n in range(100)]
    sections.append({"location": "short/", "title": "Short", "text": "All of it."})
    kept = set_aside(tmp_path, sections)
    size = sum(len(section["title"] + section["text"]) for section in kept)
    assert 0.99 * FALLBACK_BUDGET < size <= FALLBACK_BUDGET
    assert [section["title"] for section in kept] == [section["title"] for section in sections]
    assert kept[-1]["text"] == "All of it."


def test_where_titles_alone_are_too_much_the_fallback_finds_articles_only(tmp_path):
    sections = [
        {"location": f"p{n // 10}/{'#s' if n % 10 else ''}", "title": "t" * 400, "text": ""} for n in range(9000)
    ]
    kept = set_aside(tmp_path, sections)
    assert len(kept) == 900
    assert not any("#" in section["location"] for section in kept)


def test_a_writer_can_keep_the_whole_fallback_index(tmp_path):
    sections = [{"location": f"p{n}/", "title": "T", "text": f"<p>{'word ' * 900}</p>"} for n in range(501)]
    assert set_aside(tmp_path, sections, fallback_chars=0) == sections
