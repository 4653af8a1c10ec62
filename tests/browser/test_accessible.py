"""The contact page for everyone: axe-core finds nothing, and no mouse is needed."""

import pytest

from conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

HOW_BRIGHT = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0] * 1"  # of 255


def test_what_axe_looks_at_is_light_and_dark_whatever_the_page_came_in(at, check_looks, monkeypatch):
    page, seen = at("Europe/Berlin", "2026-11-23T10:00", color_scheme="dark"), []
    monkeypatch.setattr(page, "wait_for_load_state", lambda: seen.append(page.evaluate(HOW_BRIGHT)))
    assert check_looks(page) == []
    light, dark, phone, dark_phone = seen
    assert min(light, phone) > 200 > 60 > max(dark, dark_phone)
    assert page.evaluate(HOW_BRIGHT) < 60, "the page is not left as it was found"


def test_axe_finds_nothing_on_the_contact_page(at, check_looks):
    page = at("Pacific/Auckland", "2026-12-21T10:00", viewport=PHONE)
    assert check_looks(page) == []
    page.get_by_label("Your message").fill("Hello")
    page.get_by_label("Your e-mail address or phone number").focus()
    page.get_by_role("button", name="Discard it").wait_for()
    page.locator("details summary").click()
    page.contact.mode = "empty"  # refuses the address
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("[aria-invalid]")
    assert check_looks(page) == []
    page.contact.mode = "down"
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("[role=alert] >> text=It is still here")
    assert check_looks(page) == []
    page.contact.mode = "ok"
    page.reload()
    page.locator(".handrail-draft").wait_for()
    assert check_looks(page) == []
    page.get_by_label("Product: Acme Cloud").check()
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    assert check_looks(page) == []


def test_axe_finds_nothing_without_javascript_either(at, check):
    # axe itself is a script; the page is read as it was built, by a browser that runs none of its scripts.
    page = at("Europe/Berlin", "2026-11-23T10:00", scripts=False, viewport=PHONE)
    assert page.locator(".handrail-status:visible").count() == 0
    assert check(page) == []


def test_a_message_with_a_call_is_sent_by_keyboard_alone(at):
    page = at("Europe/Berlin", "2026-11-23T10:00")
    page.get_by_label("Your message").focus()
    # The message, past the subject, the number, an hour, past the files, a tick for the product, past the language.
    for keys in (*"Hi", "Tab", "Tab", *"03090182", "Tab", "ArrowDown", "Tab", "Tab", "Space", "Tab", "Tab"):
        page.keyboard.press(keys)
    assert page.evaluate("document.activeElement.textContent") == "Send"
    page.keyboard.press("Enter")
    page.wait_for_selector(".handrail-code")
    assert page.evaluate("document.activeElement.textContent") == "Your message has been sent"
    [sent] = page.contact.messages
    assert sent["callback"].startswith("2026-11-23 13:00")
    assert sent["along"] == [{"kind": "product", "text": "Acme Cloud"}]


def test_after_a_message_nothing_leads_to_a_form_that_is_gone(at):
    page = at("Europe/Berlin", "2026-11-23T10:00")
    assert page.get_by_role("link", name="Write in the form above").is_visible()
    page.get_by_label("Your message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    for name in ("Write in the form above", "Choose a time in the form above"):
        assert not page.get_by_role("link", name=name).is_visible()
    assert page.get_by_role("link", name="+49 30 901820").is_visible()


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_the_screen(at, width):
    page = at("America/Argentina/Buenos_Aires", "2026-12-21T10:00", viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_button_has_an_edge_where_the_customer_sets_all_colours(at):
    page = at("Europe/Berlin", "2026-11-23T10:00", forced_colors="active")
    edge = (
        "one => [getComputedStyle(one).borderStyle, getComputedStyle(one).borderColor, getComputedStyle(document.body)"
    )
    style, colour, behind = page.get_by_role("button", name="Send").evaluate(f"{edge}.backgroundColor]")
    assert style == "solid"
    assert colour != behind
