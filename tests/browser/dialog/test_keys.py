"""Keys and focus in the list of results."""

import pytest
from dialog.searching import ROWS, focused, focused_row, search

pytestmark = pytest.mark.browser
BEST = "**/guide/reset/*#forgot-it"


def press_enter(tab, page):
    """And wait for the page that it opens."""
    tab.keyboard.press("Enter")
    tab.wait_for_url(page)


def down_past_the_last(tab):
    """What has the focus after each press of the arrow key, until it is on no row any more."""
    reached = []
    while not reached or reached[-1] != "nothing":
        tab.keyboard.press("ArrowDown")
        reached.append(focused(tab))
    return reached


@pytest.mark.parametrize("size", [(1280, 800), (390, 700), (320, 256)], ids=["desk", "phone", "400 percent"])
def test_nothing_that_has_the_focus_lies_behind_the_person(tab, service, size):
    service.mode = "many"
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    search(tab, service, "password")
    reached = set()
    for key in ["ArrowDown"] * 40 + ["ArrowUp"] * 40:
        tab.keyboard.press(key)
        hidden = tab.evaluate(
            """() => {
                const at = document.activeElement, box = at.getBoundingClientRect()
                if (at.matches("input")) return ""
                const seen = document.elementFromPoint(box.x + box.width / 2, Math.min(box.bottom, innerHeight) - 4)
                return at.contains(seen) ? "" : `${at.textContent.slice(0, 60)} behind ${seen?.className}`
            }"""
        )
        assert hidden == ""
        reached.add(focused(tab))
    assert {name.split()[-1] for name in reached} >= {"md-search-result__item", "handrail-person", "nothing"}


def test_what_has_the_focus_is_outlined_in_a_colour_that_is_seen(tab, service):
    search(tab, service, "password")
    for _ in range(2):
        tab.keyboard.press("ArrowDown")
        style = "(({outlineStyle, outlineWidth}) => [outlineStyle, parseFloat(outlineWidth)])"
        line, width = tab.evaluate(f"{style}(getComputedStyle(document.activeElement))")
        assert (line, width >= 2) == ("solid", True)


def test_tab_from_the_field_lands_on_something_that_is_seen(tab, service):
    tab.goto(service.address, wait_until="domcontentloaded")
    tab.wait_for_selector("[data-handrail-source]", state="attached")
    tab.focus("[data-md-component=search-query]")
    for _ in range(4):
        tab.keyboard.press("Tab")
        box = tab.evaluate("(({width, height}) => [width, height])(document.activeElement.getBoundingClientRect())")
        assert min(box) > 0


def test_a_list_that_scrolls_can_be_scrolled_by_keyboard_while_it_is_open(tab, service, check):
    service.mode = "many"
    search(tab, service, "password")
    assert [one for one in check(tab) if one[0] == "scrollable-region-focusable"] == []
    tab.keyboard.press("Escape")
    tab.wait_for_selector(".md-search__scrollwrap[tabindex='-1']", state="attached")


def test_arrow_keys_reach_what_a_broad_question_may_mean(tab, service):
    service.mode = "broad"
    search(tab, service, "account")
    for title in ("Reset your <password>", "VAT number"):
        tab.keyboard.press("ArrowDown")
        assert tab.evaluate("document.activeElement.textContent") == title


def test_keys_reach_more_after_the_results_and_go_on_at_the_first_that_came(tab, service):
    service.mode = "ends"
    search(tab, service, "password")
    reached = down_past_the_last(tab)
    assert [name.split()[-1] for name in reached[-4:]] == [
        "handrail-more",
        "handrail-said-no",
        "handrail-person",
        "nothing",
    ]
    for _ in reached[:-3]:
        tab.keyboard.press("ArrowDown")
    assert focused(tab).split()[-1] == "handrail-more"
    tab.keyboard.press("Enter")
    tab.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 10")
    assert focused_row(tab) == 1
    tab.keyboard.press("ArrowUp")
    assert focused_row(tab) == 0


def test_what_was_put_right_can_be_searched_as_it_was_written(tab, service):
    service.mode = "degraded"
    search(tab, service, "forgt pasword now")
    tab.keyboard.press("ArrowDown")
    assert "handrail-as-written" in tab.evaluate("document.activeElement.className")
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('[data-md-component=search-query]').value.startsWith('\"')")
    assert tab.input_value("[data-md-component=search-query]") == '"forgt" "pasword" "now"'
    tab.wait_for_function("document.activeElement.matches('[data-md-component=search-query]')")


def test_enter_opens_the_best_result_of_a_question_that_was_put_right(tab, service):
    service.mode = "degraded"
    search(tab, service, "forgt pasword")
    press_enter(tab, BEST)


def test_arrow_keys_reach_every_result_then_none_of_these_then_the_person(tab, service):
    search(tab, service, "password")
    reached = down_past_the_last(tab)
    assert reached[0] == "md-search-result__item"
    assert [name.split()[-1] for name in reached[-3:]] == ["handrail-said-no", "handrail-person", "nothing"]


@pytest.mark.parametrize("mode", ["ok", "none", "weak", "empty", "ends", "grief", "broad", "card", "matter", "down"])
def test_each_arrow_key_moves_on_whatever_the_list_is(tab, service, mode):
    service.mode = mode
    search(tab, service, "password")
    seen = "a[href], summary, details[open] a[href]"
    stops = tab.evaluate(
        f"[...document.querySelectorAll('.md-search-result :is({seen})')].filter(one => one.checkVisibility()).length"
    )
    reached = [tab.evaluate_handle("document.activeElement")]
    for _ in range(stops + 1):
        tab.keyboard.press("ArrowDown")
        reached.append(tab.evaluate_handle("document.activeElement"))
        assert not tab.evaluate("([one, other]) => one === other", reached[-2:]), len(reached)
    assert tab.evaluate("document.activeElement.name") == "query", "after the last row comes the field again"


def test_enter_opens_the_best_section(tab, service):
    search(tab, service, "password")
    press_enter(tab, BEST)


def test_enter_before_the_answer_waits_for_it(tab, service):
    tab.goto(service.address)
    tab.wait_for_selector("[data-handrail-source]", state="attached")
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.type("password")
    press_enter(tab, BEST)


def test_enter_without_results_goes_to_a_person_with_the_words(tab, service):
    service.mode = "empty"
    search(tab, service, "zzzz qqqq")
    press_enter(tab, "**/contact/?*")
    assert tab.input_value("#handrail-subject") == "zzzz qqqq"


def test_enter_without_words_stays_where_it_is(tab, service):
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.press("Enter")
    tab.wait_for_timeout(200)
    assert tab.url == service.address
