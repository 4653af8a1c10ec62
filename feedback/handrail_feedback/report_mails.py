"""When the weekly report is due by mail, and who sends it: at most once a week, whichever process comes first.

A report that is late is sent once; of several that were missed, the latest. It is claimed by putting its next try off,
which a kill cannot undo: whoever is killed between sending and noting it costs a second mail with the same Message-ID.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.db import Store, moment, stamp

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Nobody gets two within so many days, whatever day is set anew.
_APART = timedelta(days=6)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)


@dataclass(frozen=True)
class Schedule:
    """A day of the week, Monday being 0, and an hour of it, in UTC."""

    day: int = 0
    hour: int = 7

    def last(self, at: datetime) -> datetime:
        """The latest moment at which a report was due."""
        today = at.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        due = today - timedelta(days=(at.weekday() - self.day) % 7)
        return due if due <= at else due - timedelta(days=7)


def claim_report(store: Store, due: datetime, at: datetime) -> int:
    """Which attempt it is that the caller makes now at the report of this moment; 0 when there is nothing to do.

    The first time ever nothing is sent: mails begin with the next moment, not when somebody sets them up on a Thursday.
    """
    kept = store.read("SELECT due_at, next_at FROM report_mails ORDER BY due_at DESC LIMIT 1")
    if kept and kept[0]["due_at"] >= stamp(due) and (kept[0]["next_at"] is None or moment(kept[0]["next_at"]) > at):
        return 0
    with store.transaction() as db:
        [rows, latest] = db.execute("SELECT count(*), coalesce(max(sent_at), '') FROM report_mails").fetchone()
        skipped = not rows or latest > stamp(due - _APART)
        db.execute(
            "INSERT INTO report_mails (due_at, next_at) VALUES (:due, :next) ON CONFLICT (due_at) DO NOTHING",
            {"due": stamp(due), "next": None if skipped else stamp(at)},
        )
        found = db.execute(
            "SELECT attempts FROM report_mails WHERE due_at = :due AND next_at <= :now AND due_at = "
            "(SELECT max(due_at) FROM report_mails)",
            {"due": stamp(due), "now": stamp(at)},
        ).fetchone()
        if found is None:
            return 0
        attempt = int(found[0]) + 1
        db.execute(
            "UPDATE report_mails SET attempts = :attempt, next_at = :next WHERE due_at = :due",
            {"attempt": attempt, "next": stamp(at + _pause(attempt)), "due": stamp(due)},
        )
    return attempt


def note_report_sent(store: Store, due: datetime, at: datetime) -> None:
    """Note that a mail server has it."""
    with store.transaction() as db:
        db.execute(
            "UPDATE report_mails SET next_at = NULL, sent_at = :now WHERE due_at = :due",
            {"now": stamp(at), "due": stamp(due)},
        )


def _pause(attempt: int) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(attempt - 1, 10)), _LONGEST_PAUSE)
