"""Sessions of staff, a row for each device. Of its token the hash alone is kept: a copied store opens nothing."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from datetime import datetime, timedelta

from handrail_feedback.records.staff import (
    AT_COMMAND_LINE,
    LONGEST_SESSION,
    Doer,
    Session,
    StaffMember,
    goes_on,
    member_of,
)
from handrail_feedback.records.stamps import Row, moment, stamp
from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.database import Connection, Store
from handrail_kb.errors import StoreUnavailable

# Of one account; the one that was unused for longest makes room.
MOST_SESSIONS = 20
# How exactly it is known when a session was used last: more would be a write with each request.
_EXACTLY = timedelta(minutes=1)


def begin(store: Store, name: str, at: datetime, by: Doer, before: str = "") -> str:
    """Begin a session and end the one `before` on the same device, by its token; returns the new token."""
    with store.transaction(durable=True) as db:
        db.execute("DELETE FROM staff_sessions WHERE token = :token", {"token": _hashed(before)})
        token = begin_within(db, name, at, by)
        db.execute("UPDATE staff SET signed_in_at = :at WHERE name = :name", {"name": name, "at": stamp(at)})
        events.note(db, "signed_in", name, at, by)
    return token


def begin_within(db: Connection, name: str, at: datetime, by: Doer) -> str:
    """Begin a session within a transaction, and forget those that ended; returns its token."""
    token = secrets.token_urlsafe(32)
    db.execute(
        """DELETE FROM staff_sessions WHERE name = :name AND (made_at < :ended OR id NOT IN (
             SELECT id FROM staff_sessions WHERE name = :name ORDER BY seen_at DESC, id DESC LIMIT :most))""",
        {"name": name, "ended": stamp(at - LONGEST_SESSION), "most": MOST_SESSIONS - 1},
    )
    db.execute(
        """INSERT INTO staff_sessions (token, name, made_at, seen_at, browser)
           VALUES (:token, :name, :at, :at, :browser)""",
        {"token": _hashed(token), "name": name, "at": stamp(at), "browser": by.browser},
    )
    return token


def renew(store: Store, name: str, at: datetime, by: Doer) -> str:
    """Begin a session for somebody who was signed in and goes on; returns its token."""
    with store.transaction(durable=True) as db:
        return begin_within(db, name, at, by)


def find(store: Store, token: str, at: datetime, idle: timedelta) -> tuple[StaffMember, Session] | None:
    """Whose session has this token, and the session; None when it has ended. Notes that it is used."""
    rows = store.read(
        """SELECT staff.name, role, staff.made_at, signed_in_at, staff_sessions.id AS session_id,
             staff_sessions.made_at AS begun_at, seen_at, browser, first_until, salt,
             CASE WHEN password = '' THEN 1 ELSE 0 END AS by_provider
           FROM staff_sessions JOIN staff ON staff.name = staff_sessions.name
           LEFT JOIN staff_second_factors ON staff_second_factors.name = staff.name WHERE token = :token""",
        token=_hashed(token),
    )
    session = _session(rows[0]) if rows else None
    if not session or not goes_on(session, at, idle):
        return None
    if at - session.seen_at >= _EXACTLY:
        with contextlib.suppress(StoreUnavailable), store.transaction() as db:  # whoever reads may go on reading
            used = {"id": session.number, "at": stamp(at)}
            db.execute("UPDATE staff_sessions SET seen_at = :at WHERE id = :id", used)
    return member_of(rows[0]), session


def of(store: Store, name: str, at: datetime, idle: timedelta) -> list[Session]:
    """The sessions of an account that go on, the one used last first."""
    rows = store.read(
        """SELECT id AS session_id, made_at AS begun_at, seen_at, browser FROM staff_sessions
           WHERE name = :name ORDER BY seen_at DESC, id DESC""",
        name=name,
    )
    return [session for session in map(_session, rows) if goes_on(session, at, idle)]


def sign_out(store: Store, name: str, number: int, at: datetime, by: Doer) -> None:
    """End the session in which somebody signs out."""
    with store.transaction(durable=True) as db:
        if end_within(db, name, only=number):
            events.note(db, "signed_out", name, at, by)


def end_one(store: Store, name: str, number: int, at: datetime, by: Doer) -> bool:
    """End one session of an account; False when it has ended or is another one's."""
    with store.transaction(durable=True) as db:
        ended = bool(end_within(db, name, only=number))
        if ended:
            events.note(db, "session_ended", name, at, by)
    return ended


def end_others(store: Store, name: str, keep: int, at: datetime, by: Doer = AT_COMMAND_LINE) -> int:
    """End all sessions of an account but one (0 keeps none); how many."""
    with store.transaction(durable=True) as db:
        ended = end_within(db, name, keep=keep)
        if ended:
            events.note(db, "sessions_ended", name, at, by)
    return ended


def end_within(db: Connection, name: str, *, only: int | None = None, keep: int = 0) -> int:
    """End sessions of an account within a transaction: all, `only` one, or all but the one to `keep`; how many."""
    # What an earlier version, which may run beside this one during an upgrade, tells its sessions by.
    db.execute("UPDATE staff SET session = :new WHERE name = :name", {"name": name, "new": secrets.token_urlsafe(32)})
    return db.execute(
        """DELETE FROM staff_sessions WHERE name = :name AND id <> :keep AND (:every = 1 OR id = :only)""",
        {"name": name, "keep": keep, "every": int(only is None), "only": only or 0},
    ).rowcount


def _session(row: Row) -> Session:
    return Session(row["session_id"], moment(row["begun_at"]), moment(row["seen_at"]), row["browser"])


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
