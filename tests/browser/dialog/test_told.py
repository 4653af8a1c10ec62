"""What the service is told about a search: the words, the tab, and what the customer does with the list."""

import re

import pytest
from dialog.searching import MORE, PERSON, ROWS, search

from waiting import until

pytestmark = pytest.mark.browser


def test_only_the_newest_words_are_shown(tab, service):
    search(tab, service, "pass")
    tab.keyboard.type("word")
    tab.wait_for_selector("[aria-busy=false][data-handrail-source=service]")
    assert service.searches[-1]["q"] == "password"
    assert tab.locator(PERSON).get_attribute("href").endswith("?q=password")


def test_every_page_of_a_tab_asks_with_the_same_token(tab, service):
    search(tab, service, "password")
    asked = service.searches[-1]
    assert re.fullmatch(r"[0-9a-f]{32}", asked["tab"])
    assert asked["lang"] == "en"
    search(tab, service, "vat", "billing/vat/")
    assert service.searches[-1]["tab"] == asked["tab"]


def test_a_click_on_what_came_later_is_told_with_its_place(tab, service):
    service.mode = "ends"
    search(tab, service, "password")
    tab.locator(MORE).click()
    tab.locator(f"{ROWS} a[href*=vat]").first.click()
    tab.wait_for_url("**/billing/vat/*")
    until(lambda: any(event["type"] == "click" for event in service.events))
    assert next(event for event in service.events if event["type"] == "click")["position"] == 2


def test_a_click_and_a_look_are_told_with_the_search(tab, service):
    search(tab, service, "password")
    until(lambda: any(event["type"] == "seen" for event in service.events))
    tab.locator(f"{ROWS} a").nth(3).click()
    tab.wait_for_url("**/billing/vat/*")
    until(lambda: any(event["type"] == "click" for event in service.events))
    told = next(event for event in service.events if event["type"] == "click")
    assert told["position"] == 2
    assert told["url"] == f"{service.base}billing/vat/"
    assert told["search_id"] == "S" * 22
    assert re.fullmatch(r"[0-9a-f]{32}", told["tab"])
    assert not any(event["type"] == "left" for event in service.events)


def test_leaving_a_list_is_told_with_how_long_it_was_seen(tab, service):
    search(tab, service, "password")
    until(lambda: any(event["type"] == "seen" for event in service.events))
    tab.keyboard.press("Escape")
    until(lambda: any(event["type"] == "left" for event in service.events))
    assert next(event for event in service.events if event["type"] == "left")["ms"] >= 900
