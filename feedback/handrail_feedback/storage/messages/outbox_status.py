"""The state of the outbox: what waits, since when and why, and whether its channels work."""

from __future__ import annotations

from datetime import datetime, timedelta

from handrail_feedback.records.outbox import ChannelState, OutboxEntry, OutboxStatus, kept_route
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox import GOES_FIRST, UNSENT

# A message that is due for so long, with nobody at work on it, has no sender.
_LEFT_ALONE = timedelta(minutes=1)


def outbox_status(store: Store, at: datetime) -> OutboxStatus:
    """The status of the outbox. Raises StoreUnavailable."""
    [counted] = store.read(
        f"""SELECT count(*) AS waiting, min(queued_at) AS oldest,
           count(*) FILTER (WHERE next_at <= :left AND coalesce(claimed_until, '') <= :left
             AND coalesce((SELECT rest_until FROM outbox_channels WHERE name = channel), '') <= :left
             AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE {GOES_FIRST})
           ) AS left_alone
           FROM outbox WHERE state = 'waiting'""",  # noqa: S608 (our own words)
        left=stamp(at - _LEFT_ALONE),
    )
    [unsent] = store.read(f"SELECT count(*) AS count FROM messages WHERE {UNSENT}")  # noqa: S608 (our own words)
    [refused] = store.read(
        """SELECT count(*) AS count FROM answers AS one WHERE bounced_at IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM answers AS later WHERE later.thread = one.thread AND later.id > one.id
             AND later.bounced_at IS NULL AND later.undone_at IS NULL)"""
    )
    rows = store.read("SELECT * FROM outbox_channels ORDER BY name")
    channels = tuple(map(_channel, rows))
    return OutboxStatus(
        counted["waiting"],
        moment_or_none(counted["oldest"]),
        unsent["count"],
        counted["left_alone"],
        channels,
        refused["count"],
    )


def entries(store: Store, *, code: str = "", everything: bool = False, limit: int = 10_000) -> list[OutboxEntry]:
    """What waits, the oldest first; one message's routes when `code` is given; with `everything` delivered ones too."""
    which = "code = :code" if code else "1 = 1" if everything else "state = 'waiting'"
    rows = store.read(
        f"SELECT * FROM outbox WHERE {which} ORDER BY state DESC, queued_at, id LIMIT :most",  # noqa: S608
        **({"code": code} if code else {}),
        most=limit,
    )
    return list(map(_entry, rows))


def claim_alarm(store: Store, at: datetime, every: timedelta) -> bool:
    """Whether the caller is to alert people now: once for all processes, then again after a while."""
    with store.transaction() as db:
        return bool(
            db.execute(
                "UPDATE outbox_alarm SET told_at = :now WHERE coalesce(told_at, '') NOT BETWEEN :since AND :now",
                {"now": stamp(at), "since": stamp(at - every)},
            ).rowcount
        )


def end_alarm(store: Store) -> bool:
    """Note that all is well again, so that the next alarm is sent at once. Whether there was one."""
    if not store.read("SELECT 1 FROM outbox_alarm WHERE told_at IS NOT NULL"):
        return False
    with store.transaction() as db:
        return bool(db.execute("UPDATE outbox_alarm SET told_at = NULL WHERE told_at IS NOT NULL").rowcount)


def _entry(row: Row) -> OutboxEntry:
    return OutboxEntry(
        number=row["id"],
        code=row["code"],
        thread=row["thread"],
        route=kept_route(row),
        channel=row["channel"],
        state=row["state"],
        queued_at=moment(row["queued_at"]),
        next_at=moment(row["next_at"]),
        attempts=row["attempts"],
        failing_since=moment_or_none(row["failing_since"]),
        last_error=row["last_error"],
        last_said=row["last_said"],
        last_mend=row["last_mend"],
        claimed_until=moment_or_none(row["claimed_until"]),
        delivered_at=moment_or_none(row["delivered_at"]),
    )


def _channel(row: Row) -> ChannelState:
    return ChannelState(
        name=row["name"],
        delivered=row["delivered"],
        failed=row["failed"],
        failing_since=moment_or_none(row["failing_since"]),
        rest_until=moment_or_none(row["rest_until"]),
        last_error=row["last_error"],
        last_mend=row["last_mend"],
    )
