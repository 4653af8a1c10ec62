"""The search dialog beside scripts that fail: an answer, or the way to one, is on screen within two seconds."""

import logging
import re
import time

import pytest

from conftest import SITES, watched

# Contexts are closed while the fake service still sends; Werkzeug leaves the files it was sending to the collector.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

ROWS = ".md-search-result__list > li"
INPUT = "[data-md-component=search-query]"
PERSON = ".handrail-person a"
ELSEWHERE = ".handrail-elsewhere a"
# A script of the site that draws nothing, but has what Material asks of Mermaid.
DRAWS = """
window.mermaid = {
  initialize() {},
  async render(id, text) {
    const style = `<style>#${id} { fill: rgb(1, 2, 3) }</style>`
    return { svg: `<svg id="${id}" style="max-width: 99px">${style}<text>${text.length}</text></svg>` }
  },
}
"""


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """A site with a diagram and nobody to draw it, before the fake service."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from service import running

    target = tmp_path_factory.mktemp("drawn")
    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    build(load_config(str(SITES / "diagrams" / "mkdocs.yml"), site_dir=str(target)))
    with running(target) as service:
        yield service


@pytest.fixture
def page(chromium, drawn):
    """A tab for the site with the diagram."""
    drawn.forget()
    page = watched(chromium.new_page())
    yield page
    page.close()


def type_words(page, words="password"):
    page.focus(INPUT)
    page.keyboard.type(words)
    page.began = time.monotonic()


def within_two_seconds(page, selector):
    page.wait_for_selector(selector, timeout=2000 - 1000 * (time.monotonic() - page.began))
    assert page.locator(PERSON).is_visible()


def test_a_diagram_that_cannot_be_drawn_does_not_stop_the_search(page, drawn):
    page.goto(drawn.address, wait_until="networkidle")
    assert any("Invalid script" in said for said in page.complaints), "the theme did fail"
    type_words(page)
    within_two_seconds(page, ROWS)
    assert page.locator(ROWS).count() == 2
    assert page.text_content(".md-search-result__meta").strip() == "2 articles"
    assert page.locator(f"{ROWS} mark").first.text_content() == "Forgot"


def test_words_typed_while_the_theme_dies_are_answered(page, drawn):
    page.route("https://unpkg.com/**", lambda route: None)
    page.add_init_script("document.addEventListener('securitypolicyviolation', () => {})")
    page.goto(drawn.address, wait_until="domcontentloaded")
    type_words(page)
    within_two_seconds(page, ROWS)


def test_a_click_that_leads_to_the_diagram_does_not_stop_the_search(page, drawn):
    page.goto(f"{drawn.address}password/", wait_until="networkidle")
    page.locator("nav a", has_text=re.compile("How an order travels")).first.click()
    page.wait_for_url(drawn.address)
    page.wait_for_selector("h1 >> text=How an order travels")
    page.wait_for_timeout(500)
    type_words(page)
    within_two_seconds(page, ROWS)


def test_the_keyboard_works_where_the_theme_died(page, drawn):
    page.goto(drawn.address, wait_until="networkidle")
    type_words(page)
    within_two_seconds(page, ROWS)
    page.keyboard.press("ArrowDown")
    assert "md-search-result__link" in page.evaluate("document.activeElement.className")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(f"document.activeElement.matches('{INPUT}')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.querySelector('[data-md-toggle=search]').checked") is False
    type_words(page, " again")
    page.wait_for_selector("[aria-busy=false][data-handrail-source=service]", state="attached")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guide/reset/*#forgot-it")


def test_the_persons_words_and_none_of_these_are_there_where_the_theme_died(page, drawn):
    drawn.mode = "none"
    page.goto(drawn.address, wait_until="networkidle")
    type_words(page, "bicycles")
    within_two_seconds(page, ROWS)
    assert page.text_content(".md-search-result__meta").strip() == "We have no article for this."
    assert page.locator(PERSON).get_attribute("href").endswith("?q=bicycles")


def test_materials_own_search_answers_where_theme_and_service_died(page, drawn):
    drawn.mode = "down"
    page.goto(drawn.address, wait_until="networkidle")
    type_words(page)
    page.wait_for_selector(f"{ROWS} >> text=Reset your password", timeout=8000)
    assert page.get_attribute("[data-md-component=search-result]", "data-handrail-source") == "material"


SABOTAGE = {
    "the bundle does not load": lambda page: page.route("**/bundle.*.js", lambda route: route.abort()),
    "the bundle throws": lambda page: page.route(
        "**/bundle.*.js", lambda route: route.fulfill(body="throw new Error('broken')", content_type="text/javascript")
    ),
    "another script throws on every page": lambda page: page.route(
        "**/assets/handrail/handrail.*.js",
        lambda route: route.fulfill(
            body="document$.subscribe(() => { throw new Error('broken') })\n" + route.fetch().text(),
            content_type="text/javascript",
        ),
    ),
    "one of our own scripts throws": lambda page: page.route(
        "**/assets/handrail/handrail.*.js",
        lambda route: route.fulfill(
            body="\ntry {\nthrow new Error('broken')\n".join(route.fetch().text().split("\ntry {\n", 1)),
            content_type="text/javascript",
        ),
    ),
}


@pytest.mark.parametrize("fault", SABOTAGE)
def test_an_answer_comes_whatever_does_not_load(page, drawn, fault):
    SABOTAGE[fault](page)
    page.goto(f"{drawn.address}password/", wait_until="domcontentloaded")
    page.wait_for_load_state()
    type_words(page)
    within_two_seconds(page, ROWS)
    page.keyboard.press("Enter")
    page.wait_for_url("**/guide/reset/*#forgot-it")


WAYLAID = {
    "no worker can be made": "window.Worker = class { constructor() { throw new Error('no workers here') } }",
    "a worker that says nothing": "window.Worker = class extends EventTarget { postMessage() {} terminate() {} }",
    "keys are swallowed": "addEventListener('keyup', event => event.stopImmediatePropagation(), true)",
    "messages throw": "Worker.prototype.postMessage = () => { throw new Error('no messages') }",
}


@pytest.mark.parametrize("fault", WAYLAID)
@pytest.mark.parametrize("path", ["", "password/"])
def test_the_way_to_an_answer_is_there_whatever_another_script_breaks(page, drawn, fault, path):
    page.add_init_script(WAYLAID[fault])
    page.goto(f"{drawn.address}{path}", wait_until="domcontentloaded")
    page.wait_for_load_state()
    type_words(page)
    within_two_seconds(page, f"{ROWS}, {ELSEWHERE}")
    if page.locator(ROWS).count() == 0:
        assert page.locator(ELSEWHERE).get_attribute("href") == f"{drawn.address}find/?q=password"
        assert page.text_content(".md-search-result__meta").strip() in (
            "This takes longer than usual.",
            "Search cannot answer just now.",
        )


@pytest.mark.long
def test_a_service_worker_that_never_answers_does_not_hang_the_dialog(page, drawn):
    page.route(re.compile(r".*/(api/search|search/handrail_fallback\.json).*"), lambda route: None)
    page.goto(f"{drawn.address}password/", wait_until="networkidle")
    type_words(page)
    within_two_seconds(page, ELSEWHERE)


@pytest.mark.long
def test_the_way_elsewhere_goes_when_the_answer_comes(page, drawn):
    drawn.mode = "slow"
    slow = 1.5  # more than the page waits, less than the service takes
    page.route("**/handrail_fallback.json", lambda route: (time.sleep(slow), route.continue_()))  # noqa: TID251
    page.goto(f"{drawn.address}password/", wait_until="networkidle")
    type_words(page)
    within_two_seconds(page, ELSEWHERE)
    page.wait_for_selector(ROWS)
    assert page.locator(ELSEWHERE).count() == 0


# ---- what the policy lets in


def test_a_diagram_is_drawn_by_a_script_of_the_site_and_nothing_is_blocked(chromium, tmp_path):
    """As Mermaid does: a style of its own making within the drawing."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from service import running

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text((SITES / "diagrams/docs/index.md").read_text())
    (tmp_path / "docs/mermaid.min.js").write_text(DRAWS)
    settings = (SITES / "diagrams/mkdocs.yml").read_text() + "extra_javascript: [mermaid.min.js]\n"
    (tmp_path / "mkdocs.yml").write_text(settings)
    build(load_config(str(tmp_path / "mkdocs.yml")))
    shadows = """
        const attach = Element.prototype.attachShadow
        Element.prototype.attachShadow = function () { return attach.call(this, { mode: "open" }) }
    """
    context = chromium.browser.new_context()
    page = watched(context.new_page())
    page.add_init_script(shadows)
    with running(tmp_path / "site") as service:
        page.goto(service.address, wait_until="networkidle")
        drawing = page.locator(".mermaid svg")
        drawing.wait_for(state="attached")
        assert drawing.evaluate("one => getComputedStyle(one).fill") == "rgb(1, 2, 3)"
        assert drawing.evaluate("one => getComputedStyle(one).maxWidth") == "99px"
        assert page.locator("td", has_text="4").evaluate("one => getComputedStyle(one).textAlign") == "right"
        assert page.complaints == []
        type_words(page)
        within_two_seconds(page, ROWS)
    context.close()


def test_what_the_build_reports_is_what_the_browser_blocks(page, drawn):
    from handrail_kb.policy.fit import write_csp

    found = write_csp(drawn.site_dir, site_url="https://example.org/help/")
    told = {(one.directive, one.source) for one in found.blocked}
    assert told == {
        ("frame-src", "https://player.example.com"),
        ("script-src", "https://unpkg.com"),
        ("script-src-attr", "'unsafe-inline'"),
    }
    seen = set()
    page.add_init_script(
        "window.blocked = []; document.addEventListener('securitypolicyviolation', event =>"
        " blocked.push([event.effectiveDirective, event.blockedURI]))"
    )
    for path in ("", "password/"):
        page.goto(drawn.address + path, wait_until="networkidle")
        if path:
            page.locator("button", has_text="Show me").click()
            assert page.evaluate("document.body.dataset.pressed") is None
        seen |= {
            (directive.replace("-elem", ""), re.sub(r"(//[^/]+).*", r"\1", uri))
            for directive, uri in page.evaluate("blocked")
        }
    assert seen == {
        ("frame-src", "https://player.example.com"),
        ("script-src", "https://unpkg.com"),
        ("script-src-attr", "inline"),
    }
