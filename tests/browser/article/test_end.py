"""The end of an article and its headings: related articles, print, and links that can be copied."""

import pytest

pytestmark = pytest.mark.browser

RELATED = ".handrail-related"
COPY = ".handrail-copy-link"


def to_the_end(tab):
    tab.evaluate("document.querySelector('.handrail-stuck').scrollIntoView()")


def test_related_articles_stand_at_the_end(tab, service):
    tab.goto(f"{service.address}guide/reset/", wait_until="load")
    to_the_end(tab)
    place = tab.get_by_role("navigation", name="Related articles")
    place.wait_for()
    assert place.get_by_role("link").all_inner_texts() == ["VAT <number>"]
    assert place.bounding_box()["y"] < tab.locator(".handrail-stuck").bounding_box()["y"]
    assert service.related == [f"{service.base}guide/reset/"]
    place.get_by_role("link").click()
    tab.wait_for_url("**/billing/vat/")
    to_the_end(tab)
    tab.locator(RELATED).wait_for()
    assert tab.locator(RELATED).count() == 1
    assert tab.complaints == []


@pytest.mark.parametrize("mode", ["empty", "down"])
def test_where_nothing_is_related_and_without_the_service_there_is_no_gap(tab, service, mode):
    service.mode = mode
    tab.goto(f"{service.address}guide/reset/", wait_until="load")
    to_the_end(tab)
    tab.wait_for_timeout(500)
    assert service.related
    assert tab.locator(RELATED).count() == 0


@pytest.mark.parametrize("path", ["", "find/", "contact/", "no/such/page/"])
def test_pages_that_are_no_articles_ask_for_nothing_related(tab, service, path):
    tab.goto(service.address + path, wait_until="networkidle")
    asked = service.related if path else []  # the home page of this site is an article like any other
    assert asked == []
    assert tab.locator(f"handrail-main {COPY}").count() == 0


def test_each_heading_has_a_button_that_copies_its_link(tab, service):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto(f"{service.address}guide/reset/?x=1", wait_until="load")
    headings = tab.locator(".md-content__inner > :is(h2, h3)[id]")
    buttons = tab.locator(COPY)
    assert buttons.count() == headings.count() > 0
    button = buttons.first
    assert (
        button.get_attribute("aria-label") == f"Copy the link to “{headings.first.inner_text().split('#')[0].strip()}”"
    )
    button.focus()
    assert button.evaluate("button => getComputedStyle(button).opacity") == "1"
    tab.keyboard.press("Enter")
    tab.get_by_role("status").get_by_text("is copied").wait_for(state="attached")
    anchor = headings.first.get_attribute("id")
    assert tab.evaluate("navigator.clipboard.readText()") == f"{service.address}guide/reset/#{anchor}"


def test_the_page_can_be_printed(tab, service):
    tab.add_init_script("window.print = () => { window.printed = true }")
    tab.goto(f"{service.address}guide/reset/", wait_until="load")
    tab.get_by_role("button", name="Print this page").click()
    assert tab.evaluate("window.printed")
    tab.emulate_media(media="print")
    assert tab.locator(f"{COPY}:visible, .handrail-print-page:visible").count() == 0


def test_nothing_of_it_overflows_a_phone(tab, service):
    tab.set_viewport_size({"width": 320, "height": 600})
    tab.goto(f"{service.address}guide/reset/", wait_until="load")
    to_the_end(tab)
    tab.locator(RELATED).wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_when_an_article_was_last_checked_is_said_above_the_way_to_a_person(tab, serve_site, check):
    site = serve_site({"index.md": "---\nreviewed: 2026-01-02\n---\n# A\n\nWords.\n"}, language="de")
    tab.set_viewport_size({"width": 320, "height": 600})
    tab.goto(site.address, wait_until="load")
    said = tab.get_by_text("Zuletzt geprüft am 2. Januar 2026")
    assert said.bounding_box()["y"] < tab.locator(".handrail-stuck").bounding_box()["y"]
    assert [fault for fault in check(tab) if "handrail-reviewed" in fault[1] or "<time" in fault[1]] == []
    tab.emulate_media(media="print")
    assert said.is_visible()
