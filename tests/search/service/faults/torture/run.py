"""Faults, attacks, odd input and load, tried one after the other: `make torture`.

    cd tests
    python -m search.service.faults.torture.run                    all of it; load for two minutes
    python -m search.service.faults.torture.run --seconds 1800     load for half an hour
    python -m search.service.faults.torture.run --minutes 60 for a slow machine
    python -m search.service.faults.torture.run --write            and renew docs/operators/torture.md

What is tried stands in `kinds.py`. `make test` runs most of the same tests, without those marked `torture`.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from pathlib import Path

import click
import pytest

from bench.published import put_into

from .kinds import KINDS
from .load import run_load, wrong_with
from .table import as_table
from .tries import Tries

ROOT = Path(__file__).parents[5]
PAGE = ROOT / "docs" / "operators" / "torture.md"
# In the first minutes memory grows until all is warm, whatever comes after: only a longer load is judged by it.
MOST_GROWTH_MB_A_MINUTE, JUDGED_FROM_SECONDS = 1.0, 600


def say(words):
    """One line for the person who waits."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


@click.command(help=__doc__)
@click.option("--seconds", default=120.0, show_default=True, help="How long the load lasts; 0 for none.")
@click.option("--minutes", default=15.0, show_default=True, help="After so long no other test is begun.")
@click.option("--examples", default=50, show_default=True, help="What is sent to each address of the API.")
@click.option("--write", is_flag=True, help="Renew docs/operators/torture.md.")
def main(seconds, minutes, examples, write):
    """Try everything, print the table, and fail if anything was lost or anybody got in."""
    began = time.monotonic()
    os.environ["HANDRAIL_FUZZ_EXAMPLES"] = str(examples)
    load, wrong = None, []
    if seconds:
        with tempfile.TemporaryDirectory() as folder:
            load = run_load(Path(folder), seconds, say)
        wrong = wrong_with(load, MOST_GROWTH_MB_A_MINUTE if seconds >= JUDGED_FROM_SECONDS else math.inf)
    tries = Tries(minutes * 60 - (time.monotonic() - began))
    os.chdir(ROOT)
    tests = dict.fromkeys(f"tests/{test}" for kind in KINDS for test in kind.tests)
    ended = pytest.main(["-q", "-p", "no:randomly", "-p", "no:cacheprovider", *tests], plugins=[tries])
    table = as_table(tries.of, load, (time.monotonic() - began) / 60)
    click.echo(table)
    # What was broken off tells nothing of what it did not come to.
    if write and (tries.over or ended in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)):
        put_into(PAGE, "torture", table)
    for what in wrong:
        say(f"Load: {what}.")
    lost = any(tally.failed for tally in tries.of.values())
    sys.exit(1 if wrong or lost or (ended and not tries.over) else 0)


if __name__ == "__main__":
    main()
