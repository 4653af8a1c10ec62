"""The status of a topic: new, decided, proven or open again, and by when it should be decided. Pure.

The promise: a topic of three people or more is decided in five working days, from when there was such a topic to decide
on. Working days are Monday to Friday in UTC; public holidays are not known here. A topic that was to be answered by an
article is open again when three people fail once more after two weeks, which a writer is given. Where nothing was to be
written, failing on is what was expected.

A topic that is proven answered waits for nobody, decided or not. It is open again when three people fail after the
proof, or when a later index loses it, until somebody decides on it after that or it is proven once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.records.decisions import Decision, Proof, ReplayResult, in_force
from handrail_feedback.records.topics import Member
from handrail_feedback.topics.facts import nth_person_at

PEOPLE_TO_DECIDE = 3
WORKING_DAYS = 5
TIME_TO_WRITE = timedelta(days=14)
_SATURDAY = 5
TO_BE_WRITTEN = ("writing", "reword")


@dataclass(frozen=True)
class TopicStatus:
    """The status of a topic. `state` is the decision in force, `proven`, `reopened`, or `new`.

    `due` is when it should be decided, None while fewer than three people asked or once it is decided; `late` says
    that this has passed. `reopened_at` is when the third person failed again, or when its proof was lost. `asked` is
    how search answers it now, `proofs` are when it was proven and lost, oldest first.
    """

    state: str
    decision: Decision | None
    history: tuple[Decision, ...]
    waits_since: datetime | None
    due: datetime | None
    late: bool
    reopened_at: datetime | None
    asked: ReplayResult | None = None
    proofs: tuple[Proof, ...] = ()

    @property
    def proof(self) -> Proof | None:
        """The last time that it was proven or lost."""
        return self.proofs[-1] if self.proofs else None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide."""
        return self.state in ("new", "reopened")


@dataclass(frozen=True)
class HeldShare:
    """Of so many topics that were fixed long enough ago to be judged, how many still hold."""

    holds: int
    of: int


@dataclass(frozen=True)
class DecidedInTime:
    """Of so many topics that should have been decided by now, how many were in time."""

    in_time: int
    of: int


def topic_status(
    searches: Sequence[Member],
    decisions: Sequence[Decision],
    made_at: datetime,
    at: datetime,
    proofs: Sequence[Proof] = (),
    asked: ReplayResult | None = None,
) -> TopicStatus:
    """The status of a topic with these searches, oldest first, and these decisions; `made_at` is when it was found."""
    decision = in_force(list(decisions))
    state, reopened_at = _state(searches, decision, proofs[-1] if proofs else None)
    waits_since = (reopened_at or _could_be_decided_at(searches, made_at)) if state in ("new", "reopened") else None
    due = working_days_after(waits_since, WORKING_DAYS) if waits_since else None
    return TopicStatus(
        state=state,
        decision=decision,
        history=tuple(decisions),
        waits_since=waits_since,
        due=due,
        late=due is not None and at > due,
        reopened_at=reopened_at,
        asked=asked,
        proofs=tuple(proofs),
    )


def _state(searches: Sequence[Member], decision: Decision | None, proof: Proof | None) -> tuple[str, datetime | None]:
    """The state, and since when it is open again."""
    if decision and decision.verdict not in TO_BE_WRITTEN:
        return decision.verdict, None
    if proof:
        ended = proof.at if proof.change == "lost" else _nth_after(searches, proof.at)
        if ended is None:
            return "proven", None
        if decision is None or decision.at < ended:
            return "reopened", ended
    if decision is None:
        return "new", None
    again = _nth_after(searches, decision.at + TIME_TO_WRITE)
    return ("reopened", again) if again else (decision.verdict, None)


def _nth_after(searches: Sequence[Member], after: datetime) -> datetime | None:
    """When so many people had failed from a moment on that a topic is open again."""
    return nth_person_at([one for one in searches if one.first_at >= after], PEOPLE_TO_DECIDE)


def promise(
    topics: Iterable[tuple[Sequence[Member], Sequence[Decision], Sequence[Proof], datetime]],
    since: datetime,
    at: datetime,
) -> DecidedInTime:
    """How the promise was kept for topics that came to be decided since a moment; those that wait in time are left out.

    A topic is its searches, its decisions, its proofs, and when it was found. What was proven needed no decision.
    """
    in_time = counted = 0
    for searches, decisions, proofs, made_at in topics:
        begun = _could_be_decided_at(searches, made_at)
        if begun is None or begun < since:
            continue
        due = working_days_after(begun, WORKING_DAYS)
        done = [*(one.at for one in decisions if one.undone_at is None), *(one.at for one in proofs)]
        if not done and at <= due:
            continue
        counted += 1
        in_time += bool(done) and min(done) <= due
    return DecidedInTime(in_time, counted)


def is_fixed(status: TopicStatus) -> bool:
    """Whether an article was to answer a topic, or was proven to, whoever decided."""
    decision = status.decision
    return decision.verdict in TO_BE_WRITTEN if decision else bool(status.proofs)


def held(every: Iterable[TopicStatus], at: datetime) -> HeldShare:
    """Of the fixed topics, how many were not open again: judged once proven, or after the time a writer is given."""
    judged = [
        one
        for one in every
        if is_fixed(one) and (one.proofs or (one.decision and at - one.decision.at >= TIME_TO_WRITE))
    ]
    return HeldShare(sum(not one.is_open for one in judged), len(judged))


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time of the day, so many working days later; what comes on a weekend counts from Monday's beginning."""
    if at.weekday() >= _SATURDAY:
        at = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=7 - at.weekday())
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < _SATURDAY
    return at


def _could_be_decided_at(searches: Sequence[Member], made_at: datetime) -> datetime | None:
    third = nth_person_at(searches, PEOPLE_TO_DECIDE)
    return max(third, made_at) if third else None
