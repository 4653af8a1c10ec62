"""Figures about an article's readers: from which searches they came, whether it helped, what they did next.

Pure: the caller gives what was opened, voted and searched. Readers are those who opened the article from a search,
counted as browser tabs; whoever comes by the menu or a link from elsewhere is not counted. All times are the server's.
Words of customers appear only if at least as many people typed them as the caller asks for.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import OpenedArticle, OpeningSearch, Vote

# The least number of votes for which a share is shown.
ENOUGH_READERS = 20
# For how long after somebody opened an article an action counts as what they did next.
SOON = timedelta(minutes=30)
_WORDS_SHOWN = 10
_SENTENCES_SHOWN = 50


@dataclass(frozen=True)
class ReaderFigures:
    """What is known about the readers of one or more articles: openings, votes, and all searches in their tabs."""

    openings: Sequence[OpenedArticle]
    votes: Sequence[Vote]
    steps: Sequence[OpeningSearch]

    @cached_property
    def by_tab(self) -> Mapping[str, list[OpeningSearch]]:
        """What each tab searched, oldest first."""
        found: dict[str, list[OpeningSearch]] = defaultdict(list)
        for step in sorted(self.steps, key=lambda step: step.at):
            found[step.tab].append(step)
        return found

    @cached_property
    def went_to_a_person(self) -> Mapping[str, list[datetime]]:
        """When each tab went to a person, oldest first, for bisecting: a script's tab may hold a day's searches."""
        times = {tab: sorted(at for step in steps if (at := step.contacted_at)) for tab, steps in self.by_tab.items()}
        return {tab: found for tab, found in times.items() if found}


@dataclass(frozen=True)
class Wording:
    """A query in the wording that most customers typed, and how many people searched it."""

    query: str
    people: int


@dataclass(frozen=True)
class Words:
    """The wordings of enough people, most people first, and how many people used other wordings."""

    shown: tuple[Wording, ...] = ()
    other_people: int = 0


@dataclass(frozen=True)
class Tally:
    """The numbers of one period. Readers are browser tabs; `asked` of them went to a person soon after opening it."""

    readers: int = 0
    asked: int = 0
    yes: int = 0
    no: int = 0

    @property
    def votes(self) -> int:
        """The number of votes."""
        return self.yes + self.no

    @property
    def helped(self) -> float | None:
        """The share of votes that say yes, 0..1; None if there are too few votes."""
        return self.yes / self.votes if self.votes >= ENOUGH_READERS else None


@dataclass(frozen=True)
class Sentence:
    """What somebody wrote with a vote, redacted on arrival."""

    at: datetime
    helpful: bool
    words: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ArticleFacts:
    """The figures about an article's readers in a period, and in the one before it.

    `reasons` counts the votes of the period by reason; one vote may have several.
    """

    location: str
    now: Tally
    before: Tally
    reasons: Mapping[str, int]

    @property
    def known(self) -> bool:
        """Whether anybody opened the article or voted on it in either period."""
        return any((self.now.readers, self.now.votes, self.before.readers, self.before.votes))


@dataclass(frozen=True)
class ArticleWords:
    """What customers typed: before they opened the article, soon after, and with their votes (newest first)."""

    came: Words
    searched_next: Words
    sentences: tuple[Sentence, ...]


def facts_of_articles(known: ReaderFigures, period: Period) -> dict[str, ArticleFacts]:
    """The numbers of every article that was opened or voted on in the period or the one before it."""
    opened: dict[str, list[OpenedArticle]] = defaultdict(list)
    voted: dict[str, list[Vote]] = defaultdict(list)
    for opening in known.openings:
        opened[opening.location].append(opening)
    for vote in known.votes:
        voted[vote.location].append(vote)
    return {
        location: ArticleFacts(
            location,
            _tally(opened[location], voted[location], period, known),
            _tally(opened[location], voted[location], period.before, known),
            Counter(reason for vote in voted[location] if period.holds(vote.at) for reason in vote.reasons),
        )
        for location in sorted({*opened, *voted})
    }


def words_of_article(known: ReaderFigures, period: Period, least: int) -> ArticleWords:
    """What the readers of one article typed. `known` is about that article alone; `least` people make words shown."""
    opened = [opening for opening in known.openings if period.holds(opening.at)]
    votes = [vote for vote in reversed(known.votes) if vote.comment and period.holds(vote.at)]
    following = [(opening.person, step.shape, step.query) for opening in opened if (step := _next(opening, known))]
    return ArticleWords(
        came=_words(((one.person, one.shape, one.query) for one in opened), least),
        searched_next=_words(following, least),
        sentences=tuple(
            Sentence(vote.at, vote.helpful, vote.comment, vote.reasons) for vote in votes[:_SENTENCES_SHOWN]
        ),
    )


def _tally(opened: Iterable[OpenedArticle], voted: Iterable[Vote], period: Period, known: ReaderFigures) -> Tally:
    opened = [opening for opening in opened if period.holds(opening.at)]
    votes = [vote for vote in voted if period.holds(vote.at)]
    return Tally(
        readers=len({opening.person for opening in opened}),
        asked=len({opening.person for opening in opened if _asked(opening, known)}),
        yes=sum(vote.helpful for vote in votes),
        no=sum(not vote.helpful for vote in votes),
    )


def _asked(opening: OpenedArticle, known: ReaderFigures) -> bool:
    """Whether the reader went to a person soon after opening it, whichever of the tab's searches recorded that."""
    times = known.went_to_a_person.get(opening.tab or "", [])
    first = bisect_left(times, opening.at)
    own = [opening.contacted_at] if opening.contacted_at else []
    return any(opening.at <= at <= opening.at + SOON for at in (*own, *times[first : first + 1]))


def _next(opening: OpenedArticle, known: ReaderFigures) -> OpeningSearch | None:
    """The first search for something else in the same tab, soon after the article was opened; or None."""
    later = known.by_tab.get(opening.tab or "", [])
    for step in later[bisect_right(later, opening.at, key=lambda step: step.at) :]:
        if step.at > opening.at + SOON:
            return None
        if step.shape != opening.shape:
            return step
    return None


def _words(typed: Iterable[tuple[str, str, str]], least: int) -> Words:
    """The wordings, from (person, shape, query), of at least `least` people, and how many people used only others."""
    people: dict[str, set[str]] = defaultdict(set)
    queries: dict[str, Counter[str]] = defaultdict(Counter)
    for person, shape, query in typed:
        people[shape].add(person)
        queries[shape][query] += 1
    found = [
        Wording(min(queries[shape], key=lambda query: (-queries[shape][query], query)), len(who))
        for shape, who in people.items()
        if len(who) >= max(least, 1)
    ]
    shown = tuple(sorted(found, key=lambda one: (-one.people, one.query))[:_WORDS_SHOWN])
    named = set().union(*(who for who in people.values() if len(who) >= max(least, 1)))
    return Words(shown, len(set().union(*people.values()) - named))
