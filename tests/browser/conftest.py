"""One browser and one small site for all browser tests; a fresh tab for each."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shutil import which

import pytest
import yaml

from waiting import served, until

sys.path.insert(0, str(Path(__file__).parent))
SITES = Path(__file__).parents[1] / "sites"
# Milliseconds until what a page has to do is waited for in vain: as long as `until` waits.
PATIENCE = 40_000
# Without windows of its own it takes two fifths less of the processor.
CHROMIUM = os.environ.get("CHROMIUM") or which("chromium-headless-shell") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def site_dir(tmp_path_factory):
    """The small site, built with Material."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    target = tmp_path_factory.mktemp("site")
    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    build(load_config(str(SITES / "small" / "mkdocs.yml"), site_dir=str(target)))
    return target


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--process-per-site"],
        )
        # One context, because its cache saves every test the theme; what a tab remembers is the tab's own.
        yield lasting(browser.new_context(viewport={"width": 1280, "height": 800}))
        browser.close()


def lasting(context):
    """The context with a first page: all pages of this machine share its process, which ends with the last of them.

    To begin a process for each tab takes longer than most tests.
    """
    first = context.new_page()
    first.route("**", lambda route: route.fulfill(body=""))
    first.goto("http://127.0.0.1/")
    return context


@pytest.fixture(scope="session")
def _service(site_dir):
    from service import running

    with running(site_dir) as service:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        yield service


@pytest.fixture
def service(_service):
    """The fake service, as good as new."""
    _service.forget()
    return _service


@pytest.fixture
def tab(chromium, service):
    """A fresh tab with nothing remembered; `tab.complaints` has what the browser's console held against the page."""
    page = watched(chromium.new_page())
    yield page
    own_clock = page.is_closed() or page.evaluate("String(Date).includes('native code')")
    page.close()
    assert own_clock, "whoever sets the clock sets it for all tabs that follow: take `clocked`"


@pytest.fixture
def clocked(chromium, service):
    """A tab as the other, in a browser context of its own: whoever sets the clock sets it for a whole context."""
    context = chromium.browser.new_context(viewport={"width": 1280, "height": 800})
    yield watched(context.new_page())
    context.close()


@pytest.fixture
def phone(chromium):
    """A tab on a phone, in a browser context of its own."""
    context = chromium.browser.new_context(viewport=PHONE)
    yield watched(context.new_page())
    context.close()


@pytest.fixture
def unscripted(chromium):
    """A tab of a browser that runs no scripts."""
    context = chromium.browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def search_from_home(page, site, words, **choice):
    """Search on the home page with a choice there, such as `language="Deutsch"`."""
    page.goto(site.address)
    main = page.get_by_role("main")
    main.get_by_label("What are you looking for?").fill(words)
    for label, chosen in choice.items():
        main.get_by_label(label.title()).select_option(chosen)
    main.get_by_role("button", name="Search").click()


def watched(page):
    """The page, with `complaints` for what the browser holds against it."""
    page.set_default_timeout(PATIENCE)
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


# Some of Material's own words are a hair too pale; they are not ours to mend.
THEIRS = [[".md-tabs"]]
PALETTE = [
    {
        "media": "(prefers-color-scheme: light)",
        "scheme": "default",
        "toggle": {"icon": "material/brightness-7", "name": "Dark"},
    },
    {
        "media": "(prefers-color-scheme: dark)",
        "scheme": "slate",
        "toggle": {"icon": "material/brightness-4", "name": "Light"},
    },
]
CONTACT = {
    "timezone": "Europe/Berlin",
    "who": "Support",
    "product": "Acme Cloud",
    "hours": {"mon-fri": "09:00-18:00"},
    "closed": [{"2026-12-25": "Christmas Day"}],
    "special_hours": {"2026-12-24": "09:00-12:00"},
    "channels": [
        {"form": None, "promise": "4 working hours"},
        {"phone": "+49 30 901820", "hours": {"mon-thu": "09:00-12:00, 13:00-18:00", "fri": "09:00-15:00"}},
        {"phone": "+49 800 1234567", "name": "Cards lost", "hours": "always", "open_on_holidays": True},
        {"callback": None},
    ],
}


@pytest.fixture(scope="session")
def serve_site(tmp_path_factory):
    """Builds a site from articles by path, on 22 November 2026, and puts it before a fake service.

    The other arguments are the plugin's options; `features` are those of the theme.
    """
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from service import running

    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    with ExitStack() as services:

        def serve(articles, *, features=("navigation.instant",), plugins=(), language="en", **options):
            root = tmp_path_factory.mktemp("site-of-its-own")
            for path, words in articles.items():
                (root / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
                (root / "docs" / path).write_text(words)
            theme = {"name": "material", "font": False, "features": [*features], "palette": PALETTE}
            document = {
                "site_name": "Help",
                "site_url": "https://example.org/help/",
                "theme": {**theme, "language": language},
                "plugins": ["search", *plugins, {"handrail": options}],
            }
            (root / "mkdocs.yml").write_text(yaml.safe_dump(document))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("SOURCE_DATE_EPOCH", "1795348800")
                build(load_config(str(root / "mkdocs.yml")))
            return services.enter_context(running(root / "site"))

        yield serve


@pytest.fixture(scope="session")
def contact_site(serve_site):
    """A site with channels and hours."""
    return serve_site({"index.md": "# Home\n\nHello.\n"}, contact=CONTACT)


@pytest.fixture(scope="session")
def context_in(chromium):
    """The browser context of a place, made once: what its pages keep has to be cleared."""
    return cache(lambda place: lasting(chromium.browser.new_context(timezone_id=place)))


@pytest.fixture
def at(chromium, context_in, contact_site):
    """Opens the contact page in a place at a time: `at("Europe/Berlin", "2026-11-23T10:00")`, UTC.

    `page.contact` is the service; without `scripts` the browser is kept from loading any.
    """
    contact_site.forget()
    pages, own = [], []

    def go(place, moment, path="contact/", *, ticking=False, scripts=True, **more):
        if ticking or more:
            own.append(context := chromium.browser.new_context(timezone_id=place, **more))
        else:
            context = context_in(place)
        pages.append(page := context.new_page())
        page.set_default_timeout(PATIENCE)
        page.contact = contact_site
        page.complaints = []
        page.on(
            "console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        start = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        page.clock.install(time=start) if ticking else page.clock.set_fixed_time(start)
        if not scripts:
            page.route("**/*.js", lambda route: route.abort())
        page.goto(contact_site.address + path)
        return page

    yield go
    for page in pages:
        if page.context not in own:
            page.evaluate("localStorage.clear()")
            page.context.clear_cookies()
        page.close()
    for context in own:
        context.close()


@pytest.fixture(scope="session")
def small_index(site_dir, tmp_path_factory, lend_encoder):
    """The real index of the small site."""
    build = pytest.importorskip("handrail_search.index.build", reason="the service is not installed")
    from handrail_kb.site.built.passages import read_site

    state = lend_encoder(tmp_path_factory.mktemp("small") / "state")
    build.build_index(list(read_site(site_dir)), state, "all-MiniLM-L6-v2")
    return state / "index"


@pytest.fixture
def real(site_dir, tmp_path):
    """The address of the real service for the small site, without an index."""
    app_module = pytest.importorskip("handrail_search.service.app", reason="the service is not installed")
    from werkzeug.serving import make_server

    from handrail_kb.config.settings import load_settings

    settings = load_settings(site_dir=site_dir, flags={"state_dir": str(tmp_path / "state")}, environ={})
    app = app_module.create_app(settings)
    with served(make_server("127.0.0.1", 0, app, threaded=True)) as server:
        yield f"http://127.0.0.1:{server.server_port}/help/"
    app.extensions["handrail"].searches.close()
    app.extensions["handrail"].store.close()


@pytest.fixture
def stored(real, tmp_path):
    """Gives the messages that the real service has kept, with what is in their files."""
    from handrail_feedback.storage.database import Store
    from handrail_feedback.storage.messages.messages import find_message, list_messages

    store = Store(tmp_path / "state" / "store.db")
    yield lambda: [find_message(store, message.code, contents=True) for message in list_messages(store)]
    store.close()


# Half faded, words have half their contrast: Material's header does so whenever the page has been scrolled.
NO_FADING = """
    const sheet = new CSSStyleSheet()
    sheet.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important }")
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
"""


PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 800}
LOOKS = {"light": ("light", WIDE), "dark": ("dark", WIDE), "phone": ("light", PHONE), "dark phone": ("dark", PHONE)}
STICKS_OUT = "document.documentElement.scrollWidth > innerWidth"
# The theme asks for the scheme once, when a page arrives; then it is the customer who chooses.
CHOOSE_SCHEME = """
    scheme => {
        document.querySelector(`input[name=__palette][data-md-color-media*=${scheme}]:not(:checked)`)?.click()
        return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    }
"""


# What else is shown in the dark scheme than in the light one is looked at for everything, and the rest for its colours:
# nothing else has changed, and axe takes as long as the tests. A page is asked in the light first, at that size.
ASK_AXE = """
    async ([exclude, dark]) => {
        const seen = {visibilityProperty: true}
        const shown = [...document.querySelectorAll("body *")].filter(one => one.checkVisibility(seen))
        const everything = {resultTypes: ["violations"]}
        if (!dark) {
            window.shownInTheLight = new Set(shown)
            return (await axe.run({exclude}, everything)).violations
        }
        const colours = {...everything, runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}
        const found = (await axe.run({exclude}, colours)).violations
        const others = shown.filter(one => !window.shownInTheLight.has(one))
        return others.length ? [...found, ...(await axe.run({include: others, exclude}, everything)).violations] : found
    }
"""


@pytest.fixture
def check():
    """Gives what axe-core holds against a page as it is seen now; `dark` where the light scheme was asked before."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    script = axe.Axe().axe_script

    def run(page, *, dark=False):
        page.wait_for_load_state()  # without its styles a page has other colours
        if not page.evaluate("'axe' in window"):
            page.evaluate(f"() => {{{NO_FADING}}}")
            page.evaluate(script)
        found = page.evaluate(ASK_AXE, [THEIRS, dark])
        return [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]]

    return run


@pytest.fixture
def check_looks(check):
    """Gives what is wrong with a page in light and dark, wide and on a phone: axe's findings, and what sticks out.

    The page is left as it was found.
    """

    def run(page):
        faults, before = [], (page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"), page.viewport_size)
        for look, (scheme, size) in LOOKS.items():
            seen_in(page, scheme, size)
            with suppress(AssertionError):  # the theme follows a new size in its own time
                until(lambda: not page.evaluate(STICKS_OUT), seconds=3)
            faults += [(look, *fault) for fault in dict.fromkeys(check(page, dark=scheme == "dark"))]
            if page.evaluate(STICKS_OUT):
                faults.append((look, "wider than the screen", page.url))
        seen_in(page, "dark" if before[0] else "light", before[1])
        return faults

    return run


def seen_in(page, scheme, size):
    """Show a page to somebody who wants that colour scheme, on a screen of that size."""
    page.mouse.move(-1, -1)  # what happens to lie below it would have other colours
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.evaluate(CHOOSE_SCHEME, scheme)
