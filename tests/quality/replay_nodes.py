"""Two years of customers' questions written by three nodes into PostgreSQL, and by one process into an SQLite file.

    python tests/quality/replay_nodes.py            write, compare the reports, time the leads' pages, print the table
    python tests/quality/replay_nodes.py --write    and renew docs/leads/real-volume.md (make query-log)
    python tests/quality/replay_nodes.py --most 3000

Questions, times and tabs are real. What search found is not: it is drawn from the words, so that every run and both
stores have the same, and so are clicks. Consecutive searches of a tab go to different nodes, as nginx sends them, and
a click goes to another node than its search. People take seconds between two searches, nodes 50 ms to write one: so a
tab's next search is sent once what came before it is written.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
import numpy as np
from places import ROOT, absent, put_into, say
from replay_log import ARTICLES, LOG, PAGE, PAGES, Question, loads, questions, site

from feedback.postgres import PostgresServer, programs
from handrail_feedback.contracts import Meaning
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import Search, SearchEvent
from handrail_feedback.reports.articles import read_list
from handrail_feedback.reports.articles_text import articles_as_json
from handrail_feedback.reports.failed_searches import build_report
from handrail_feedback.reports.failed_searches_text import report_as_json, report_as_text, to_csv
from handrail_feedback.reports.site_articles import KnownArticles
from handrail_feedback.reports.weekly import weekly_report_of
from handrail_feedback.reports.weekly_pages import to_html
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.topics.for_programs import topics_as_json
from handrail_feedback.topics.listing import list_topics, read_book
from handrail_feedback.topics.refresh import refresh
from handrail_kb import __version__
from handrail_kb.config.settings import Settings, load_settings
from search.service.test_serving import free_port

NODES = 3
TWICE = 2.0
_AT_ONCE = 300
_DIMENSIONS = 64
Item = Search | SearchEvent


def made_up(number: int, one: Question) -> list[Item]:
    """What became of a question: its search, and for some a click. The same whenever this is asked."""
    drawn = hashlib.sha256(one.words.encode()).digest()
    verdict = "none" if drawn[0] < 80 else "weak" if drawn[0] < 120 else "answered"
    results = tuple(f"article-{drawn[place] % 97}/" for place in range(1, 6))
    search = Search(
        search_id=f"search-number-{number}",
        tab=f"customer-{one.user}",
        query=one.words,
        lang=one.lang,
        verdict=verdict,
        mode="hybrid",
        degraded=False,
        fallback_reason=None,
        results=tuple(dict.fromkeys(results)),
        scores=tuple(0.9 - 0.1 * place for place in range(len(set(results)))),
        at=one.at,
    )
    if verdict == "answered" and drawn[6] < 128:
        return [search, SearchEvent(search.search_id, "click", one.at + timedelta(seconds=2), results[0], 1)]
    return [search]


def _node(place: Path | str, orders: Connection) -> None:
    """A process that writes what it is told, and says when that is done."""
    store = Store(place)
    log = SearchLog(store, retention_days=36_500)
    while (items := orders.recv()) is not None:
        for one in items:
            log.event(one) if isinstance(one, SearchEvent) else log.record(one)
        orders.send((log.flush(120), log.dropped + log.failed))
    log.close()
    store.close()


class Nodes:
    """Processes over one store; `write` gives what comes to one after another of them."""

    def __init__(self, place: Path | str, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        pairs = [context.Pipe() for _ in range(count)]
        self._lines = [here for here, _ in pairs]
        self._processes = [context.Process(target=_node, args=(place, there), daemon=True) for _, there in pairs]
        for process in self._processes:
            process.start()
        self._turns = cycle(range(count))
        self.not_kept = 0

    def write(self, items: Sequence[Item]) -> None:
        """Send each to the next node, and wait until all is written."""
        turns = [(next(self._turns), one) for one in items]
        for number, line in enumerate(self._lines):
            line.send([one for turn, one in turns if turn == number])
        answers = [line.recv() for line in self._lines]
        if not all(done for done, _ in answers):
            raise SystemExit("a node took more than two minutes to write")
        self.not_kept = sum(lost for _, lost in answers)

    def end(self) -> None:
        """End them all."""
        for line, process in zip(self._lines, self._processes, strict=True):
            line.send(None)
            process.join(60)


def _in_order(asked: Sequence[Question]) -> Iterator[list[Item]]:
    """All that is written, in parts in which each tab searches once; then what came of these searches."""
    part: list[list[Item]] = []
    tabs: set[str] = set()
    for number, one in enumerate(asked):
        if one.user in tabs or len(part) >= _AT_ONCE:
            yield from _searches_first(part)
            part, tabs = [], set()
        tabs.add(one.user)
        part.append(made_up(number, one))
    yield from _searches_first(part)


def _searches_first(part: Sequence[Sequence[Item]]) -> Iterator[list[Item]]:
    yield [one[0] for one in part]
    if clicks := [click for one in part for click in one[1:]]:
        yield clicks


def fill(place: Path | str, count: int, asked: Sequence[Question]) -> float:
    """Write all by so many nodes, and group topics; how many seconds writing took."""
    nodes, began = Nodes(place, count), time.perf_counter()
    for part in _in_order(asked):
        nodes.write(part)
    took = time.perf_counter() - began
    nodes.end()
    if nodes.not_kept:
        raise SystemExit(f"{nodes.not_kept} searches were not kept in {place}")
    store = Store(place)
    refresh(store, Meaning("words", _by_words), asked[-1].at)
    store.close()
    return took


def _by_words(texts: Sequence[str]) -> Any:
    """A direction for each text, from its words alone: searches are compared, and not how well they are grouped."""
    rows = np.zeros((len(texts), _DIMENSIONS), np.float32)
    for row, words in zip(rows, texts, strict=True):
        for word in words.split():
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            row += np.random.default_rng(seed).standard_normal(_DIMENSIONS).astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _reports(settings: Settings, at: datetime) -> dict[str, Callable[[Store], str]]:
    """Everything that is told of searches, as the bytes that people and programs get."""
    always, weeks, week = (Period(at - timedelta(days=days), at) for days in (1000, 28, 7))
    articles = KnownArticles()

    def failed(store: Store, period: Period) -> Any:
        return build_report(store, period, limit=100_000, made_at=at)

    def topics(store: Store, period: Period) -> str:
        return topics_as_json(list_topics(read_book(store), articles, period, at, least=1, decided=True))

    return {
        "handrail report --json": lambda store: report_as_json(failed(store, always)),
        "handrail report --csv": lambda store: to_csv(failed(store, always)),
        "handrail report": lambda store: report_as_text(failed(store, weeks)),
        "handrail report --format html": lambda store: to_html(
            weekly_report_of(store, settings.site_dir, week, 3, at), None, "Help"
        ),
        "handrail topics --json": lambda store: topics(store, always),
        "handrail topics, four weeks": lambda store: topics(store, weeks),
        "handrail articles --json": lambda store: articles_as_json(read_list(store, {}, always, 1)),
    }


def compare(settings: Settings, one: Path | str, other: Path | str, at: datetime) -> dict[str, tuple[int, bool]]:
    """For each report how many bytes it has, and whether both stores give the same."""
    stores = Store(one), Store(other)
    found = {}
    for name, made in _reports(settings, at).items():
        here, there = (made(store) for store in stores)
        found[name] = (len(here.encode()), here == there)
        if here != there:
            folder = Path(tempfile.mkdtemp(prefix="handrail-reports-"))
            (folder / "one").write_text(here)
            (folder / "other").write_text(there)
            say(f"{name} differs: diff {folder}/one {folder}/other")
    for store in stores:
        store.close()
    return found


def to_markdown(asked: int, took: Sequence[float], same: dict[str, tuple[int, bool]], pages: dict[str, Any]) -> str:
    """The table of the page."""
    rows = [
        (f"Writing {asked:,} searches, s", f"{took[0]:.0f}", f"{took[1]:.0f}"),
        *(
            (f"`{path}`, {name}, s", f"{one[key]:.2f}", f"{other[key]:.2f}")
            for path, (one, other) in pages.items()
            for name, key in (("first look", "first"), ("later ones", "later"))
        ),
    ]
    equal = [
        f"| `{name}` | {size:,} bytes | {'the same' if fits else '**differs**'} |"
        for name, (size, fits) in same.items()
    ]
    head = (
        f"Measured on {time.strftime('%Y-%m-%d')} with Handrail {__version__} by `make query-log` on {os.cpu_count()} "
        f"cores, with {os.getloadavg()[0]:.1f} programs at work on them."
    )
    lines = [head, "", "| Report | Size | By both |", "|---|---:|---|", *equal, ""]
    lines += ["| What | One process, SQLite | Three nodes, PostgreSQL |", "|---|---:|---:|"]
    return "\n".join(lines + [f"| {name} | {one} | {other} |" for name, one, other in rows])


def _settings_of(settings: Settings, place: Path | str) -> Settings:
    flags = {"store": str(place), "search_rate": "1000000 per minute", "retention_days": 36_500}
    return load_settings(settings.root / "mkdocs.yml", flags=flags, environ={})


@click.command()
@click.option("--most", type=click.IntRange(1), help="Only so many questions, the newest.")
@click.option("--write", is_flag=True, help=f"Renew {PAGE.relative_to(ROOT)}.")
def main(most: int | None, write: bool) -> None:
    """Write, compare, measure; exit code 1 when a report differs or a page takes more than twice as long."""
    if not (LOG.is_file() and ARTICLES.is_dir()):
        say(absent("questions and articles"))
        return
    found = programs()
    if found is None:
        raise SystemExit("There is no PostgreSQL 15 or newer: apt-get install postgresql")
    asked = questions()[-(most or 0) :]
    settings = site()
    server = PostgresServer.create(found, free_port())
    try:
        with tempfile.TemporaryDirectory() as folder:
            places = Path(folder) / "store.db", server.url(server.create_database())
            took = []
            for place, count in zip(places, (1, NODES), strict=True):
                took.append(fill(place, count, asked))
                say(f"{len(asked):,} questions written by {count} in {took[-1]:.0f} s")
            same = compare(settings, *places, asked[-1].at)
            pages = {path: tuple(loads(_settings_of(settings, place), path) for place in places) for path in PAGES}
    finally:
        server.remove()
    markdown = to_markdown(len(asked), took, same, pages)
    sys.stdout.write(f"{markdown}\n")
    wrong = [name for name, (_, fits) in same.items() if not fits]
    wrong += [
        f"{path} {key}"
        for path, (one, other) in pages.items()
        for key in ("first", "later")
        if too_slow(one[key], other[key])
    ]
    if wrong:
        raise SystemExit(f"WRONG: {', '.join(wrong)}")
    if write:
        put_into(PAGE, "nodes", markdown)


def too_slow(sqlite: float, postgres: float) -> bool:
    """Whether a page takes more than twice as long; tenths of a second are not told apart on a busy machine."""
    return postgres > TWICE * sqlite + 0.1


if __name__ == "__main__":
    main()
