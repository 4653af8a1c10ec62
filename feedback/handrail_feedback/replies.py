"""How soon people answer: the time from a message to the first reply to it, as the clock runs, day and night.

A message counts when its writer left an address, it adds to no other, and nobody found that there is nothing to answer.
One that nobody answered yet is slower than all that were answered, so that waiting longer never makes the figures
better. Knows nothing of who answers or how.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from handrail_feedback.db import Store, moment, stamp
from handrail_kb.texts import text

LEAST_MESSAGES = 20
# Whoever wrote this morning may be answered yet; the window ends before.
SETTLING = timedelta(days=1)


@dataclass(frozen=True)
class ReplyTimes:
    """Of `messages` written from `since` to `until`, `answered` have a reply: half of all within `p50`.

    Nine in ten within `p90`. None is "not enough data": fewer than 20 messages, or that share of them has no reply yet.
    """

    since: datetime
    until: datetime
    messages: int
    answered: int
    p50: timedelta | None
    p90: timedelta | None


def reply_times(store: Store, at: datetime, *, days: int = 30) -> ReplyTimes:
    """How soon those who wrote in `days` days were answered. Raises StoreUnavailable."""
    return reply_times_between(store, at - SETTLING - timedelta(days=days), at - SETTLING)


def reply_times_between(store: Store, since: datetime, until: datetime) -> ReplyTimes:
    """How soon those who wrote in this time were answered. Raises StoreUnavailable."""
    rows = store.read(
        """SELECT at, first_reply_at FROM messages
           WHERE at >= :since AND at < :until AND follows = '' AND reply_to <> ''
             AND NOT (first_reply_at IS NULL AND EXISTS (
               SELECT 1 FROM answers WHERE thread = messages.code AND way = 'nothing' AND undone_at IS NULL))""",
        since=stamp(since),
        until=stamp(until),
    )
    waits = sorted(moment(row["first_reply_at"]) - moment(row["at"]) for row in rows if row["first_reply_at"])
    return ReplyTimes(
        since, until, len(rows), len(waits), _within(0.5, waits, len(rows)), _within(0.9, waits, len(rows))
    )


def _within(share: float, waits: list[timedelta], messages: int) -> timedelta | None:
    """The time by which this share of all messages had its reply."""
    needed = ceil(share * messages)
    return waits[needed - 1] if messages >= LEAST_MESSAGES and needed <= len(waits) else None


def in_words(lang: str, span: timedelta) -> str:
    """A time as people say it, rounded up: 50 minutes, 3 hours, 2 days."""
    minutes = max(ceil(span / timedelta(minutes=1)), 1)
    amount, unit = minutes, "minutes"
    if minutes > 90:
        amount, unit = ceil(minutes / 60), "hours"
    if minutes > 36 * 60:
        amount, unit = ceil(minutes / (24 * 60)), "days"
    return text(lang, f"time.{unit}_{'one' if amount == 1 else 'many'}", amount=amount)
