"""The report of a check as text for a terminal: file by file, faults before hints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from handrail_kb.language.printable import printable
from handrail_kb.problems import NOTES, Problem, is_fault
from handrail_kb.texts.amounts import counted


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, file by file: files with faults first, and in each file faults before hints."""
    found = {problem for problem in problems if problem.code not in NOTES}
    at_fault = {problem.file for problem in found if is_fault(problem.code)}
    return sorted(
        found,
        key=lambda one: (one.file not in at_fault, one.file, not is_fault(one.code), one.line, one.what),
    )


def report_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """The lines of the report, with an empty line between files."""
    for number, (_, of_file) in enumerate(groupby(in_order(problems), key=lambda problem: problem.file)):
        if number:
            yield ""
        for one in of_file:
            hint = "" if is_fault(one.code) else "hint: "
            yield f"{one.file}:{one.line}: {hint}{printable(one.what)} [{one.code}]"


def summary_of(problems: Iterable[Problem]) -> str:
    """'2 faults, 1 hint', or that there is nothing to fix."""
    shown = in_order(problems)
    faults = sum(is_fault(problem.code) for problem in shown)
    hints = len(shown) - faults
    said = [counted(number, what) for number, what in ((faults, "fault"), (hints, "hint")) if number]
    return ", ".join(said) or "nothing to mend"
