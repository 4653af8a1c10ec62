"""Accounts of the people who answer, with hashes of their passwords.

Each account has a secret that its sessions carry. A new one ends them all, on every device: when the password changes,
when its owner signs out, and when the account is removed.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from handrail_feedback.records.staff import Role, StaffMember
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp
from handrail_feedback.storage.database import Store


def add(store: Store, name: str, role: Role, password: str, at: datetime) -> bool:
    """Make an account with this hash of a password; False when the name is taken."""
    with store.transaction(durable=True) as db:
        made = db.execute(
            """INSERT INTO staff (name, role, password, session, made_at)
               VALUES (:name, :role, :password, :session, :at) ON CONFLICT (name) DO NOTHING""",
            {"name": name, "role": role, "password": password, "session": _secret(), "at": stamp(at)},
        ).rowcount
    return bool(made)


def set_password(store: Store, name: str, password: str) -> bool:
    """Give an account another hash, and end its sessions; False when there is no such account."""
    return _change(
        store,
        name,
        "UPDATE staff SET password = :password, session = :session WHERE name = :name",
        password=password,
        session=_secret(),
    )


def rehash(store: Store, name: str, before: str, password: str) -> None:
    """Put a stronger hash of the same password in the place of `before`; sessions go on."""
    _change(
        store,
        name,
        "UPDATE staff SET password = :password WHERE name = :name AND password = :before",
        password=password,
        before=before,
    )


def set_role(store: Store, name: str, role: Role) -> bool:
    """Give an account another role, at once; False when there is no such account."""
    return _change(store, name, "UPDATE staff SET role = :role WHERE name = :name", role=role)


def end_sessions(store: Store, name: str) -> bool:
    """Sign somebody out, on every device."""
    return _change(store, name, "UPDATE staff SET session = :session WHERE name = :name", session=_secret())


def remove(store: Store, name: str) -> bool:
    """Remove an account; what they did keeps their name. False when there is none."""
    return _change(store, name, "DELETE FROM staff WHERE name = :name")


def note_sign_in(store: Store, name: str, at: datetime) -> None:
    """Remember when somebody signed in last."""
    _change(store, name, "UPDATE staff SET signed_in_at = :at WHERE name = :name", at=stamp(at))


def everybody(store: Store) -> list[StaffMember]:
    """All accounts, by name."""
    return [_member(row) for row in store.read("SELECT * FROM staff ORDER BY name")]


def find(store: Store, name: str) -> tuple[StaffMember, str] | None:
    """The account of this name and the hash of its password; None when there is none."""
    rows = store.read("SELECT * FROM staff WHERE name = :name", name=name)
    return (_member(rows[0]), str(rows[0]["password"])) if rows else None


def of_session(store: Store, session: str) -> StaffMember | None:
    """Whose session this is; None when it has ended."""
    rows = store.read("SELECT * FROM staff WHERE session = :session", session=session)
    return _member(rows[0]) if rows else None


def _change(store: Store, name: str, sql: str, **values: str) -> bool:
    with store.transaction(durable=True) as db:
        return bool(db.execute(sql, {"name": name, **values}).rowcount)


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _member(row: Row) -> StaffMember:
    signed_in = moment_or_none(row["signed_in_at"])
    return StaffMember(row["name"], row["role"], row["session"], moment(row["made_at"]), signed_in)
