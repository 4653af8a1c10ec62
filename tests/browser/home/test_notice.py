"""The service notice in a browser: on the home page, the contact page and in the dialog, without a new build."""

import pytest

pytestmark = pytest.mark.browser

NOTICE = {
    "level": "outage",
    "label": "Outage",
    "text": "<img src=x onerror=window.pwned=1> Payments stand still.",
    "lang": None,
    "said_at": "2026-11-23T09:55:00.000Z",
    "until": "2026-11-23T12:00:00.000Z",
    "said": "Updated: {time}.",
    "lasts": "Expected until: {time}.",
}
SHOWN = f"Outage: {NOTICE['text']} Updated: 10:55. Expected until: 13:00."


def shown(page, where):
    return " ".join(page.locator(f"{where} .handrail-notice").inner_text().split())


def test_the_contact_page_shows_it_as_text_with_its_times_by_the_customers_clock(at, contact_site, check_looks):
    page = at("Europe/Berlin", "2026-11-23T10:00", path="")
    contact_site.notice = NOTICE
    page.goto(f"{contact_site.address}contact/")
    page.locator("handrail-main .handrail-notice").wait_for()
    assert shown(page, "handrail-main") == SHOWN
    assert page.evaluate("window.pwned") is None
    assert check_looks(page) == []
    assert page.complaints == []


def test_a_page_that_stays_open_learns_of_it_and_of_its_end(at, contact_site):
    page = at("Europe/Berlin", "2026-11-23T10:00", ticking=True)
    assert page.locator(".handrail-notice").count() == 0
    contact_site.notice = NOTICE
    page.clock.fast_forward("00:35")
    page.locator(".handrail-notice").wait_for()
    contact_site.notice = None
    page.clock.fast_forward("00:35")
    page.locator(".handrail-notice").wait_for(state="detached")


def test_the_dialog_shows_it_above_the_results(tab, service):
    service.notice = NOTICE | {"until": None, "lang": "de"}
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    assert tab.locator(".handrail-notice").count() == 0  # an article is not interrupted
    tab.locator("[data-md-component=search-query]").click()
    tab.locator("[data-md-component=search-result] .handrail-notice").wait_for()
    assert tab.locator(".handrail-notice span").get_attribute("lang") == "de"
    tab.keyboard.type("password")
    tab.locator(".md-search-result__list a").first.wait_for()
    notice = tab.locator(".handrail-notice").bounding_box()
    assert notice["y"] < tab.locator(".md-search-result__list a").first.bounding_box()["y"]
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.closest('.md-search-result__list') !== null")


def test_a_service_that_is_gone_breaks_nothing(tab, service):
    tab.route("**/api/notice*", lambda route: route.abort())
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("Hello")
    assert tab.locator(".handrail-notice").count() == 0
    assert not [words for words in tab.complaints if "notice" in words and "ERR_FAILED" not in words]
