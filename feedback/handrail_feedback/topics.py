"""Topics as they are kept: which failed search is in which, where each topic lies, and what was merged and split.

Only numbers are kept: a topic's words are those of its searches, and are erased with them. A message of which whoever
answers it says that it needs an article stands in a topic as a search that found nothing; in memory, its number is the
negative of its outcome's. How searches are grouped stands in `topic_keeping`, what a topic tells in `topic_facts`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Literal

import numpy as np
from sqlite_utils import Database

from handrail_feedback.db import Row, Store, moment, stamp
from handrail_feedback.grouping import Vectors
from handrail_feedback.intents import Failure, Following, Intent, intents, shape
from handrail_feedback.tallies import Counted, counted
from handrail_feedback.topic_identity import Event
from handrail_feedback.votes import reasons_by_search

# From before the first search to after the last.
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
_WORD = re.compile(r"[^\W\d_]{2,}")
# Why somebody was not helped: how a search failed, or that a message `needs` an article.
FailedBy = Failure | Literal["needs"]


@dataclass(frozen=True)
class Failed:
    """A failed search, why it failed, what came next in its tab, and why the article it led to did not help.

    Or a message, with its `other` questions.
    """

    intent: Intent
    kind: FailedBy
    following: Following | None
    reasons: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @property
    def person(self) -> str:
        """Who searched, as far as that is known: the browser tab, else this search alone."""
        return self.intent.tab or f"intent {self.intent.id}"


@dataclass(frozen=True)
class Topic:
    """A topic that lives. `mean` is that of its different wordings' centred vectors, of which there are `wordings`.

    `lang` is empty where languages are not kept apart.
    """

    id: int
    made_at: datetime
    lang: str
    mean: Vectors
    wordings: int


@dataclass(frozen=True)
class Member:
    """A failed search, by its intent's number, or a message in a topic; `nearness` is to the middle of the topic."""

    intent: int
    topic: int
    nearness: float


@dataclass(frozen=True)
class Grouping:
    """How all was grouped the last time: when, with whose vectors, around which centre, from which cosine on."""

    at: datetime
    encoder: str
    centre: Vectors
    near: float
    searches: int


@dataclass(frozen=True)
class Recorded:
    """Something that happened to a topic, and when."""

    at: datetime
    event: Event


def failed_searches(store: Store) -> list[Failed]:
    """The failed searches that count, oldest first: no bots, no staff, none while a part of search was down.

    Searches without a word (a number, a sign) mean nothing by themselves and are left out, too.
    """
    return read_searches(store)[0]


def read_searches(store: Store) -> tuple[list[Failed], list[Counted]]:
    """The failed searches that count, and all searches as figures count them; read once, both oldest first."""
    failed, every, reasons = [], [], reasons_by_search(store)
    for intent, following in intents(store, *EVER):
        one = counted(intent, following)
        every.append(one)
        if one.kind and not one.left_out and _WORD.search(intent.shape):
            failed.append(Failed(intent, one.kind, following, reasons.get(intent.id, ())))
    return failed, every


def wanting(store: Store) -> list[Failed]:
    """The failed searches that count and the messages that need an article, oldest first."""
    return with_messages(store, failed_searches(store))


def with_messages(store: Store, failed: Sequence[Failed]) -> list[Failed]:
    """These failed searches and the messages that need an article, oldest first."""
    return sorted([*failed, *_messages(store)], key=attrgetter("intent.first_at"))


_NEEDS = "outcomes.kind = 'needs' AND outcomes.undone_at IS NULL"


def _messages(store: Store) -> list[Failed]:
    rows = store.read(
        f"""SELECT outcomes.id, outcomes.thread, outcomes.questions, messages.at, messages.lang
            FROM outcomes JOIN messages USING (code) WHERE {_NEEDS}"""  # noqa: S608 (our own words)
    )
    return [message for row in rows if (message := _message(row))]


def _message(row: Row) -> Failed | None:
    """A message as a search that found nothing; None where its question has no word."""
    questions = [one for one in json.loads(row["questions"]) if _WORD.search(shape(one))]
    if not questions:
        return None
    at = moment(row["at"])
    intent = Intent(
        id=-row["id"], tab=f"message {row['thread']}", query=questions[0], shape=shape(questions[0]), lang=row["lang"],
        verdict="none", mode="hybrid", degraded=False, fallback_reason=None, results=(), first_at=at, last_at=at,
        keystrokes=1, source="find", bot=False, staff=False, seen_ms=0, clicked_location=None, clicked_position=None,
        clicked_at=None, said_no_at=None, contacted_at=at, left_at=None,
    )  # fmt: skip
    return Failed(intent, "needs", None, other=tuple(questions[1:]))


def known_since(store: Store) -> datetime | None:
    """When the first search that is still kept was made; None when there is none."""
    [row] = store.read("SELECT min(first_at) AS first FROM intents")
    return moment(row["first"]) if row["first"] else None


def topics(store: Store) -> dict[int, Topic]:
    """The topics that live, by number."""
    rows = store.read("SELECT * FROM topics WHERE ended_at IS NULL ORDER BY id")
    return {
        row["id"]: Topic(row["id"], moment(row["made_at"]), row["lang"], _vector(row["mean"]), row["wordings"])
        for row in rows
    }


def members(store: Store) -> dict[int, Member]:
    """Which search or message is in which topic, by its number."""
    rows = store.read(f"SELECT {_NUMBER} AS number, topic_id, nearness FROM topic_members")  # noqa: S608 (our own words)
    return {row["number"]: Member(row["number"], row["topic_id"], row["nearness"]) for row in rows}


def searches_in_topics(store: Store) -> set[int]:
    """Which searches and messages are in a topic, by their numbers."""
    return {row["number"] for row in store.read(f"SELECT {_NUMBER} AS number FROM topic_members")}  # noqa: S608


_NUMBER = "CASE kind WHEN 'message' THEN -id ELSE id END"


@dataclass(frozen=True)
class Size:
    """How much is in a topic: `last` is the highest number of its searches and messages."""

    members: int
    last: int
    people: int


def sizes(store: Store) -> dict[int, Size]:
    """How much is in each topic, found without reading any words."""
    rows = store.read(
        """SELECT topic_id, count(*) AS members, max(id) AS last, count(DISTINCT person) AS people FROM (
             SELECT topic_id, topic_members.id, coalesce(tab, 'intent ' || intents.id) AS person
             FROM topic_members JOIN intents ON kind = 'search' AND intents.id = topic_members.id
             UNION ALL SELECT topic_id, topic_members.id, 'message ' || thread
             FROM topic_members JOIN outcomes ON topic_members.kind = 'message' AND outcomes.id = topic_members.id
           ) GROUP BY topic_id"""
    )
    return {row["topic_id"]: Size(row["members"], row["last"], row["people"]) for row in rows}


def last_grouping(store: Store) -> Grouping | None:
    """How all was grouped the last time; None when it never was."""
    for row in store.read("SELECT * FROM topic_grouping"):
        return Grouping(moment(row["at"]), row["encoder"], _vector(row["centre"]), row["near"], row["searches"])
    return None


def last_topic(store: Store) -> int:
    """The highest number that any topic ever had: numbers are never given twice."""
    [row] = store.read(_LAST_TOPIC)
    return int(row["last"])


def recorded(store: Store) -> list[Recorded]:
    """What was merged and split, oldest first."""
    return [
        Recorded(moment(row["at"]), Event(row["topic_id"], row["change"], row["other_id"], row["searches"]))
        for row in store.read("SELECT * FROM topic_events ORDER BY id")
    ]


def merged_into(store: Store) -> dict[int, int]:
    """For each topic that was merged, the one that it lives on in today."""
    into = {one.event.topic: one.event.other for one in recorded(store) if one.event.change == "merged"}
    return {topic: _last_of(topic, into) for topic in into}


def _last_of(topic: int, into: Mapping[int, int]) -> int:
    seen: set[int] = set()
    while topic in into and topic not in seen:
        seen.add(topic)
        topic = into[topic]
    return topic


def write_grouping(
    store: Store, kept: Sequence[Topic], searches: Iterable[Member], events: Iterable[Event], grouping: Grouping,
    before: Grouping | None,
) -> bool:  # fmt: skip
    """Put these topics and members in place of all others; topics that are gone are ended.

    Writes nothing and says False when all was grouped by somebody else since `before` was read.
    """
    at = stamp(grouping.at)
    with store.transaction() as db:
        seen = db.execute("SELECT max(at) FROM topic_grouping").fetchone()[0]
        if seen != (stamp(before.at) if before else None):
            return False
        db.execute("UPDATE topics SET ended_at = :at WHERE ended_at IS NULL", {"at": at})
        db.execute("DELETE FROM topic_members")
        _write(db, kept, searches, at)
        db.conn.executemany(
            "INSERT INTO topic_events (at, topic_id, change, other_id, searches) VALUES (?, ?, ?, ?, ?)",
            [(at, one.topic, one.change, one.other, one.searches) for one in events],
        )
        db.execute("DELETE FROM topic_grouping")
        db.execute(
            "INSERT INTO topic_grouping (at, encoder, centre, near, searches) VALUES (?, ?, ?, ?, ?)",
            [at, grouping.encoder, _blob(grouping.centre), grouping.near, grouping.searches],
        )
    return True


def write_joined(
    store: Store, changed: Sequence[Topic], searches: Iterable[Member], before: Grouping, last: int, at: datetime
) -> bool:  # fmt: skip
    """Add searches to topics, and write down where these topics lie now; new ones among them are made.

    Writes nothing and says False when somebody else grouped, or made a topic after `last`, since both were read.
    """
    with store.transaction() as db:
        seen = db.execute("SELECT max(at) FROM topic_grouping").fetchone()[0]
        if seen != stamp(before.at) or db.execute(_LAST_TOPIC).fetchone()[0] != last:
            return False
        _write(db, changed, searches, stamp(at))
    return True


_LAST_TOPIC = "SELECT coalesce(max(seq), 0) AS last FROM sqlite_sequence WHERE name = 'topics'"


def _write(db: Database, kept: Sequence[Topic], searches: Iterable[Member], at: str) -> None:
    db.conn.executemany(
        """INSERT INTO topics (id, made_at, lang, mean, wordings) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET lang = excluded.lang, mean = excluded.mean, wordings = excluded.wordings,
             ended_at = NULL""",
        [(one.id, stamp(one.made_at), one.lang, _blob(one.mean), one.wordings) for one in kept],
    )
    # What joins may have been erased, or have joined by another process, since it was read.
    db.conn.executemany(
        f"""INSERT INTO topic_members (kind, id, topic_id, nearness, joined_at)
            SELECT iif(:number < 0, 'message', 'search'), abs(:number), :topic, :nearness, :at
            WHERE EXISTS (SELECT 1 FROM intents WHERE id = :number)
              OR EXISTS (SELECT 1 FROM outcomes WHERE id = -:number AND {_NEEDS})
            ON CONFLICT (kind, id) DO NOTHING""",  # noqa: S608 (our own words)
        [{"number": one.intent, "topic": one.topic, "nearness": one.nearness, "at": at} for one in searches],
    )


def _blob(vector: Vectors) -> bytes:
    return vector.astype("<f4").tobytes()


def _vector(blob: bytes) -> Vectors:
    return np.frombuffer(blob, dtype="<f4")
