"""After sending: the code stays for this tab, and the page says to whom the answer goes, by when, and what is next."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

MESSAGE, REPLY = "Your message", "Your e-mail address or phone number"
KEPT = """{"code": "K7M-2QX-9TP", "spoken": "K for Kilo", "answer_by": "2026-11-30T12:00:00.000Z", "mailed": true}"""


def answer(page, body=KEPT, status=201):
    page.route("**/api/contact", lambda it: it.fulfill(status=status, content_type="application/json", body=body))


def send(page, reply="anna@example.org"):
    page.get_by_label(MESSAGE).fill("My invoice is wrong")
    page.get_by_label(REPLY).fill(reply)
    page.get_by_role("button", name="Send").click()


def said(page):
    return " ".join(page.inner_text("handrail-main").split())


def test_the_page_says_where_the_answer_goes_by_when_and_what_is_next(at):
    page = at("Europe/Berlin", "2026-11-27T15:00")
    answer(page)
    send(page)
    page.wait_for_selector(".handrail-code")
    assert "We answer to anna@example.org by Monday 30 November, 13:00." in said(page)
    assert "A mail with the code is on its way to you." in said(page)
    assert page.get_by_role("heading", name="What happens next").is_visible()
    assert page.title() == "Your message has been sent - Help"
    assert page.get_by_role("link", name="See how your message stands").is_visible()
    far = at("America/New_York", "2026-11-30T11:00")
    answer(far)
    send(far)
    far.wait_for_selector(".handrail-code")
    assert "We answer to anna@example.org today by 07:00." in said(far)


@pytest.mark.long
def test_a_reload_and_the_way_back_show_the_code_again(tab, service):
    answer(tab)
    tab.goto(f"{service.address}contact/?q=invoice", wait_until="domcontentloaded")
    send(tab)
    tab.wait_for_selector(".handrail-code")
    assert tab.url == f"{service.address}contact/#sent"
    assert "K7M" not in tab.url
    before = said(tab)
    tab.reload()
    tab.wait_for_selector(".handrail-code")
    assert said(tab) == before
    tab.locator(".md-tabs a", has_text="Account").click()
    tab.wait_for_url("**/guide/reset/")
    tab.go_back()
    tab.wait_for_selector(".handrail-code")
    assert said(tab) == before
    assert service.messages == []  # the route above answered, and a reload asks for nothing


def test_who_comes_again_gets_an_empty_form_with_the_code_of_the_last_message(tab, service):
    answer(tab)
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    send(tab)
    tab.get_by_role("button", name="Write another message").click()
    tab.get_by_label(MESSAGE).wait_for()
    assert tab.get_by_label(MESSAGE).input_value() == ""
    note = tab.locator(".handrail-before")
    assert re.search(r"at \d\d:\d\d\. Its code: K7M-2QX-9TP", note.inner_text())
    note.get_by_role("button", name="Show it again").click()
    assert tab.inner_text(".handrail-code") == "K7M-2QX-9TP"
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    assert tab.get_by_label(MESSAGE).is_visible()


def test_another_tab_does_not_know_the_code(tab, service, chromium):
    answer(tab)
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    send(tab)
    tab.wait_for_selector(".handrail-code")
    assert "K7M" not in tab.evaluate("JSON.stringify(localStorage) + document.cookie")
    other = chromium.new_page()
    other.goto(f"{service.address}contact/#sent")
    assert other.get_by_label(MESSAGE).is_visible()
    other.close()


@pytest.mark.parametrize("clipboard", [True, False])
def test_the_code_is_copied_with_a_button(chromium, service, clipboard):
    context = chromium.browser.new_context(permissions=["clipboard-read", "clipboard-write"] if clipboard else [])
    page = context.new_page()
    if not clipboard:  # as on a site without https
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    answer(page)
    page.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    send(page)
    page.get_by_role("button", name="Copy the code").click()
    page.get_by_role("button", name="Copied").wait_for()
    if clipboard:
        assert page.evaluate("navigator.clipboard.readText()") == "K7M-2QX-9TP"
    else:
        assert page.evaluate("getSelection().toString()").strip() == "K7M-2QX-9TP"
    context.close()


def test_several_errors_are_listed_above_the_form_and_lead_to_their_fields(tab, service, check):
    fields = (
        """{"error": {"what": "x", "mend": "y"}, "fields": {"message": "Please write.", "reply_to": "No address."}}"""
    )
    answer(tab, fields, 422)
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.get_by_role("button", name="Send").click()
    summary = tab.get_by_role("alert").filter(has_text="Your message has not been sent yet.")
    summary.wait_for()
    assert tab.evaluate("document.activeElement.id") == "handrail-errors"
    assert check(tab) == []
    summary.get_by_role("link", name="No address.").click()
    assert tab.evaluate("document.activeElement.name") == "reply_to"
    described = tab.evaluate("document.activeElement.getAttribute('aria-describedby').split(' ')")
    assert described == ["handrail-reply-to-hint", "reply_to-error"]
    assert tab.inner_text("#reply_to-error") == "No address."


def test_an_address_that_was_plainly_meant_is_taken_with_one_press(tab, service):
    fault = """{"error": {"what": "x", "mend": "y"}, "fields": {"reply_to": "Did you mean me@gmail.com?"},
                "meant": {"reply_to": "me@gmail.com"}}"""
    answer(tab, fault, 422)
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    send(tab, "me@gmial.com")
    tab.get_by_role("button", name="Use me@gmail.com").click()
    assert tab.get_by_label(REPLY).input_value() == "me@gmail.com"
    assert tab.locator(".handrail-field-error, #handrail-errors").count() == 0
    assert tab.evaluate("document.activeElement.textContent") == "Send"


@pytest.mark.long
def test_the_code_is_filled_in_where_it_is_asked_for_and_forgotten_once_erased(chromium, real):
    context = chromium.browser.new_context()
    page = context.new_page()
    page.goto(f"{real}contact/", wait_until="domcontentloaded")
    page.get_by_label(MESSAGE).fill("My invoice is wrong")
    page.wait_for_timeout(2100)  # nobody writes faster; who does is taken for a robot
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    code = page.inner_text(".handrail-code")
    page.get_by_role("link", name="See how your message stands").click()
    page.wait_for_url("**/contact/code/")
    assert page.get_by_label("Your reference code").input_value() == code
    page.get_by_role("button", name="Open").click()
    page.get_by_role("button", name="Erase …").click()
    page.get_by_role("button", name="Yes, erase it").click()
    page.get_by_role("heading", name="Your message is erased").wait_for()
    assert code not in page.evaluate("JSON.stringify(sessionStorage)")
    context.close()


def test_on_a_phone_the_message_is_near_the_top(at):
    for options in ({}, {"java_script_enabled": False}):
        page = at("Europe/Berlin", "2026-11-23T10:00", viewport={"width": 390, "height": 844}, **options)
        assert page.locator("#handrail-message").bounding_box()["y"] < 422  # in the upper half
        assert page.evaluate("document.documentElement.scrollWidth" if not options else "390") == 390
