"""The browser's side against the real service, which here has no index: messages and votes still arrive."""

import re

import pytest

# Flask-Compress lets go of the files it has compressed without closing them.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

# Milliseconds. Nobody writes a message faster; who does is taken for a robot.
A_PERSON = 2100


def complaints_that_count(tab):
    """Answers of 404 and 503 are what these tests ask for."""
    return [words for words in tab.complaints if "status of" not in words]


def test_without_an_index_materials_search_answers_under_the_services_own_policy(tab, real):
    tab.goto(f"{real}guide/reset/", wait_until="domcontentloaded")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text("password")
    tab.wait_for_selector("[data-handrail-source=material]", state="attached")
    assert tab.locator(".handrail-person a").is_visible()
    assert complaints_that_count(tab) == []


@pytest.mark.long
def test_a_message_gets_a_code_from_the_page_and_without_javascript(tab, real, chromium):
    tab.goto(f"{real}contact/?q=bicycles", wait_until="domcontentloaded")
    assert tab.get_by_label("What is it about?").input_value() == "bicycles"
    tab.get_by_label("Your message").fill("Do you sell bicycles?")
    tab.wait_for_timeout(A_PERSON)
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector(".handrail-code")
    assert re.fullmatch(r"[A-Z0-9]{3}(-[A-Z0-9]{3}){2}", tab.inner_text(".handrail-code"))
    context = chromium.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{real}contact/")
    plain.get_by_label("Your message").fill("Do you sell bicycles?")
    plain.wait_for_timeout(A_PERSON)
    plain.get_by_role("button", name="Send").click()
    plain.wait_for_selector(".handrail-code")
    link = plain.locator("header").get_by_role("link", name="Contact a person")
    assert link.evaluate("link => link.href") == f"{real}contact/"
    context.close()
    assert complaints_that_count(tab) == []


def test_the_find_page_wears_the_sites_look(tab, real):
    tab.goto(f"{real}find/?q=password", wait_until="domcontentloaded")
    assert tab.locator(".md-content h1").count() == 1
    assert tab.locator("header.md-header").is_visible()
    assert tab.locator("handrail-main a[href*='contact/']").count() >= 1
    assert complaints_that_count(tab) == []


def test_a_vote_is_taken(tab, real):
    tab.goto(f"{real}billing/vat/", wait_until="domcontentloaded")
    with tab.expect_response("**/api/feedback") as answer:
        tab.get_by_role("button", name="Yes", exact=True).click()
    assert answer.value.status == 204


@pytest.mark.long
def test_a_message_whose_answer_was_lost_is_one_message_even_after_a_reload(tab, real):
    codes = []

    def deliver_and_break(route):
        codes.append(route.fetch().json()["code"])
        route.abort()

    tab.route("**/api/contact", deliver_and_break)
    tab.goto(f"{real}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("Did this arrive?")
    tab.wait_for_timeout(A_PERSON)
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("[role=alert] >> text=The connection was lost before we could confirm")
    tab.unroute("**/api/contact")
    tab.reload()
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector(".handrail-code")
    assert [tab.inner_text(".handrail-code")] == codes


def test_who_is_too_quick_is_told_and_need_only_send_again(tab, real):
    tab.goto(f"{real}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("Quick!")
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("[role=alert] >> text=faster than a person can write")
    assert tab.locator("[role=alert]").get_by_role("link", name="Other ways to reach us").is_visible()
    tab.wait_for_timeout(A_PERSON)
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector(".handrail-code")


@pytest.mark.long
def test_a_draft_that_is_brought_back_may_be_sent_at_once(tab, real):
    tab.goto(f"{real}contact/", wait_until="domcontentloaded")
    tab.get_by_label("Your message").fill("Written before")
    tab.locator(".handrail-draft").wait_for()
    tab.wait_for_timeout(A_PERSON)
    tab.reload()
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector(".handrail-code")
