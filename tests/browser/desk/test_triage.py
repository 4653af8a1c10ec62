"""A lead triages the queue of topics in a browser, by keyboard alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from signed_in import PASSWORD, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

TOPICS = 22
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DECISIONS = ("writing", "reword", "out of scope", "stays with people", "spam")


def _by_last_letter(questions):
    return np.stack([np.eye(len(LETTERS), dtype=np.float32)[LETTERS.index(one[-1])] for one in questions])


@pytest.fixture
def queue(help_site):
    """So many topics of three people and more, and a lead."""
    from feedback.conftest import search
    from handrail_feedback.accounts import passwords
    from handrail_feedback.contracts import Meaning
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.accounts import staff
    from handrail_feedback.topics.refresh import refresh

    staff.add(help_site.store, "lea", "lead", passwords.hashed(PASSWORD), now())
    for topic in range(TOPICS):
        for tab in range(3 + TOPICS - topic):
            query = f"which walrus {LETTERS[topic]}"
            help_site.searches.record(search(query, 0, f"tab-{topic}-{tab}", verdict="none", at=now()))
    assert help_site.searches.flush()
    refresh(help_site.store, Meaning("test", _by_last_letter), now())
    return help_site


@pytest.mark.long
def test_twenty_topics_are_triaged_by_keyboard_without_going_back_to_the_list(tab, queue):
    from handrail_feedback.storage.searches.decisions import history

    sign_in(tab, queue, "lea")
    tab.goto(f"{queue.address}desk/topics/")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    tab.keyboard.press("k")
    tab.keyboard.press("o")
    for number in range(20):
        tab.wait_for_url(re.compile(r"/desk/topics/\d+/"))
        name = tab.locator("h1").inner_text()
        tab.keyboard.press(str(number % 5 + 1))
        tab.locator("h1", has_text=name).wait_for(state="detached")
    assert sorted(made[-1].verdict for made in history(queue.store).values()) == sorted(DECISIONS * 4)
    # The last one was wrong. Keys are heard as soon as anything of a page can be seen.
    tab.locator(".desk-done").wait_for()
    tab.keyboard.press("u")
    tab.locator(".desk-done").wait_for(state="detached")
    assert sum(one.undone_at is None for made in history(queue.store).values() for one in made) == 19
    assert [words for words in tab.complaints if "status of" not in words] == []


def test_keys_are_told_and_can_be_switched_off(tab, queue):
    sign_in(tab, queue, "lea")
    tab.goto(f"{queue.address}desk/topics/")
    tab.keyboard.press("?")
    tab.get_by_role("heading", name="Keyboard shortcuts").wait_for()
    tab.get_by_label("Switch single keys off").check()
    tab.keyboard.press("Escape")
    address = tab.url
    tab.keyboard.press("o")
    tab.get_by_role("searchbox", name="Search").press_sequentially("jko1u")
    assert tab.url == address and tab.get_by_role("searchbox", name="Search").input_value() == "jko1u"


def test_a_key_that_is_pressed_while_the_page_comes_is_heard(tab, queue):
    sign_in(tab, queue, "lea")
    # As soon as anything can be seen, long before the whole page has arrived.
    tab.add_init_script(
        """new MutationObserver((_, seen) => {
            if (!document.body) return
            seen.disconnect()
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true}))
        }).observe(document, {childList: true, subtree: true})"""
    )
    tab.goto(f"{queue.address}desk/topics/")
    tab.locator("[data-queue] tbody tr").first.locator("th a:focus").wait_for()


@pytest.mark.long
def test_after_a_deed_in_the_list_the_focus_is_on_the_row_that_follows(tab, queue):
    sign_in(tab, queue, "lea")
    tab.goto(f"{queue.address}desk/topics/")
    names = tab.locator("[data-queue] th a").all_inner_texts()
    for key in "jjj3":
        tab.keyboard.press(key)
    tab.locator(f"[data-queue] th a:focus:has-text('{names[3]}')").wait_for()
    assert names[2] not in tab.locator("[data-queue] th a").all_inner_texts()
    tab.keyboard.press("k")
    tab.locator(f"[data-queue] th a:focus:has-text('{names[1]}')").wait_for()


@pytest.mark.long
def test_a_key_held_down_and_one_pressed_before_the_next_page_decide_nothing_more(tab, queue):
    from handrail_feedback.storage.searches.decisions import history

    sign_in(tab, queue, "lea")
    tab.goto(f"{queue.address}desk/topics/")
    tab.keyboard.press("o")
    tab.locator("h1", has_text="walrus").wait_for()
    name = tab.locator("h1").inner_text()
    pressed = "key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
    tab.evaluate(f"() => ['1', '2'].forEach({pressed})")
    tab.locator("h1", has_text=name).wait_for(state="detached")
    tab.locator("h1", has_text="walrus").wait_for()
    assert [one.verdict for made in history(queue.store).values() for one in made] == ["writing"]
    sent = tab.evaluate(
        """async () => {
            let sent = false
            addEventListener("submit", () => { sent = true }, true)
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "3", repeat: true, bubbles: true}))
            await new Promise(setTimeout)
            return sent
        }"""
    )
    assert not sent, "a key that is held down decides nothing"


@pytest.mark.long
def test_the_queue_and_a_topic_are_accessible_and_fit_the_screen(chromium, queue, check_looks):
    context = chromium.browser.new_context()
    page = context.new_page()
    sign_in(page, queue, "lea")
    for path in ("topics/", "topics/1/"):
        page.goto(f"{queue.address}desk/{path}")
        assert check_looks(page) == []
    context.close()


@pytest.mark.long
def test_without_scripts_every_deed_is_possible(unscripted, queue):
    sign_in(unscripted, queue, "lea")
    unscripted.goto(f"{queue.address}desk/topics/")
    for box in unscripted.get_by_role("checkbox").all()[:3]:
        box.check()
    unscripted.get_by_role("button", name="Out of scope").click()
    assert "3 topics: Out of scope" in unscripted.locator("main").inner_text()
    unscripted.get_by_role("button", name="Undo").click()
    unscripted.locator("[data-queue] th a").first.click()
    first = unscripted.locator("h1").inner_text()
    unscripted.get_by_role("link", name="Next").click()
    assert unscripted.locator("h1").inner_text() != first
    unscripted.get_by_role("button", name="Handle by support").click()
    unscripted.get_by_text("Handle by support Undo").wait_for()
