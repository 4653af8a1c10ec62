"""The search dialog: our answers, Material's when ours fail, and a person under every list."""

import re

import pytest

from waiting import until

pytestmark = pytest.mark.browser

PERSON = ".handrail-person a"
ROWS = ".md-search-result__list > li"
MORE = ".handrail-more a"
META = ".md-search-result__meta"


def search(tab, service, words, path=""):
    tab.goto(service.address + path, wait_until="domcontentloaded")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text(words)
    tab.wait_for_selector("[aria-busy=false][data-handrail-source]:not([data-handrail-source=empty])", state="attached")


def source(tab):
    return tab.get_attribute("[data-md-component=search-result]", "data-handrail-source")


def test_the_service_answers_in_materials_own_dialog(tab, service):
    search(tab, service, "forgot my password")
    assert source(tab) == "service"
    assert tab.locator(ROWS).count() == 2
    assert tab.locator(f"{ROWS} h2").first.text_content() == "Forgot it?"
    assert tab.locator(f"{ROWS} mark").first.text_content() == "Forgot"
    assert tab.text_content(META).strip() == "2 articles"
    assert "&amp;" not in tab.locator(ROWS).nth(1).inner_text()
    assert tab.complaints == []


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


def test_a_page_loads_no_search_index(tab, service):
    tab.goto(service.address, wait_until="networkidle")
    assert "search/handrail_fallback.json" not in service.paths
    assert (service.site_dir / "search/search_index.json").stat().st_size < 400


@pytest.mark.parametrize("mode", ["down", "garbage", "slow"])
def test_materials_search_answers_when_the_service_fails(tab, service, mode):
    service.mode = mode
    search(tab, service, "password")
    assert source(tab) == "material"
    assert tab.locator(ROWS).count() >= 2
    assert "Simple search" in tab.text_content(".handrail-note")
    assert tab.locator(PERSON).is_visible()


def test_search_blocked_in_the_browser_still_answers(tab, service):
    tab.route("**/api/search*", lambda route: route.abort())
    search(tab, service, "password")
    assert source(tab) == "material"


def test_after_a_failure_the_next_page_does_not_wait_for_the_service(tab, service):
    service.mode = "down"
    search(tab, service, "password")
    service.mode = "slow"
    patient = (service.site_dir / "billing/vat/index.html").read_text().replace("timeout=1500", "timeout=60000")
    assert "timeout=60000" in patient
    tab.route("**/billing/vat/", lambda route: route.fulfill(body=patient, content_type="text/html"))
    search(tab, service, "invoice", "billing/vat/")
    assert source(tab) == "material"


def test_a_tab_remembers_that_the_network_is_slow(tab, service):
    service.mode = "slow"
    search(tab, service, "password")
    assert source(tab) == "material"
    assert int(tab.evaluate("sessionStorage.getItem('handrail.pace')")) >= 1500


def test_a_slow_network_gets_simple_search_while_it_waits_and_then_the_good_answer(tab, service):
    service.delay = 4.0
    search(tab, service, "password")
    assert source(tab) == "material"
    assert "The full search is still looking." in tab.text_content(".handrail-note")
    tab.wait_for_selector("[data-handrail-source=service]", state="attached")
    assert tab.locator(f"{ROWS} h2").first.text_content() == "Forgot it?"
    assert not tab.locator(".handrail-note").is_visible()
    assert len(service.searches) == 1, "nobody asked twice"
    assert tab.evaluate("document.activeElement.matches('[data-md-component=search-query]')")
    assert tab.complaints == []


def test_an_answer_that_comes_late_does_not_move_the_list_under_a_readers_hands(tab, service):
    service.delay = 3.0
    search(tab, service, "password")
    tab.keyboard.press("ArrowDown")
    row = tab.evaluate("document.activeElement.href")
    offer = tab.get_by_role("button", name="Show its results")
    offer.wait_for()
    assert source(tab) == "material"
    assert tab.evaluate("document.activeElement.href") == row
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("ArrowUp")  # past the field to the offer would be the other way round
    offer.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("[data-handrail-source=service]", state="attached")
    assert tab.url.startswith(service.address)
    assert tab.locator(f"{ROWS} h2").first.text_content() == "Forgot it?"


def test_a_service_that_is_back_answers_what_is_still_on_the_screen(tab, service):
    service.mode = "down"
    search(tab, service, "password")
    assert source(tab) == "material"
    service.mode = "ok"
    tab.wait_for_selector("[data-handrail-source=service]", state="attached", timeout=4000)
    assert tab.evaluate("sessionStorage.getItem('handrail.down')") is None


def test_a_service_that_stays_away_is_asked_less_and_less(tab, service):
    service.mode = "down"
    search(tab, service, "password")
    tab.wait_for_timeout(6000)
    assert 2 <= len(service.searches) <= 4
    assert source(tab) == "material"


def test_a_service_under_load_is_asked_once_for_keys_in_quick_succession(tab, service):
    service.delay = 0.4
    search(tab, service, "invoice")
    asked = len(service.searches)
    tab.locator("[data-md-component=search-query]").fill("")
    tab.keyboard.type("forgot my password", delay=40)
    tab.wait_for_selector("[aria-busy=false][data-handrail-source=service]", state="attached")
    assert service.searches[-1]["q"] == "forgot my password"
    assert len(service.searches) - asked <= 4
    assert tab.evaluate("Number(sessionStorage.getItem('handrail.pace'))") > 120


def test_the_service_is_tried_again_after_a_while(tab, service):
    service.mode = "down"
    search(tab, service, "password")
    service.mode = "ok"
    tab.evaluate("sessionStorage.setItem('handrail.down', String(Date.now() - 1))")
    search(tab, service, "password")
    assert source(tab) == "service"
    assert tab.evaluate("sessionStorage.getItem('handrail.down')") is None


def test_search_works_where_storage_is_blocked(tab, service):
    tab.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('blocked') }})")
    search(tab, service, "password")
    assert source(tab) == "service"
    assert len(service.searches[0]["tab"]) == 32
    assert tab.complaints == []


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


@pytest.mark.parametrize("size", [(1280, 800), (390, 700)])
def test_a_long_question_does_not_run_beneath_the_buttons(tab, service, size):
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    search(tab, service, "a long question " * 20)
    tab.wait_for_timeout(400)  # the buttons grow
    field, padding = tab.evaluate(
        """() => {
            const field = document.querySelector("[data-md-component=search-query]")
            return [field.getBoundingClientRect().right, parseFloat(getComputedStyle(field).paddingRight)]
        }"""
    )
    share = tab.locator("[data-md-component=search-share]").bounding_box()
    assert field - padding <= share["x"]


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


def test_a_weak_list_says_so_mildly(tab, service):
    service.mode = "weak"
    search(tab, service, "password")
    assert tab.text_content(".handrail-note") == "These may not be quite what you mean."
    assert top(tab, ROWS) < top(tab, PERSON)


def test_a_broad_question_is_asked_back_above_the_list_with_a_person_beside_it(tab, service):
    service.mode = "broad"
    search(tab, service, "account")
    assert "What do you mean?" in tab.text_content(".handrail-note")
    assert "not be quite" not in tab.text_content(".handrail-note")
    choices = tab.locator(".handrail-may-mean a")
    assert choices.all_text_contents() == ["Reset your <password>", "VAT number"]
    assert top(tab, ".handrail-may-mean") < top(tab, PERSON) < top(tab, ROWS)
    choices.nth(1).click()
    tab.wait_for_url("**/billing/vat/*")
    until(lambda: any(event["type"] == "click" for event in service.events))
    told = next(event for event in service.events if event["type"] == "click")
    assert (told["url"], told["search_id"]) == (f"{service.base}billing/vat/", "S" * 22)


def test_arrow_keys_reach_what_a_broad_question_may_mean(tab, service):
    service.mode = "broad"
    search(tab, service, "account")
    for title in ("Reset your <password>", "VAT number"):
        tab.keyboard.press("ArrowDown")
        assert tab.evaluate("document.activeElement.textContent") == title


def test_a_corrected_and_a_degraded_answer_say_so(tab, service):
    service.mode = "degraded"
    search(tab, service, "forgt pasword")
    assert "forgot password" in tab.text_content(".handrail-note")
    assert "exact words" in tab.text_content(".handrail-note")


def test_articles_in_other_languages_stand_under_a_label_in_their_own_language(tab, service):
    service.mode = "languages"
    search(tab, service, "vat")
    own, other = tab.locator(ROWS).nth(0), tab.locator(ROWS).nth(1)
    assert (own.get_attribute("lang"), other.get_attribute("lang")) == ("en", "de")
    label = "row => getComputedStyle(row, '::before').content"
    assert other.evaluate(label) == '"In other languages"'
    assert own.evaluate(label) == "none"


def test_a_list_ends_where_relevance_falls_and_more_brings_the_rest(tab, service):
    service.mode = "ends"
    search(tab, service, "password")
    assert tab.locator(ROWS).count() == 1
    assert tab.text_content(META).strip() == "1 article"
    more = tab.locator(MORE)
    assert more.inner_text().strip() == "Show 9 more articles"
    assert more.get_attribute("role") == "button"
    assert top(tab, ROWS) < top(tab, MORE) < top(tab, ".handrail-said-no") < top(tab, PERSON)
    more.click()
    assert tab.locator(ROWS).count() == 10
    assert tab.text_content(META).strip() == "10 articles · 9 more"
    assert tab.get_attribute(META, "role") == "status"
    assert more.count() == 0
    assert len(service.searches) == 1, "nobody asked again"
    assert not any(event["type"] in ("contact", "click") for event in service.events)
    assert tab.complaints == []

    search(tab, service, "invoice")
    assert tab.locator(ROWS).count() == 1


def test_more_in_another_tab_is_the_whole_list_of_the_same_search(tab, service):
    service.mode = "ends"
    search(tab, service, "password & more")
    with tab.context.expect_page() as opened:
        tab.locator(MORE).click(button="middle")
    opened.value.wait_for_url("**/find/?q=password%20%26%20more&more=" + "S" * 22 + "#handrail-more")
    opened.value.close()
    assert tab.locator(ROWS).count() == 1
    assert not any(event["type"] in ("contact", "click") for event in service.events)


def test_keys_reach_more_after_the_results_and_go_on_at_the_first_that_came(tab, service):
    service.mode = "ends"
    search(tab, service, "password")
    reached = []
    while not reached or reached[-1] != "nothing":
        tab.keyboard.press("ArrowDown")
        reached.append(focused(tab).split()[-1])
    assert reached[-4:] == ["handrail-more", "handrail-said-no", "handrail-person", "nothing"]
    for _ in reached[:-3]:
        tab.keyboard.press("ArrowDown")
    assert focused(tab).split()[-1] == "handrail-more"
    tab.keyboard.press("Enter")
    tab.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 10")
    assert tab.evaluate(f"[...document.querySelectorAll('{ROWS}')].indexOf(document.activeElement.closest('li'))") == 1
    tab.keyboard.press("ArrowUp")
    assert tab.evaluate(f"[...document.querySelectorAll('{ROWS}')].indexOf(document.activeElement.closest('li'))") == 0


def test_a_click_on_what_came_later_is_told_with_its_place(tab, service):
    service.mode = "ends"
    search(tab, service, "password")
    tab.locator(MORE).click()
    tab.locator(f"{ROWS} a[href*=vat]").first.click()
    tab.wait_for_url("**/billing/vat/*")
    until(lambda: any(event["type"] == "click" for event in service.events))
    assert next(event for event in service.events if event["type"] == "click")["position"] == 2


def test_nothing_is_listed_unasked_where_a_person_should_answer(tab, service):
    service.mode = "grief"
    search(tab, service, "my father died")
    assert tab.locator(ROWS).count() == 0
    assert tab.text_content(META).strip() == "We are sorry."
    assert not tab.locator(".handrail-nearest").is_visible()
    assert not tab.locator(".handrail-said-no").is_visible()
    assert top(tab, PERSON) < top(tab, MORE)
    tab.keyboard.press("ArrowDown")
    assert "handrail-person" in focused(tab)
    tab.locator(MORE).click()
    assert tab.locator(ROWS).count() == 2


def test_more_keeps_other_languages_last_and_under_their_label(tab, service):
    service.mode = "ends_between"
    search(tab, service, "vat")
    assert [row.get_attribute("lang") for row in tab.locator(ROWS).all()] == ["en", "de"]
    tab.locator(MORE).click()
    assert [row.get_attribute("lang") for row in tab.locator(ROWS).all()] == ["en", "en", "de"]
    labels = [row.get_attribute("data-handrail-label") for row in tab.locator(ROWS).all()]
    assert labels == [None, None, "In other languages"]
    assert tab.evaluate(f"[...document.querySelectorAll('{ROWS}')].indexOf(document.activeElement.closest('li'))") == 1


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
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/guide/reset/*#forgot-it")


def test_arrow_keys_reach_every_result_then_none_of_these_then_the_person(tab, service):
    search(tab, service, "password")
    reached = []
    while not reached or reached[-1] != "nothing":
        tab.keyboard.press("ArrowDown")
        reached.append(focused(tab))
    assert reached[0] == "md-search-result__item"
    assert [name.split()[-1] for name in reached[-3:]] == ["handrail-said-no", "handrail-person", "nothing"]


def test_enter_opens_the_best_section(tab, service):
    search(tab, service, "password")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/guide/reset/*#forgot-it")


def test_enter_before_the_answer_waits_for_it(tab, service):
    tab.goto(service.address)
    tab.wait_for_selector("[data-handrail-source]", state="attached")
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.type("password")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/guide/reset/*#forgot-it")


def test_enter_without_results_goes_to_a_person_with_the_words(tab, service):
    service.mode = "empty"
    search(tab, service, "zzzz qqqq")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/contact/?*")
    assert tab.input_value("#handrail-subject") == "zzzz qqqq"


def test_enter_without_words_stays_where_it_is(tab, service):
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.press("Enter")
    tab.wait_for_timeout(200)
    assert tab.url == service.address


def test_none_of_these_is_told_and_offers_the_person_first(tab, service):
    search(tab, service, "password")
    tab.locator(".handrail-said-no a").click()
    assert tab.locator(PERSON).is_visible()
    assert top(tab, PERSON) < top(tab, ROWS)
    assert "person" in focused(tab)
    until(lambda: any(event["type"] == "said_no" for event in service.events))
    assert not any(event["type"] == "contact" for event in service.events), "nobody went to the contact page"


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


def test_following_the_contact_link_is_told(tab, service):
    search(tab, service, "password")
    tab.locator(PERSON).click()
    tab.wait_for_url("**/contact/*")
    until(lambda: any(event["type"] == "contact" for event in service.events))


def test_nothing_in_an_answer_can_run(tab, service):
    service.mode = "evil"
    search(tab, service, "password")
    assert tab.locator(ROWS).count() == 1
    assert tab.locator(f"{ROWS} img, {ROWS} script").count() == 0
    assert tab.locator(f"{ROWS} mark").inner_text() == "safe"
    assert "<img" in tab.locator(f"{ROWS} h1").inner_text()
    tab.wait_for_timeout(100)
    assert tab.evaluate("window.pwned") is None


@pytest.mark.parametrize("stopped", [False, True], ids=["the theme", "its stand-in"])
def test_the_answer_itself_is_in_the_link_of_the_first_result_once_and_in_order(tab, service, check, stopped):
    service.mode = "card"
    if stopped:
        tab.route("**/assets/javascripts/bundle*.js", lambda route: route.abort())
    search(tab, service, "password")
    card = tab.locator(f"{ROWS} a .handrail-card")
    assert card.count() == 1
    lines = [line for line in card.inner_text().splitlines() if line.strip()]
    shown = [" ".join(line.split()).replace("<img src=x onerror=window.pwned=6>", "!") for line in lines]
    assert shown == ["On a phone", "Choose! …", "Wait.", "7 more steps!", "When!", "Now !", "a", "b!"]
    assert card.locator("ol").get_attribute("start") == "4"
    assert card.locator("mark").count() == 1
    assert card.locator("img").count() == 0
    assert "on the sign-in page" not in tab.locator(ROWS).first.inner_text()
    assert card.evaluate("card => card.closest('a').href").endswith("#forgot-it")
    assert tab.evaluate("window.pwned") is None
    assert [one for one in check(tab) if META[1:] not in one[1]] == []  # the theme's own count is too pale for axe


@pytest.mark.parametrize("width", [320, 390])
def test_a_card_is_not_wider_than_the_screen(tab, service, width):
    service.mode = "card"
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(service.address, wait_until="domcontentloaded")
    tab.click("label[for=__search]")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text("password")
    card = tab.locator(".handrail-card")
    card.wait_for()
    assert tab.locator(".md-search-result").evaluate("list => list.scrollWidth") <= width
    assert card.evaluate(
        "card => [...card.querySelectorAll('*')].every(one => one.scrollWidth <= card.clientWidth + 1)"
    )


def test_without_a_card_the_first_result_has_its_excerpt(tab, service):
    search(tab, service, "password")
    assert tab.locator(".handrail-card").count() == 0
    assert "on the sign-in page" in tab.locator(ROWS).first.inner_text()


def test_a_slow_answer_is_announced(tab, service):
    service.mode = "slow"
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.type("password")
    tab.wait_for_selector(f"{META} >> text=Searching")
    assert tab.get_attribute("[data-md-component=search-result]", "aria-busy") == "true"
    assert tab.get_attribute(META, "role") == "status"


def test_pasted_words_are_searched(tab, service):
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").fill("password")
    tab.wait_for_selector("[data-handrail-source=service]")


def top(tab, selector):
    return tab.locator(selector).first.bounding_box()["y"]


def focused(tab):
    return tab.evaluate("document.activeElement.closest('.md-search-result__item')?.className || 'nothing'")
