"""What leads decided about topics, and which topics are proven answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

DecisionKind = Literal["writing", "reword", "out of scope", "stays with people", "spam"]
MEANINGS: dict[DecisionKind, str] = {
    "writing": "an article is being written",
    "reword": "an article gets the customers' words",
    "out of scope": "not ours to answer",
    "stays with people": "a person answers this, and should",
    "spam": "nobody's question",
}


@dataclass(frozen=True)
class Decision:
    """One decision. `topic` is the topic that it was made on, which may have been merged into another since."""

    id: int
    topic: int
    verdict: DecisionKind
    at: datetime
    who: str
    why: str
    link: str
    undone_at: datetime | None
    undone_by: str


def in_force(decisions: list[Decision]) -> Decision | None:
    """The newest decision that was not undone, or None. `decisions` are oldest first."""
    return next((one for one in reversed(decisions) if one.undone_at is None), None)


@dataclass(frozen=True)
class Assignment:
    """Who takes care of a topic (`assignee`, empty for nobody), and the day by which they want it done."""

    assignee: str
    due_on: date | None


@dataclass(frozen=True)
class Comment:
    """What somebody of the staff said about a topic."""

    who: str
    at: datetime
    words: str


ProofChange = Literal["proven", "lost"]
# The share of a topic's people who have to get an answer for the topic to be proven.
PROVEN_SHARE = 0.8


@dataclass(frozen=True)
class Figures:
    """Of the `people` in a topic, how many would now get an answer to everything that they searched in it.

    `location` is the article that answers most of these, and `found` how many it answers; empty and 0 if nobody gets an
    answer.
    """

    people: int
    answered: int
    location: str = ""
    found: int = 0

    @property
    def enough(self) -> bool:
        """Whether these figures prove a topic answered."""
        return self.people > 0 and self.answered >= PROVEN_SHARE * self.people


@dataclass(frozen=True)
class ReplayResult:
    """How a topic's searches were answered when they were last replayed.

    `of` identifies the searches and the state of search, so that the same is not replayed twice; `generation` is the
    index's.
    """

    of: str
    at: datetime
    generation: str
    figures: Figures


@dataclass(frozen=True)
class Proof:
    """The event that a generation of the index proved a topic answered, or no longer answers it."""

    change: ProofChange
    at: datetime
    generation: str
    figures: Figures
