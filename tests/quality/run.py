"""Measures search on judged questions: `make quality`.

    python tests/quality/run.py                   every set, print the tables
    python tests/quality/run.py --only docs       one part; see PARTS below
    python tests/quality/run.py --write           and renew docs/operators/search-quality.md

Judged questions of other people are in the folder that HANDRAIL_EVALDATA names (see CONTRIBUTING.md); without them
only Handrail's own help is asked. What was encoded is kept in .handrail/quality: the first run takes about a quarter of
an hour on two cores, later ones some minutes. Nothing here passes or fails.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
import own_docs
import sets
import table
from parts.codes import codes
from parts.legs import legs
from parts.sensitive_topics import sensitive_topics
from places import EVALDATA, KEPT, ROOT, absent, put_into, say, state

from handrail_kb import __version__
from handrail_search.evaluation.evaluate import evaluation_as_json

PAGE = ROOT / "docs" / "operators" / "search-quality.md"
RESULTS = KEPT / "results.json"


def docs() -> dict[str, Any]:
    """Handrail's own help; what it came to is kept beside its questions, too."""
    say("Handrail's own help")
    measured = own_docs.measure(state("docs"))
    return {
        "outcomes": [sets.outcome("Handrail's own help", measured)],
        "evaluation": evaluation_as_json(measured),
        "decisions": own_docs.decide(state("docs"), "test").counts,
        "cards": [
            sets.outcome(f"Handrail's own help, {half} half", own_docs.open_sections(state("docs"), half))
            for half in ("tune", "test")
        ],
    }


PARTS = {
    "docs": docs,
    "thunderbird": sets.thunderbird,
    "sections": sets.sections,
    "stackexchange": sets.stackexchange,
    "companies": sets.companies,
    "german": sets.german,
    "legs": legs,
    "popularity": sets.popularity,
    "typos": sets.typos,
    "codes": codes,
    "sensitive": sensitive_topics,
}


@click.command()
@click.option("--only", type=click.Choice(list(PARTS)), multiple=True, help="Measure this part; may be given twice.")
@click.option("--write", is_flag=True, help=f"Renew {PAGE.relative_to(ROOT)} and the figures beside the questions.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures here.")
def main(only: tuple[str, ...], write: bool, json_file: Path | None) -> None:
    """Measure, print Markdown tables, and keep them where asked."""
    results = _kept()
    for name in only or PARTS:
        if name != "docs" and not EVALDATA.is_dir():
            say(f"{name}: {absent('judged questions')}")
            continue
        results[name] = {"date": time.strftime("%Y-%m-%d"), "handrail": __version__, **PARTS[name]()}
        KEPT.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
    shown = {name: results[name] for name in PARTS if name in results and (not only or name in only)}
    if shown:
        sys.stdout.write(f"{table.to_markdown(shown)}\n")
    if json_file:
        json_file.write_text(json.dumps(shown, indent=1), encoding="utf-8")
    if write:
        _write(results)


def _write(results: dict[str, Any]) -> None:
    """Renew what is committed; the page only when every part is known."""
    if "docs" in results:
        own_docs.MEASURED.write_text(results["docs"]["evaluation"] + "\n", encoding="utf-8")
        say(f"written to {own_docs.MEASURED}")
    missing = [name for name in PARTS if name not in results]
    if missing:
        say(f"{PAGE} was not written: never measured here: {', '.join(missing)}")
        return
    put_into(PAGE, "quality", table.to_markdown({name: results[name] for name in PARTS}))


def _kept() -> dict[str, Any]:
    """What earlier runs came to, by part."""
    try:
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: kept[name] for name in PARTS if name in kept}


if __name__ == "__main__":
    main()
