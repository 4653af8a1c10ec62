"""What became of topics: what grouping merged and split, what leads merged, split and moved, and where all is shown.

Grouping puts each search into a topic (`grouped_in`). What leads did is laid over that: whatever is grouped anew, a
topic that they merged is shown in the other one, and what they took out stays in the topic that was made for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handrail_feedback.records.stamps import Row, moment, moment_or_none
from handrail_feedback.records.topics import LineageEvent, Recorded
from handrail_feedback.storage.database import Connection, Store

_EVENTS = "SELECT * FROM topic_events ORDER BY id"


def recorded(store: Store) -> list[Recorded]:
    """What was merged, split and moved, oldest first; what was undone, too."""
    return [_recorded(row) for row in store.read(_EVENTS)]


def merged_into(store: Store) -> dict[int, int]:
    """For each topic that lives on in another one, that one."""
    return living_numbers(recorded(store))


def lineage_state(store: Store) -> str:
    """A name for what leads did to topics: another after each deed and each undo. Cheap."""
    [row] = store.read(_STATE)
    return _state(row)


def state_in(db: Connection) -> str:
    """As `lineage_state`, within a transaction."""
    [row] = db.query(_STATE)
    return _state(row)


_STATE = """SELECT coalesce(max(id), 0) AS last, count(undone_at) AS undone,
  (SELECT coalesce(max(id), 0) FROM topic_names) AS named FROM topic_events"""


def _state(row: Row) -> str:
    return f"{row['last']} {row['undone']} {row['named']}"


def held_topics(events: Iterable[Recorded]) -> set[int]:
    """The topics that grouping must leave as they are: those that leads merged, and those that they made."""
    deeds = [one for one in events if one.who]
    merged = {one.event.topic for one in deeds if one.event.change == "merged" and one.undone_at is None}
    return merged | {one.made for one in deeds if one.made is not None}


def living_numbers(events: Iterable[Recorded]) -> dict[int, int]:
    """For each topic that lives on in another one, that one.

    A topic that was made by a split lives on in the one it was taken from once that is undone.
    """
    into: dict[int, int] = {}
    merged: dict[int, int] = {}
    for one in events:
        event = one.event
        if event.change == "merged" and one.undone_at is None:
            merged[event.topic] = event.other
        elif event.change == "moved" and one.made is not None:
            into[one.made] = event.topic if one.undone_at else event.other
        elif event.change == "split" and one.made is not None and one.undone_at:
            into[one.made] = event.other
    into |= merged
    return {topic: _last_of(topic, into) for topic in into}


def _last_of(topic: int, into: Mapping[int, int]) -> int:
    seen: set[int] = set()
    while topic in into and topic not in seen:
        seen.add(topic)
        topic = into[topic]
    return topic


def events_in(db: Connection) -> list[Recorded]:
    """As `recorded`, within a transaction."""
    return [_recorded(row) for row in db.query(_EVENTS)]


def follow_leads(db: Connection) -> None:
    """Show every search in the topic where leads want it, wherever grouping put it."""
    events = events_in(db)
    held, into = held_topics(events), living_numbers(events)
    db.execute("UPDATE topic_members SET topic_id = grouped_in, grouped_in = NULL WHERE grouped_in IS NOT NULL")
    db.executemany(
        """UPDATE topic_members SET topic_id = :shown, grouped_in = :topic
           WHERE topic_id = :topic AND grouped_in IS NULL""",
        [{"topic": topic, "shown": into[topic]} for topic in sorted(held & into.keys())],
    )
    db.execute(
        "UPDATE topics SET ended_at = NULL WHERE ended_at IS NOT NULL AND id IN (SELECT topic_id FROM topic_members)"
    )


def _recorded(row: Row) -> Recorded:
    return Recorded(
        at=moment(row["at"]),
        event=LineageEvent(row["topic_id"], row["change"], row["other_id"], row["searches"]),
        id=row["id"],
        who=row["who"],
        undone_at=moment_or_none(row["undone_at"]),
        undone_by=row["undone_by"],
        made=row["made_id"],
    )
