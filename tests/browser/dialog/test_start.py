"""The search dialog before anything is typed, what opens it, and the way back to its results."""

import pytest
from dialog.searching import ROWS

pytestmark = pytest.mark.browser

FIELD = "[data-md-component=search-query]"
START = ".handrail-start"
CODE = "96H-9MK-WHX"


@pytest.fixture
def asked(tab, service):
    """What people ask most, as the build writes it."""
    questions = [{"question": f"how do I do {n}", "title": f"Doing {n}", "url": f"guide/reset/#{n}"} for n in range(3)]
    tab.route(
        "**/assets/handrail/asked.*.json", lambda route: route.fulfill(json={"format": 1, "questions": questions})
    )
    facts = "document.getElementById('__handrail')"
    tab.add_init_script(
        f"""new MutationObserver((_, seen) => {{
            const facts = {facts}
            if (!facts?.textContent.endsWith("}}")) return
            seen.disconnect()
            const known = JSON.parse(facts.textContent)
            facts.textContent = JSON.stringify({{...known, asked: "/help/assets/handrail/asked.en.json"}})
        }}).observe(document, {{childList: true, subtree: true}})"""
    )
    return questions


def ready(tab, service, path=""):
    tab.goto(service.address + path, wait_until="load")
    tab.wait_for_selector("[data-handrail-source]", state="attached")


def typed(tab, words):
    tab.keyboard.insert_text(words)
    tab.wait_for_selector("[aria-busy=false][data-handrail-source=service]", state="attached")


def sitemap(service):
    text = (service.site_dir / "sitemap.xml").read_text()
    return text.replace("https://example.org/help/", service.address)


def is_open(tab):
    return tab.evaluate("document.querySelector('[data-md-toggle=search]').checked")


@pytest.mark.parametrize("keys", ["Control+k", "Meta+k", "/"])
def test_a_key_opens_the_dialog(tab, service, keys):
    ready(tab, service)
    tab.keyboard.press(keys)
    tab.locator("[data-md-toggle=search]:checked").wait_for(state="attached")
    assert tab.evaluate("document.activeElement.name") == "query"
    assert tab.input_value(FIELD) == ""


def test_a_slash_in_a_field_stays_a_slash_and_ctrl_k_leaves_it(tab, service):
    ready(tab, service, "contact/")
    tab.get_by_label("Your message").click()
    tab.keyboard.type("a/b")
    assert not is_open(tab)
    assert tab.get_by_label("Your message").input_value() == "a/b"
    tab.keyboard.press("Control+k")
    assert is_open(tab)


def test_before_anything_is_typed_stand_this_tabs_searches_and_articles_and_what_people_ask(tab, service, asked):
    ready(tab, service, "guide/reset/")
    tab.keyboard.press("Control+k")
    tab.locator(START).get_by_text("how do I do 2").wait_for()
    assert tab.locator(f"{START} h2").all_inner_texts() == ["What people ask most"]
    tab.keyboard.press("Escape")
    visit = f"handrail.visit {service.address}api/contact"
    tab.evaluate(
        """key => sessionStorage.setItem(key, JSON.stringify([
            {kind: "search", text: "old", at: Date.now()}, {kind: "search", text: "vat number", at: Date.now()},
            {kind: "article", text: "VAT number", url: "/help/billing/vat/", at: Date.now()}]))""",
        visit,
    )
    tab.keyboard.press("Control+k")
    tab.locator(START).get_by_text("What you searched").wait_for()
    assert tab.locator(f"{START} h2").all_inner_texts() == [
        "What you searched",
        "What you read",
        "What people ask most",
    ]
    rows = tab.locator(f"{START} .handrail-offered").all_inner_texts()
    assert [row.strip() for row in rows] == ["vat number", "old", "VAT number", *(one["question"] for one in asked)]
    assert tab.locator(".handrail-person").is_visible()
    assert service.searches == [], "nothing was asked for"
    assert tab.complaints == []


def test_arrow_keys_reach_what_is_offered_and_enter_takes_it(tab, service, asked):
    ready(tab, service)
    tab.keyboard.press("Control+k")
    tab.locator(START).get_by_text("how do I do 2").wait_for()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.textContent") == "how do I do 1"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/guide/reset/#1")


def test_a_search_of_this_tab_is_asked_again(tab, service):
    ready(tab, service)
    tab.keyboard.press("Control+k")
    typed(tab, "vat number")
    tab.wait_for_timeout(1200)  # only words that stay for a second count as a search
    ready(tab, service, "guide/reset/")
    tab.keyboard.press("Control+k")
    tab.locator(f"{START} [role=button]").click()
    tab.wait_for_selector("[data-handrail-source=service]")
    assert tab.input_value(FIELD) == "vat number"
    assert not tab.locator(START).is_visible()
    assert tab.url == f"{service.address}guide/reset/"


def test_what_is_offered_goes_when_words_come_and_comes_back_when_they_go(tab, service, asked):
    ready(tab, service)
    tab.keyboard.press("Control+k")
    tab.locator(f"{START} .handrail-offered").first.wait_for()
    typed(tab, "vat")
    assert not tab.locator(START).is_visible()
    tab.locator(FIELD).fill("")
    tab.locator(f"{START} .handrail-offered").first.wait_for()
    tab.locator(ROWS).first.wait_for(state="detached")  # when the worker has answered, too


def test_each_result_says_where_it_stands(tab, service):
    ready(tab, service)
    tab.keyboard.press("Control+k")
    typed(tab, "password")
    assert tab.locator(f"{ROWS} .handrail-path").all_inner_texts() == ["Account", "Billing"]


@pytest.mark.long
@pytest.mark.parametrize("instant", [True, False], ids=["instant", "whole pages"])
def test_back_leads_to_the_results_at_the_one_that_was_opened(tab, service, instant):
    if instant:  # the theme replaces the content of those pages only that the sitemap has
        tab.route("**/sitemap.xml", lambda route: route.fulfill(body=sitemap(service), content_type="text/xml"))
    tab.goto(f"{service.address}billing/invoice/", wait_until="networkidle")
    tab.evaluate("window.same = true")
    tab.keyboard.press("Control+k")
    typed(tab, "password")
    tab.locator(f"{ROWS} a[href*=vat]").click()
    tab.wait_for_url("**/billing/vat/*")
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.same") is (True if instant else None)
    tab.go_back()
    tab.wait_for_url("**/billing/invoice/")
    tab.wait_for_selector("[aria-busy=false][data-handrail-source=service]")
    assert tab.input_value(FIELD) == "password"
    tab.locator(f"{ROWS} a[href*=vat]:focus").wait_for()
    tab.keyboard.press("Escape")
    tab.wait_for_timeout(100)
    tab.reload()
    tab.wait_for_timeout(400)
    assert not is_open(tab), "whoever closes it is not shown it again"


def test_what_a_quick_customer_has_opened_the_theme_does_not_close_and_the_focus_stays(clocked, service):
    tab = clocked
    tab.clock.set_fixed_time("2026-11-23T10:00")  # however slow the machine, the page has just arrived
    ready(tab, service)
    # As the theme does when it has arrived.
    late = "(toggle => toggle.checked && toggle.click())(document.querySelector('[data-md-toggle=search]'))"
    tab.keyboard.press("Control+k")
    tab.evaluate(late)
    assert is_open(tab)
    tab.keyboard.type("password")
    tab.locator(f"{ROWS} a").first.wait_for()
    tab.keyboard.press("ArrowDown")
    tab.evaluate(late)
    assert is_open(tab)
    assert tab.evaluate("document.activeElement.closest('.md-search-result__list') !== null")
    tab.keyboard.press("Escape")
    assert not is_open(tab), "whoever closes it is obeyed"
    tab.keyboard.press("Control+k")
    tab.mouse.click(5, 400)  # beside the dialog
    assert not is_open(tab)
    tab.keyboard.press("Control+k")
    tab.evaluate(
        "document.querySelector('.md-search-result__list a').addEventListener('click', e => e.preventDefault())"
    )
    tab.locator(f"{ROWS} a").first.click()
    tab.evaluate(late)
    assert not is_open(tab), "whoever has followed a link has left"


@pytest.mark.parametrize("words", [CODE, "96h9mkwhx", "96H 9MK WHX", " 96h–9mk–whx "])
def test_a_reference_code_leads_to_its_page_and_is_not_searched(tab, service, words):
    ready(tab, service)
    tab.keyboard.press("Control+k")
    tab.keyboard.insert_text(words)
    row = tab.locator(".handrail-message a")
    row.wait_for()
    assert CODE in row.inner_text()
    assert tab.text_content(".md-search-result__meta").strip() == "This is a reference code."
    sent = []
    tab.route("**/contact/code/", lambda route: (sent.append(route.request), route.fulfill(body="<h1>Here</h1>")))
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Here").wait_for()
    assert (sent[0].method, sent[0].post_data) == ("POST", f"code={CODE}")
    assert CODE.replace("-", "") not in tab.url.upper().replace("-", "")
    assert service.searches == []


@pytest.mark.parametrize("words", ["96H-9MK-WHQ", "password1", "abcdefghi", "96H-9MK"])
def test_what_is_no_code_is_searched(tab, service, words):
    ready(tab, service)
    tab.keyboard.press("Control+k")
    typed(tab, words)
    assert service.searches[-1]["q"] == words


def test_whoever_has_not_searched_yet_is_not_told_that_nothing_was_found(tab, service):
    tab.goto(service.address)
    tab.keyboard.press("/")
    assert tab.inner_text(".handrail-person p") == "Write to us in your own words."
    tab.keyboard.type("password")
    tab.get_by_text("Didn't find it?").wait_for()


def test_arrow_keys_go_through_the_results_after_what_people_ask_was_shown(tab, service, asked):
    ready(tab, service)
    tab.keyboard.press("/")
    tab.locator(START).get_by_text("how do I do 2").wait_for()
    tab.keyboard.type("password")
    tab.wait_for_selector("[aria-busy=false][data-handrail-source=service]", state="attached")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate(f"document.activeElement.closest('{ROWS}') !== null")
    tab.fill(FIELD, "")
    tab.locator(START).get_by_text("how do I do 2").wait_for()
