"""Lighthouse on a site as customers get it: home page, an article, contact and find, on a phone and on a desktop.

    python tests/bench/lighthouse.py SITE --questions FILE [--runs 3] [--write]

SITE has a `mkdocs.yml` and was built with `handrail build`. The article is the one that search finds for the first
question of FILE. Lighthouse comes by npx and needs Node.js, as nothing else of the project does.
Fails where a score is under 95.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote, urljoin
from urllib.request import urlopen

import click
from builds import say
from corpus import ROOT
from minute import read_questions
from published import put_into
from server import running

from browser import CHROMIUM
from handrail_kb.config.settings import load_settings

PAGE = ROOT / "docs" / "operators" / "benchmarks.md"
PART = "lighthouse"
LIGHTHOUSE = "lighthouse@12.8.2"  # the newest for Node.js 20; from 13 on it wants 22.19
LEAST = 95
CATEGORIES = {
    "performance": "Performance",
    "accessibility": "Accessibility",
    "best-practices": "Best practices",
    "seo": "SEO",
}
_TIMES = {"largest-contentful-paint": 1000, "total-blocking-time": 1, "cumulative-layout-shift": 1}
_LOOKS = {"phone": [], "desktop": ["--preset=desktop"]}
_FULL = 0.9  # Lighthouse shows an audit of a page's speed in green from here on
_FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu"
_PATIENCE = 180


@dataclass(frozen=True)
class Report:
    """One run on one page. Scores are 0 to 100; paint in s, blocking in ms, shift as Lighthouse counts it.

    `lost` names the audits that cost points.
    """

    scores: Mapping[str, int]
    paint: float
    blocking: float
    shift: float
    lost: tuple[str, ...]


def read_report(found: Mapping[str, Any]) -> Report:
    """What Lighthouse wrote as JSON. A page that it could not judge is an error with its reason."""
    if reason := found.get("runtimeError", {}).get("message"):
        raise SystemExit(f"Lighthouse could not judge {found.get('requestedUrl')}: {reason}")
    scores = {name: round(100 * (found["categories"][name]["score"] or 0)) for name in CATEGORIES}
    paint, blocking, shift = (found["audits"][name]["numericValue"] / unit for name, unit in _TIMES.items())
    return Report(scores, paint, blocking, shift, tuple(_lost(found)))


def _lost(found: Mapping[str, Any]) -> Iterable[str]:
    for category in CATEGORIES:
        for part in found["categories"][category]["auditRefs"]:
            score = found["audits"][part["id"]]["score"]
            if part["weight"] and score is not None and score < _FULL:
                yield part["id"]


def middle(reports: list[Report]) -> Report:
    """The median of several runs, of each figure by itself; audits that cost points in most of them."""
    often = {audit for one in reports for audit in one.lost}
    return Report(
        {name: round(median(one.scores[name] for one in reports)) for name in CATEGORIES},
        median(one.paint for one in reports),
        median(one.blocking for one in reports),
        median(one.shift for one in reports),
        tuple(sorted(audit for audit in often if 2 * sum(audit in one.lost for one in reports) > len(reports))),
    )


def judge(npx: str, address: str, look: str) -> Report:
    """Run Lighthouse on one page; once more where it failed, as it does when the machine is busy."""
    categories, flags = f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={_FLAGS}"
    told = ["--quiet", "--output=json", "--output-path=stdout", "--no-enable-error-reporting"]
    command = [npx, "--yes", LIGHTHOUSE, address, *_LOOKS[look], categories, flags, *told]
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    for attempt in range(2):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_PATIENCE, check=False)
        if done.returncode == 0:
            return read_report(json.loads(done.stdout))
        say(f"Lighthouse failed on {address}{'' if attempt else '; once more'}")
    raise SystemExit(f"Lighthouse did not report on {address}:\n{done.stderr[-2000:]}")


def pages(home: str, question: str) -> dict[str, str]:
    """The addresses of the four pages, as search and its answer name them."""
    with urlopen(f"{home}api/search?q={quote(question)}", timeout=10) as response:
        answer = json.load(response)
    if not answer["results"]:
        raise SystemExit(f"No article is found for “{question}”: begin the file with a question that is answered.")
    return {
        "Home": home,
        "Article": urljoin(home, answer["results"][0]["url"].partition("#")[0]),
        "Contact": urljoin(home, answer["contact"]["url"].partition("?")[0]),
        "Find": f"{home}find/?q={quote(question)}",
    }


def to_markdown(found: Mapping[tuple[str, str], Report], runs: int, loads: tuple[float, float]) -> str:
    """The table of a run, with what it was measured by."""
    head = ["Page", "", *CATEGORIES.values(), "Largest paint, s", "Blocked, ms", "Layout shift", "Costs points"]
    rows = [head, ["---", "---", *["---:"] * (len(head) - 3), "---"]]
    for (page, look), one in found.items():
        lost = ", ".join(f"`{audit}`" for audit in one.lost) or "–"
        figures = [f"{one.paint:.1f}", f"{one.blocking:.0f}", f"{one.shift:.2f}"]
        rows.append([page, look, *map(str, one.scores.values()), *figures, lost])
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    version, tries = LIGHTHOUSE.partition("@")[2], "one run" if runs == 1 else f"the median of {runs} runs"
    return (
        f"Measured on {time.strftime('%Y-%m-%d')} with Lighthouse {version}, {tries} for each page, "
        f"load average {loads[0]:.1f} before and {loads[1]:.1f} after on {os.cpu_count()} cores.\n\n{table}"
    )


def npx_here() -> str:
    """Where npx is; without it, says what to install."""
    npx = shutil.which("npx")
    if not npx:
        raise SystemExit(
            "There is no npx, which runs Lighthouse: install Node.js 20 or newer (apt-get install nodejs npm)."
        )
    if not Path(CHROMIUM).exists():
        raise SystemExit(f"There is no browser at {CHROMIUM}: apt-get install chromium")
    return npx


@click.command(help=__doc__)
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--questions", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--runs", default=3, show_default=True, help="Runs for each page; the median counts.")
@click.option("--write", is_flag=True, help=f"Put the table into {PAGE.relative_to(ROOT)}.")
def main(site: Path, questions: Path, runs: int, write: bool) -> None:
    npx, before, settings = npx_here(), os.getloadavg()[0], load_settings(site / "mkdocs.yml")
    found = {}
    with running(site / "mkdocs.yml", settings.site_dir, settings.state_dir) as service:
        for page, address in pages(service.address, read_questions(questions)[0]).items():
            for look in _LOOKS:
                one = middle([judge(npx, address, look) for _ in range(runs)])
                say(f"{page:8} {look:8} {one.scores}  {', '.join(one.lost)}")
                found[page, look] = one
    markdown = to_markdown(found, runs, (before, os.getloadavg()[0]))
    click.echo(markdown)
    if write:
        put_into(PAGE, PART, markdown)
    sys.exit(any(score < LEAST for one in found.values() for score in one.scores.values()))


if __name__ == "__main__":
    main()
