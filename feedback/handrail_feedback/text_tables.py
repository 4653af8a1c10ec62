"""Tables that are safe in a terminal or spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from handrail_kb.language.printable import as_markdown as inert
from handrail_kb.language.printable import printable

# `@name` and `#12`, which forges read in what Markdown has become. A joiner that nobody sees parts them.
_MENTION = re.compile(r"&#64;(?=\w)|&#35;(?=\d)")


def as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    cells = [[as_markdown(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [list(head), ["---"] * len(head), *cells]]


def as_markdown(words: str) -> str:
    """As `printable.as_markdown`; and in a comment on a forge it notifies nobody and is listed at no issue."""
    return _MENTION.sub("\\g<0>\u2060", inert(words))


# By this mark spreadsheets know that letters beyond English are UTF-8.
BYTE_ORDER_MARK = "\ufeff"
# Some programs take the wide forms for the plain ones.
_SIGNS = r"=+\-@|%\uff1d\uff0b\uff0d\uff20"
# What begins a cell: the beginning, or what some country's programs part cells by, also inside quotes.
_CALCULATED = re.compile(rf"(^|[;,|\uff1b\uff0c])([\s\"']*)(?=[{_SIGNS}])")


def to_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table under these names: every cell in quotes, None empty, numbers as they are, text as `as_cell` has it."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for row in rows:
        writer.writerow(["" if value is None else as_cell(value) for value in row])
    return out.getvalue()


def as_cell(value: Any) -> Any:
    """A value as a spreadsheet shows it: text that it would calculate gets an apostrophe before it.

    Also within a cell, behind everything that parts cells for somebody: then what follows would be a cell of its own.
    """
    if not isinstance(value, str):
        return value
    return _CALCULATED.sub(r"\1'\2", printable(value))
