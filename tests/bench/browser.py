"""What a customer's browser goes through: the page, the first search, further searches, in a real Chromium."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import CDPSession, Page, Playwright, sync_playwright
from server import Relay, megabytes

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
HELD_MS, BETWEEN_MS = 80, 70  # a key is held, then the next is found: 80 words a minute
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
              "--disable-features=SpareRendererForSitePerProcess"]  # fmt: skip
PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
_FIELD = "[data-md-component=search-query]"
_WAIT_SECONDS = 120


@dataclass(frozen=True)
class Visit:
    """One visit with nothing in the cache. Times in ms, sizes in kB, memory in MB, processor time in s."""

    ready: float
    cold: float
    warm: float
    typed: float
    page_kb: float
    search_kb: float
    cpu: float
    memory: float

    def figures(self) -> Mapping[str, float]:
        """By name, with the time a customer waits who searches at once."""
        return {**vars(self), "to_result": self.ready + self.cold}


@contextmanager
def chromium() -> Iterator[Playwright]:
    """Playwright, where there is a browser for it."""
    if not Path(CHROMIUM).exists():
        raise SystemExit(f"There is no browser at {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as driver:
        yield driver


def visit(driver: Playwright, relay: Relay, questions: Sequence[str]) -> Visit:
    """Open the site with a new browser; search at once, three times more, and once typing key by key."""
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    try:
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(1000 * _WAIT_SECONDS)
        page.add_init_script(PROBE)
        before = relay.bytes
        page.goto(f"http://127.0.0.1:{relay.port}/", wait_until="load")
        _wait(page, "ready")
        page.wait_for_load_state("networkidle")
        opened = relay.bytes
        system = browser.new_browser_cdp_session()
        cold = search(page, questions[0])
        cpu, searched = _renderer(system)[1], relay.bytes
        warm = sorted(search(page, question) for question in questions[1:4])[1]
        typed = search(page, questions[2], key_by_key=True)
        memory = megabytes(_renderer(system)[0], "VmHWM")
        ready = page.evaluate("__probe.ready")
        return Visit(ready, cold, warm, typed, (opened - before) / 1000, (searched - opened) / 1000, cpu, memory or 0.0)
    finally:
        browser.close()


def search(page: Page, question: str, *, key_by_key: bool = False) -> float:
    """Milliseconds from the last letter's appearing in the field to the results on screen.

    Unless `key_by_key`, all but the last letter is there at once, so that nothing can be prepared while it is typed.
    """
    page.focus(_FIELD)
    page.evaluate(
        "([field, question, kept]) => { document.querySelector(field).value = kept;"
        " __probe.shown = null; __probe.expected = question }",
        [_FIELD, question, "" if key_by_key else question[:-1]],
    )
    page.keyboard.press("End")
    for letter in question if key_by_key else question[-1]:
        page.keyboard.type(letter, delay=HELD_MS)  # also letters that are on no key, such as ä
        page.wait_for_timeout(BETWEEN_MS if key_by_key else 0)
    shown = _wait(page, "shown")
    return shown - float(page.evaluate("__probe.letter"))


def _wait(page: Page, moment: str) -> float:
    """The time of a moment once it has come; asked from outside, because the site's policy forbids eval."""
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        value = page.evaluate(f"__probe.{moment}")
        if value is not None:
            return float(value)
        time.sleep(0.02)
    raise SystemExit(f"Search in the browser never came to '{moment}': {page.evaluate('JSON.stringify(__probe)')}")


def _renderer(system: CDPSession) -> tuple[int, float]:
    """The process of the page and its processor seconds: the busiest, when Chromium's own windows are left out."""
    known = system.send("SystemInfo.getProcessInfo")["processInfo"]
    pages = [process for process in known if process["type"] == "renderer" and not _is_chromiums_own(process["id"])]
    busiest = max(pages, key=lambda process: process["cpuTime"])
    return int(busiest["id"]), float(busiest["cpuTime"])


def _is_chromiums_own(pid: int) -> bool:
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and b"--top-chrome-webui" in command.read_bytes()
