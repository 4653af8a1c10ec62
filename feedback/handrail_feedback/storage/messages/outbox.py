"""The outbox: which message goes by which route, who is delivering it now, and when it is tried again.

A row for each message and route, written in the message's own transaction, so that there is no moment at which a kill
could part the two. A row leaves the state `waiting` only when a channel took the message; nothing gives it up.
Delivery is at least once: whoever delivers holds a claim, which ends by itself when its holder was killed.
Knows no words of customers, and nothing of how a channel works.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from handrail_feedback.records.outbox import (
    LONGEST_PAUSE,
    Job,
    Patience,
    Route,
    kept_route,
    next_channel,
    next_rested,
    pause,
    pause_asked_for,
    time_to_next,
)
from handrail_feedback.records.stamps import Row, moment, stamp, storable
from handrail_feedback.storage.database import Connection, Store, retried
from handrail_kb.errors import DeliveryFailed
from handrail_kb.texts.log.logger import Log

log = Log(__name__)

# Kept before anything was set to deliver it: taken up when younger, left to a person's word when older.
ADOPTED_WITHIN = timedelta(days=7)
# A time further away than any pause or claim was written by a clock that was wrong since; those of two machines differ.
_FAR = LONGEST_PAUSE + timedelta(minutes=1)


def put(db: Connection, code: str, thread: str, routes: Sequence[Route], at: datetime) -> int:
    """Queue a message on every route where it is not queued yet; how many these were.

    To be called inside the transaction that writes the message.
    """
    return sum(
        db.execute(
            """INSERT INTO outbox (code, thread, route, answer_id, channel, queued_at, next_at)
               VALUES (:code, :thread, :route, :answer, :channel, :at, :at) ON CONFLICT (code, route) DO NOTHING""",
            {
                "code": code,
                "thread": thread,
                "route": str(route),
                "answer": route.answer,
                "channel": route.channels[0],
                "at": stamp(at),
            },
        ).rowcount
        for route in routes
    )


@retried
def claim(
    store: Store, routes: Sequence[Route], at: datetime, patience: Patience, *, answers: bool = False
) -> Job | None:
    """The message to deliver next, claimed for the caller; None when none is due. With `answers` those, too.

    A message that follows another waits until that one was delivered on the same route, an answer for those before it.
    """
    times = {"now": stamp(at), "far": stamp(at + _FAR)}
    # Most looks find nothing, and a look must not keep writers waiting.
    if not store.read(f"SELECT 1 FROM outbox WHERE {_DUE} LIMIT 1", **times):  # noqa: S608 (our own words)
        return None
    if store.read(_TIRED, **times, since=stamp(at - patience.failover)):
        with store.transaction() as db:
            _fail_over(db, routes, at, patience)
    with store.transaction(in_turn=False) as db:
        row = _next_row(db, routes, times, answers=answers)
        if row is None:
            return None
        token = secrets.token_hex(8)
        db.execute(
            "UPDATE outbox SET claim = :claim, claimed_until = :until WHERE id = :id",
            {"claim": token, "until": stamp(at + patience.lease), "id": row["id"]},
        )
    return Job(row["id"], token, row["code"], kept_route(row), row["channel"], row["attempts"])


# A channel that rests, and has failed for so long that another one takes over.
_TIRED = "SELECT name FROM outbox_channels WHERE failing_since <= :since AND rest_until BETWEEN :now AND :far"
_FREE = "NOT (coalesce(claimed_until, '') > :now AND claimed_until <= :far)"
# What was never tried has, whatever the clock says now, and so has what a clock put off that was ahead.
WAITED_ENOUGH = "NOT (attempts > 0 AND next_at > :now AND next_at <= :far)"
_DUE = f"state = 'waiting' AND {WAITED_ENOUGH} AND {_FREE}"


# Of two rows of one thread: the earlier goes first.
GOES_FIRST = """earlier.state = 'waiting' AND earlier.thread = outbox.thread AND earlier.id < outbox.id
  AND (earlier.route = outbox.route OR (earlier.answer_id IS NOT NULL AND outbox.answer_id IS NOT NULL))"""


def _next_row(db: Connection, routes: Sequence[Route], times: dict[str, str], *, answers: bool) -> Row | None:
    listed, names = _listed(routes)
    mine = f"(route IN ({listed}) OR answer_id IS NOT NULL)" if answers else f"route IN ({listed})"
    found = db.query(
        f"""SELECT outbox.* FROM outbox LEFT JOIN outbox_channels ON name = channel
            WHERE {_DUE} AND {mine}
              AND NOT (coalesce(rest_until, '') > :now AND rest_until <= :far)
              AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE {GOES_FIRST})
            ORDER BY next_at, outbox.id LIMIT 1 {db.claiming("outbox")}""",  # noqa: S608 (our own words)
        {**times, **names},
    )
    return next(iter(found), None)


def _listed(routes: Sequence[Route]) -> tuple[str, dict[str, str]]:
    """Routes as they stand in an SQL list, which must not be empty, and the values of its parameters."""
    names = {f"route{number}": str(route) for number, route in enumerate(routes)}
    return ", ".join(f":{name}" for name in names) or "''", names


def delivered(store: Store, job: Job, at: datetime) -> None:
    """Note that the channel took the message; also for a claim that ended meanwhile, because it is true.

    By number and code: a message that was erased meanwhile leaves a note on no other.
    """
    values = {"id": job.id, "code": job.code, "channel": job.channel, "at": stamp(at)}
    with store.transaction() as db:
        db.execute(
            """UPDATE outbox SET state = 'delivered', delivered_at = :at, channel = :channel, attempts = attempts + 1,
               failures = 0, failing_since = NULL, last_error = '', last_said = '', last_mend = '', claim = NULL,
               claimed_until = NULL
               WHERE id = :id AND code = :code""",
            values,
        )
        if job.route.answer is None:
            db.execute(
                f"""UPDATE messages SET state = 'delivered' WHERE code = :code
                    AND NOT EXISTS (SELECT 1 FROM outbox WHERE code = :code AND state = 'waiting' AND {_MESSAGE})""",  # noqa: S608
                {"code": job.code},
            )
        db.execute(
            """INSERT INTO outbox_channels (name, delivered) VALUES (:channel, 1)
               ON CONFLICT (name) DO UPDATE SET delivered = outbox_channels.delivered + 1, failures = 0,
               failing_since = NULL, rest_until = NULL, last_error = '', last_mend = ''""",
            values,
        )


def failed(store: Store, job: Job, error: DeliveryFailed, at: datetime, patience: Patience) -> None:
    """Note why the channel did not take the message, and when and where it is tried again.

    An answer that is refused for good goes to the state `refused` and is not tried again: only people can mend the
    address. Nothing changes for a message that somebody else claimed meanwhile.
    """
    with store.transaction() as db:
        mine = {"id": job.id, "claim": job.claim}
        row = next(iter(db.query("SELECT * FROM outbox WHERE id = :id AND claim = :claim", mine)), None)
        if row is None:
            return
        since = row["failing_since"] or stamp(at)
        failing = _count_failure(db, job.channel, error, at) or since
        tired = min(since, failing) <= stamp(at - patience.failover)
        to = next_channel(job, error, tired, _resting(db, at))
        same = to == job.channel
        db.execute(
            """UPDATE outbox SET attempts = attempts + 1, claim = NULL, claimed_until = NULL, channel = :channel,
               failures = :failures, failing_since = :since, next_at = :next, last_error = :what, last_said = :said,
               last_mend = :mend, state = :state WHERE id = :id AND claim = :claim""",
            {
                "state": "refused" if error.final and job.route.answer else row["state"],
                **mine,
                "channel": to,
                "failures": row["failures"] + 1 if same else 0,
                "since": since if same else None,
                "next": stamp(at + time_to_next(row, error, same)),
                "what": error.what,
                "said": storable(error.said, 300),
                "mend": error.mend,
            },
        )
    if not same:
        log("message.moved", outbox=job.id, to=to, channel=job.channel)


def _count_failure(db: Connection, channel: str, error: DeliveryFailed, at: datetime) -> str | None:
    """Count a failed attempt; when the channel itself is at fault, let it rest. Since when it fails, if it does."""
    db.execute(
        """INSERT INTO outbox_channels (name, failed) VALUES (:name, 1)
           ON CONFLICT (name) DO UPDATE SET failed = outbox_channels.failed + 1""",
        {"name": channel},
    )
    row = next(iter(db.query("SELECT * FROM outbox_channels WHERE name = :name", {"name": channel})))
    if not error.of_channel:
        return str(row["failing_since"]) if row["failing_since"] else None
    since = row["failing_since"] or stamp(at)
    db.execute(
        """UPDATE outbox_channels SET failures = failures + 1, failing_since = :since, rest_until = :until,
           last_error = :what, last_mend = :mend WHERE name = :name""",
        {
            "name": channel,
            "since": since,
            "until": stamp(at + max(pause(row["failures"] + 1), pause_asked_for(error))),
            "what": error.what,
            "mend": error.mend,
        },
    )
    return str(since)


def _resting(db: Connection, at: datetime) -> set[str]:
    rows = db.execute(
        "SELECT name FROM outbox_channels WHERE rest_until BETWEEN :now AND :far",
        {"now": stamp(at), "far": stamp(at + _FAR)},
    )
    return {str(row[0]) for row in rows.fetchall()}


def _fail_over(db: Connection, routes: Sequence[Route], at: datetime, patience: Patience) -> None:
    """Move what waits for a channel that has failed for too long, though it was not tried itself."""
    resting = _resting(db, at)
    if not resting:
        return
    rows = db.execute(
        "SELECT name FROM outbox_channels WHERE failing_since <= :since", {"since": stamp(at - patience.failover)}
    )
    tired = {str(row[0]) for row in rows.fetchall()} & resting
    for route in routes:
        for channel in tired.intersection(route.channels):
            to = next_rested(route, channel, resting)
            if to is None:
                continue
            moved = db.execute(
                f"""UPDATE outbox SET channel = :to, failures = 0, failing_since = NULL, next_at = :now
                   WHERE state = 'waiting' AND route = :route AND channel = :channel AND {_FREE}""",  # noqa: S608
                {"to": to, "now": stamp(at), "far": stamp(at + _FAR), "route": str(route), "channel": channel},
            ).rowcount
            if moved:
                log("messages.moved", messages=moved, to=to, channel=channel)


def adopt(store: Store, routes: Sequence[Route], at: datetime) -> int:
    """Put on today's routes what waits on others, and the last week's messages that are on none; how many these were.

    Settings change, and no message may wait for a channel that nobody serves any more.
    """
    if not routes:
        return 0
    listed, names = _listed(routes)
    times = {"now": stamp(at), "far": stamp(at + _FAR), "since": stamp(at - ADOPTED_WITHIN)}
    stray = f"SELECT * FROM outbox WHERE state = 'waiting' AND {_FREE} AND {_MESSAGE} AND route NOT IN ({listed})"  # noqa: S608
    unrouted = f"SELECT * FROM messages WHERE {UNSENT} AND at >= :since ORDER BY id"  # noqa: S608 (our own words)
    # Most looks find nothing, and a look must not keep writers waiting.
    if not store.read(f"{stray} LIMIT 1", **times, **names) and not store.read(f"{unrouted} LIMIT 1", **times):
        return 0
    with store.transaction() as db:
        # A node of other settings may be claiming one of them.
        strays = list(db.query(f"{stray} {db.claiming('outbox')}", {**times, **names}))
        for row in strays:
            put(db, row["code"], row["thread"], routes, moment(row["queued_at"]))
            db.execute("DELETE FROM outbox WHERE id = :id", {"id": row["id"]})
        unsent = list(db.query(unrouted, times))
        for row in unsent:
            put(db, row["code"], row["follows"] or row["code"], routes, at)
    return len(strays) + len(unsent)


_MESSAGE = "answer_id IS NULL"
UNSENT = f"NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.code = messages.code AND {_MESSAGE})"  # noqa: S608 (our own words)


def send_unsent(store: Store, routes: Sequence[Route], at: datetime) -> int:
    """Queue every message that is on no route, however old; how many these were."""
    with store.transaction(durable=True) as db:
        rows = list(db.query(f"SELECT code, follows FROM messages WHERE {UNSENT} ORDER BY id"))  # noqa: S608
        for row in rows:
            put(db, row["code"], row["follows"] or row["code"], routes, at)
    return len(rows)


def retry(store: Store, code: str, routes: Sequence[Route], at: datetime) -> int | None:
    """Have all that waits in the thread of a message tried at once, answers too; how many these are. None: no message.

    A message without a route is put on these routes. What was delivered is left alone.
    """
    with store.transaction(durable=True) as db:
        found = db.execute(f"SELECT follows, {UNSENT} FROM messages WHERE code = :code", {"code": code}).fetchone()  # noqa: S608
        if found is None:
            return None
        if found[1]:
            put(db, code, found[0] or code, routes, at)
        db.execute("UPDATE outbox_channels SET rest_until = NULL")
        # Those before it in its thread go first.
        return db.execute(
            "UPDATE outbox SET next_at = :now WHERE thread = :thread AND state = 'waiting'",
            {"thread": found[0] or code, "now": stamp(at)},
        ).rowcount


def send_again(store: Store, code: str, routes: Sequence[Route], at: datetime) -> bool:
    """Have a message delivered once more, from the first channel on; False if there is none. No answer is."""
    with store.transaction(durable=True) as db:
        found = db.execute("SELECT follows FROM messages WHERE code = :code", {"code": code}).fetchone()
        if found is None:
            return False
        put(db, code, found[0] or code, routes, at)
        for route in routes:
            db.execute(
                """UPDATE outbox SET state = 'waiting', channel = :channel, next_at = :now, failures = 0,
                   failing_since = NULL, delivered_at = NULL WHERE code = :code AND route = :route""",
                {"channel": route.channels[0], "now": stamp(at), "code": code, "route": str(route)},
            )
        db.execute("UPDATE messages SET state = 'waiting' WHERE code = :code", {"code": code})
        db.execute("UPDATE outbox_channels SET rest_until = NULL")
    return True


def hurry(store: Store, at: datetime) -> int:
    """Have all that waits tried at once; how many these are."""
    with store.transaction() as db:
        db.execute("UPDATE outbox_channels SET rest_until = NULL")
        return db.execute("UPDATE outbox SET next_at = :now WHERE state = 'waiting'", {"now": stamp(at)}).rowcount
