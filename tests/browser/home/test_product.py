"""The product that a customer chose: kept by the browser alone, in force in every search, and unticked in the form."""

import pytest

from conftest import search_from_home, watched
from waiting import until

pytestmark = pytest.mark.browser

HOME = "---\ntitle: How can we help?\nhome: true\n---\n# How can we help?\n"


@pytest.fixture(scope="module")
def shop(serve_site):
    return serve_site({"index.md": HOME, "a.md": "# A\n"}, products=["Acme Mail", 'Acme "Pay"'])


@pytest.fixture
def page(chromium, shop):
    shop.forget()
    page = watched(chromium.new_page())
    page.goto(shop.address, wait_until="domcontentloaded")
    yield page
    page.evaluate("localStorage.clear()")
    page.close()


def search(page, shop, words="password"):
    page.locator("[data-md-component=search-query]").fill(words)
    page.locator("[data-md-component=search-query]").press("End")
    page.locator(".md-search-result__list a").first.wait_for()
    return shop.searches[-1].get("product")


def test_a_choice_on_the_home_page_holds_for_this_and_later_pages_and_stays_in_the_browser(page, shop):
    page.get_by_role("main").get_by_label("Product").select_option("Acme Mail")
    assert search(page, shop) == "Acme Mail"
    page.goto(f"{shop.address}a/", wait_until="domcontentloaded")
    assert search(page, shop, "pass") == "Acme Mail"
    assert page.evaluate("[localStorage.getItem('handrail.product'), document.cookie]") == ["Acme Mail", ""]
    assert not any("Acme" in path for path in shop.paths)
    page.goto(shop.address, wait_until="domcontentloaded")
    assert page.get_by_role("main").get_by_label("Product").input_value() == "Acme Mail"


def test_a_choice_in_the_dialog_asks_again_and_a_link_that_arrow_keys_reach_drops_it(page, shop, check):
    assert search(page, shop) is None
    page.locator("[data-md-component=search-result] select").select_option('Acme "Pay"')
    page.wait_for_function("document.querySelector('.handrail-choice-drop')?.textContent.includes('Acme \"Pay\"')")
    page.wait_for_timeout(500)
    assert shop.searches[-1]["product"] == 'Acme "Pay"'
    assert [fault for fault in check(page) if "handrail-choice" in fault[1] or "select" in fault[0]] == []
    page.locator("[data-md-component=search-query]").focus()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
        if "handrail-choice-drop" in page.evaluate("document.activeElement.className"):
            break
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert "product" not in shop.searches[-1]
    assert page.evaluate("localStorage.getItem('handrail.product')") is None
    assert page.url == shop.address


def test_a_product_is_chosen_in_the_dialog_by_keyboard_alone(page, shop):
    focused = "document.activeElement.name || document.activeElement.className"
    page.keyboard.press("Control+k")
    page.keyboard.type("password")
    page.locator(".md-search-result__list a").first.wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "product"
    page.keyboard.press("ArrowDown")
    until(lambda: shop.searches[-1].get("product") == "Acme Mail")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == "query"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.locator(".md-search-result__list a:focus").wait_for()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == "product"
    page.keyboard.press("ArrowUp")
    until(lambda: "product" not in shop.searches[-1])
    assert page.evaluate("document.querySelector('[data-md-toggle=search]').checked")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('[data-md-toggle=search]').checked")


def test_the_contact_page_offers_the_chosen_product_unticked(page, shop):
    page.get_by_role("main").get_by_label("Product").select_option("Acme Mail")
    page.goto(f"{shop.address}contact/", wait_until="domcontentloaded")
    box = page.get_by_label("Product: Acme Mail")
    assert not box.is_checked()
    page.get_by_label("Your message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    assert shop.messages[0]["along"] == []


def test_a_product_that_the_site_has_no_more_is_forgotten(page, shop):
    page.evaluate("localStorage.setItem('handrail.product', 'Acme Fax')")
    page.goto(shop.address, wait_until="domcontentloaded")
    assert page.get_by_role("main").get_by_label("Product").input_value() == ""
    assert search(page, shop) is None


def test_without_javascript_the_choice_goes_with_the_words(unscripted, shop):
    search_from_home(unscripted, shop, "vat", product="Acme Mail")
    unscripted.wait_for_url("**/find/?q=vat&product=Acme+Mail")
