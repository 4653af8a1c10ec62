"""Searches as figures count them: when, with which verdict, whether they failed, what came next. No words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback.intents import Failure, Following, Intent, Verdict, failure

LeftOut = Literal["", "bots", "staff", "degraded"]


@dataclass(frozen=True, slots=True)
class Counted:
    """One search. `left_out` says why it is in no figure, and is empty when it counts."""

    at: datetime
    verdict: Verdict
    kind: Failure | None
    clicked: bool
    contacted: bool
    left_out: LeftOut


def counted(intent: Intent, following: Following | None) -> Counted:
    """A search as it counts."""
    return Counted(
        at=intent.first_at,
        verdict=intent.verdict,
        kind=failure(intent, following),
        clicked=intent.clicked_at is not None,
        contacted=intent.contacted_at is not None,
        left_out=_left_out(intent),
    )


def _left_out(intent: Intent) -> LeftOut:
    if intent.bot:
        return "bots"
    if intent.staff:
        return "staff"
    return "degraded" if intent.degraded else ""


def tally(searches: Iterable[Counted]) -> Counter[str]:
    """How many `searches`, how many `failed` and by which kind, how many by verdict, and what came next.

    Those that are left out are counted by their reason alone.
    """
    found: Counter[str] = Counter()
    for one in searches:
        found.update(_names(one))
    return found


def _names(one: Counted) -> Iterable[str]:
    if one.left_out:
        return [one.left_out]
    names = ["searches", f"verdict {one.verdict}"]
    if one.kind:
        names += ["failed", f"failed: {one.kind}"]
    if one.clicked:
        names.append("clicked")
    if one.contacted:
        names.append("contacted")
    return names
