"""Topics: failed searches and messages that mean the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handrail_feedback.records.searches import Counted, Failure, Following, Intent, shape

Vectors = NDArray[np.float32]

LineageChange = Literal["merged", "split", "moved"]


@dataclass(frozen=True)
class LineageEvent:
    """The event that `topic` was merged into `other` or split from it, or searches moved from it to `other`.

    `searches` says how many.
    """

    topic: int
    change: LineageChange
    other: int
    searches: int


# A period that contains every search.
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
# Why somebody was not helped: how a search failed, or that a message `needs` an article.
FailedBy = Failure | Literal["needs"]


MemberKind = Literal["search", "message"]


class MemberKey(NamedTuple):
    """Identifies a member of a topic: a search by the number of its intent, a message by that of its outcome.

    A plain tuple, because the desk looks up tens of thousands for each page.
    """

    kind: MemberKind
    id: int


@dataclass(frozen=True)
class SearchMember:
    """A failed search, why it failed, what came next in its tab, and why the article it led to did not help."""

    intent: Intent
    failed_by: Failure
    following: Following | None
    reasons: tuple[str, ...] = ()

    @property
    def key(self) -> MemberKey:
        """Its key among all members."""
        return MemberKey("search", self.intent.id)

    @property
    def person(self) -> str:
        """Who searched, as far as is known."""
        return self.intent.person

    @property
    def query(self) -> str:
        """What was typed, redacted."""
        return self.intent.query

    @property
    def shape(self) -> str:
        """The words in the form in which they are compared."""
        return self.intent.shape

    @property
    def lang(self) -> str:
        """The language of the page that it was searched on."""
        return self.intent.lang

    @property
    def first_at(self) -> datetime:
        """When the customer began to type it."""
        return self.intent.first_at

    @property
    def last_at(self) -> datetime:
        """When the customer finished typing it."""
        return self.intent.last_at


@dataclass(frozen=True)
class MessageMember:
    """A message that needs an article, as marked by whoever answers it.

    `questions` are what the article should answer, redacted, at least one; the first one stands for the message.
    """

    outcome: int
    thread: str
    questions: tuple[str, ...]
    lang: str
    at: datetime
    failed_by: Literal["needs"] = "needs"

    @property
    def key(self) -> MemberKey:
        """Its key among all members."""
        return MemberKey("message", self.outcome)

    @property
    def person(self) -> str:
        """Who wrote: the same for all messages of a thread."""
        return f"message {self.thread}"

    @property
    def query(self) -> str:
        """Its first question."""
        return self.questions[0]

    @property
    def shape(self) -> str:
        """Its first question in the form in which it is compared."""
        return shape(self.query)

    @property
    def first_at(self) -> datetime:
        """When it was written."""
        return self.at

    @property
    def last_at(self) -> datetime:
        """When it was written."""
        return self.at


# Both have a key, a person, words, a language, times, and why the person was not helped.
Member = SearchMember | MessageMember


@dataclass(frozen=True)
class History:
    """All stored searches, as one read found them, oldest first.

    `failed` are the failed searches that count, `counted` all searches as figures count them, and `questions` those
    that show how good the answer was: each search that failed (and how) or led to an article. `last` is the highest
    number of a search.
    """

    failed: tuple[SearchMember, ...]
    counted: tuple[Counted, ...]
    questions: tuple[tuple[Intent, Failure | None], ...]
    last: int


@dataclass(frozen=True)
class Topic:
    """A current topic. `mean` is the mean of the centred vectors of its different wordings, which number `wordings`.

    `lang` is empty if topics are not separated by language.
    """

    id: int
    made_at: datetime
    lang: str
    mean: Vectors
    wordings: int


@dataclass(frozen=True)
class MemberPlace:
    """The topic that a member is in; `nearness` is the cosine to the topic's mean."""

    member: MemberKey
    topic: int
    nearness: float


@dataclass(frozen=True)
class Grouping:
    """The last grouping of everything: when, with which encoder, around which centre, and from which cosine on."""

    at: datetime
    encoder: str
    centre: Vectors
    near: float
    searches: int


@dataclass(frozen=True)
class Recorded:
    """An event in the history of a topic, with its time.

    `who` is the lead who did it, empty for grouping. `made` is the topic that searches were taken into by a split or a
    move: they stay together in it, wherever it is shown.
    """

    at: datetime
    event: LineageEvent
    id: int = 0
    who: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""
    made: int | None = None


@dataclass(frozen=True)
class TopicName:
    """A name that a lead gave to a topic; an empty one stands for that of its searches again."""

    id: int
    topic: int
    name: str
    at: datetime
    who: str


@dataclass(frozen=True)
class Size:
    """The size of a topic. `last` is the highest number of its searches and messages."""

    members: int
    last: int
    people: int
