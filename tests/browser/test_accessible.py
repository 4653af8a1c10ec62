"""The contact page and the find page for everyone: axe-core finds nothing, and no mouse is needed."""

from dataclasses import replace
from urllib.parse import quote

import pytest

pytest.importorskip("handrail_search.service.app", reason="the service is not installed")
from werkzeug.serving import make_server

from conftest import PHONE
from handrail_kb.config.settings import load_settings
from handrail_search.ranking.searcher import Searcher
from handrail_search.service.app import create_app
from waiting import served

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

HOW_BRIGHT = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0] * 1"  # of 255


def test_what_axe_looks_at_is_light_and_dark_whatever_the_page_came_in(at, check_looks, monkeypatch):
    page, seen = at("Europe/Berlin", "2026-11-23T10:00", color_scheme="dark"), []
    monkeypatch.setattr(page, "wait_for_load_state", lambda: seen.append(page.evaluate(HOW_BRIGHT)))
    assert check_looks(page) == []
    light, dark, phone, dark_phone = seen
    assert min(light, phone) > 200 > 60 > max(dark, dark_phone)
    assert page.evaluate(HOW_BRIGHT) < 60, "the page is not left as it was found"


DARK_ALONE = """
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(`
        img.dark { display: none }
        [data-md-color-scheme=slate] img.dark { display: block }
        [data-md-color-scheme=slate] .pale { color: #333; background: #222 }
    `)
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
    document.querySelector("main article").insertAdjacentHTML("beforeend", "<img class=dark><p class=pale>Words.</p>")
"""


def test_what_is_wrong_in_the_dark_alone_is_found_there(at, check_looks):
    page = at("Europe/Berlin", "2026-11-23T10:00")
    page.evaluate(f"() => {{{DARK_ALONE}}}")
    found = {(look, rule) for look, rule, _ in check_looks(page)}
    assert found == {(look, rule) for look in ("dark", "dark phone") for rule in ("color-contrast", "image-alt")}


@pytest.mark.long
def test_axe_finds_nothing_on_the_contact_page(at, check_looks):
    page = at("Pacific/Auckland", "2026-12-21T10:00", viewport=PHONE)
    assert check_looks(page) == []
    page.get_by_label("Your message").fill("Hello")
    page.get_by_label("Your e-mail address or phone number").focus()
    page.get_by_role("button", name="Discard it").wait_for()
    page.locator("details summary").click()
    page.contact.mode = "empty"  # refuses the address
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("[aria-invalid]")
    assert check_looks(page) == []
    page.contact.mode = "down"
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("[role=alert] >> text=It is still here")
    assert check_looks(page) == []
    page.contact.mode = "ok"
    page.reload()
    page.locator(".handrail-draft").wait_for()
    assert check_looks(page) == []
    page.get_by_label("Product: Acme Cloud").check()
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    assert check_looks(page) == []


def test_axe_finds_nothing_without_javascript_either(at, check):
    # axe itself is a script; the page is read as it was built, by a browser that runs none of its scripts.
    page = at("Europe/Berlin", "2026-11-23T10:00", scripts=False, viewport=PHONE)
    assert page.locator(".handrail-status:visible").count() == 0
    assert check(page) == []


def test_a_message_with_a_call_is_sent_by_keyboard_alone(at):
    page = at("Europe/Berlin", "2026-11-23T10:00")
    page.get_by_label("Your message").focus()
    # The message, past the subject, the number, an hour, past the files, a tick for the product, past the language.
    for keys in (*"Hi", "Tab", "Tab", *"03090182", "Tab", "ArrowDown", "Tab", "Tab", "Space", "Tab", "Tab"):
        page.keyboard.press(keys)
    assert page.evaluate("document.activeElement.textContent") == "Send"
    page.keyboard.press("Enter")
    page.wait_for_selector(".handrail-code")
    assert page.evaluate("document.activeElement.textContent") == "Your message has been sent"
    [sent] = page.contact.messages
    assert sent["callback"].startswith("2026-11-23 13:00")
    assert sent["along"] == [{"kind": "product", "text": "Acme Cloud"}]


def test_after_a_message_nothing_leads_to_a_form_that_is_gone(at):
    page = at("Europe/Berlin", "2026-11-23T10:00")
    assert page.get_by_role("link", name="Write in the form above").is_visible()
    page.get_by_label("Your message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".handrail-code")
    for name in ("Write in the form above", "Choose a time in the form above"):
        assert not page.get_by_role("link", name=name).is_visible()
    assert page.get_by_role("link", name="+49 30 901820").is_visible()


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_the_screen(at, width):
    page = at("America/Argentina/Buenos_Aires", "2026-12-21T10:00", viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_button_has_an_edge_where_the_customer_sets_all_colours(at):
    page = at("Europe/Berlin", "2026-11-23T10:00", forced_colors="active")
    edge = (
        "one => [getComputedStyle(one).borderStyle, getComputedStyle(one).borderColor, getComputedStyle(document.body)"
    )
    style, colour, behind = page.get_by_role("button", name="Send").evaluate(f"{edge}.backgroundColor]")
    assert style == "solid"
    assert colour != behind


# --- the find page ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finding(site_dir, small_index, tmp_path_factory):
    """The address of the real service of the small site, with its real index."""
    state = tmp_path_factory.mktemp("finding")
    (state / "index").symlink_to(small_index)
    settings = load_settings(site_dir=site_dir, flags={"state_dir": str(state)}, environ={})
    app = create_app(settings)
    with served(make_server("127.0.0.1", 0, app, threaded=True)) as server:
        yield f"http://127.0.0.1:{server.server_port}/help/"
    app.extensions["handrail"].teaching.stop()
    app.extensions["handrail"].topics.stop()
    app.extensions["handrail"].searches.close()
    app.extensions["handrail"].store.close()


ASKED = {
    "nothing yet": ("", "Search"),
    "results": ("I forgot my password", "Reset your password"),
    "no results": ("how deep is the ocean", "We have no article for this"),
    "a word that was corrected": ("invoicee", "Showing results for"),
    "a reference code": ("96H-9MK-WHX", "96H-9MK-WHX"),
}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize(("words", "said"), ASKED.values(), ids=ASKED)
def test_axe_finds_nothing_on_the_find_page(tab, finding, check_looks, words, said, scripts):
    if not scripts:
        tab.route("**/*.js", lambda route: route.abort())
    tab.goto(f"{finding}find/?q={quote(words)}")

    assert said in tab.inner_text("main")
    assert check_looks(tab) == []


@pytest.mark.parametrize("topic", ["grief", "fraud"])
def test_axe_finds_nothing_where_a_person_should_answer(tab, finding, check_looks, monkeypatch, topic):
    search = Searcher.search
    monkeypatch.setattr(
        Searcher, "search", lambda self, *asked, **more: replace(search(self, *asked, **more), sensitive_topic=topic)
    )
    tab.goto(f"{finding}find/?q=I+forgot+my+password")
    told = tab.locator("main p[role=status] strong")
    assert (
        told.is_visible()
        and told.evaluate("told => told.closest('p').nextElementSibling.className") == "handrail-person"
    )
    assert check_looks(tab) == []


def test_axe_finds_nothing_where_none_of_the_results_helped_or_all_are_shown(tab, finding, check_looks):
    tab.goto(f"{finding}find/?q=I+forgot+my+password&more={'S' * 22}")
    assert check_looks(tab) == []
    tab.get_by_role("button", name="None of these").click()
    tab.locator("main [role=status]").first.wait_for()
    assert check_looks(tab) == []


def test_axe_finds_nothing_on_the_find_page_of_a_service_that_cannot_search(tab, real, check_looks):
    tab.goto(f"{real}find/?q=password")
    assert tab.locator("main .handrail-person a").is_visible()
    assert check_looks(tab) == []
