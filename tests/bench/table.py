"""Figures as Markdown tables: the median, the range in brackets, and Handrail's share of what Material takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

VARIANTS = {"material": "Material alone", "handrail": "Handrail", "down": "Handrail, service down"}
_BROWSER = {
    "ready": "Search ready after opening the page, ms",
    "cold": "First search: last letter to results, ms",
    "to_result": "Opening the page to first results, ms",
    "warm": "Further search: last letter to results, ms",
    "typed": "The same, typed key by key, ms",
    "page_kb": "Bytes to open the page, kB",
    "search_kb": "Bytes of the first search, kB",
    "cpu": "Processor time of the page until then, s",
    "memory": "Most memory of the page, MB",
}


def to_markdown(figures: Mapping[str, Any]) -> str:
    """All tables of a run, with what they were measured on."""
    parts = [_machine(figures)]
    parts += [_browser(pages, found) for pages, found in figures["browser"].items()]
    return "\n\n".join([*parts, _server(figures)])


def _machine(figures: Mapping[str, Any]) -> str:
    machine = figures["machine"]
    lines = [
        f"Measured on {figures['date']} with {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gb']} GB, {machine['browser']}, Material {machine['material']}, Python {machine['python']}. "
        f"Load average {machine['load_before']} before and {machine['load_after']} after; "
        f"{figures['repetitions']} visits each.",
    ]
    lines += [f"{int(pages):,} pages: {note}" for pages, note in figures["articles"].items()]
    return "  \n".join(lines)


def _browser(pages: str, found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    rows = []
    for name, words in _BROWSER.items():
        values = {variant: found[variant][name] for variant in VARIANTS}
        shares = [_ratio(values[variant], values["material"]) for variant in ("handrail", "down")]
        rows.append([words, *(spread(value) for value in values.values()), *shares])
    header = ["", *VARIANTS.values(), "Handrail : Material", "Service down : Material"]
    return f"### In the browser, {int(pages):,} pages\n\n{_table(header, rows)}"


def _server(figures: Mapping[str, Any]) -> str:
    """One column for each size, one row for each quantity."""
    columns = [
        {**figures["service"][pages], "engine": figures["engine"][pages], "index": figures["index"][pages]}
        for pages in figures["index"]
    ]
    rows = [[words, *(tell(column) for column in columns)] for words, tell in _SERVER.items()]
    header = ["", *(f"{int(pages):,} pages" for pages in figures["index"])]
    return f"### On the server\n\n{_table(header, rows)}"


def _whole(index: Mapping[str, Any]) -> str:
    full = index["full"]
    return f"{number(full['seconds'])} ({full['on']}, load {full['load']})" if full else "–"


_SERVER: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "Articles in the index": lambda found: number(found["index"]["pages"]),
    "Passages in the index": lambda found: number(found["index"]["passages"]),
    "One process, one search after the other, p50, ms": lambda found: number(found["engine"]["p50"]),
    "p95, ms": lambda found: number(found["engine"]["p95"]),
    "p99, ms": lambda found: number(found["engine"]["p99"]),
    "Two processes, 8 searches at once, searches a second": lambda found: number(found["http"]["per_second"]),
    "p50 by HTTP, ms": lambda found: number(found["http"]["p50"]),
    "p95 by HTTP, ms": lambda found: number(found["http"]["p95"]),
    "p99 by HTTP, ms": lambda found: number(found["http"]["p99"]),
    "Searches that failed": lambda found: number(found["http"]["failed"]),
    "Start to first answer, s": lambda found: spread(found["start"]),
    "Memory after that, MB (RSS)": lambda found: number(found["memory"]["rss"]),
    "Memory after that, MB (PSS)": lambda found: number(found["memory"]["pss"]),
    "Whole index, s": lambda found: _whole(found["index"]),
    "Index after one changed article, s": lambda found: spread(found["index"]["changed"]),
    "Index on disk, MB": lambda found: number(found["index"]["bytes"] / 1e6),
    "Site built with Material alone, s": lambda found: number(found["index"]["plain_seconds"]),
    "Site built with Handrail, s": lambda found: number(found["index"]["handrail_seconds"]),
}


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: Sequence[float]) -> str:
    """The median, and the range where there is one."""
    low, middle, high = (number(value) for value in (min(values), median(values), max(values)))
    return middle if low == high else f"{middle} ({low}–{high})"


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    if not median(theirs):
        return "–"
    share = median(ours) / median(theirs)
    return f"{share:.2f}" if share < 10 else f"{share:.0f}"


def number(value: float | None) -> str:
    """As many digits as mean something."""
    if value is None:
        return "–"
    if value and abs(value) < 10:
        return f"{value:.1f}"
    return f"{value:,.0f}"
