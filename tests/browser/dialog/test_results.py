"""What the list of results shows: rows, the words above them, the answer itself, and more of them."""

import pytest
from dialog.searching import META, MORE, PERSON, ROWS, focused_row, search, source, top

from waiting import until

pytestmark = pytest.mark.browser


def test_the_service_answers_in_materials_own_dialog(tab, service):
    search(tab, service, "forgot my password")
    assert source(tab) == "service"
    assert tab.locator(ROWS).count() == 2
    assert tab.locator(f"{ROWS} h2").first.text_content() == "Forgot it?"
    assert tab.locator(f"{ROWS} mark").first.text_content() == "Forgot"
    assert tab.text_content(META).strip() == "2 articles"
    assert "&amp;" not in tab.locator(ROWS).nth(1).inner_text()
    assert tab.complaints == []


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


def test_more_keeps_other_languages_last_and_under_their_label(tab, service):
    service.mode = "ends_between"
    search(tab, service, "vat")
    assert [row.get_attribute("lang") for row in tab.locator(ROWS).all()] == ["en", "de"]
    tab.locator(MORE).click()
    assert [row.get_attribute("lang") for row in tab.locator(ROWS).all()] == ["en", "en", "de"]
    labels = [row.get_attribute("data-handrail-label") for row in tab.locator(ROWS).all()]
    assert labels == [None, None, "In other languages"]
    assert focused_row(tab) == 1


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
    assert check(tab) == []


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


def test_pasted_words_are_searched(tab, service):
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").fill("password")
    tab.wait_for_selector("[data-handrail-source=service]")
