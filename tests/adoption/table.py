"""What became of the sites as a Markdown table, and the help article it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from asking import INDEXED, Asked
from recipes import QUESTIONS, Recipe

HEAD = (
    "Site", "Built", "Our warnings", "Dialog answers", "Slowest answer", "Pages", "Contact on",
    "Console: ours", "Kept out by the policy", "Seconds without", "with", "More", "`check`: faults", "hints",
)  # fmt: skip


def plain(asked: Asked) -> dict[str, Any]:
    """Figures that JSON can hold."""
    return {**asdict(asked), "console": {kind: sorted(said) for kind, said in vars(asked.console).items()}}


def to_markdown(recipes: Mapping[str, Recipe], results: Mapping[str, Any]) -> str:
    """The table, the sites with their commits, what was left out, and what failed to be measured."""
    there = {name: found for name, found in results.items() if not found.get("skipped")}
    failed = {name: found["summary"] for name, found in there.items() if "why" in found["summary"]}
    rows = [
        _row(name, found["summary"], found.get("overhead", 0)) for name, found in there.items() if name not in failed
    ]
    skipped = [name for name in results if name not in there]
    days = sorted({found["date"] for found in there.values()})
    told = f"Measured by `make adoption` on {' and '.join(days)}: {len(rows)} sites, {len(skipped)} skipped"
    told += f" ({', '.join(skipped)})." if skipped else "."
    told += "".join(f" Not measured: {name} ({summary['why']})." for name, summary in failed.items())
    return "\n\n".join([told, _table(HEAD, rows), "### The sites { #sites }", _sites(recipes, there)])


def _row(name: str, summary: Mapping[str, Any], overhead: float) -> list[str]:
    if summary["built"] != "yes":
        return [name, summary["built"], *["–"] * (len(HEAD) - 2)]
    without, with_line = summary["seconds"]
    ours, blocked, _ = summary["console"]
    asked = summary["dialog"] and f"{summary['answered']} of {QUESTIONS}"
    faults, hints = ("?" if one is None else str(one) for one in summary["check"])
    return [
        name, "yes", str(summary["warnings"]), asked or "its theme has none",
        f"{summary['slowest'] / 1000:.1f} s" if summary["dialog"] else "–", str(summary["pages"]),
        "all" if not summary["lost"] else f"all but {summary['lost']}", str(ours), str(blocked),
        f"{without:.1f}", f"{with_line:.1f}", f"{100 * overhead:.0f} %", faults, hints,
    ]  # fmt: skip


def _sites(recipes: Mapping[str, Recipe], there: Mapping[str, Any]) -> str:
    rows = []
    for name, found in there.items():
        indexed, pages, passages = found["summary"].get("indexed", (0, 0, 0))
        bound = f"{indexed} of {pages}, {passages:,} passages" if indexed < pages else f"{pages}, {passages:,} passages"
        recipe = recipes[name]
        repository, commit = found.get("repository") or recipe.repository, found["commit"][:12]
        rows.append([name, *(f"`{one}`" if one else "–" for one in (repository, commit)), recipe.kind or "–", bound])
    head = ("Site", "Repository", "Commit", "What is special", f"Articles indexed, up to {INDEXED:,} passages")
    return _table(head, rows)


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
