"""Finds similar messages, each with the reason.

They are in one thread, or ask for the same: search compares meanings, and people judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handrail_feedback.contracts import FindSimilar
from handrail_feedback.records.messages import Case


@dataclass(frozen=True)
class Companion:
    """A message that is similar to another one: as near as `share`, from 0 to 1."""

    case: Case
    share: float


def count_similar(cases: Sequence[Case], near: FindSimilar) -> list[int]:
    """For each message, how many of the others are of its thread or ask for the same."""
    alike = near([case.content for case in cases])
    found = [{place for place, _ in neighbours} for neighbours in alike]
    for here, case in enumerate(cases):
        found[here] |= {there for there, other in enumerate(cases) if other.thread == case.thread and there != here}
    return [len(places) for places in found]


def similar_messages(case: Case, others: Sequence[Case], near: FindSimilar) -> list[Companion]:
    """Messages of other threads that ask for the same as this one, nearest first, one for each thread."""
    elsewhere = [other for other in others if other.thread != case.thread]
    [alike, *_] = near([case.content, *(other.content for other in elsewhere)])
    found: dict[str, Companion] = {}
    for place, share in alike:
        other = elsewhere[place - 1]
        found.setdefault(other.thread, Companion(other, share))
    return list(found.values())
