"""Pages around the dialog: without a mouse, without JavaScript, on a phone, under a strict policy."""

import re

import pytest

from conftest import PATIENCE, PHONE
from waiting import until

pytestmark = pytest.mark.browser

WITH_WORDS = re.compile(r"/contact/\?(q|query)=password")


@pytest.fixture
def plain_tab(chromium, service):
    """A tab without JavaScript."""
    context = chromium.browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


@pytest.mark.parametrize("path", ["", "guide/reset/", "find/", "no/such/page/"])
def test_a_person_is_in_the_header_and_at_the_end_of_every_page(tab, service, path):
    tab.goto(service.address + path, wait_until="domcontentloaded")
    links = tab.get_by_role("link", name="Contact a person")
    assert links.count() >= 2
    assert {link.evaluate("link => link.href") for link in links.all() if link.is_visible()} == {
        f"{service.address}contact/"
    }


def test_the_link_in_the_header_is_still_right_after_instant_navigation(tab, service):
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    tab.locator(".md-tabs a", has_text="Home").click()
    tab.wait_for_url(service.address)
    tab.locator("header").get_by_role("link", name="Contact a person").click()
    tab.wait_for_url(f"{service.address}contact/")


def test_the_contact_form_has_a_label_for_every_field_and_takes_the_words_along(tab, service):
    tab.goto(f"{service.address}contact/?q=do+you+sell+bicycles", wait_until="domcontentloaded")
    assert tab.get_by_label("What is it about?").input_value() == "do you sell bicycles"
    assert not tab.locator(".md-search__output").is_visible()
    tab.get_by_label("Your message").fill("Hello")
    tab.get_by_label("Your e-mail address or phone number").fill("me@example.org")
    assert tab.get_by_role("link", name="help@example.org").is_visible()
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=HR-TEST")
    assert tab.evaluate("document.activeElement.textContent") == "Your message has been sent"
    sent = service.messages[0]
    assert re.fullmatch(r"[0-9a-f]{24}", sent.pop("token"))
    assert sent.pop("waited") > 0
    assert sent == {
        "subject": "do you sell bicycles",
        "message": "Hello",
        "reply_to": "me@example.org",
        "leave_empty": "",
        "along": [],
    }


def test_a_message_that_cannot_be_sent_is_still_there_and_goes_out_once(tab, service):
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("Hello")
    service.mode = "down"
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("[role=alert] >> text=It is still here")
    assert tab.get_by_label("Your message").input_value() == "Hello"
    service.mode = "ok"
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=You gave no address")
    assert tab.get_by_role("link", name="help@example.org").is_visible()
    assert service.messages[0]["token"] == service.messages[1]["token"]


def test_what_is_wrong_with_a_message_is_said_at_its_field(tab, service):
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("Hello")
    service.mode = "empty"
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=No address.")
    assert tab.evaluate("document.activeElement.name") == "reply_to"


def test_the_trap_for_robots_is_out_of_everyone_elses_way(tab, service):
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.focus("#handrail-reply-to")
    passed = []
    while "Send" not in passed and len(passed) < 9:
        tab.keyboard.press("Tab")
        passed.append(tab.evaluate("document.activeElement.name || document.activeElement.textContent"))
    assert passed == ["files", "along", "Send"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_vote_is_sent_with_the_search_that_led_to_the_page(tab, service):
    tab.goto(service.address, wait_until="domcontentloaded")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.type("password")
    tab.locator(".md-search-result__list a").first.click()
    tab.wait_for_url("**/guide/reset/*")
    tab.get_by_role("button", name="No", exact=True).click()
    assert tab.locator(".md-feedback__note").get_by_role("link", name="Contact a person").is_visible()
    until(lambda: service.votes)
    vote = service.votes[0]
    assert (vote["url"], vote["helpful"], vote["search_id"]) == (f"{service.base}guide/reset/", False, "S" * 22)


def test_a_vote_without_a_search_is_sent_alone(tab, service):
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    tab.get_by_role("button", name="Yes", exact=True).click()
    until(lambda: service.votes)
    assert service.votes[0]["helpful"] is True
    assert "search_id" not in service.votes[0]


def test_nothing_breaks_the_strict_policy(tab, service):
    for path in ("", "guide/reset/", "find/?q=x", "contact/", "no/such/page/"):
        tab.goto(service.address + path, wait_until="domcontentloaded")
    tab.focus("[data-md-component=search-query]")
    service.mode = "garbage"
    tab.keyboard.type("password")
    tab.wait_for_selector("[data-handrail-source=material]", state="attached")
    complaints = [words for words in tab.complaints if "404" not in words]
    assert complaints == []


def test_nobody_else_is_asked_for_anything(tab, service):
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{service.address}guide/reset/")
    assert asked
    assert all(url.startswith((service.address, "data:", "blob:")) for url in asked)


def test_on_a_phone_the_person_has_a_name_and_fits(tab, service):
    tab.set_viewport_size(PHONE)
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    link = tab.locator("header").get_by_role("link", name="Contact a person")
    box = link.bounding_box()
    assert box["width"] >= 24
    assert box["height"] >= 24
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_the_dialog_has_the_person_under_the_list(tab, service):
    tab.set_viewport_size(PHONE)
    tab.goto(service.address, wait_until="domcontentloaded")
    tab.locator("header label[for=__search]:visible").first.click()
    tab.keyboard.type("password")
    person = tab.locator(".handrail-person a")
    person.scroll_into_view_if_needed()
    person.click()
    tab.wait_for_url(WITH_WORDS)


def test_without_a_mouse_a_person_is_reached_from_the_search(tab, service):
    tab.goto(service.address, wait_until="domcontentloaded")
    tab.wait_for_selector("[data-handrail-source]", state="attached")
    tab.keyboard.press("/")
    tab.keyboard.type("password")
    tab.wait_for_selector("[aria-busy=false][data-handrail-source=service]", state="attached")
    tab.keyboard.press("ArrowUp")  # from the field to the last of the list
    assert "person" in focused(tab)
    tab.keyboard.press("Enter")
    tab.wait_for_url(WITH_WORDS)


def test_without_javascript_search_asks_the_find_page(plain_tab, service):
    plain_tab.goto(f"{service.address}guide/reset/")
    assert not plain_tab.get_by_text("Initializing search").is_visible()
    plain_tab.locator("input[name=query]").fill("vat number")
    plain_tab.keyboard.press("Enter")
    plain_tab.wait_for_url(f"{service.address}find/?query=vat+number")
    assert plain_tab.get_by_label("What are you looking for?").is_visible()


def test_without_javascript_a_phone_has_a_link_to_the_find_page(plain_tab, service):
    plain_tab.set_viewport_size(PHONE)
    plain_tab.goto(f"{service.address}guide/reset/")
    plain_tab.locator("header").get_by_role("link", name="Search", exact=True).click()
    plain_tab.wait_for_url(f"{service.address}find/")
    plain_tab.locator("header").get_by_role("link", name="Contact a person").click()
    plain_tab.get_by_label("Your message").fill("Hello")
    plain_tab.get_by_role("button", name="Send").click()
    plain_tab.wait_for_url("**/api/contact")
    assert service.messages[0]["message"] == "Hello"


def focused(tab):
    return tab.evaluate("document.activeElement.closest('.md-search-result__item')?.className || 'nothing'")
