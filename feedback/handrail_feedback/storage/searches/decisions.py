"""Decisions on topics: by whom, when and why, with a link, and whether they were proven.

The newest decision that was not taken back is in force. What was decided on a topic that was merged counts for the one
it lives on in. Nothing is ever deleted: a decision that was taken back stays in the history.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from handrail_feedback.records.decisions import (
    Decision,
    DecisionKind,
    Figures,
    Proof,
    ProofChange,
    ReplayResult,
    in_force,
)
from handrail_feedback.records.stamps import Row, SqlValue, moment, moment_or_none, stamp, storable
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.lineage import merged_into
from handrail_feedback.storage.searches.topics import topics
from handrail_kb.errors import HandrailError

LONGEST_WHY = 1000
LONGEST_LINK = 500
_LONGEST_WHO = 100
# A web address, or a file or page of the site; nothing that a browser would run.
_LINK = re.compile(r"https?://\S+|(?![a-z][a-z0-9+.-]*:|//)[^\s<>\"]+", re.I)


class DecidedMeanwhile(HandrailError):
    """Somebody else decided on a topic, or undid what was decided, since it was read.

    `found` is the decision that is in force now.
    """

    def __init__(self, found: Decision | None) -> None:
        what = f"{found.who} decided: {found.verdict}." if found else "The decision was undone."
        super().__init__(f"Meanwhile this changed. {what}", "Look again, then decide.")
        self.found = found


def decide(
    store: Store,
    topic: int,
    verdict: DecisionKind,
    who: str,
    at: datetime,
    *,
    why: str = "",
    link: str = "",
    token: str | None = None,
    seen: int | None = None,
) -> Decision:
    """Keep a decision on a topic that lives; the same `token` twice is one decision.

    `seen` is the decision in force that was read, 0 for none. Raises DecidedMeanwhile where it is another one,
    HandrailError, and StoreUnavailable when it was not kept.
    """
    living = _living(store, topic)
    token = f"{token} {living}" if token else None
    _check_seen(store, living, seen, token)
    if link and not _LINK.fullmatch(link):
        mend = "Give a web address, or a file of the site: --link docs/article.md"
        raise HandrailError(f"'{link[:80]}' is no link.", mend)
    values = {
        "topic": living,
        "verdict": verdict,
        "at": stamp(at),
        "who": storable(who, _LONGEST_WHO),
        "why": storable(" ".join(why.split()), LONGEST_WHY),
        "link": storable(link, LONGEST_LINK),
        "token": token,
    }
    with store.transaction(durable=True) as db:
        db.execute(
            """INSERT INTO topic_decisions (topic_id, decision, at, who, why, link, token)
               VALUES (:topic, :verdict, :at, :who, :why, :link, :token) ON CONFLICT (token) DO NOTHING""",
            values,
        )
    return history(store)[living][-1]


def _check_seen(store: Store, living: int, seen: int | None, token: str | None) -> None:
    """Raise DecidedMeanwhile where another decision is in force than was `seen`, unless this one is kept already."""
    if seen is None or (token and store.read("SELECT 1 FROM topic_decisions WHERE token = :token", token=token)):
        return
    found = in_force(history(store).get(living, []))
    if (found.id if found else 0) != seen:
        raise DecidedMeanwhile(found)


def link_in_force(store: Store, topic: int) -> str:
    """The link of the decision in force, so that the next one need not name it again; empty when there is none."""
    found = in_force(history(store).get(_living(store, topic), []))
    return found.link if found else ""


def undo(store: Store, topic: int, who: str, at: datetime, only: int | None = None) -> Decision | None:
    """Take back the decision in force, which is given back; None when there is none. Raises HandrailError.

    With `only`, nothing is done when another decision is in force by now: a double click takes back one.
    """
    found = in_force(history(store).get(_living(store, topic), []))
    if found is not None and only not in (None, found.id):
        return None
    if found is not None:
        with store.transaction(durable=True) as db:
            db.execute(
                "UPDATE topic_decisions SET undone_at = :at, undone_by = :who WHERE id = :id AND undone_at IS NULL",
                {"at": stamp(at), "who": storable(who, _LONGEST_WHO), "id": found.id},
            )
    return found


def history(store: Store) -> dict[int, list[Decision]]:
    """All decisions by the topic that they count for today, oldest first."""
    found: dict[int, list[Decision]] = defaultdict(list)
    into = merged_into(store)
    for row in store.read("SELECT * FROM topic_decisions ORDER BY at, id"):
        decision = _decision(row)
        found[into.get(decision.topic, decision.topic)].append(decision)
    return dict(found)


def _living(store: Store, topic: int) -> int:
    """The topic that lives under this number. Raises HandrailError when there is none."""
    alive = merged_into(store).get(topic, topic)
    if alive not in topics(store):
        raise HandrailError(f"There is no topic {topic}.", "See them: handrail topics --all")
    return alive


def _decision(row: Row) -> Decision:
    return Decision(
        id=row["id"],
        topic=row["topic_id"],
        verdict=row["decision"],
        at=moment(row["at"]),
        who=row["who"],
        why=row["why"],
        link=row["link"],
        undone_at=moment_or_none(row["undone_at"]),
        undone_by=row["undone_by"],
    )


def asked_topics(store: Store) -> dict[int, ReplayResult]:
    """How each topic was answered the last time."""
    return {
        row["topic_id"]: ReplayResult(row["of"], moment(row["at"]), row["generation"], _figures(row))
        for row in store.read("SELECT * FROM topic_asked")
    }


def proofs(store: Store) -> dict[int, list[Proof]]:
    """When each topic was proven and lost, oldest first."""
    found: dict[int, list[Proof]] = defaultdict(list)
    for row in store.read("SELECT * FROM topic_proofs ORDER BY id"):
        found[row["topic_id"]].append(Proof(row["change"], moment(row["at"]), row["generation"], _figures(row)))
    return dict(found)


def note(
    store: Store, topic: int, asked: ReplayResult, change: ProofChange | None, before: ReplayResult | None
) -> bool:
    """Keep how a topic is answered, and what that changes.

    Writes nothing and says False when somebody else asked it since `before` was read.
    """
    values: dict[str, SqlValue] = {
        "topic": topic,
        "of": asked.of,
        "at": stamp(asked.at),
        "generation": asked.generation,
        "change": change,
        **vars(asked.figures),
    }
    with store.transaction() as db:
        seen = db.execute("SELECT of, at FROM topic_asked WHERE topic_id = :topic", values).fetchone()
        if seen != ((before.of, stamp(before.at)) if before else None):
            return False
        db.execute(
            """INSERT INTO topic_asked (topic_id, of, at, generation, people, answered, location, found)
               VALUES (:topic, :of, :at, :generation, :people, :answered, :location, :found)
               ON CONFLICT (topic_id) DO UPDATE SET of = excluded.of, at = excluded.at,
                 generation = excluded.generation, people = excluded.people, answered = excluded.answered,
                 location = excluded.location, found = excluded.found""",
            values,
        )
        if change:
            db.execute(
                """INSERT INTO topic_proofs (topic_id, change, at, generation, people, answered, location, found)
                   VALUES (:topic, :change, :at, :generation, :people, :answered, :location, :found)""",
                values,
            )
    return True


def _figures(row: Row) -> Figures:
    return Figures(row["people"], row["answered"], row["location"], row["found"])
