"""Who a provider vouches for: each person by issuer and subject, with the account that was made for them.

Such an account has no password. When it is removed its identity stays, so that the person is not let in again by the
next sign-in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback.records.staff import Doer, Role, clean_name
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.accounts import events, staff
from handrail_feedback.storage.accounts.sessions import end_within
from handrail_feedback.storage.database import Connection, Store

# Whoever has a role at the provider makes an account by signing in; a mistake there must not fill the store.
MOST_IDENTITIES = 2_000


@dataclass(frozen=True)
class Refused:
    """Why somebody whom the provider knows gets no account here."""

    why: Literal["openid_no_role", "openid_removed", "openid_full"]


@dataclass(frozen=True)
class Identity:
    """A person at a provider: `subject` is never given to another one; `wanted` is the name for a new account."""

    issuer: str
    subject: str
    wanted: str = ""


def admit(store: Store, who: Identity, role: Role | None, at: datetime, browser: str) -> str | Refused:
    """The account of a person with the role that the provider says, made at their first sign-in.

    Where there is none for them, why, noted: no role, an account that was removed, or too many accounts. Whoever has
    no role any more is signed out everywhere.
    """
    with store.transaction(durable=True) as db:
        known, is_there = _account_of(db, who)
        by = Doer(known if is_there else "", browser)
        if known and not is_there:
            return _refuse(db, Refused("openid_removed"), "", at, by, known)
        if role is None:
            if known and end_within(db, known):
                events.note(db, "sessions_ended", known, at, by)
            return _refuse(db, Refused("openid_no_role"), known, at, by, who.wanted)
        if not known:
            return _make(db, who, role, at, browser)
        changed = db.execute(
            "UPDATE staff SET role = :role WHERE name = :name AND role <> :role", {"name": known, "role": role}
        )
        if changed.rowcount:
            events.note(db, "role_changed", known, at, by, detail=role)
    return known


def readmit(store: Store, name: str, at: datetime) -> bool:
    """Let somebody in again whose account was removed; False when nobody of this name is kept out."""
    with store.transaction(durable=True) as db:
        freed = db.execute(
            f"DELETE FROM staff_identities WHERE name = :name AND {_KEPT_OUT}",  # noqa: S608 (our own words)
            {"name": name},
        ).rowcount
        if freed:
            events.note(db, "openid_readmitted", name, at, Doer())
    return bool(freed)


def kept_out(store: Store) -> list[str]:
    """The names of those whose account was removed, and who cannot sign in with the provider therefore."""
    rows = store.read(f"SELECT name FROM staff_identities WHERE {_KEPT_OUT} ORDER BY name")  # noqa: S608
    return [str(row["name"]) for row in rows]


# An account made by hand later, with the same name, has a password and belongs to somebody else.
_KEPT_OUT = """NOT EXISTS (
  SELECT 1 FROM staff WHERE staff.name = staff_identities.name AND staff.password = '')"""


def _account_of(db: Connection, who: Identity) -> tuple[str, bool]:
    """The name of the account that was made for somebody, empty when none was, and whether it is still there."""
    rows = list(
        db.query(
            """SELECT staff_identities.name AS name, staff.name AS present FROM staff_identities
           LEFT JOIN staff ON staff.name = staff_identities.name AND staff.password = ''
           WHERE issuer = :issuer AND subject = :subject""",
            {"issuer": who.issuer, "subject": who.subject},
        )
    )
    return (str(rows[0]["name"]), rows[0]["present"] is not None) if rows else ("", False)


def _make(db: Connection, who: Identity, role: Role, at: datetime, browser: str) -> str | Refused:
    [row] = db.query("SELECT count(*) AS number FROM staff_identities")
    if row["number"] >= MOST_IDENTITIES:
        return _refuse(db, Refused("openid_full"), "", at, Doer("", browser), who.wanted)
    for name in _names(who):
        if not _is_taken(db, name) and staff.add_within(db, name, role, "", at, Doer(name, browser)):
            break
    db.execute(
        """INSERT INTO staff_identities (issuer, subject, name, made_at)
           VALUES (:issuer, :subject, :name, :at)""",
        {"issuer": who.issuer, "subject": who.subject, "name": name, "at": stamp(at)},
    )
    return name


def _is_taken(db: Connection, name: str) -> bool:
    """Whether this is or was the name of somebody else of the provider."""
    return any(db.query("SELECT 1 FROM staff_identities WHERE name = :name", {"name": name}))


def _names(who: Identity) -> Iterator[str]:
    """Names for the account: the wanted one, unless it is another's, and then one that nobody else gets."""
    own = hashlib.sha256(f"{who.issuer}\n{who.subject}".encode()).hexdigest()
    if who.wanted:
        yield who.wanted
    for length in (6, 32):
        yield clean_name(f"{who.wanted[: 63 - length] or 'openid'}-{own[:length]}")


def _refuse(db: Connection, refused: Refused, name: str, at: datetime, by: Doer, detail: str) -> Refused:
    events.note(db, refused.why, name, at, by, detail=detail)
    return refused
