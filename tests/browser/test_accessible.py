"""The contact page for everyone: axe-core finds nothing, and no mouse is needed."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "dark phone": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_the_contact_page(at, check, look):
    page = at("Pacific/Auckland", "2026-12-21T10:00", **LOOKS[look])
    assert check(page) == []
    page.get_by_label("Your message").fill("Hello")
    page.get_by_label("Your e-mail address or phone number").focus()
    page.get_by_role("button", name="Discard it").wait_for()
    page.locator("details summary").click()
    page.contact.mode = "empty"  # refuses the address
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("[aria-invalid]")
    assert check(page) == []
    page.contact.mode = "down"
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("[role=alert] >> text=It is still here")
    assert check(page) == []
    page.contact.mode = "ok"
    page.reload()
    page.locator(".handrail-draft").wait_for()
    assert check(page) == []
    page.get_by_label("Product: Acme Cloud").check()
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    assert check(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_without_javascript_either(at, check):
    # axe itself is a script; the page is read as it was built, by a browser that runs none of its scripts.
    page = at("Europe/Berlin", "2026-11-23T10:00", scripts=False, viewport={"width": 390, "height": 844})
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
