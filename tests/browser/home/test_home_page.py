"""The home page as customers meet it: the field opens the dialog or is a form, and a person is there."""

import pytest

from conftest import CONTACT, watched
from waiting import until

pytestmark = pytest.mark.browser

HOME = "---\ntitle: How can we help?\nhome: true\n---\n# How can we help?\n\nSearch in your own words.\n"
TITLES = {
    "account": ["Reset", "Change", "Close", "Sign in", "Profile", "Name", "Picture"],
    "billing": ["VAT", "Invoice"],
}


@pytest.fixture(scope="module")
def home_site(serve_site):
    articles = {"index.md": HOME}
    for folder, titles in TITLES.items():
        for title in titles:
            words = f"---\ntitle: {title}\nquestions: ['where is {title.lower()}?']\n---\n# {title}\n"
            articles[f"{folder}/{title.lower().replace(' ', '-')}.md"] = words
    return serve_site(articles, features=("navigation.instant", "navigation.tabs"), contact=CONTACT)


@pytest.fixture
def home(chromium, home_site):
    """Opens the home page in a browser context of its own; where scripts run, once the dialog is ready."""
    home_site.forget()
    contexts = []

    def go(path="", **options):
        context = chromium.browser.new_context(timezone_id="Europe/Berlin", **options)
        contexts.append(context)
        page = watched(context.new_page())
        page.goto(home_site.address + path, wait_until="domcontentloaded")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("[data-handrail-source]", state="attached")
        return page

    yield go
    for context in contexts:
        context.close()


FIELD = "What are you looking for?"


def dialog_is_open(page):
    return page.evaluate("document.querySelector('[data-md-toggle=search]').checked")


def test_a_click_into_the_field_opens_the_dialog_ready_to_type(home, home_site):
    page = home()
    page.get_by_label(FIELD).click()
    assert dialog_is_open(page)
    page.keyboard.type("password")
    page.locator(".md-search-result__list a").first.wait_for()
    # Who types slowly is answered on the way, too.
    until(lambda: home_site.searches[-1]["q"] == "password", "the whole word to be searched")


def test_by_keyboard_the_field_is_passed_without_being_taken_away_and_typing_opens_the_dialog(home):
    page = home()
    page.get_by_label(FIELD).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Search"
    assert not dialog_is_open(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("password")
    assert dialog_is_open(page)
    assert page.evaluate("document.activeElement.value") == "password"
    page.locator(".md-search-result__list a").first.wait_for()
    page.keyboard.press("Escape")
    assert not dialog_is_open(page)


def test_the_button_opens_the_dialog_without_words(home):
    page = home()
    page.get_by_role("main").get_by_role("button", name="Search").click()
    assert dialog_is_open(page)
    assert page.evaluate("document.activeElement.dataset.mdComponent") == "search-query"


def test_the_field_works_after_coming_back_by_instant_navigation(home):
    page = home("account/reset/")
    page.locator(".md-tabs a", has_text="How can we help?").click()
    page.get_by_label(FIELD).click()
    assert dialog_is_open(page)


def test_without_javascript_the_field_asks_the_find_page_and_all_articles_are_in_reach(home, home_site):
    page = home(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.get_by_label(FIELD).fill("vat number")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{home_site.address}find/?q=vat+number")
    page = home(java_script_enabled=False)
    page.get_by_text("Show 2 more articles").click()
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/account/sign-in/")


def test_a_person_is_there_with_what_is_open_now(home):
    page = home()
    person = page.locator("section", has=page.get_by_role("heading", name="Talk to a person"))
    assert person.get_by_text("Open now, day and night.").is_visible()
    assert person.get_by_role("link", name="+49 800 1234567").get_attribute("href") == "tel:+498001234567"
    assert person.locator(".handrail-status:visible").count() == 4
    person.get_by_role("link", name="Choose a time").click()
    page.wait_for_url("**/contact/#handrail-callback")


@pytest.mark.long
def test_what_is_asked_most_leads_to_its_article_and_the_page_is_no_article_that_was_read(home):
    page = home()
    page.wait_for_timeout(3300)  # an article counts as read after three seconds
    assert "How can we help" not in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_role("link", name="where is invoice?").click()
    page.wait_for_url("**/billing/invoice/")


@pytest.mark.long
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(home, check, check_looks):
    page = home(viewport={"width": 320, "height": 256}, color_scheme="dark")  # 1280 px at 400 %
    page.locator("details summary").first.click()
    assert check(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert check_looks(page) == []
    assert [words for words in page.complaints if "404" not in words] == []


def test_from_right_to_left_nothing_sticks_out(home):
    page = home(viewport={"width": 390, "height": 844})
    page.evaluate("document.documentElement.dir = document.body.dir = 'rtl'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in (".handrail-home-field input", ".handrail-topics h3 a", ".handrail-way-value a"):
        box = page.locator(name).first.bounding_box()
        assert box["x"] + box["width"] > 340, name  # begins at the right edge
