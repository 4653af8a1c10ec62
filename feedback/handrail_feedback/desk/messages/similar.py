"""Similar messages, shown together, each with the reason why.

Of one thread, or meaning nearly the same; which means what, search says, and people judge.
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
    """A message similar to another one, and why."""

    case: Case
    why: str


@dataclass(frozen=True)
class Group:
    """A message, and those about the same thing."""

    first: Case
    others: tuple[Companion, ...]


def group_similar(cases: Sequence[Case], near: FindSimilar) -> list[Group]:
    """Messages in their order, each one once: with the first that it is similar to, or by itself.

    What belongs to a companion alone does not join: in a chain of small steps the ends have nothing in common.
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
    """Messages of other threads that mean nearly the same as this one, the nearest first, one for each thread."""
    elsewhere = [other for other in others if other.thread != case.thread]
    [alike, *_] = near([case.about, *(other.about for other in elsewhere)])
    found: dict[str, Companion] = {}
    for place, share in alike:
        other = elsewhere[place - 1]
        found.setdefault(other.thread, Companion(other, _why(case, other, share)))
    return list(found.values())


def _why(case: Case, other: Case, share: float | None) -> str:
    return SAME_THREAD if other.thread == case.thread else f"means nearly the same ({percent(share or 0.0)} alike)"
