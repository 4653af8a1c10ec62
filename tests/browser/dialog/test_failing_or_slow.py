"""Searches when the service fails or is slow: Material's own search answers, and the good answer comes later."""

import pytest
from dialog.searching import META, PERSON, ROWS, search, source

pytestmark = pytest.mark.browser


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


def test_little_words_do_not_fill_the_list_of_simple_search(tab, service):
    service.mode = "down"
    search(tab, service, "password")
    alone = tab.locator(ROWS).all_inner_texts()
    search(tab, service, "i do a password of")
    assert source(tab) == "material"
    assert tab.locator(ROWS).all_inner_texts() == alone


def test_a_short_word_alone_is_the_beginning_of_one_in_simple_search(tab, service):
    service.mode = "down"
    search(tab, service, "pa")
    assert tab.locator(ROWS).count() >= 2


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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_a_service_that_stays_away_is_asked_less_and_less(tab, service):
    service.mode = "down"
    search(tab, service, "password")
    tab.wait_for_timeout(6000)
    assert 2 <= len(service.searches) <= 4
    assert source(tab) == "material"


@pytest.mark.long
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


def test_a_slow_answer_is_announced(tab, service):
    service.mode = "slow"
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.type("password")
    tab.wait_for_selector(f"{META} >> text=Searching")
    assert tab.get_attribute("[data-md-component=search-result]", "aria-busy") == "true"
    assert tab.get_attribute(META, "role") == "status"


@pytest.mark.long
@pytest.mark.parametrize("mode", ["down", "slow"])
def test_axe_finds_nothing_in_the_dialog_of_a_service_that_fails_or_is_slow(tab, service, check_looks, mode):
    service.mode = mode
    search(tab, service, "password")
    assert source(tab) == "material"
    assert check_looks(tab) == []


def test_axe_finds_nothing_while_an_answer_is_awaited_and_where_it_is_offered_later(tab, service, check_looks):
    service.mode = "slow"
    tab.goto(service.address)
    tab.locator("[data-md-component=search-query]").click()
    tab.keyboard.type("password")
    tab.wait_for_selector(f"{META} >> text=Searching")
    assert check_looks(tab) == []
