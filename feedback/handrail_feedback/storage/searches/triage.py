"""Who takes care of a topic, what staff say about it, and who has it open.

What was kept for a topic that was merged counts for the one it lives on in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from handrail_feedback.records.decisions import Assignment, Comment
from handrail_feedback.records.stamps import moment, stamp, storable
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.lineage import merged_into

LONGEST_COMMENT = 2000
# Of one topic, the newest.
MOST_COMMENTS = 200
# Who opened a topic this long ago is taken to look at it still.
_LOOKS = timedelta(minutes=5)
_LOOKS_KEPT = timedelta(hours=1)


def assignments(store: Store) -> dict[int, Assignment]:
    """Who takes care of which topic, the newest first to count where topics were merged."""
    into = merged_into(store)
    rows = store.read("SELECT * FROM topic_assignments ORDER BY at")
    return {
        into.get(int(row["topic_id"]), int(row["topic_id"])): Assignment(
            row["assignee"], date.fromisoformat(row["due_on"]) if row["due_on"] else None
        )
        for row in rows
    }


def assign(store: Store, topic: int, to: Assignment, who: str, at: datetime) -> None:
    """Keep who takes care of a topic, in place of whoever did. Raises StoreUnavailable."""
    with store.transaction(durable=True) as db:
        db.execute(
            """INSERT INTO topic_assignments (topic_id, assignee, due_on, at, who)
               VALUES (:topic, :assignee, :due_on, :at, :who)
               ON CONFLICT (topic_id) DO UPDATE SET assignee = excluded.assignee, due_on = excluded.due_on,
                 at = excluded.at, who = excluded.who""",
            {
                "topic": topic,
                "assignee": to.assignee,
                "due_on": to.due_on.isoformat() if to.due_on else None,
                "at": stamp(at),
                "who": who,
            },
        )


def comments(store: Store, topic: int) -> list[Comment]:
    """What was said about a topic, and about those that were merged into it, oldest first."""
    into = merged_into(store)
    rows = store.read(
        f"""SELECT * FROM topic_comments WHERE topic_id IN ({_numbers(topic, into)})
            ORDER BY id DESC LIMIT :most""",  # noqa: S608 (numbers)
        most=MOST_COMMENTS,
    )
    return [Comment(row["who"], moment(row["at"]), row["words"]) for row in reversed(rows)]


def _numbers(topic: int, into: Mapping[int, int]) -> str:
    return ", ".join(str(int(one)) for one in (topic, *(gone for gone, alive in into.items() if alive == topic)))


def comment(store: Store, topic: int, words: str, who: str, at: datetime, token: str) -> None:
    """Keep a comment; the same `token` twice is one. Raises StoreUnavailable."""
    with store.transaction(durable=True) as db:
        db.execute(
            """INSERT INTO topic_comments (topic_id, at, who, words, token) VALUES (:topic, :at, :who, :words, :token)
               ON CONFLICT (token) DO NOTHING""",
            {
                "topic": topic,
                "at": stamp(at),
                "who": who,
                "words": storable(words, LONGEST_COMMENT),
                "token": f"{token} {topic}",
            },
        )


def look(store: Store, topic: int, who: str, at: datetime) -> list[str]:
    """Note that somebody has a topic open; returns who else has. Raises StoreUnavailable."""
    values = {"topic": topic, "who": who, "at": stamp(at)}
    with store.transaction() as db:
        db.execute("DELETE FROM topic_looks WHERE at < :old", {"old": stamp(at - _LOOKS_KEPT)})
        db.execute(
            """INSERT INTO topic_looks (topic_id, who, at) VALUES (:topic, :who, :at)
               ON CONFLICT (topic_id, who) DO UPDATE SET at = excluded.at""",
            values,
        )
        rows = db.execute(
            "SELECT who FROM topic_looks WHERE topic_id = :topic AND who <> :who AND at > :since ORDER BY who",
            {**values, "since": stamp(at - _LOOKS)},
        ).fetchall()
    return [row[0] for row in rows]
