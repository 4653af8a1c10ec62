"""The answer to a question: results, sections and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from handrail_search.ranking.answer.card import AnswerCard
from handrail_search.scoring.verdict import NO_BANDS, Bands

Verdict = Literal["answered", "weak", "none"]
Mode = Literal["hybrid", "words"]
EndReason = Literal["all", "drop", "code", "few", "topic", "unreadable"]


@dataclass(frozen=True)
class ListEnd:
    """Which ranked articles are shown (`fits`), in their order, and why the list ends there.

    `reached` is what each has of the points that the best one has above the `background`, 1 for the best.
    """

    reason: EndReason
    fits: tuple[bool, ...] = ()
    reached: tuple[float, ...] = ()
    background: float = 0.0


NO_LIST = ListEnd("all")


@dataclass(frozen=True)
class ResultSection:
    """A further section of an article that also fits. `snippet` is escaped text with <mark>."""

    location: str
    heading: str
    snippet: str
    score: float


@dataclass(frozen=True)
class Hit:
    """An article with its best section. `why` has each kind of evidence with what it added to the score.

    `score` is their sum as a share of the score of an article supported by all ordinary evidence, at most 1.
    `why_section` has what each kind of evidence added to the section's own score, which is compared with those of
    `sections` alone.
    `other_language` is set where the site has articles in the reader's language and this is not one of them.
    Where the list ends before it, `fits` is false: shown to whoever asks for more.
    """

    location: str
    title: str
    heading: str
    breadcrumb: tuple[str, ...]
    snippet: str
    score: float
    lang: str
    people_only: bool
    why: Mapping[str, float]
    sections: tuple[ResultSection, ...] = ()
    other_language: bool = False
    fits: bool = True
    why_section: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Meaning:
    """One of the articles that a question may mean."""

    location: str
    title: str
    lang: str


@dataclass(frozen=True)
class Results:
    """The answer to a question. `mode` is `hybrid`, or `words` when meaning could not be searched.

    `hits` are all ranked articles, also those beyond the end of the list. `end` says where it ends, and why.
    `sensitive_topic` is the one that the question is about, if any; see `index.sensitive_topics`. `wants_person` says
    that it asks for a person; where it names no topic, PERSON is its topic. Where it only `may_be_sensitive`, a person
    comes first, and all else is as for any question. `answer` is the answer itself, where the first article answers and
    nothing speaks for a person. `may_mean` is what to ask back where the words fit many articles alike, two to four of
    them; the verdict is then `weak`. `public` are the numbers and codes of the question that stand in an article.
    """

    query: str
    verdict: Verdict
    mode: Mode
    hits: tuple[Hit, ...]
    degraded: bool = False
    fallback_reason: str | None = None
    corrected: str | None = None
    confidence: float = 0.0
    bands: Bands = NO_BANDS
    sensitive_topic: str | None = None
    wants_person: bool = False
    may_be_sensitive: bool = False
    end: ListEnd = NO_LIST
    answer: AnswerCard | None = None
    may_mean: tuple[Meaning, ...] = ()
    public: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Hit, ...]:
        """The results up to the end of the list."""
        return tuple(hit for hit in self.hits if hit.fits)
