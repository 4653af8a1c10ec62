"""The language of articles that a customer chose: kept by the browser, in every search, unticked in the form."""

import pytest

from conftest import search_from_home, watched
from waiting import until

pytestmark = pytest.mark.browser

HOME = "---\ntitle: {title}\nhome: true\n---\n# {title}\n"
LANGUAGES = [
    {"locale": "en", "name": "English", "default": True},
    {"locale": "de", "name": "Deutsch"},
    {"locale": "fr", "name": "Français", "build": False},
]


@pytest.fixture(scope="module")
def site(serve_site):
    pytest.importorskip("mkdocs_static_i18n", reason="mkdocs-static-i18n is not installed")
    articles = {
        "index.md": HOME.format(title="How can we help?"),
        "index.de.md": HOME.format(title="Wie können wir helfen?"),
        "a.md": "# A\n",
        "a.de.md": "# A\n",
    }
    return serve_site(articles, plugins=[{"i18n": {"languages": LANGUAGES}}])


@pytest.fixture
def page(chromium, site):
    site.forget()
    context = chromium.browser.new_context(viewport={"width": 1280, "height": 800}, locale="it")
    page = watched(context.new_page())
    page.goto(site.address, wait_until="domcontentloaded")
    yield page
    context.close()


def search(page, site, words):
    page.keyboard.press("Control+k")
    page.keyboard.insert_text(words)
    until(lambda: site.searches and site.searches[-1]["q"] == words)
    page.locator(".md-search-result__list a").first.wait_for()
    return site.searches[-1].get("only_lang")


def test_a_language_chosen_on_the_home_page_holds_on_pages_of_every_language_and_stays_in_the_browser(page, site):
    choice = page.get_by_role("main").get_by_label("Language")
    assert choice.locator("option").all_inner_texts() == ["All languages", "English", "Deutsch"]
    choice.select_option("Deutsch")
    assert search(page, site, "password") == "de"
    page.goto(f"{site.address}a/", wait_until="domcontentloaded")
    assert search(page, site, "invoice") == "de"
    assert "Only articles in this language: Deutsch. Show all" in page.locator(".handrail-choice-drop").inner_text()
    page.goto(f"{site.address}de/", wait_until="domcontentloaded")
    assert page.get_by_role("main").get_by_label("Sprache").input_value() == "de"
    assert page.evaluate("[localStorage.getItem('handrail.only_lang'), document.cookie]") == ["de", ""]
    assert not any("only_lang" in path for path in site.paths)
    assert [words for words in page.complaints if "status of" not in words] == []


def test_a_language_is_chosen_and_dropped_in_the_dialog_by_keyboard_alone(page, site, check):
    assert search(page, site, "password") is None
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "only_lang"
    page.keyboard.press("ArrowDown")
    until(lambda: site.searches[-1].get("only_lang") == "en")
    page.locator(".handrail-choice-drop").wait_for()
    assert [fault for fault in check(page) if "handrail-choice" in fault[1] or "select" in fault[0]] == []
    page.keyboard.press("Shift+Tab")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
        if "handrail-choice-drop" in page.evaluate("document.activeElement.className"):
            break
    page.keyboard.press("Enter")
    until(lambda: "only_lang" not in site.searches[-1])
    assert page.evaluate("[document.activeElement.name, localStorage.getItem('handrail.only_lang')]") == ["query", None]


def test_results_are_read_out_in_their_own_language_and_stand_under_no_other_one(page, site):
    page.get_by_role("main").get_by_label("Language").select_option("Deutsch")
    page.route(
        "**/api/search?**",
        lambda route: route.fulfill(
            json={"results": [{"url": "de/a/", "title": "Kennwort", "lang": "de", "other_language": False}]}
        ),
    )
    page.keyboard.press("Control+k")
    page.keyboard.insert_text("password")
    row = page.locator(".md-search-result__list > li")
    row.wait_for()
    assert row.get_attribute("lang") == "de"
    assert row.get_attribute("data-handrail-label") is None


def test_the_contact_page_offers_the_chosen_language_unticked_else_that_of_the_browser(page, site):
    page.goto(f"{site.address}contact/", wait_until="domcontentloaded")
    assert not page.get_by_label("Language: Italian").is_checked()
    page.evaluate("localStorage.setItem('handrail.only_lang', 'de')")
    page.reload()
    assert not page.get_by_label("Language: Deutsch").is_checked()


def test_without_javascript_the_language_goes_with_the_words(unscripted, site):
    search_from_home(unscripted, site, "vat", language="Deutsch")
    unscripted.wait_for_url("**/find/?q=vat&only_lang=de")
