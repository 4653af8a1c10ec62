"""What is decided on topics: by whom, when, why, with a link to the article, issue or merge request.

The newest decision that was not taken back is in force. What was decided on a topic that was merged counts for the one
it lives on in. Nothing is ever deleted: a decision that was taken back stays in the history.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback.db import Row, Store, moment, stamp, storable
from handrail_feedback.topics import merged_into, topics
from handrail_kb.errors import HandrailError

Verdict = Literal["writing", "reword", "out of scope", "stays with people", "spam"]
MEANINGS: dict[Verdict, str] = {
    "writing": "an article is being written",
    "reword": "an article gets the customers' words",
    "out of scope": "not ours to answer",
    "stays with people": "a person answers this, and should",
    "spam": "nobody's question",
}
LONGEST_WHY = 1000
LONGEST_LINK = 500
_LONGEST_WHO = 100
# A web address, or a file or page of the site; nothing that a browser would run.
_LINK = re.compile(r"https?://\S+|(?![a-z][a-z0-9+.-]*:|//)[^\s<>\"]+", re.I)


@dataclass(frozen=True)
class Decision:
    """One decision. `topic` is the topic that it was made on, which may have been merged since."""

    id: int
    topic: int
    verdict: Verdict
    at: datetime
    who: str
    why: str
    link: str
    undone_at: datetime | None
    undone_by: str


def decide(
    store: Store, topic: int, verdict: Verdict, who: str, at: datetime, *, why: str = "", link: str = "",
    token: str | None = None,
) -> Decision:  # fmt: skip
    """Keep a decision on a topic that lives; the same `token` twice is one decision.

    Raises HandrailError, and StoreUnavailable when it was not kept.
    """
    living = _living(store, topic)
    if link and not _LINK.fullmatch(link):
        raise HandrailError(
            f"'{link[:80]}' is no link.", "Give a web address, or a file of the site: --link docs/article.md"
        )
    values = {
        "topic": living, "verdict": verdict, "at": stamp(at), "who": storable(who, _LONGEST_WHO),
        "why": storable(" ".join(why.split()), LONGEST_WHY), "link": storable(link, LONGEST_LINK),
        "token": f"{token} {living}" if token else None,
    }  # fmt: skip
    with store.transaction(durable=True) as db:
        db.execute(
            """INSERT INTO topic_decisions (topic_id, decision, at, who, why, link, token)
               VALUES (:topic, :verdict, :at, :who, :why, :link, :token) ON CONFLICT (token) DO NOTHING""",
            values,
        )
    return history(store)[living][-1]


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


def in_force(decisions: list[Decision]) -> Decision | None:
    """The newest that was not taken back."""
    return next((one for one in reversed(decisions) if one.undone_at is None), None)


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
        undone_at=moment(row["undone_at"]) if row["undone_at"] else None,
        undone_by=row["undone_by"],
    )
