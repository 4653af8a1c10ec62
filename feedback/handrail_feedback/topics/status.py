"""The status of a topic (new, decided, proven or open again) and the time by which to decide on it. Pure.

The promise: a topic of at least three people is decided within five working days from when it existed with three
people. Working days are Monday to Friday in UTC, without regard to public holidays. A writer is given two weeks: a
topic that an article was to answer is open again when three people fail after them. If nothing was to be written,
further failures are expected.

A topic that is proven answered needs no decision. It is open again when three people fail after the proof, or when a
later index no longer answers it, until somebody decides on it or it is proven once more.
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

    `due` is the time by which to decide on it; None while it has fewer than three people, and while it is not open.
    `late` says that this time has passed. `reopened_at` is when the third person failed again, or when its proof was
    lost. `asked` is how search answers it now; `proofs` are the events that it was proven or lost, oldest first.
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
        """The last proof or loss, if any."""
        return self.proofs[-1] if self.proofs else None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide on it."""
        return self.state in ("new", "reopened")


@dataclass(frozen=True)
class HeldShare:
    """How many topics still hold, `of` those that were fixed long enough ago to be judged."""

    holds: int
    of: int


@dataclass(frozen=True)
class DecidedInTime:
    """How many topics were decided in time, `of` those that should have been decided by now."""

    in_time: int
    of: int


def topic_status(
    searches: Sequence[Member],
    decisions: Sequence[Decision],
    begun: datetime | None,
    at: datetime,
    proofs: Sequence[Proof] = (),
    asked: ReplayResult | None = None,
) -> TopicStatus:
    """The status of a topic at `at`, from its searches and decisions, oldest first.

    `begun` is when it could be decided on, see `could_be_decided_at`.
    """
    decision = in_force(list(decisions))
    state, reopened_at = _state(searches, decision, proofs[-1] if proofs else None)
    waits_since = (reopened_at or begun) if state in ("new", "reopened") else None
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
    """The state, and since when the topic is open again, if it is."""
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
    """When the people who failed from `after` on were enough for a topic to be open again; None if they are not."""
    return nth_person_at([one for one in searches if one.first_at >= after], PEOPLE_TO_DECIDE)


def was_in_time(
    begun: datetime | None, decisions: Sequence[Decision], proofs: Sequence[Proof], since: datetime, at: datetime
) -> bool | None:
    """Whether the promise was kept for one topic; None if it had to be decided before `since`, or is not due yet.

    `begun` is when it could be decided on, see `could_be_decided_at`.
    """
    if begun is None or begun < since:
        return None
    due = working_days_after(begun, WORKING_DAYS)
    done = [*(one.at for one in decisions if one.undone_at is None), *(one.at for one in proofs)]
    if not done and at <= due:
        return None
    return bool(done) and min(done) <= due


def is_fixed(status: TopicStatus) -> bool:
    """Whether an article was to answer the topic by a decision or, if nobody decided, was proven to."""
    decision = status.decision
    return decision.verdict in TO_BE_WRITTEN if decision else bool(status.proofs)


def fixed_at(status: TopicStatus) -> datetime:
    """When a fixed topic was fixed: by the decision in force or, if nobody decided, by the first proof."""
    return status.decision.at if status.decision else status.proofs[0].at


def has_held(status: TopicStatus, at: datetime) -> bool | None:
    """Whether a fixed topic is not open again; None unless it was fixed two weeks ago or longer, so can be judged."""
    return not status.is_open if is_fixed(status) and at - fixed_at(status) >= TIME_TO_WRITE else None


def held(every: Iterable[TopicStatus], at: datetime) -> HeldShare:
    """How many fixed topics are not open again, of those that were fixed two weeks ago or longer."""
    judged = [holds for one in every if (holds := has_held(one, at)) is not None]
    return HeldShare(sum(judged), len(judged))


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time of day, this many working days later; a time on a weekend counts as the beginning of Monday."""
    if at.weekday() >= _SATURDAY:
        at = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=7 - at.weekday())
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < _SATURDAY
    return at


def could_be_decided_at(searches: Sequence[Member], made_at: datetime) -> datetime | None:
    """When a topic, found at `made_at`, could first be decided on: it has three people; None if it has fewer."""
    third = nth_person_at(searches, PEOPLE_TO_DECIDE)
    return max(third, made_at) if third else None
