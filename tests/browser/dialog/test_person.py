"""A person under every list of results, in sight, and first where no article is an answer."""

import pytest
from dialog.searching import META, MORE, PERSON, ROWS, focused, search, top

from waiting import until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("mode", ["ok", "vat", "empty", "none", "weak", "down"])
def test_a_person_is_under_every_list_and_never_counted(tab, service, mode):
    service.mode = mode
    search(tab, service, "password" if mode != "empty" else "zzzz")
    assert tab.locator(PERSON).is_visible()
    assert tab.locator(PERSON).get_attribute("href").startswith(f"{service.address}contact/?q=")
    rows, count = tab.locator(ROWS).count(), tab.text_content(META).strip()
    assert count.startswith(("We have no article", str(rows)))


@pytest.mark.parametrize("size", [(1280, 800), (390, 700)])
def test_a_person_is_in_sight_however_long_the_list(tab, service, size):
    service.mode = "many"
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    search(tab, service, "password")
    assert tab.locator(ROWS).count() == 10
    tab.wait_for_function(
        """selector => {
            const box = document.querySelector(selector).getBoundingClientRect()
            const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
            return box.height > 20 && box.bottom <= innerHeight && Boolean(seen?.closest(selector))
        }""",
        arg=PERSON,
    )


def test_a_list_that_is_no_answer_says_so_and_puts_the_person_first(tab, service):
    service.mode = "none"
    search(tab, service, "do you sell bicycles")
    assert tab.text_content(META).strip() == "We have no article for this."
    assert tab.locator(".handrail-nearest").inner_text() == "Nearest articles"
    assert top(tab, PERSON) < top(tab, ".handrail-nearest") < top(tab, ROWS)
    tab.keyboard.press("ArrowDown")
    assert "handrail-person" in focused(tab)


def test_a_topic_for_people_puts_the_person_before_its_articles(tab, service):
    service.mode = "people"
    search(tab, service, "delete my account")
    assert top(tab, PERSON) < top(tab, ROWS)
    assert tab.text_content(META).strip() == "2 articles"
    assert not tab.locator(".handrail-nearest").is_visible()


def test_a_matter_for_people_says_so_and_names_who_is_there_now(tab, service):
    service.mode = "matter"
    search(tab, service, "somebody used my card")
    assert tab.text_content(META) == "Talk to a person."
    way = tab.locator(".handrail-open-now a")
    assert way.get_attribute("href") == "tel:+4930901820"
    assert "Open now, until 18:00." in way.text_content()
    assert top(tab, PERSON) < top(tab, ".handrail-open-now") < top(tab, ROWS)
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.closest('.handrail-open-now') !== null")

    service.mode = "ok"
    search(tab, service, "password")
    tab.locator(".handrail-open-now").wait_for(state="detached")
    assert tab.text_content(META).strip() == "2 articles"


def test_nothing_is_listed_unasked_where_a_person_should_answer(tab, service):
    service.mode = "grief"
    search(tab, service, "my father died")
    assert tab.locator(ROWS).count() == 0
    assert tab.text_content(META).strip() == "We are sorry."
    assert not tab.locator(".handrail-nearest").is_visible()
    assert not tab.locator(".handrail-said-no").is_visible()
    assert top(tab, PERSON) < top(tab, MORE)
    assert "Write to us in your own words." in tab.inner_text(".handrail-person")
    assert tab.inner_text(MORE).strip() == "Show 2 articles", "not more: none is shown"
    tab.keyboard.press("ArrowDown")
    assert "handrail-person" in focused(tab)
    tab.locator(MORE).click()
    assert tab.locator(ROWS).count() == 2


def test_none_of_these_is_told_and_offers_the_person_first(tab, service):
    search(tab, service, "password")
    tab.locator(".handrail-said-no a").click()
    assert tab.locator(PERSON).is_visible()
    assert top(tab, PERSON) < top(tab, ROWS)
    assert "person" in focused(tab)
    until(lambda: any(event["type"] == "said_no" for event in service.events))
    assert not any(event["type"] == "contact" for event in service.events), "nobody went to the contact page"


def test_following_the_contact_link_is_told(tab, service):
    search(tab, service, "password")
    tab.locator(PERSON).click()
    tab.wait_for_url("**/contact/*")
    until(lambda: any(event["type"] == "contact" for event in service.events))
