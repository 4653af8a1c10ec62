"""What leads do to topics: rename, merge, split, and move searches from one to another; and undo it.

Grouping keeps to it (see `lineage`). Nothing is deleted: what was undone stays in the history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from handrail_feedback.records.redaction.redact import redact
from handrail_feedback.records.stamps import moment, stamp, storable
from handrail_feedback.records.topics import LineageEvent, MemberKey, Recorded, TopicName
from handrail_feedback.storage.database import Connection, Store
from handrail_feedback.storage.searches.lineage import events_in, follow_leads, living_numbers, merged_into
from handrail_feedback.storage.searches.topics import LAST_TOPIC
from handrail_kb.errors import HandrailError

LONGEST_NAME = 120
_LONGEST_WHO = 100


class EditedMeanwhile(HandrailError):
    """Somebody else renamed, merged, split or moved what this was about, since it was read. Nothing was changed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Meanwhile {what}. Nothing was changed.", "Look again, then do it anew.")


# --- Names -----------------------------------------------------------------------------------------------------------


def rename(store: Store, topic: int, name: str, who: str, at: datetime, *, token: str, seen: int) -> None:
    """Name a topic; an empty name gives it back that of its searches. The same `token` twice is one deed.

    `seen` is the number of the name that was read, 0 for none. Raises EditedMeanwhile where there is a newer one,
    HandrailError where the topic is gone, and StoreUnavailable.
    """
    with store.transaction(durable=True) as db:
        if db.execute("SELECT 1 FROM topic_names WHERE token = :token", {"token": token}).fetchone():
            return
        _check_lives(db, topic)
        newest = db.execute(
            "SELECT id, who, name FROM topic_names WHERE topic_id = :topic ORDER BY id DESC LIMIT 1", {"topic": topic}
        ).fetchone()
        if newest and newest[0] != seen:
            raise EditedMeanwhile(f"{newest[1]} named this topic '{newest[2]}'")
        db.execute(
            "INSERT INTO topic_names (topic_id, name, at, who, token) VALUES (:topic, :name, :at, :who, :token)",
            {
                "topic": topic,
                "name": storable(redact(" ".join(name.split())), LONGEST_NAME),
                "at": stamp(at),
                "who": storable(who, _LONGEST_WHO),
                "token": token,
            },
        )


def given_names(store: Store) -> dict[int, list[TopicName]]:
    """All names that leads gave, by the topic that they were given to, oldest first."""
    found: dict[int, list[TopicName]] = defaultdict(list)
    for row in store.read("SELECT * FROM topic_names ORDER BY id"):
        found[row["topic_id"]].append(TopicName(row["id"], row["topic_id"], row["name"], moment(row["at"]), row["who"]))
    return dict(found)


def names(store: Store) -> dict[int, str]:
    """The name that a lead gave to each topic; that of one that was merged into it, where it has none of its own."""
    given, into = given_names(store), merged_into(store)
    newest = sorted((every[-1] for every in given.values()), key=lambda one: one.id)
    merged = {into[one.topic]: one.name for one in newest if one.name and one.topic in into}
    own = {one.topic: one.name for one in newest if one.topic not in into}
    return {topic: name for topic, name in (merged | own).items() if name}


# --- Merge, split, move ----------------------------------------------------------------------------------------------


def merge(store: Store, topic: int, other: int, who: str, at: datetime, *, token: str) -> int:
    """Merge a topic into another one, for good: also what will be searched. Returns the number of the deed.

    Raises as `rename` does.
    """
    with store.transaction(durable=True) as db:
        if done := _done(db, token):
            return done
        for one in (topic, other):
            _check_lives(db, one)
        if topic == other:
            raise HandrailError("This is the same topic.", "Give the number of another one.")
        held = len(_members_of(db, topic))
        deed = _note(db, LineageEvent(topic, "merged", other, held), who, at, token)
        follow_leads(db)
    return deed


def split(store: Store, topic: int, chosen: Collection[MemberKey], who: str, at: datetime, *, token: str) -> int:
    """Take searches out of a topic into a new one. Returns the number of the deed; raises as `rename` does."""
    with store.transaction(durable=True) as db:
        if done := _done(db, token):
            return done
        left = _still_there(db, topic, chosen)
        made = _take_out(db, topic, left, at)
        deed = _note(db, LineageEvent(made, "split", topic, len(left)), who, at, token, made)
        follow_leads(db)
    return deed


def move(
    store: Store, topic: int, other: int, chosen: Collection[MemberKey], who: str, at: datetime, *, token: str
) -> int:
    """Move searches from a topic to another one. Returns the number of the deed; raises as `rename` does."""
    with store.transaction(durable=True) as db:
        if done := _done(db, token):
            return done
        _check_lives(db, other)
        if topic == other:
            raise HandrailError("This is the same topic.", "Give the number of another one.")
        left = _still_there(db, topic, chosen)
        made = _take_out(db, topic, left, at)
        deed = _note(db, LineageEvent(topic, "moved", other, len(left)), who, at, token, made)
        follow_leads(db)
    return deed


def undo_edit(store: Store, event: int, who: str, at: datetime) -> Recorded | None:
    """Undo what a lead merged, split or moved, which is returned; None where it is undone already, or was none.

    Raises HandrailError where a later deed must be undone first, and StoreUnavailable.
    """
    with store.transaction(durable=True) as db:
        events = events_in(db)
        found = next((one for one in events if one.id == event and one.who and one.undone_at is None), None)
        if found is None:
            return None
        into = living_numbers(events)
        if found.event.change == "split" and into.get(found.event.other, found.event.other) == found.event.topic:
            what = f"Topic {found.event.other} was merged into topic {found.event.topic} since."
            raise HandrailError(what, "Undo that first.")
        db.execute(
            "UPDATE topic_events SET undone_at = :at, undone_by = :who WHERE id = :id AND undone_at IS NULL",
            {"at": stamp(at), "who": storable(who, _LONGEST_WHO), "id": event},
        )
        follow_leads(db)
    return found


def _done(db: Connection, token: str) -> int:
    """The deed that this form did already; 0 for none."""
    row = db.execute("SELECT id FROM topic_events WHERE token = :token", {"token": token}).fetchone()
    return int(row[0]) if row else 0


def _check_lives(db: Connection, topic: int) -> None:
    """Raise where no topic is shown under this number."""
    events = events_in(db)
    alive = living_numbers(events).get(topic)
    if alive is not None:
        done = next((one for one in reversed(events) if topic in (one.event.topic, one.made) and one.who), None)
        raise EditedMeanwhile(f"{done.who if done else 'grouping'} merged topic {topic} into topic {alive}")
    if not db.execute("SELECT 1 FROM topic_members WHERE topic_id = :topic LIMIT 1", {"topic": topic}).fetchone():
        raise HandrailError(f"There is no topic {topic}.", "See them: handrail topics --all")


def _members_of(db: Connection, topic: int) -> set[MemberKey]:
    rows = db.query("SELECT kind, id FROM topic_members WHERE topic_id = :topic", {"topic": topic})
    return {MemberKey(row["kind"], row["id"]) for row in rows}


def _still_there(db: Connection, topic: int, chosen: Collection[MemberKey]) -> set[MemberKey]:
    """Those of the chosen searches that were not erased since. Raises where they are not in the topic any more."""
    _check_lives(db, topic)
    held = _members_of(db, topic)
    left = held & set(chosen)
    for one in set(chosen) - held:
        row = db.execute("SELECT topic_id FROM topic_members WHERE kind = :kind AND id = :id", one._asdict()).fetchone()
        if row:
            raise EditedMeanwhile(f"some of these searches went to topic {row[0]}")
    if not left:
        raise HandrailError("Nothing was chosen, or it was erased since.", "Choose at least one search.")
    if left == held:
        raise HandrailError("These are all searches of the topic.", "Leave some of them, or merge the topic.")
    return left


def _take_out(db: Connection, topic: int, chosen: Collection[MemberKey], at: datetime) -> int:
    """Make a topic of these searches, which lies where the other one does until all is grouped again."""
    made = int(db.execute(LAST_TOPIC).fetchone()[0]) + 1
    db.execute(
        """INSERT INTO topics (id, made_at, lang, mean, wordings)
           SELECT :made, :at, lang, mean, wordings FROM topics WHERE id = :topic""",
        {"made": made, "at": stamp(at), "topic": topic},
    )
    db.executemany(
        "UPDATE topic_members SET topic_id = :made, grouped_in = NULL WHERE kind = :kind AND id = :id",
        [{**one._asdict(), "made": made} for one in chosen],
    )
    return made


def _note(db: Connection, event: LineageEvent, who: str, at: datetime, token: str, made: int | None = None) -> int:
    row = db.execute(
        """INSERT INTO topic_events (at, topic_id, change, other_id, searches, who, made_id, token)
           VALUES (:at, :topic, :change, :other, :searches, :who, :made, :token) RETURNING id""",
        {**vars(event), "at": stamp(at), "who": storable(who, _LONGEST_WHO), "made": made, "token": token},
    ).fetchone()
    return int(row[0])
