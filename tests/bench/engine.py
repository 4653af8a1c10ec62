"""What an operator feels: answers of one process and of the whole service, its start, its memory, its index."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from builds import CACHE, MODEL, Sites, pages_of, shared_encoder
from server import Service, ask, megabytes

from handrail_kb.site.built.passages import Page
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.ranking.searcher import Searcher

CONNECTIONS = 8
_SECONDS = 5
_WRK_SCRIPT = """
local paths = {}
for path in io.lines("%s") do paths[#paths + 1] = path end
local turn = 0
request = function() turn = turn + 1; return wrk.format("GET", paths[turn %% #paths + 1]) end
done = function(summary, latency)
  local failed = summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect
  io.write(string.format('FIGURES {"per_second": %%f, "p50": %%f, "p95": %%f, "p99": %%f, "failed": %%d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, failed))
end
"""


def one_process(sites: Sites, questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds of Searcher.search, one question after the other in one thread."""
    searcher = Searcher.open(current_generation(sites.state / "index"))
    for question in questions[:20]:
        searcher.search(question)
    took = []
    for question in questions:
        began = time.perf_counter()
        searcher.search(question)
        took.append((time.perf_counter() - began) * 1000)
    return _percentiles(took)


def through_http(service: Service, questions: Sequence[str]) -> dict[str, float]:
    """Requests a second and milliseconds of api/search with CONNECTIONS at once; the client shares the machine."""
    return _wrk(service, questions) if shutil.which("wrk") else _threads(service, questions)


def _wrk(service: Service, questions: Sequence[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        paths, script = Path(folder) / "paths", Path(folder) / "bench.lua"
        paths.write_text("".join(f"/api/search?q={quote(question)}\n" for question in questions), encoding="utf-8")
        script.write_text(_WRK_SCRIPT % paths, encoding="utf-8")
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{_SECONDS}s", "-s", script, f"http://127.0.0.1:{service.port}"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(told.partition("FIGURES ")[2])
    return figures


def _threads(service: Service, questions: Sequence[str]) -> dict[str, float]:
    """The same without wrk; Python asks more slowly, so it finds fewer requests a second than there could be."""
    took: list[float] = []
    failed: list[int] = []
    until = time.perf_counter() + _SECONDS

    def client(first: int) -> None:
        turn = first
        while time.perf_counter() < until:
            began = time.perf_counter()
            status = ask(service.port, questions[turn % len(questions)])
            took.append((time.perf_counter() - began) * 1000)
            failed.extend([status] if status != 200 else [])
            turn += 1

    clients = [threading.Thread(target=client, args=(number * 37,)) for number in range(CONNECTIONS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return {"per_second": len(took) / _SECONDS, **_percentiles(took), "failed": len(failed)}


def _percentiles(took: Sequence[float]) -> dict[str, float]:
    ranked = sorted(took)
    return {f"p{share}": ranked[min(len(ranked) - 1, len(ranked) * share // 100)] for share in (50, 95, 99)}


def memory(service: Service) -> dict[str, float | None]:
    """MB of master and workers together: as each process counts (rss), and with shared pages counted once (pss)."""
    sums: dict[str, float | None] = {}
    for name in ("Rss", "Pss"):
        each = [megabytes(pid, name) for pid in service.processes()]
        sums[name.lower()] = None if None in each else sum(size for size in each if size is not None)
    return sums


def one_changed_article(sites: Sites, repetitions: int) -> list[float]:
    """Seconds to bring the index up to date after a sentence was added to one article."""
    state = CACHE / "changed"
    shutil.rmtree(state, ignore_errors=True)
    shared_encoder(state)
    shutil.copytree(sites.state / "index", state / "index")
    pages = pages_of(sites)[: sites.index["pages"]]
    took = []
    for number in range(repetitions):
        pages[number] = _with_a_sentence(pages[number], f"Sentence {number} is new.")
        began = time.perf_counter()
        built = build_index(pages, state, MODEL)
        took.append(time.perf_counter() - began)
        assert built.encoded == 1, f"one passage changed, {built.encoded} were encoded"
    shutil.rmtree(state, ignore_errors=True)
    return took


def _with_a_sentence(page: Page, sentence: str) -> Page:
    first, *others = page.passages
    return replace(page, passages=(replace(first, text=f"{sentence} {first.text}"), *others))
