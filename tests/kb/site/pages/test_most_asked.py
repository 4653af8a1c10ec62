"""What people ask most: chosen by a writer, or the first question of each category; one file for each language."""

import json

ARTICLES = {
    "index.md": "---\nhome: true\n---\n# How can we help?\n",
    "account/reset.md": "---\ntitle: Reset\nquestions: [I forgot my password, new one]\n---\n# Reset\n## By mail\n",
    "account/close.md": "---\ntitle: Close\nquestions: [delete my account]\n---\n# Close\n",
    "billing/vat.md": "---\ntitle: VAT\nquestions: ['where is my VAT number?']\n---\n# VAT\n",
    "billing/grief.md": "---\ntitle: Death\nquestions: [my husband died]\npeople_only: true\n---\n# Death\n",
    "old.md": "---\ntitle: Old\nquestions: [old]\nsearch: {exclude: true}\n---\n# Old\n",
}


def asked(site, lang="en"):
    content = json.loads(site.page(f"assets/handrail/asked.{lang}.json"))
    assert content["format"] == 1
    return [(one["question"], one["title"], one["url"]) for one in content["questions"]]


def test_without_a_list_each_category_gives_the_first_question_of_an_article_in_turn(build):
    assert asked(build(ARTICLES)) == [
        ("delete my account", "Close", "account/close/"),
        ("where is my VAT number?", "VAT", "billing/vat/"),
        ("I forgot my password", "Reset", "account/reset/"),
    ]


def test_a_writers_list_is_taken_as_it_stands_with_paths_sections_and_questions(build):
    listed = "home: true\nmost_asked:\n  - Password gone?: account/reset.md#by-mail\n  - Where is my VAT number\n"
    site = build({**ARTICLES, "index.md": f"---\n{listed}  - old\n  - Death\n---\n# Hi\n"})
    assert asked(site) == [
        ("Password gone?", "Reset", "account/reset/#by-mail"),
        ("Where is my VAT number", "VAT", "billing/vat/"),
        ("old", "Old", "old/"),
        ("Death", "Death", "billing/grief/"),
    ]
    assert site.warnings == []


def test_an_entry_that_leads_nowhere_is_a_warning_with_its_line_and_the_rest_is_shown(build):
    listed = "home: true\nmost_asked:\n  - Gone?: no.md\n  - do you sell cars\n  - 5\n  - old\n"
    site = build({**ARTICLES, "index.md": f"---\n{listed}---\n# Hi\n"})
    assert [question for question, _, _ in asked(site)] == ["old"]
    places = [warning.partition(": ")[0] for warning in site.warnings]
    assert sorted(places) == ["docs/index.md:4", "docs/index.md:5", "docs/index.md:6"]
    assert any("'no.md' is no article" in warning for warning in site.warnings)


def test_pages_name_the_file_of_their_language_and_none_where_nobody_asks(build):
    assert '"asked":"../../assets/handrail/asked.en.json"' in build(ARTICLES).page("billing/vat/index.html")
    bare = build({"index.md": "# Hi\n"}, folder="bare")
    assert '"asked":""' in bare.page("index.html")
    assert not (bare.dir / "assets/handrail/asked.en.json").exists()
