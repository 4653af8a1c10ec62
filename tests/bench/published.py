"""Measured tables in help articles: what a job found replaces what stands there between two marks."""

from __future__ import annotations

import sys
from pathlib import Path


def put_into(page: Path, mark: str, markdown: str) -> None:
    """Replace what stands between `<!-- handrail:mark -->` and `<!-- /handrail:mark -->`; ends the job without them."""
    text = page.read_text(encoding="utf-8")
    first, last = f"<!-- handrail:{mark} -->", f"<!-- /handrail:{mark} -->"
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise SystemExit(f"{page} lacks the lines {first} and {last}: put them where the table belongs.")
    page.write_text(f"{before}{begin}\n\n{markdown}\n\n{end}{after}", encoding="utf-8")
    sys.stderr.write(f"  written to {page}\n")
