"""Five questions at a site as a customer asks them: the real service, a real Chromium, Material's own dialog."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from recipes import KEPT, questions_from

from handrail_kb.site.built.passages import Page as Indexed
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index

MODEL = "all-MiniLM-L6-v2"
INDEXED = 300  # passages, at most; an article that was begun is read to its end
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
HANDRAIL = Path(sys.executable).parent / "handrail"
_FIELD = "[data-md-component=search-query]"
_ANSWER = "[data-md-component=search-result][aria-busy=false][data-handrail-source]:not([data-handrail-source=empty])"
_SHOWN = ".md-search-result__list > li, .handrail-person a"
_PATIENCE = 30
_BLOCKED = ("Content Security Policy", "Content-Security-Policy")
_FOREIGN = re.compile(r"^(?:Loading the (\w+)|Connecting to|Framing) '(?:https?:)?//([^/']+)")
_INLINE = re.compile(r"^(?:Applying|Executing) ([\w ]+?) violates")


@dataclass
class Console:
    """What the browser complained of, each once: about our files, about what the policy kept out, about the rest."""

    ours: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    theirs: set[str] = field(default_factory=set)

    def note(self, words: str, where: str) -> None:
        if any(mark in words for mark in _BLOCKED):
            self.blocked.add(_kept_out(words))
        elif "handrail" in f"{where} {words}".lower() or "/api/" in urlsplit(where).path:
            self.ours.add(f"{words} ({where})")
        else:
            self.theirs.add(f"{words} ({where})")


def _kept_out(words: str) -> str:
    """What the policy kept out, by kind and host: `image of badges.example`."""
    if found := _FOREIGN.match(words):
        return f"{found[1] or 'request'} of {found[2]}"
    found = _INLINE.match(words)
    return found[1] if found else words


@dataclass(frozen=True)
class Asked:
    """What the dialog showed: for each question the ms until something stood there, who answered, and how many."""

    milliseconds: tuple[float, ...]
    sources: tuple[str, ...]
    results: tuple[int, ...]
    console: Console
    indexed: int
    pages: int
    passages: int


def ask(name: str, config: Path, site: Path, questions: Sequence[str]) -> Asked:
    """Index the site, start the service as an operator does, and ask."""
    state = KEPT / "state" / name
    pages = list(read_site(site))
    state.mkdir(parents=True, exist_ok=True)
    (config.parent / ".handrail").symlink_to(state)  # beside mkdocs.yml, where commands look for it
    encoders = KEPT / "encoder"
    encoders.mkdir(parents=True, exist_ok=True)
    if not (state / "encoder").exists():
        (state / "encoder").symlink_to(encoders)
    chosen = _bounded(pages)
    built = build_index(chosen, state, MODEL)
    questions = questions or questions_from(page.title for page in chosen)
    with _service(config, site) as (address, facts):
        asked = _in_the_browser(f"{address}{facts['base_path']}", questions)
    milliseconds, sources, results, console = asked
    return Asked(milliseconds, sources, results, console, len(chosen), len(pages), built.passages)


def _bounded(pages: Sequence[Indexed]) -> list[Indexed]:
    """The first pages that come to so many passages, so that a large site does not take an hour."""
    before = [0, *accumulate(len(page.passages) for page in pages)]
    return [page for page, count in zip(pages, before, strict=False) if count < INDEXED]


@contextmanager
def _service(config: Path, site: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [HANDRAIL, "run", "--config", config, "--site", site, "--port", port, "--workers", 1]
    log = config.parent / ".handrail" / "service.log"
    facts = json.loads((site / "handrail" / "site.json").read_text(encoding="utf-8"))
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(list(map(str, command)), stdout=said, stderr=said)
        try:
            until = time.monotonic() + _PATIENCE
            while not _answers(f"http://127.0.0.1:{port}{facts['base_path']}api/search?q=first"):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"The service did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", facts
        finally:
            process.terminate()
            process.wait(timeout=40)


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address, timeout=10) as response:
        return bool(response.status == 200)
    return False


def _in_the_browser(
    home: str, questions: Sequence[str]
) -> tuple[tuple[float, ...], tuple[str, ...], tuple[int, ...], Console]:
    console, milliseconds, sources, results = Console(), [], [], []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.on("console", lambda said: _note(console, said))
        page.on("pageerror", lambda error: console.note(str(error), str(error.stack or "")))
        page.goto(home, wait_until="domcontentloaded")
        for question in questions:
            if not page.locator(_FIELD).count():
                break
            try:
                milliseconds.append(_ask(page, question))
            except PlaywrightTimeout:  # counted as no answer; the next question is asked all the same
                milliseconds.append(1000.0 * _PATIENCE)
                sources.append("nobody")
                results.append(0)
                continue
            shown = page.locator("[data-md-component=search-result]")
            sources.append(shown.get_attribute("data-handrail-source") or "nobody")
            results.append(page.locator(".md-search-result__list > li").count())
        browser.close()
    return tuple(milliseconds), tuple(sources), tuple(results), console


def _note(console: Console, said: ConsoleMessage) -> None:
    if said.type == "error":
        console.note(said.text, said.location.get("url", ""))


def _ask(page: Page, question: str) -> float:
    """Milliseconds from the last letter to an answer in the dialog."""
    page.focus(_FIELD)
    page.evaluate("field => { document.querySelector(field).value = '' }", _FIELD)
    page.keyboard.type(question[:-1], delay=5)
    page.evaluate("() => document.querySelector('[data-md-component=search-result]').dataset.handrailSource = 'empty'")
    began = time.perf_counter()
    page.keyboard.type(question[-1])
    page.wait_for_selector(_ANSWER, state="attached", timeout=1000 * _PATIENCE)
    page.wait_for_selector(_SHOWN, state="attached", timeout=1000 * _PATIENCE)
    return 1000 * (time.perf_counter() - began)
