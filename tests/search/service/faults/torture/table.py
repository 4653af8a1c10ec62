"""What was tried and what came of it as Markdown."""

from __future__ import annotations

import os
import platform
import time

from .kinds import KINDS


def as_table(tallies, load, minutes):
    """The table, with the figures of the load below it. `minutes` is how long all of it took."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    head = f"Run on {time.strftime('%Y-%m-%d')} in {minutes:.0f} minutes with {machine}."
    begun = [kind for kind in KINDS if (tally := tallies[kind.name]).tried or tally.failed or tally.skipped]
    rows = [_row(kind, tallies[kind.name]) for kind in begun]
    not_begun = "; ".join(kind.name for kind in KINDS if kind not in begun)
    columns = "| Fault or attack | Tried | Lost | Got in | Mended by |\n|---|---:|---:|---:|---|"
    skipped = sorted({name for tally in tallies.values() for name in tally.skipped})
    left_out = [f"Not tried on this machine: {', '.join(f'`{name}`' for name in skipped)}."] if skipped else []
    if not_begun:
        left_out.append(f"No time was left for: {not_begun}.")
    return "\n\n".join([head, "\n".join([columns, *rows]), *left_out, *([load_table(load)] if load else [])])


def _row(kind, tally):
    lost, got_in = (len(tally.failed), "") if kind.sort == "fault" else ("", len(tally.failed))
    return f"| {kind.name} | {tally.tried:,} | {lost} | {got_in} | {kind.mended_by} |"


def load_table(load):
    """The figures of the load. See `load.Load`."""
    head = f"Load: {load.seconds:.0f} seconds at {load.steady.rate:.0f} searches a second, then {load.over.rate:.0f}."
    rows = [
        ("Most that this machine answered just before, a second", f"{load.most:.0f}", ""),
        ("Searches asked", f"{load.steady.asked:,}", f"{load.over.asked:,}"),
        ("answered", f"{load.steady.answered:,}", f"{load.over.answered:,}"),
        ("refused early, with the time to try again", f"{load.steady.refused:,}", f"{load.over.refused:,}"),
        ("**without an answer, or refused in another way**", f"{load.steady.failed:,}", f"{load.over.failed:,}"),
        ("99 % of the answers within, s", f"{load.steady.within:.2f}", f"{load.over.within:.2f}"),
        ("Messages that got a code", f"{load.steady.codes:,}", f"{load.over.codes:,}"),
        ("the slowest, s", f"{load.steady.slowest_message:.2f}", f"{load.over.slowest_message:.2f}"),
        ("Memory at the end, MB", f"{load.steady.memory[-1][1]:.0f}", f"{load.over.memory[-1][1]:.0f}"),
        ("Memory grows by, MB a minute", f"{load.steady.growth:+.2f}", ""),
        ("**Messages with a code that were lost**", f"{load.lost}", ""),
    ]
    body = "\n".join(f"| {name} | {steady} | {over} |" for name, steady, over in rows)
    return f"{head}\n\n| | Twice the rated load | Overload |\n|---|---:|---:|\n{body}"
