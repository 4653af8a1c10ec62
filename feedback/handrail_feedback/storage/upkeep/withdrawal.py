"""Takes back what a script did in a span of time: its searches and votes count for nothing from then on.

They are marked as a robot's, which every figure, learned question and popularity leaves out already, so that a deed can
be undone. Messages are untouched: a person reads each. Every deed is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handrail_feedback.records.stamps import moment, moment_or_none, stamp
from handrail_feedback.storage.database import Store


@dataclass(frozen=True)
class Withdrawal:
    """What was taken back, by whom and when; `since` is within the span, `until` is not."""

    id: int
    at: datetime
    who: str
    since: datetime
    until: datetime
    searches: int
    votes: int
    undone_at: datetime | None


def take_back(store: Store, since: datetime, until: datetime, *, who: str, at: datetime) -> Withdrawal:
    """Let all searches begun and votes given in this span count for nothing. Raises StoreUnavailable."""
    span = {"since": stamp(since), "until": stamp(until)}
    with store.transaction(durable=True) as db:
        [number] = db.execute(
            """INSERT INTO withdrawals (at, who, since, until, searches, votes)
               VALUES (:at, :who, :since, :until, 0, 0) RETURNING id""",
            span | {"at": stamp(at), "who": who},
        ).fetchone()
        named = span | {"number": number}
        searches = db.execute(
            """UPDATE intents SET bot = 1, withdrawal_id = :number
               WHERE first_at >= :since AND first_at < :until AND bot = 0""",
            named,
        ).rowcount
        votes = db.execute(
            "UPDATE votes SET bot = 1, withdrawal_id = :number WHERE at >= :since AND at < :until AND bot = 0", named
        ).rowcount
        counts = {"searches": searches, "votes": votes, "number": number}
        db.execute("UPDATE withdrawals SET searches = :searches, votes = :votes WHERE id = :number", counts)
    return Withdrawal(int(number), at, who, since, until, searches, votes, None)


def undo_withdrawal(store: Store, number: int, at: datetime) -> bool:
    """Let what was taken back count again; False where there is no such deed in force."""
    values = {"number": number, "at": stamp(at)}
    with store.transaction(durable=True) as db:
        if not db.execute(
            "UPDATE withdrawals SET undone_at = :at WHERE id = :number AND undone_at IS NULL", values
        ).rowcount:
            return False
        named = {"number": number}
        db.execute("UPDATE intents SET bot = 0, withdrawal_id = NULL WHERE withdrawal_id = :number", named)
        db.execute("UPDATE votes SET bot = 0, withdrawal_id = NULL WHERE withdrawal_id = :number", named)
    return True


def withdrawals(store: Store) -> list[Withdrawal]:
    """Every deed, the newest first."""
    rows = store.read("SELECT * FROM withdrawals ORDER BY id DESC")
    times = ("at", "since", "until")
    return [
        Withdrawal(
            **row | {name: moment(row[name]) for name in times} | {"undone_at": moment_or_none(row["undone_at"])}
        )
        for row in rows
    ]
