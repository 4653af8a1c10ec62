"""Says once what is true of many articles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from handrail_kb.articles import Problem

# Kinds whose words are the same in every article that has them.
_ALIKE = frozenset({"unknown-field", "own-field"})


def told_once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems; of a field in many articles the first alone, with how many have it."""
    found: list[Problem] = []
    first: dict[tuple[str, str], int] = {}
    times: dict[int, int] = {}
    for problem in problems:
        if problem.code in _ALIKE:
            at = first.setdefault((problem.code, problem.what), len(found))
            times[at] = times.get(at, 0) + 1
            if times[at] > 1:
                continue
        found.append(problem)
    for at, often in times.items():
        if often > 1:
            what = f"{found[at].what} {often:,} articles have it; this is the first."
            found[at] = replace(found[at], what=what)
    return found
