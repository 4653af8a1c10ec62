"""With the reference code, in a browser: from the message to its erasure, for everyone."""

import pytest

from conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

LINK, LATER = "You have a reference code?", "See how your message stands, add to it, or erase it"
# Milliseconds. Nobody writes a message faster; who does is taken for a robot.
A_PERSON = 2100


def send(page, real):
    page.goto(f"{real}contact/", wait_until="domcontentloaded")
    page.get_by_label("Your message").fill("My invoice is wrong")
    page.wait_for_timeout(A_PERSON)
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    return page.inner_text(".handrail-code")


@pytest.mark.long
def test_axe_finds_nothing_on_any_page_of_a_code(phone, real, check_looks):
    code = send(phone, real)
    assert phone.get_by_role("button", name="Print this page").is_visible()
    assert check_looks(phone) == []
    phone.get_by_role("link", name=LATER, exact=True).click()
    phone.wait_for_url("**/contact/code/")
    assert check_looks(phone) == []
    phone.get_by_label("Your reference code").fill("QQQ-QQQ-QQQ")
    phone.keyboard.press("Enter")
    phone.get_by_text("We know no message with this code").wait_for()
    assert check_looks(phone) == []
    phone.get_by_label("Your reference code").fill(code.lower())
    phone.keyboard.press("Enter")
    phone.get_by_text("It is kept. A person will read it.").wait_for()
    assert check_looks(phone) == []
    phone.get_by_role("button", name="Erase …").click()
    phone.get_by_role("button", name="No, keep it").wait_for()
    assert check_looks(phone) == []
    assert [said for said in phone.complaints if "404" not in said] == []  # that of the code that nobody has


@pytest.mark.long
def test_a_message_is_followed_added_to_and_erased_by_keyboard_without_javascript(chromium, real):
    context = chromium.browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    code = send(page, real)

    def press(role, name):
        page.get_by_role(role, name=name).focus()
        page.keyboard.press("Enter")

    press("link", LATER)
    page.get_by_label("Your reference code").focus()
    page.keyboard.type(code.replace("-", " "))
    page.keyboard.press("Enter")
    page.get_by_label("Add to your message").focus()
    page.keyboard.type("It works again")
    press("button", "Send this as well")
    page.get_by_text("The code stays the same.").wait_for()
    press("button", "See how it stands")
    page.get_by_text("Added on").wait_for()
    press("button", "Erase …")
    press("button", "Yes, erase it")
    page.get_by_role("heading", name="Your message is erased").wait_for()
    context.close()


def test_without_the_service_the_way_to_a_person_is_still_there(tab, service):
    service.mode = "down"
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.get_by_role("link", name=LINK).click()
    tab.locator("header").get_by_role("link", name="Contact a person").click()
    tab.get_by_label("Your message").wait_for()


@pytest.mark.long
def test_on_paper_stands_the_code_with_how_to_spell_it_and_no_moment_that_passes(chromium, real):
    context = chromium.browser.new_context()
    page = context.new_page()
    code = send(page, real)
    page.emulate_media(media="print")
    assert page.get_by_text(code).is_visible()
    assert page.locator("handrail-main p", has_text=" for ").first.is_visible()
    for passing in ("header.md-header", ".handrail-print", ".handrail-status"):
        assert page.locator(f"{passing}:visible").count() == 0
    context.close()
