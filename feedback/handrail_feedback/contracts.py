"""Everything feedback asks of search, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handrail_feedback.records.mailings import AnsweringArticle
from handrail_feedback.records.searches import shape
from handrail_feedback.records.topics import Vectors


@dataclass(frozen=True)
class SuggestedArticle:
    """An article that may answer; `location` is its page's. `snippet` is escaped text with <mark>."""

    location: str
    url: str
    title: str
    heading: str
    snippet: str


# Asked with words and a language; None where search cannot answer at the moment.
Find = Callable[[str, str], Sequence[SuggestedArticle] | None]

# For each text the places of those that ask for the same, with how near they are, from 0 to 1; few or none at first,
# while they are being read.
FindSimilar = Callable[[Sequence[str]], Sequence[Sequence[tuple[int, float]]]]


def nobody(texts: Sequence[str]) -> Sequence[Sequence[tuple[int, float]]]:
    """What there is to say where nothing knows about meaning."""
    return [[] for _ in texts]


AMONG = 3


@dataclass(frozen=True)
class PastAnswer:
    """What a question was answered: the verdict, and where the first results stand, best first."""

    verdict: str
    pages: tuple[str, ...]

    @property
    def first(self) -> str | None:
        """Where the first result is."""
        return self.pages[0] if self.pages else None


@dataclass(frozen=True)
class Past:
    """A question as it was typed most, by how many people, how often it failed, and how it was answered last.

    `wanted` is the article that is known to answer it: the one that a decision names, or that most of those opened who
    did not come back.
    """

    question: str
    lang: str
    people: int
    searches: int
    failed: int
    wanted: str | None
    then: PastAnswer

    @property
    def key(self) -> tuple[str, str]:
        """What identifies this wording."""
        return self.lang, shape(self.question)

    def is_good(self, outcome: PastAnswer) -> bool:
        """Whether this would have been an answer."""
        if self.wanted is not None:
            return outcome.verdict != "none" and self.wanted in outcome.pages[:AMONG]
        return outcome.verdict == "answered" and outcome.first is not None  # under grief, nothing is shown


class FindsAnswers(Protocol):
    """What search is asked."""

    def state(self) -> str:
        """A name for what it knows now: another one after every new index and every lesson; empty: ask later."""

    def prove(self, question: str, lang: str) -> AnsweringArticle | None:
        """The article that answers the question for certain; None when there is none."""


class Articles(Protocol):
    """What has to be known of the site's articles."""

    @property
    def lang(self) -> str:
        """The site's language, such as `de`."""

    def spelled(self, words: str) -> str:
        """What a customer typed, with the words corrected that the site writes otherwise."""

    def title(self, location: str) -> str:
        """The article's title; its location where it is gone."""

    def people_only(self, location: str) -> bool:
        """Whether the article says that its subject is handled by a person."""

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        """Words that several of these searches hold and the article does not, the most frequent first."""


@dataclass(frozen=True)
class Meaning:
    """What the caller knows of meaning: `encode` gives vectors of length 1, shape (questions, dimensions).

    `encoder` is the same for as long as it gives the same vectors; `texts` is the mean of the vectors of the site's
    texts; `apart` says that searches in different languages cannot be compared.
    """

    encoder: str
    encode: Callable[[Sequence[str]], Vectors]
    texts: Vectors | None = None
    apart: bool = False


@dataclass(frozen=True)
class PresentAnswer:
    """How a question is answered now; `may_tell` are those of the first articles that people may be mailed about."""

    outcome: PastAnswer
    may_tell: tuple[AnsweringArticle, ...]


class AnswersPastSearches(Protocol):
    """What search is asked."""

    def state(self) -> str:
        """A name for what it knows now, the index first: another after every index and lesson; empty: ask later."""

    def answer(self, past: Past) -> PresentAnswer | None:
        """How a question is answered now; None when it cannot be said."""
