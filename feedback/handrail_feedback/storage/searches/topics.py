"""Topics as rows: which failed search or message belongs to which, where each topic lies, and what was merged or split.

Only numbers are kept: a topic's words are those of its searches, and of the messages of which whoever answers them
says that they need an article. They are erased with these. How members are grouped is in `topics.refresh`, the facts
of a topic are in `topics.facts`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

import numpy as np

from handrail_feedback.records.searches import Counted, Failure, Intent, as_tallied, is_question, shape
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp
from handrail_feedback.records.topics import (
    EVER,
    Grouping,
    History,
    LineageEvent,
    Member,
    MemberKey,
    MemberKind,
    MemberPlace,
    MessageMember,
    SearchMember,
    Size,
    Topic,
    Vectors,
)
from handrail_feedback.storage.database import Connection, Store
from handrail_feedback.storage.searches.intents import PERSON, intents
from handrail_feedback.storage.searches.lineage import follow_leads, state_in
from handrail_feedback.storage.searches.votes import reasons_by_search

_WORD = re.compile(r"[^\W\d_]{2,}")


def failed_searches(store: Store) -> list[SearchMember]:
    """The failed searches that count, oldest first: no bots, no staff, none while a part of search was down.

    Searches without a word (a number, a sign) mean nothing by themselves and are left out, too.
    """
    return list(read_history(store).failed)


def read_history(store: Store) -> History:
    """All searches that are kept. Reads every one: to be read once, and passed on to all that need it."""
    failed: list[SearchMember] = []
    counted: list[Counted] = []
    questions: list[tuple[Intent, Failure | None]] = []
    last, reasons = 0, reasons_by_search(store)
    for intent, following in intents(store, *EVER):
        one = as_tallied(intent, following)
        counted.append(one)
        last = max(last, intent.id)
        if is_question(intent, one.kind):
            questions.append((intent, one.kind))
        if one.kind and not one.left_out and _WORD.search(intent.shape):
            failed.append(SearchMember(intent, one.kind, following, reasons.get(intent.id, ())))
    return History(tuple(failed), tuple(counted), tuple(questions), last)


def with_messages(store: Store, failed: Sequence[SearchMember]) -> list[Member]:
    """These failed searches and the messages that need an article, oldest first."""
    return sorted([*failed, *_messages(store)], key=attrgetter("first_at"))


_NEEDS = "outcomes.kind = 'needs' AND outcomes.undone_at IS NULL"


def _messages(store: Store) -> list[MessageMember]:
    rows = store.read(
        f"""SELECT outcomes.id, outcomes.thread, outcomes.questions, messages.at, messages.lang
            FROM outcomes JOIN messages USING (code) WHERE {_NEEDS}"""  # noqa: S608 (our own words)
    )
    return [message for row in rows if (message := _message(row))]


def _message(row: Row) -> MessageMember | None:
    """A message that needs an article; None where no question of it has a word."""
    questions = tuple(one for one in json.loads(row["questions"]) if _WORD.search(shape(one)))
    return MessageMember(row["id"], row["thread"], questions, row["lang"], moment(row["at"])) if questions else None


def known_since(store: Store) -> datetime | None:
    """When the first search that is still kept was made; None when there is none."""
    [row] = store.read("SELECT min(first_at) AS first FROM intents")
    return moment_or_none(row["first"])


def topics(store: Store) -> dict[int, Topic]:
    """The topics that live, by number."""
    rows = store.read("SELECT * FROM topics WHERE ended_at IS NULL ORDER BY id")
    return {
        row["id"]: Topic(row["id"], moment(row["made_at"]), row["lang"], _vector(row["mean"]), row["wordings"])
        for row in rows
    }


def members(store: Store) -> dict[MemberKey, MemberPlace]:
    """The members of all topics, each with its place."""
    return _places(store.read("SELECT kind, id, topic_id, nearness FROM topic_members"))


def grouped_members(store: Store) -> dict[MemberKey, MemberPlace]:
    """As `members`, but in the topics that grouping put them in, whatever leads merged since."""
    return _places(
        store.read("SELECT kind, id, coalesce(grouped_in, topic_id) AS topic_id, nearness FROM topic_members")
    )


def _places(rows: Iterable[Row]) -> dict[MemberKey, MemberPlace]:
    places = (MemberPlace(MemberKey(row["kind"], row["id"]), row["topic_id"], row["nearness"]) for row in rows)
    return {place.member: place for place in places}


def members_left(store: Store) -> set[MemberKey]:
    """Which searches and messages are in a topic: less than `members`, and quicker."""
    return {MemberKey(row["kind"], row["id"]) for row in store.read("SELECT kind, id FROM topic_members")}


def sizes(store: Store) -> dict[int, Size]:
    """How much is in each topic, found without reading any words."""
    rows = store.read(
        f"""SELECT topic_id, count(*) AS members, max(id) AS last, count(DISTINCT person) AS people FROM (
             SELECT topic_id, topic_members.id, {PERSON} AS person
             FROM topic_members JOIN intents ON kind = 'search' AND intents.id = topic_members.id
             UNION ALL SELECT topic_id, topic_members.id, 'message ' || thread
             FROM topic_members JOIN outcomes ON topic_members.kind = 'message' AND outcomes.id = topic_members.id
           ) AS found GROUP BY topic_id"""  # noqa: S608 (our own words)
    )
    return {row["topic_id"]: Size(row["members"], row["last"], row["people"]) for row in rows}


def has_members(store: Store, topic: int) -> bool:
    """Whether a topic of this number, however large, has anything in it at this moment. Cheap."""
    return topic <= last_topic(store) and bool(
        store.read("SELECT 1 FROM topic_members WHERE topic_id = :topic LIMIT 1", topic=topic)
    )


def last_grouping(store: Store) -> Grouping | None:
    """How all was grouped the last time; None when it never was."""
    for row in store.read("SELECT * FROM topic_grouping"):
        return Grouping(moment(row["at"]), row["encoder"], _vector(row["centre"]), row["near"], row["searches"])
    return None


def last_topic(store: Store) -> int:
    """The highest number that any topic ever had: numbers are never given twice."""
    [row] = store.read(LAST_TOPIC)
    return int(row["last"])


def write_grouping(
    store: Store,
    kept: Sequence[Topic],
    places: Sequence[MemberPlace],
    events: Iterable[LineageEvent],
    grouping: Grouping,
    before: Grouping | None,
    deeds: str | None = None,
) -> bool:
    """Put these topics and members in place of all others; topics that are gone are ended.

    Writes nothing and says False when all was grouped by somebody else since `before` was read, or a lead changed
    topics since `deeds`, see `lineage_state`.
    """
    at = stamp(grouping.at)
    with store.transaction() as db:
        if deeds is not None and state_in(db) != deeds:
            return False
        seen = db.execute("SELECT max(at) FROM topic_grouping").fetchone()[0]
        if seen != (stamp(before.at) if before else None):
            return False
        db.execute("UPDATE topics SET ended_at = :at WHERE ended_at IS NULL", {"at": at})
        db.execute("DELETE FROM topic_members")
        _write(db, kept, places, at)
        db.executemany(
            """INSERT INTO topic_events (at, topic_id, change, other_id, searches)
               VALUES (:at, :topic, :change, :other, :searches)""",
            [{"at": at, **vars(one)} for one in events],
        )
        db.execute("DELETE FROM topic_grouping")
        db.execute(
            """INSERT INTO topic_grouping (at, encoder, centre, near, searches)
               VALUES (:at, :encoder, :centre, :near, :searches)""",
            {**vars(grouping), "at": at, "centre": _blob(grouping.centre)},
        )
        follow_leads(db)
    return True


def write_joined(
    store: Store, changed: Sequence[Topic], places: Sequence[MemberPlace], before: Grouping, last: int, at: datetime
) -> bool:
    """Add members to topics, and write down where these topics lie now; new ones among them are made.

    Writes nothing and says False when somebody else grouped, or made a topic after `last`, since both were read.
    """
    with store.transaction() as db:
        seen = db.execute("SELECT max(at) FROM topic_grouping").fetchone()[0]
        if seen != stamp(before.at) or db.execute(LAST_TOPIC).fetchone()[0] != last:
            return False
        _write(db, changed, places, stamp(at))
        follow_leads(db)
    return True


# Topics end, and are never erased.
LAST_TOPIC = "SELECT coalesce(max(id), 0) AS last FROM topics"


def _write(db: Connection, kept: Sequence[Topic], places: Sequence[MemberPlace], at: str) -> None:
    db.executemany(
        """INSERT INTO topics (id, made_at, lang, mean, wordings) VALUES (:id, :made_at, :lang, :mean, :wordings)
           ON CONFLICT (id) DO UPDATE SET lang = excluded.lang, mean = excluded.mean, wordings = excluded.wordings,
             ended_at = NULL""",
        [{**vars(one), "made_at": stamp(one.made_at), "mean": _blob(one.mean)} for one in kept],
    )
    for kind, there in _THERE.items():
        db.executemany(
            f"""INSERT INTO topic_members (kind, id, topic_id, nearness, joined_at)
                SELECT :kind, :id, :topic, :nearness, :at WHERE EXISTS ({there}) ON CONFLICT (kind, id) DO NOTHING""",
            [
                {"kind": kind, "id": one.member.id, "topic": one.topic, "nearness": one.nearness, "at": at}
                for one in places
                if one.member.kind == kind
            ],
        )


# What joins may have been erased, or have joined by another process, since it was read.
_THERE: dict[MemberKind, str] = {
    "search": "SELECT 1 FROM intents WHERE id = :id",
    "message": f"SELECT 1 FROM outcomes WHERE id = :id AND {_NEEDS}",  # noqa: S608 (our own words)
}


def _blob(vector: Vectors) -> bytes:
    return vector.astype("<f4").tobytes()


def _vector(blob: bytes) -> Vectors:
    return np.frombuffer(blob, dtype="<f4")
