"""A customer's minute in a real Chromium: one question after another, wide and on a phone, with pictures to look at.

    python tests/bench/minute.py SITE --questions FILE [--pictures FOLDER]

SITE has a `mkdocs.yml` and was built with `handrail build`. FILE has a question on each line, or is a `queries.jsonl`.
The customer opens the first page, types the question key by key, reads the list, opens its first result and goes back.
Fails where the way to a person is out of sight, the page is wider than the screen, the list is gone after going back,
axe-core objects by WCAG 2.2 AA, or the console complains.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as NotInTime
from server import running

from browser import ARGUMENTS, CHROMIUM, PROBE, chromium, search
from handrail_kb.config.settings import load_settings

MOST = 20
LOOKS = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
_ROW = ".md-search-result__list > .md-search-result__item:not([class*=handrail])"
_RESULT = f"{_ROW} > a.md-search-result__link"
_PERSON = ".handrail-person a"
_HEADER = "header a[href*='contact']"
# Material's own: words that are a hair too pale, a menu whose lines are close together, code and tables that scroll,
# which browsers do by keyboard, and links within a sentence that are told by their colour alone.
_MATERIALS = [
    [".md-tabs"],
    [".md-nav"],
    [".md-search-result__meta"],
    [".md-search-result mark"],
    [".md-content code"],
    [".md-typeset__scrollwrap"],
]
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"link-in-text-block": {"enabled": False}},
}


@dataclass
class Minute:
    """What happened to one question. `shown` is the time from its last key to the results, in ms."""

    question: str
    look: str
    shown: float
    results: int = 0
    first: str = ""
    wrong: list[str] = field(default_factory=list)


def walk(browser: Browser, home: str, look: str, questions: list[str], pictures: Path | None) -> Iterator[Minute]:
    """Go through the questions in one tab, as one customer after another would. `pictures` is a folder."""
    page = browser.new_context(**LOOKS[look]).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(PROBE)
    for number, question in enumerate(questions, 1):
        page.goto(home, wait_until="load")
        if look == "phone":
            page.locator("label[for=__search].md-header__button").click()
        one = Minute(question, look, search(page, question, key_by_key=True))
        page.wait_for_timeout(300)  # until the list has slid in
        _look_at(page, one, "list", number, pictures)
        one.results = page.locator(_ROW).count()
        if not page.locator(_PERSON).first.is_visible():
            one.wrong.append("no way to a person below the list")
        if one.results:
            _open_first(page, one, number, pictures)
        one.wrong += complaints
        complaints.clear()
        yield one


def _open_first(page: Page, one: Minute, number: int, pictures: Path | None) -> None:
    link = page.locator(_RESULT).first
    one.first = link.inner_text().split("\n")[0]
    before = page.url
    link.click()
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_load_state()
    _look_at(page, one, "article", number, pictures)
    if not page.locator(_HEADER).first.is_visible():
        one.wrong.append("no way to a person above the article")
    page.go_back(wait_until="load")
    try:
        page.locator(_RESULT).first.wait_for(timeout=5000)
    except NotInTime:
        one.wrong.append("the list is gone after going back")


def _look_at(page: Page, one: Minute, what: str, number: int, pictures: Path | None) -> None:
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        one.wrong.append(f"{what}: wider than the screen")
    found = Axe().run(page, context={"exclude": _MATERIALS}, options=_RULES).response["violations"]
    one.wrong += [f"{what}: {fault['id']} {fault['nodes'][0]['html'][:100]}" for fault in found]
    if pictures:
        page.screenshot(path=pictures / f"{number:02}-{one.look}-{what}.png")


def read_questions(file: Path) -> list[str]:
    """The questions in a file, spread evenly if there are more than `MOST`."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines:
        raise click.UsageError(f"There is no question in {file}: give it one on each line.")
    asked = min(len(lines), MOST)
    spread = (lines[number * len(lines) // asked] for number in range(asked))
    return [json.loads(line)["text"] if file.suffix == ".jsonl" else line for line in spread]


@click.command(help=__doc__)
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--questions", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pictures", type=click.Path(file_okay=False, path_type=Path))
def main(site: Path, questions: Path, pictures: Path | None) -> None:
    settings = load_settings(site / "mkdocs.yml")
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    asked, minutes = read_questions(questions), []
    with running(site / "mkdocs.yml", settings.site_dir, settings.state_dir) as service, chromium() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for look in LOOKS:
            for one in walk(browser, service.address, look, asked, pictures):
                click.echo(f"{one.look:5} {one.shown:5.0f} ms {one.results:2} results  {one.question} → {one.first}")
                for fault in one.wrong:
                    click.echo(f"      WRONG: {fault}")
                minutes.append(one)
        browser.close()
    times = sorted(one.shown for one in minutes)
    median, late = statistics.median(times), times[min(round(0.95 * len(times)), len(times) - 1)]
    wrong = sum(bool(one.wrong) for one in minutes)
    click.echo(f"{len(minutes)} minutes, {wrong} with a fault.")
    loads = "load average {:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg())
    click.echo(
        f"Last key to results: median {median:.0f} ms, 95 % within {late:.0f} ms; {loads} on {os.cpu_count()} cores."
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
