"""Groups similar messages, each with the reason.

They are in one thread, or mean nearly the same: search compares meanings, and people judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handrail_feedback.contracts import FindSimilar
from handrail_feedback.records.messages import Case
from handrail_kb.texts.amounts import percent

SAME_THREAD = "same thread"


@dataclass(frozen=True)
class Companion:
    """A message that is similar to another one, and why."""

    case: Case
    why: str


@dataclass(frozen=True)
class Group:
    """A message, and those similar to it."""

    first: Case
    others: tuple[Companion, ...]


def group_similar(cases: Sequence[Case], near: FindSimilar) -> list[Group]:
    """The messages in order, each once: with the first one that it is similar to, or by itself.

    A message that is similar only to a companion does not join: the ends of such a chain have nothing in common.
    """
    neighbours = near([case.about for case in cases])
    taken: set[int] = set()
    groups = []
    for place, case in enumerate(cases):
        if place in taken:
            continue
        alike = dict(neighbours[place])
        others = [
            (other, _why(case, cases[other], alike.get(other)))
            for other in range(place + 1, len(cases))
            if other not in taken and (cases[other].thread == case.thread or other in alike)
        ]
        taken.update(other for other, _ in others)
        groups.append(Group(case, tuple(Companion(cases[other], why) for other, why in others)))
    return groups


def similar_messages(case: Case, others: Sequence[Case], near: FindSimilar) -> list[Companion]:
    """Messages of other threads that mean nearly the same as this one, nearest first, one for each thread."""
    elsewhere = [other for other in others if other.thread != case.thread]
    [alike, *_] = near([case.about, *(other.about for other in elsewhere)])
    found: dict[str, Companion] = {}
    for place, share in alike:
        other = elsewhere[place - 1]
        found.setdefault(other.thread, Companion(other, _why(case, other, share)))
    return list(found.values())


def _why(case: Case, other: Case, share: float | None) -> str:
    return SAME_THREAD if other.thread == case.thread else f"means nearly the same ({percent(share or 0.0)} alike)"
