"""Gives public MkDocs sites the one line and says what became of them: `make adoption SITES=folder`.

    python tests/adoption/run.py FOLDER                     every site of the folder, print the table
    python tests/adoption/run.py FOLDER --only httpx        one; may be given more than once
    python tests/adoption/run.py FOLDER --write             and renew docs/writers/adoption.md

FOLDER holds checkouts, and perhaps a `sites.yml` with what they need, in the form that the help article describes.
Nothing is fetched. What `sites.yml` names and is not there is counted as skipped; what is there and could not be
measured is named with why, and the run goes on. Building a site runs its own plugins and
hooks: look at them first. Environments, copies and what was measured are kept in .cache/adoption.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asking
import building
import click
import recipes
import site_pages
import table
from recipes import KEPT, ROOT, Recipe, put_into, say

from handrail_kb.config.settings import docs_dir_of, site_dir_of

PAGE = ROOT / "docs" / "writers" / "adoption.md"
RESULTS = KEPT / "results.json"


@click.command()
@click.argument("sites", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", multiple=True, help="Measure this site; may be given more than once.")
@click.option("--times", default=building.TIMES, show_default=True, help="Builds of each kind; the fastest counts.")
@click.option("--write", is_flag=True, help=f"Renew {PAGE.relative_to(ROOT)}.")
def main(sites: Path, only: Sequence[str], times: int, write: bool) -> None:
    """Measure, print a Markdown table, and keep it where asked."""
    results = _kept()
    for recipe in recipes.read(sites, only):
        checkout = recipe.checkout(sites)
        if checkout is None:
            say(f"{recipe.name}: skipped, {sites} has no checkout of {recipe.repository}")
            found = {"skipped": True}
        else:
            say(recipe.name)
            found = measured(recipe, checkout.resolve(), times)
            say(json.dumps(found["summary"]))
        KEPT.mkdir(parents=True, exist_ok=True)
        results = {**_kept(), recipe.name: found}
        RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
    every = {recipe.name: recipe for recipe in recipes.read(sites)}
    # A site that is there and was never asked for is not in the table.
    shown = {name: results[name] for name in every if name in results}
    markdown = table.to_markdown(every, shown)
    sys.stdout.write(f"{markdown}\n")
    if write:
        put_into(PAGE, "adoption", markdown)


def measured(recipe: Recipe, checkout: Path, times: int) -> dict[str, Any]:
    """What became of one site, or why that is not known: a site that fails does not end the run."""
    about = {
        "repository": recipe.repository or recipes.repository_of(checkout),
        "commit": recipes.commit_of(checkout) or recipe.commit,
        "date": time.strftime("%Y-%m-%d"),
    }
    try:
        return {**about, **measure(recipe, checkout, times)}
    except (Exception, SystemExit) as error:  # another's plugins, a browser, a disk: all is told
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        return {**about, "summary": {"built": "not measured", "why": why[:200]}}


def measure(recipe: Recipe, checkout: Path, times: int) -> dict[str, Any]:
    """What became of one site; all figures, and a summary for the table."""
    pair = building.build(recipe, checkout, times)
    found: dict[str, Any] = {
        "warnings": pair.with_line.warnings,
        "ours": pair.ours,
        "warnings_without": pair.without.warnings,
    }
    found["error"] = pair.without.error or pair.with_line.error
    summary = {"built": "", "seconds": [round(one.seconds, 1) for one in (pair.without, pair.with_line)]}
    if pair.without.error or pair.with_line.error:
        summary["built"] = "not without the line either" if pair.without.error else "no"
        return {**found, "summary": summary}
    site = _in_its_place(pair)
    reach = site_pages.reach(pair.with_line.site, docs_dir_of(pair.config))
    asked = asking.ask(recipe.name, pair.config, site, recipe.questions)
    check = _check(recipe, pair)
    found |= {"reach": asdict(reach), "asked": table.plain(asked), "check": check, "overhead": pair.overhead}
    summary |= {
        "built": "yes",
        "warnings": len(pair.ours),
        "pages": reach.pages,
        "lost": len(reach.lost),
        "dialog": asked.sources.count("service"),
        "answered": sum(map(bool, asked.results)),
        "slowest": round(max(asked.milliseconds, default=0)),
        "console": [len(asked.console.ours), len(asked.console.blocked), len(asked.console.theirs)],
        "indexed": [asked.indexed, asked.pages, asked.passages],
        "check": [check.get("faults"), check.get("hints")],
    }
    return {**found, "summary": summary}


def _in_its_place(pair: building.Pair) -> Path:
    """The site as built, standing where mkdocs.yml says, so that commands find it."""
    place = site_dir_of(pair.config)
    if place.is_symlink() or not place.exists():
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(pair.with_line.site)
    return pair.with_line.site


def _check(recipe: Recipe, pair: building.Pair) -> dict[str, Any]:
    """What `handrail check` says, where the site's own plugins are installed beside it."""
    command = [str(asking.HANDRAIL), "check", "--config", str(pair.config), "--json"]
    environment = building.beside_the_plugins(recipe)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=pair.config.parent, env=environment)
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        return {"faults": None, "hints": None, "said": done.stderr[-1000:]}


def _kept() -> dict[str, Any]:
    """What earlier runs came to, by site."""
    try:
        return dict(json.loads(RESULTS.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    main()
