"""Accounts of the people who answer, with hashes of their passwords.

A new password ends all sessions of an account, and so does removing it.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from handrail_feedback.records.staff import AT_COMMAND_LINE, Doer, Role, StaffMember, member_of
from handrail_feedback.records.stamps import stamp, stamp_or_none
from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.accounts.sessions import end_within
from handrail_feedback.storage.database import Connection, Store

_WITH_FACTOR = """
  SELECT staff.name, role, password, made_at, signed_in_at, first_until, salt,
    CASE WHEN password = '' THEN 1 ELSE 0 END AS by_provider
  FROM staff LEFT JOIN staff_second_factors ON staff_second_factors.name = staff.name"""


def add(store: Store, name: str, role: Role, password: str, at: datetime, first_until: datetime | None = None) -> bool:
    """Make an account at the command line, with this hash of a password; False when the name is taken.

    With `first_until` the password is good until then, and only to choose another.
    """
    with store.transaction(durable=True) as db:
        if not add_within(db, name, role, password, at, AT_COMMAND_LINE):
            return False
        return _change(db, name, "first_until = :first", first=stamp_or_none(first_until))


def add_within(db: Connection, name: str, role: Role, password: str, at: datetime, by: Doer) -> bool:
    """Make an account within a transaction; with an empty hash no password fits it. False when the name is taken."""
    made = db.execute(
        """INSERT INTO staff (name, role, password, session, made_at)
           VALUES (:name, :role, :password, :session, :at) ON CONFLICT (name) DO NOTHING""",
        {"name": name, "role": role, "password": password, "session": _unused(), "at": stamp(at)},
    ).rowcount
    if made:
        events.note(db, "account_made", name, at, by, detail=role)
    return bool(made)


def set_password(
    store: Store,
    name: str,
    password: str,
    at: datetime,
    by: Doer = AT_COMMAND_LINE,
    *,
    first_until: datetime | None = None,
) -> bool:
    """Give an account another hash, and end its sessions; False when there is no such account with a password.

    With `first_until` the password is good until then, and only to choose another.
    """
    with store.transaction(durable=True) as db:
        change = "password = :password, first_until = :first"
        values = {"password": password, "first": stamp_or_none(first_until)}
        if not _change(db, name, change, " AND password <> ''", **values):
            return False
        end_within(db, name)
        events.note(db, "password_changed", name, at, by)
    return True


def rehash(store: Store, name: str, before: str, password: str) -> None:
    """Put a stronger hash of the same password in the place of `before`; sessions go on."""
    with store.transaction(durable=True) as db:
        db.execute(
            "UPDATE staff SET password = :password WHERE name = :name AND password = :before",
            {"name": name, "password": password, "before": before},
        )


def set_role(store: Store, name: str, role: Role, at: datetime, by: Doer = AT_COMMAND_LINE) -> bool:
    """Give an account another role, at once; False when there is no such account."""
    with store.transaction(durable=True) as db:
        if not _change(db, name, "role = :role", role=role):
            return False
        events.note(db, "role_changed", name, at, by, detail=role)
    return True


def remove(store: Store, name: str, at: datetime, by: Doer = AT_COMMAND_LINE) -> bool:
    """Remove an account; what they did keeps their name. False when there is none."""
    with store.transaction(durable=True) as db:
        if not db.execute("DELETE FROM staff WHERE name = :name", {"name": name}).rowcount:
            return False
        events.note(db, "account_removed", name, at, by)
    return True


def everybody(store: Store) -> list[StaffMember]:
    """All accounts, by name."""
    return [member_of(row) for row in store.read(f"{_WITH_FACTOR} ORDER BY staff.name")]


def find(store: Store, name: str) -> tuple[StaffMember, str] | None:
    """The account of this name and the hash of its password; None when there is none."""
    rows = store.read(f"{_WITH_FACTOR} WHERE staff.name = :name", name=name)
    return (member_of(rows[0]), str(rows[0]["password"])) if rows else None


def _change(db: Connection, name: str, change: str, only: str = "", **values: str | None) -> bool:
    sql = f"UPDATE staff SET {change} WHERE name = :name{only}"  # noqa: S608 (our own words)
    return bool(db.execute(sql, {"name": name, **values}).rowcount)


def _unused() -> str:
    """A value for the column that earlier versions tell sessions by; it opens nothing."""
    return secrets.token_urlsafe(32)
