"""Measures Handrail and Material's own search side by side: `make bench`.

    python tests/bench/run.py              183 and 709 pages, about five minutes once everything is built
    python tests/bench/run.py --large      and 3,000 pages; its index takes long the first time
    python tests/bench/run.py --write      and put the tables into docs/operators/benchmarks.md

Nothing here passes or fails: other work on the machine moves every time. Compare the ratios, which come from one run.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import corpus
import engine
import server
import table
from builds import Sites, empty_state, prepare, say
from playwright.sync_api import Playwright
from published import put_into

import browser

PAGE = corpus.ROOT / "docs" / "operators" / "benchmarks.md"


@click.command()
@click.option("--large", is_flag=True, help="Measure 3,000 pages too.")
@click.option("--sizes", default="", help="Measure these numbers of pages instead, such as 183,3000.")
@click.option("--repetitions", default=3, show_default=True, help="Visits of each kind.")
@click.option("--index-pages", type=int, help="Index only so many of the 3,000 pages, when encoding takes too long.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures here.")
@click.option("--write", is_flag=True, help=f"Put the tables into {PAGE.relative_to(corpus.ROOT)}.")
def main(
    large: bool, sizes: str, repetitions: int, index_pages: int | None, json_file: Path | None, write: bool
) -> None:
    """Measure, print Markdown tables, and keep them where asked."""
    counts = [int(size) for size in sizes.split(",") if size] or [corpus.SMALL, corpus.MIDDLE]
    counts += [corpus.LARGE] if large and corpus.LARGE not in counts else []
    prepared = {}
    for count in counts:
        prepared[str(count)] = prepare(count, index_pages=index_pages if count == corpus.LARGE else None)
    figures = measure(prepared, repetitions)
    markdown = table.to_markdown(figures)
    sys.stdout.write(f"{markdown}\n")
    if json_file:
        json_file.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if write:
        put_into(PAGE, "bench", markdown)


def measure(prepared: dict[str, Sites], repetitions: int) -> dict[str, Any]:
    """All figures of a run, plain enough for JSON."""
    questions = corpus.questions()
    load_before = os.getloadavg()[0]
    figures: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "repetitions": repetitions,
        "articles": {pages: _note(sites) for pages, sites in prepared.items()},
        "browser": {},
        "engine": {},
        "service": {},
        "index": {},
    }
    with browser.chromium() as driver:
        for pages, sites in prepared.items():
            say(f"{pages} pages in the browser")
            figures["browser"][pages] = in_the_browser(driver, sites, repetitions)
            chromium = _version_of(driver)
    for pages, sites in prepared.items():
        say(f"{pages} articles in the service")
        passages = sites.index["passages"]
        figures["engine"][pages] = {"passages": passages, **engine.one_process(sites, questions)}
        figures["service"][pages] = in_the_service(sites, questions, repetitions)
        figures["index"][pages] = {**sites.index, "changed": engine.one_changed_article(sites, repetitions),
                                   **sites.seconds()}  # fmt: skip
    figures["machine"] = {**_machine(), "browser": chromium, "load_before": f"{load_before:.1f}"}
    return figures


def in_the_browser(driver: Playwright, sites: Sites, repetitions: int) -> dict[str, dict[str, list[float]]]:
    """Each variant is visited in turn, so that what else the machine does falls on all alike."""
    questions = typable(corpus.questions())
    variants = {
        "material": (sites.plain, empty_state("material")),
        "handrail": (sites.handrail, sites.state),
        "down": (sites.handrail, empty_state("down")),
    }
    found: dict[str, dict[str, list[float]]] = {name: {} for name in variants}
    with ExitStack() as stack:
        relays = {}
        for name, (site, state) in variants.items():
            service = stack.enter_context(server.running(site.parent / "mkdocs.yml", site, state))
            relays[name] = stack.enter_context(server.counted(service))
        for _ in range(repetitions):
            for name, relay in relays.items():
                for figure, value in browser.visit(driver, relay, questions).figures().items():
                    found[name].setdefault(figure, []).append(value)
    return found


def in_the_service(sites: Sites, questions: Sequence[str], repetitions: int) -> dict[str, Any]:
    """Starts, one of them under load, and what the processes weigh afterwards."""
    starts = []
    for _ in range(repetitions - 1):
        with server.running(sites.config, sites.handrail, sites.state) as service:
            starts.append(service.seconds)
    with server.running(sites.config, sites.handrail, sites.state) as service:
        http = engine.through_http(service, questions)
        return {"start": [*starts, service.seconds], "http": http, "memory": engine.memory(service)}


def typable(questions: Sequence[str]) -> list[str]:
    """Questions of a length that people type into a search field."""
    chosen = [
        question for question in questions if 20 <= len(question) <= 40 and re.fullmatch(r"[A-Za-z' ]+", question)
    ]
    if len(chosen) < 4:
        raise SystemExit("There are too few questions to type. Add some to the front matter of the articles in docs/.")
    return chosen[:4]


def _note(sites: Sites) -> str:
    fresh = f"used again from an earlier run: {', '.join(sites.reused)}" if sites.reused else "everything built anew"
    part = sites.index["pages"]
    indexed = "" if part >= sites.corpus.pages else f", of which the index of this run holds {part}"
    return f"{sites.corpus.kind}{indexed}; {fresh}."


def _version_of(driver: Playwright) -> str:
    told = subprocess.run([browser.CHROMIUM, "--version"], capture_output=True, text=True, check=False).stdout
    return " ".join(told.split()[:2]) or driver.chromium.name


def _machine() -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).is_file():
        names = re.findall(r"^model name\s*: (.+)$", info.read_text(), re.M)
        processor = names[0] if names else processor
    return {
        "cores": os.cpu_count(),
        "processor": processor,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "material": version("mkdocs-material"),
        "python": platform.python_version(),
        "load_after": f"{os.getloadavg()[0]:.1f}",
    }


if __name__ == "__main__":
    main()
