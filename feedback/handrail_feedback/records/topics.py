"""Topics: failed searches and messages that mean the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handrail_feedback.records.searches import Counted, Failure, Following, Intent

Vectors = NDArray[np.float32]

LineageChange = Literal["merged", "split"]


@dataclass(frozen=True)
class LineageEvent:
    """`topic` was merged into `other`, or split from it, with so many of its searches."""

    topic: int
    change: LineageChange
    other: int
    searches: int


# From before the first search to after the last.
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
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
class History:
    """All searches that are kept, as one read found them, oldest first.

    `failed` are the failed searches that count, `counted` all searches as figures count them, and `questions` those
    that show how good the answer was: each search that failed (and how) or led to an article. `last` is the highest
    number of any search.
    """

    failed: tuple[Failed, ...]
    counted: tuple[Counted, ...]
    questions: tuple[tuple[Intent, Failure | None], ...]
    last: int


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
class TopicMember:
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
    event: LineageEvent


@dataclass(frozen=True)
class Size:
    """How much is in a topic: `last` is the highest number of its searches and messages."""

    members: int
    last: int
    people: int
