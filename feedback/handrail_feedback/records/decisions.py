"""What a lead decided about a topic, and whether it was proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    """One decision. `topic` is the topic that it was made on, which may have been merged since."""

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
    """The newest that was not taken back."""
    return next((one for one in reversed(decisions) if one.undone_at is None), None)


ProofChange = Literal["proven", "lost"]
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
class ReplayResult:
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

    change: ProofChange
    at: datetime
    generation: str
    figures: Figures
