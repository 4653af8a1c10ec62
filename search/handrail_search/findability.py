"""Whether articles are found by the questions they say they answer, and what took the place of one that is not.

A question of `questions:` is indexed, so that it finds its article by itself. It is asked a second time as if it did
not stand there: what the article's own words are worth to customers who say it a little differently.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handrail_kb.articles import Article, Problem
from handrail_search.query import Searcher

# As far as a customer looks, and further.
DEPTH = 10


@dataclass(frozen=True)
class Asked:
    """A question of an article: the file and line where it stands, and where the article was built to."""

    path: str
    line: int
    question: str
    location: str


@dataclass(frozen=True)
class Found:
    """Pages that a question finds, best first: as customers ask it, and as if it did not stand in its article."""

    usual: tuple[str, ...]
    alone: tuple[str, ...]


# What a question found before; None where nobody knows.
Before = Callable[[Asked], Found | None]


def questions_of(articles: Sequence[Article], built: Mapping[str, str], searcher: Searcher) -> list[Asked]:
    """The questions of all articles that are in the index."""
    known = {page.location for page in searcher.index.pages}
    return [
        Asked(article.path, article.line_of(question), question, built[article.path])
        for article in articles
        if built.get(article.path) in known
        for question in article.questions
    ]


class Examiner:
    """Asks questions of one generation, and judges what they find."""

    def __init__(self, searcher: Searcher, sources: Mapping[str, str], rank: int) -> None:
        """`sources` are the Markdown files by page; `rank` is the place that an article should have."""
        self._searcher, self._sources, self._rank = searcher, sources, rank
        pages = searcher.index.pages
        self._ids = {page.location: page.id for page in pages}
        self._first = {page.location: pages[searcher.index.twin_of.get(page.id, page.id)].location for page in pages}

    def ask(self, asked: Asked) -> Found:
        """What a question finds. Asked twice only where it matters: what stands in the article can but help it."""
        alone = self._searcher.pages(asked.question, limit=DEPTH, without=self._ids.get(asked.location))
        if self._place(asked, alone) <= self._rank:
            return Found(alone, alone)
        return Found(self._searcher.pages(asked.question, limit=DEPTH), alone)

    def before(self, asked: Asked) -> Found | None:
        """The same of an earlier generation; None where the article did not say yet that it answers this."""
        page_id = self._ids.get(asked.location)
        if page_id is None or self._searcher.index.row_of_question(page_id, asked.question) is None:
            return None
        return self.ask(asked)

    def problem(self, asked: Asked, found: Found, before: Before) -> Problem | None:
        """What is wrong with a question, if anything is."""
        if self._place(asked, found.usual) > self._rank:
            then = before(asked)
            pushers = self._pushers(asked, found.usual, then.usual) if then else []
            return self._pushed(asked, pushers) if pushers else self._not_found(asked, found)
        place = self._place(asked, found.alone)
        if place <= self._rank:
            return None
        then = before(asked)
        pushers = self._pushers(asked, found.alone, then.alone) if then else []
        if pushers:
            return self._losing_ground(asked, place, pushers)
        return self._only_by_itself(asked, found) if place > DEPTH else None

    def is_well(self, asked: Asked, pages: Sequence[str]) -> bool:
        """Whether an article has the place that it should have."""
        return self._place(asked, pages) <= self._rank

    def _place(self, asked: Asked, pages: Sequence[str]) -> int:
        """The article's place in a list, that of a copy of it too; one more than are looked at where it has none."""
        own = self._first.get(asked.location, asked.location)
        places = (at for at, page in enumerate(pages, start=1) if self._first.get(page, page) == own)
        return next(places, DEPTH + 1)

    def _pushers(self, asked: Asked, now: Sequence[str], then: Sequence[str]) -> list[str]:
        """Files that are before the article now and were not then; none where it had no place to lose."""
        if self._place(asked, then) > self._rank:
            return []
        ahead = now[: self._place(asked, now) - 1][: self._rank]
        return [self._sources.get(page) or page for page in ahead if page not in then[: self._rank]]

    def _pushed(self, asked: Asked, pushers: Sequence[str]) -> Problem:
        what = (
            f"'{asked.question}' was pushed out of its {_first(self._rank)} by {_names(pushers)}. Say in one of them "
            "what the other is for, or move the question to where it is answered now."
        )
        return Problem(asked.path, asked.line, "error", what, "pushed-out")

    def _not_found(self, asked: Asked, found: Found) -> Problem:
        place = self._place(asked, found.usual)
        stands = f"is at rank {place}" if place <= DEPTH else f"is not among the first {DEPTH}"
        first = self._sources.get(found.usual[0]) or found.usual[0] if found.usual else ""
        behind = f", behind {first}" if first else ""
        what = (
            f"'{asked.question}' does not find this article in the first {self._rank}: it {stands}{behind}. "
            "Use these words in a heading or the first sentence."
        )
        return Problem(asked.path, asked.line, "error", what, "not-found")

    def _losing_ground(self, asked: Asked, place: int, pushers: Sequence[str]) -> Problem:
        now = f"rank {place}" if place <= DEPTH else f"none of the first {DEPTH}"
        what = (
            f"'{asked.question}' finds this article only because it stands here: without it, {now}; its "
            f"place was taken by {_names(pushers)}. Use these words in a heading or the first sentence."
        )
        return Problem(asked.path, asked.line, "warning", what, "losing-ground")

    def _only_by_itself(self, asked: Asked, found: Found) -> Problem:
        instead = self._sources.get(found.alone[0]) or found.alone[0] if found.alone else "nothing"
        what = (
            f"'{asked.question}' finds this article only because it stands here: without it, not among the first "
            f"{DEPTH}. Who says it in other words gets {instead}. Use these words in the text."
        )
        return Problem(asked.path, asked.line, "warning", what, "only-by-itself")


def nearest_questions(
    searcher: Searcher, asked: Sequence[Asked], changed: Collection[str], most: int
) -> Iterator[Asked]:
    """Of the questions of other articles, so many that are nearest to what stands on the changed pages."""
    index = searcher.index
    ids = {page.location: page.id for page in index.pages}
    own = [ids[location] for location in changed if location in ids]
    others = [
        (row, one)
        for one in asked
        if one.location not in changed and (row := index.row_of_question(ids[one.location], one.question)) is not None
    ]
    if not own or not others:
        return
    vectors = index.vectors.all_vectors()
    cosines = vectors[[row for row, _ in others]] @ vectors[np.isin(index.owner, own)].T
    for number in np.argsort(-cosines.max(axis=1), kind="stable")[:most]:
        yield others[int(number)][1]


def _first(rank: int) -> str:
    words = ("first place", "top two", "top three", "top four", "top five")
    return words[rank - 1] if rank <= len(words) else f"top {rank}"


def _names(files: Sequence[str]) -> str:
    return " and ".join((", ".join(files[:-1]), files[-1])) if len(files) > 1 else files[0]
