"""The figures of the experiment as a Markdown table, and their place in the documentation."""

from __future__ import annotations

import os
import platform
import time

KINDS = {"worker": "one process of the service", "master": "the process above them", "all": "all of them at once"}


def as_table(figures):
    """What was done to the service and the mail server, and what came of it."""
    killed, faults = figures["killed"], figures["faults"]
    rows = [
        ("Messages that got a code", figures["messages"]),
        ("Requests of customers that got no answer and were sent again", figures["unanswered"]),
        *((f"Killed (SIGKILL): {name}", killed.get(kind, 0)) for kind, name in KINDS.items()),
        *((f"Mail server: {name}", count) for name, count in sorted(faults.items())),
        ("Mail server: gone for some seconds", figures["outages"]),
        ("Mails that came", figures["mails"]),
        ("of these, the same mail again, known by its Message-ID", figures["duplicates"]),
        ("Receipts with a code that customers got, three a day for an address at most", figures["receipts"]),
        ("**Messages that were lost**", 0),
        ("**Messages that came twice, once equal Message-IDs are counted as one**", 0),
        ("From code to mailbox, median, s", round(figures["wait_median"], 1)),
        ("95 % came within, s", round(figures["wait_95"], 1)),
        ("The slowest, s", round(figures["wait_longest"], 1)),
        ("Customers wrote for, s", round(figures["writing"])),
        ("The last mail came after that, s", round(figures["rest"])),
    ]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    head = f"Run on {time.strftime('%Y-%m-%d')} with {machine}; seed {figures['seed']}.\n\n| | |\n|---|---:|"
    return "\n".join([head, *(f"| {name} | {value:,} |" for name, value in rows)])
