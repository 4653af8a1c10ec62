"""Who takes care of a message, and who has it open at this moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.database import Store

# Who opened a message this long ago is taken to be answering it still.
_LOOKS = timedelta(minutes=10)
_LOOKS_KEPT = timedelta(hours=1)


def assignees(store: Store) -> dict[str, str]:
    """Who takes care of which message, by its code."""
    return {row["code"]: row["assignee"] for row in store.read("SELECT code, assignee FROM message_assignments")}


def assign(store: Store, code: str, assignee: str, who: str, at: datetime) -> None:
    """Keep who takes care of a message, in place of whoever did; nobody where it is empty."""
    values = {"code": code, "assignee": assignee, "at": stamp(at), "who": who}
    with store.transaction(durable=True) as db:
        db.execute("DELETE FROM message_assignments WHERE code = :code", values)
        if assignee:
            db.execute(
                """INSERT INTO message_assignments (code, assignee, at, who)
                   SELECT :code, :assignee, :at, :who WHERE EXISTS (SELECT 1 FROM messages WHERE code = :code)""",
                values,
            )


def look(store: Store, code: str, who: str, at: datetime) -> list[str]:
    """Note that somebody has a message open; returns who else has. Raises StoreUnavailable."""
    values = {"code": code, "who": who, "at": stamp(at)}
    with store.transaction() as db:
        db.execute("DELETE FROM message_looks WHERE at < :old", {"old": stamp(at - _LOOKS_KEPT)})
        db.execute(
            """INSERT INTO message_looks (code, who, at)
               SELECT :code, :who, :at WHERE EXISTS (SELECT 1 FROM messages WHERE code = :code)
               ON CONFLICT (code, who) DO UPDATE SET at = excluded.at""",
            values,
        )
        rows = db.execute(
            "SELECT who FROM message_looks WHERE code = :code AND who <> :who AND at > :since ORDER BY who",
            {**values, "since": stamp(at - _LOOKS)},
        ).fetchall()
    return [row[0] for row in rows]


def being_answered(store: Store, at: datetime) -> dict[str, list[str]]:
    """Who has which messages open, by their codes."""
    found: dict[str, list[str]] = {}
    for row in store.read(
        "SELECT code, who FROM message_looks WHERE at > :since ORDER BY who", since=stamp(at - _LOOKS)
    ):
        found.setdefault(row["code"], []).append(row["who"])
    return found
