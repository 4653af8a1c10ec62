"""Passwords in a browser: pasted ones count, what is typed is hidden, and after signing out nothing is left to see."""

from datetime import timedelta

import pytest
from signed_in import PASSWORD, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

SECRET = "My invoice names the wrong walrus."


@pytest.fixture
def context(chromium):
    context = chromium.browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def message(help_site):
    """A message of a customer; its code."""
    from handrail_feedback.records.messages import Message
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.messages.messages import keep_message

    sent = Message(SECRET, "Invoice", "cora@acme.test", "en", now() - timedelta(hours=1))
    return keep_message(help_site.store, sent)


def paste(page, words):
    page.evaluate("words => navigator.clipboard.writeText(words)", words)
    page.keyboard.press("Control+V")


@pytest.mark.long
def test_a_pasted_password_signs_in_and_a_pasted_new_one_is_taken(context, help_site):
    page = context.new_page()
    page.goto(f"{help_site.address}desk/")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").focus()
    paste(page, PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Inbox").wait_for()
    page.goto(f"{help_site.address}desk/account/")
    for field, words in (
        ("#present", PASSWORD),
        ("#new", "seven walruses on a pier"),
        ("#again", "seven walruses on a pier"),
    ):
        page.locator(field).focus()
        paste(page, words)
    page.keyboard.press("Enter")
    page.get_by_text("Your password is changed").wait_for()


@pytest.mark.long
def test_what_is_typed_as_a_password_cannot_be_read_on_the_page(context, help_site):
    page = context.new_page()
    page.goto(f"{help_site.address}desk/")
    page.get_by_label("Password").fill(PASSWORD)
    assert page.get_by_label("Password").evaluate("field => getComputedStyle(field).webkitTextSecurity") == "disc"


@pytest.mark.long
def test_after_signing_out_the_way_back_shows_nothing_and_the_browser_keeps_nothing(context, help_site, message):
    page = context.new_page()
    sign_in(page, help_site)
    page.goto(f"{help_site.address}desk/m/{message}/")
    page.get_by_text(SECRET).first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    for _ in range(3):
        page.go_back()
        page.wait_for_load_state()
        assert SECRET not in page.content() and "Inbox" not in page.locator("main").inner_text()
    kept = "[{...localStorage}, {...sessionStorage}, await caches.keys(), await indexedDB.databases()]"
    assert page.evaluate(f"async () => JSON.stringify({kept})") == "[{},{},[],[]]"
    # Of the form to sign in, and by which guesses of strangers keep nobody out: they open nothing, and name nobody.
    assert {one["name"] for one in context.cookies()} == {"handrail_desk", "handrail_known"}


@pytest.mark.long
def test_signing_out_in_one_tab_leaves_nothing_to_see_in_another_but_what_is_being_written(context, help_site, message):
    page = context.new_page()
    sign_in(page, help_site)
    reading, writing = context.new_page(), context.new_page()
    for tab in (reading, writing):
        tab.goto(f"{help_site.address}desk/m/{message}/")
        tab.get_by_text(SECRET).first.wait_for()
    writing.locator("#body").fill("Dear Cora,")
    page.bring_to_front()
    page.get_by_role("button", name="Sign out").click()
    reading.get_by_role("heading", name="Sign in").wait_for()
    assert SECRET not in reading.content()
    assert writing.locator("#body").input_value() == "Dear Cora,"


@pytest.mark.long
def test_a_tab_that_nobody_uses_is_emptied_when_the_session_has_ended_by_itself(context, help_site, message):
    page = context.new_page()
    sign_in(page, help_site)
    page.clock.install()
    page.goto(f"{help_site.address}desk/m/{message}/")
    page.get_by_text(SECRET).first.wait_for()
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.accounts import sessions

    page.clock.fast_forward(59 * 60_000)
    assert SECRET in page.content()
    sessions.end_others(help_site.store, "anna", 0, now())
    page.clock.fast_forward(3 * 60_000)
    page.get_by_role("heading", name="Sign in").wait_for()
    assert SECRET not in page.content()
