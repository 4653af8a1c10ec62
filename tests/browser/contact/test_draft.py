"""What a customer has typed stays until it is sent or discarded, in the browser alone."""

import re
from datetime import UTC, datetime

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

MESSAGE, REPLY = "Your message", "Your e-mail address or phone number"


def write(tab, service, words="My invoice is wrong", reply="me@example.org"):
    tab.goto(f"{service.address}contact/", wait_until="domcontentloaded")
    tab.get_by_label(MESSAGE).fill(words)
    tab.get_by_label(REPLY).fill(reply)
    tab.get_by_text("What you write is kept in this tab only, for 12 hours at most.").wait_for()
    tab.get_by_label(REPLY).blur()
    assert reply in tab.evaluate("JSON.stringify(sessionStorage)")


def remembered(tab):
    return tab.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('handrail.draft'))")


def test_a_draft_survives_a_reload_and_says_when_it_was_written(tab, service):
    write(tab, service)
    tab.reload()
    assert tab.get_by_label(MESSAGE).input_value() == "My invoice is wrong"
    assert tab.get_by_label(REPLY).input_value() == "me@example.org"
    said = tab.locator(".handrail-draft").inner_text()
    assert re.search(
        r"Your draft from \d\d:\d\d is here again\. It is kept in this tab only, for 12 hours at most\.", said
    )


def test_a_draft_survives_a_look_at_an_article(tab, service):
    write(tab, service)
    tab.get_by_label(MESSAGE).press_sequentially(" again")
    tab.locator(".md-tabs a", has_text="Account").click()  # at once: nothing may be lost between two strokes
    tab.wait_for_url("**/guide/reset/")
    tab.locator("header").get_by_role("link", name="Contact a person").click()
    tab.locator(".handrail-draft").wait_for()
    assert tab.get_by_label(MESSAGE).input_value() == "My invoice is wrong again"


def test_a_draft_goes_nowhere_before_it_is_sent(tab, service):
    write(tab, service)
    tab.reload()
    assert service.messages == []
    assert "invoice" not in tab.evaluate("JSON.stringify(localStorage) + document.cookie")
    assert not any("invoice" in path for path in service.paths)
    assert service.searches == []


def test_another_tab_knows_nothing_of_it(tab, service, chromium):
    write(tab, service)
    other = chromium.new_page()
    other.goto(f"{service.address}contact/")
    assert other.get_by_label(MESSAGE).input_value() == ""
    other.close()


def test_a_draft_that_is_sent_is_forgotten(tab, service):
    write(tab, service)
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=HR-TEST")
    assert remembered(tab) == []
    tab.goto(f"{service.address}contact/")
    assert tab.get_by_label(MESSAGE).input_value() == ""
    assert tab.locator(".handrail-draft").count() == 0


def test_a_draft_can_be_discarded_and_brought_back(tab, service):
    write(tab, service)
    tab.reload()
    tab.get_by_role("button", name="Discard it").click()
    assert tab.get_by_label(MESSAGE).input_value() == ""
    assert remembered(tab) == []
    assert tab.evaluate("document.activeElement.name") == "message"
    tab.get_by_role("button", name="Bring it back").click()
    assert tab.get_by_label(MESSAGE).input_value() == "My invoice is wrong"
    assert len(remembered(tab)) == 1


def test_after_twelve_hours_a_draft_is_gone_from_every_page(clocked, service):
    clocked.clock.set_fixed_time(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    write(clocked, service)
    clocked.clock.set_fixed_time(datetime(2026, 11, 23, 20, 1, tzinfo=UTC))
    clocked.goto(f"{service.address}guide/reset/")
    assert remembered(clocked) == []
    clocked.goto(f"{service.address}contact/")
    assert clocked.get_by_label(MESSAGE).input_value() == ""


def test_where_storage_is_blocked_nothing_is_promised_and_the_form_works(tab, service):
    tab.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('blocked') }})"
    )
    tab.goto(f"{service.address}contact/")
    tab.get_by_label(MESSAGE).fill("Hello")
    tab.get_by_label(REPLY).focus()
    tab.wait_for_timeout(500)
    assert tab.locator(".handrail-draft").count() == 0
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=HR-TEST")


def test_without_a_connection_the_message_stays_and_the_way_back_is_told(tab, service):
    write(tab, service)
    tab.context.set_offline(True)
    try:
        tab.get_by_role("button", name="Send").click()
        tab.wait_for_selector("[role=alert] >> text=You are not connected. Your message is still here")
        assert tab.locator("[role=alert]").get_by_role("link", name="Other ways to reach us").is_visible()
        assert tab.evaluate("document.activeElement.textContent") == "Send"
    finally:
        tab.context.set_offline(False)
    tab.wait_for_selector("[role=alert] >> text=You are online again")
    assert service.messages == []  # only when asked
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=HR-TEST")
    assert len(service.messages) == 1


def test_pressing_send_many_times_sends_once(tab, service):
    write(tab, service)
    tab.evaluate("for (let n = 0; n < 5; n++) document.querySelector('handrail-main [type=submit]').click()")
    tab.wait_for_selector("text=HR-TEST")
    assert len(service.messages) == 1


def test_too_many_messages_is_told_in_its_own_words_with_the_other_ways(tab, service):
    write(tab, service)
    said = '{"error": {"what": "Too many messages came from your network.", "mend": ""}}'
    tab.route("**/api/contact", lambda route: route.fulfill(status=429, content_type="application/json", body=said))
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("[role=alert] >> text=Too many messages came from your network.")
    tab.evaluate("document.querySelector('handrail-main form').dataset.mark = 'the same form'")
    tab.locator("[role=alert]").get_by_role("link", name="Other ways to reach us").click()
    assert tab.get_by_role("link", name="help@example.org").is_visible()
    assert tab.get_by_label(MESSAGE).input_value() == "My invoice is wrong"
    assert tab.locator("form[data-mark]").count() == 1
    assert tab.evaluate("document.activeElement.id") == "handrail-channels"
