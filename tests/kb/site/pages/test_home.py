"""The home page as a build leaves it: right without JavaScript and without the service."""

import json
import re
from html import unescape

import pytest

from handrail_kb.site.built.passages import read_site

HOME = "---\ntitle: Hello\nhome: true\n---\n# How can we help?\n\nSearch, or *ask*.\n\n## News\n\nWe moved.\n"
ARTICLES = {
    "index.md": HOME,
    "account/a.md": '---\ntitle: Reset <b> & "go"\nquestions: ["I forgot <it> & more"]\n---\n# Reset\n',
    "account/more/b.md": "---\ntitle: Close\nquestions: [delete my account]\n---\n# Close\n",
    "billing/vat.md": "# VAT\n",
    "billing/old.md": "---\ntitle: Old\nsearch: {exclude: true}\n---\n# Old\n",
}


def part(page, name):
    return page[page.index(f'id="handrail-home-{name}"') :].partition("</section>")[0]


def cards(page):
    """The title, count and titles of each topic."""
    found = []
    for card in part(page, "topics").split("<li><h3>")[1:]:
        [count] = re.findall(r"(\d+) articles?</p>", card)
        titles = [unescape(title) for title in re.findall(r"<li><a [^>]*>([^<]*)</a>", card)]
        found.append((unescape(re.search(r">([^<]*)</a></h3>", card)[1]), int(count), titles))
    return found


def test_the_page_has_a_search_form_what_is_asked_most_the_topics_and_a_person_in_this_order(build):
    page = build(ARTICLES).page("index.html")
    order = [
        "How can we help?</h1>",
        "<em>ask</em>",
        "handrail-home-search",
        "home-asked",
        "home-topics",
        "home-person",
    ]
    places = [page.index(mark) for mark in (*order, "We moved.")]
    assert places == sorted(places)
    assert page.count("<h1") == 1
    assert re.search(r'<form class="[^"]*handrail-home-search" action="find/" method="get" role="search">', page)
    assert '<label for="handrail-home-q">' in page
    assert "I forgot &lt;it&gt; &amp; more</a>" in part(page, "asked")
    assert 'href="contact/"' in part(page, "person")
    assert re.search(r"<title>Hello\b", page)  # the title of the page stays its own


def test_topics_come_from_the_menu_with_all_their_articles(build):
    assert cards(build(ARTICLES).page("index.html")) == [
        ("Account", 2, ['Reset <b> & "go"', "Close"]),
        ("Billing", 1, ["VAT"]),
    ]
    nav = ["index.md", {"Help": [{"Money": ["billing/vat.md"]}, {"You": ["account/a.md"]}]}, {"Out": "https://x.test/"}]
    assert cards(build(ARTICLES, folder="nav", nav=nav).page("index.html")) == [
        ("Money", 1, ["VAT"]),
        ("You", 1, ['Reset <b> & "go"']),
    ]


def test_articles_outside_of_any_topic_come_last_and_a_long_topic_keeps_the_rest_behind_show_more(build):
    many = {f"faq/q{number:03}.md": f"# Q{number}\n" for number in range(120)}
    page = build({"index.md": HOME, "loose.md": "# Loose\n", **many}).page("index.html")
    [faq, loose] = cards(page)
    assert loose == ("More articles", 1, ["Loose"])
    assert (faq[0], faq[1], len(faq[2])) == ("Faq", 120, 101)
    assert "Show 95 more articles</summary>" in page
    assert faq[2][-1] == "All 120 articles are in the menu"
    six = {f"faq/q{number}.md": f"# Q{number}\n" for number in range(6)}
    assert "<details" not in part(build({"index.md": HOME, **six}, folder="six").page("index.html"), "topics")


def test_a_site_without_topics_lists_its_articles(build):
    page = build({"index.md": HOME, "a.md": "# A\n", "b.md": "# B\n"}).page("index.html")
    assert "All articles</h2>" in page
    assert re.findall(r"<li><a [^>]*>([^<]*)</a>", part(page, "articles")) == ["A", "B"]
    assert "More articles" not in page
    assert "home-topics" not in page


@pytest.mark.parametrize(
    ("said", "is_article"),
    [
        ("", False),
        ("# How can we help?\n", False),
        ("# How can we help?\n\nSearch, or *ask* a person.\n", False),
        ("# How can we help?\n\nSearch.\n\nWe moved to Ghent.\n", True),
        ("# How can we help?\n\n- Monday to Friday\n", True),
        ("## News\n\nWe moved.\n", True),
    ],
)
def test_search_finds_the_home_page_only_where_it_says_something_of_its_own(build, said, is_article):
    site = build({"index.md": f"---\nhome: true\n---\n{said}", "a.md": "# A\n\nText.\n"})
    assert ("" in {page.location for page in read_site(site.dir)}) is is_article
    without_service = json.loads(site.page("search/handrail_fallback.json"))["docs"]
    assert any(not doc["location"].startswith("a/") for doc in without_service) is is_article


def test_search_finds_a_home_page_that_answers_questions(build):
    site = build({"index.md": "---\nhome: true\nquestions: [when are you open]\n---\n# Help\n\nDay and night.\n"})
    assert [page.location for page in read_site(site.dir)] == [""]


def test_a_site_without_articles_has_the_field_and_a_person(build):
    page = build({"index.md": "---\nhome: true\n---\n"}).page("index.html")
    assert "handrail-home-q" in page
    assert "home-topics" not in page
    assert "home-asked" not in page
    assert "home-person" in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_every_theme_shows_it(build, theme):
    page = build(ARTICLES, theme={"name": theme}).page("index.html")
    assert "handrail-home-q" in page
    assert page.count("<h1") >= 1
    assert page.index("<h1") < page.index("handrail-home-q")


def test_addresses_are_right_in_a_folder_and_without_folders_for_pages(build):
    articles = {
        "start/welcome.md": HOME,
        "account/ü b.md": "---\ntitle: X\nquestions: [a, b]\n---\n# X\n",
        "a.md": "# A\n",
    }
    page = build(articles).page("start/welcome/index.html")
    assert 'href="../../account/%C3%BC%20b/"' in part(page, "topics")
    assert 'action="../../find/"' in page
    flat = build(articles, folder="flat", use_directory_urls=False).page("start/welcome.html")
    assert 'href="../account/%C3%BC%20b.html"' in part(flat, "topics")


def test_each_language_has_a_home_page_of_its_own(build):
    pytest.importorskip("mkdocs_static_i18n", reason="mkdocs-static-i18n is not installed")
    languages = [{"locale": "en", "name": "English", "default": True}, {"locale": "de", "name": "Deutsch"}]
    articles = {
        **{name: words for name, words in ARTICLES.items() if "more" not in name},
        "index.de.md": "---\nhome: true\nmost_asked:\n  - Kennwort weg: account/a.md\n---\n# Wie können wir helfen?\n",
        "account/a.de.md": "---\ntitle: Zurücksetzen\nquestions: [Kennwort vergessen]\n---\n# Zurücksetzen\n",
    }
    plugins = ["search", {"i18n": {"languages": languages, "docs_structure": "suffix"}}]
    site = build(articles, plugins=plugins)
    german = site.page("de/index.html")
    assert "Alle Themen" in german
    assert ">Zurücksetzen</a>" in part(german, "topics")
    assert '<a href="account/a/">Kennwort weg</a>' in part(german, "asked")
    assert "All topics" in site.page("index.html")
    [asked] = json.loads(site.page("assets/handrail/asked.de.json"))["questions"]
    assert (asked["question"], asked["url"]) == ("Kennwort weg", "de/account/a/")


def test_no_search_finds_the_home_page_by_what_handrail_adds_to_it(build):
    site = build(ARTICLES)
    texts = " ".join(passage.text for page in read_site(site.dir) if page.location == "" for passage in page.passages)
    assert "We moved." in texts
    assert "VAT" not in texts
    assert "delete my account" not in texts
    assert "delete my account" not in json.dumps(json.loads(site.page("search/handrail_fallback.json"))["docs"])


def test_what_is_no_home_page_stays_as_it_is(build):
    page = build({**ARTICLES, "index.md": "# Hello\n"}).page("index.html")
    assert "handrail-home-q" not in page
    assert "handrail-home." not in page
