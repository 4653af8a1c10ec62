"""How search answers a topic's searches now, when that proved the topic answered, and when it was lost, as it is kept.

Only figures, moments and the place of an article are kept, no words. What makes a proof stands in `topic_proving`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback.db import Row, Store, Value, moment, stamp

Change = Literal["proven", "lost"]
# Of a topic's people, so many have to get an answer for the topic to be proven.
PROVEN_SHARE = 0.8


@dataclass(frozen=True)
class Figures:
    """Of so many `people`, how many would get an answer now to all that they searched in a topic.

    `location` is the article that most of these find among the first three, and `found` how many do; empty when no
    one gets an answer.
    """

    people: int
    answered: int
    location: str = ""
    found: int = 0

    @property
    def enough(self) -> bool:
        """Whether that proves a topic answered."""
        return self.people > 0 and self.answered >= PROVEN_SHARE * self.people


@dataclass(frozen=True)
class Asked:
    """How a topic's searches were answered when they were asked the last time.

    `of` says what was asked of what, so that the same is not asked twice; `generation` is that of the index.
    """

    of: str
    at: datetime
    generation: str
    figures: Figures


@dataclass(frozen=True)
class Proof:
    """That a topic was proven answered by a generation of the index, or that one lost it."""

    change: Change
    at: datetime
    generation: str
    figures: Figures


def asked_topics(store: Store) -> dict[int, Asked]:
    """How each topic was answered the last time."""
    return {
        row["topic_id"]: Asked(row["of"], moment(row["at"]), row["generation"], _figures(row))
        for row in store.read("SELECT * FROM topic_asked")
    }


def proofs(store: Store) -> dict[int, list[Proof]]:
    """When each topic was proven and lost, oldest first."""
    found: dict[int, list[Proof]] = defaultdict(list)
    for row in store.read("SELECT * FROM topic_proofs ORDER BY id"):
        found[row["topic_id"]].append(Proof(row["change"], moment(row["at"]), row["generation"], _figures(row)))
    return dict(found)


def note(store: Store, topic: int, asked: Asked, change: Change | None, before: Asked | None) -> bool:
    """Keep how a topic is answered, and what that changes.

    Writes nothing and says False when somebody else asked it since `before` was read.
    """
    values: dict[str, Value] = {
        "topic": topic, "of": asked.of, "at": stamp(asked.at), "generation": asked.generation, "change": change,
        **vars(asked.figures),
    }  # fmt: skip
    with store.transaction() as db:
        seen = db.execute("SELECT of, at FROM topic_asked WHERE topic_id = ?", [topic]).fetchone()
        if seen != ((before.of, stamp(before.at)) if before else None):
            return False
        db.execute(
            """INSERT OR REPLACE INTO topic_asked (topic_id, of, at, generation, people, answered, location, found)
               VALUES (:topic, :of, :at, :generation, :people, :answered, :location, :found)""",
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
