"""Checks whether the questions of an article find it, and which articles took its place if they do not.

Every question in `questions:` is indexed, so it finds its article by itself. It is asked a second time as if it were
not listed: that shows whether the article's own words help customers who phrase it a little differently.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from handrail_kb.articles.article import Article
from handrail_kb.problems import Problem
from handrail_search.ranking.searcher import Searcher

# How far a customer looks, and a little further.
FINDABILITY_DEPTH = 10


@dataclass(frozen=True)
class ArticleQuestion:
    """A question of an article: the file and line where it stands, and the page the article became."""

    path: str
    line: int
    question: str
    location: str


@dataclass(frozen=True)
class Found:
    """Pages that a question finds, best first: as customers ask it, and as if the article did not list it."""

    usual: tuple[str, ...]
    alone: tuple[str, ...]


# What a question found before; None where that is unknown.
Before = Callable[[ArticleQuestion], Found | None]


def questions_of(articles: Sequence[Article], built: Mapping[str, str], searcher: Searcher) -> list[ArticleQuestion]:
    """The questions of all articles that are in the index."""
    known = {page.location for page in searcher.index.pages}
    return [
        ArticleQuestion(article.path, article.line_of(question), question, built[article.path])
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

    def ask(self, asked: ArticleQuestion) -> Found:
        """What a question finds. Asked a second time only where that matters: listing it can only help the article."""
        alone = self._searcher.pages(asked.question, limit=FINDABILITY_DEPTH, without=self._ids.get(asked.location))
        if self._place(asked, alone) <= self._rank:
            return Found(alone, alone)
        return Found(self._searcher.pages(asked.question, limit=FINDABILITY_DEPTH), alone)

    def before(self, asked: ArticleQuestion) -> Found | None:
        """What a question found in an earlier generation; None where the article did not list it yet."""
        page_id = self._ids.get(asked.location)
        if page_id is None or self._searcher.index.row_of_question(page_id, asked.question) is None:
            return None
        return self.ask(asked)

    def problem(self, asked: ArticleQuestion, found: Found, before: Before) -> Problem | None:
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
        return self._only_by_itself(asked, found) if place > FINDABILITY_DEPTH else None

    def is_well(self, asked: ArticleQuestion, pages: Sequence[str]) -> bool:
        """Whether an article has the place that it should have."""
        return self._place(asked, pages) <= self._rank

    def _place(self, asked: ArticleQuestion, pages: Sequence[str]) -> int:
        """The article's place in a list, or that of a copy of it; one beyond the last place where it has none."""
        own = self._first.get(asked.location, asked.location)
        places = (at for at, page in enumerate(pages, start=1) if self._first.get(page, page) == own)
        return next(places, FINDABILITY_DEPTH + 1)

    def _pushers(self, asked: ArticleQuestion, now: Sequence[str], then: Sequence[str]) -> list[str]:
        """Files ranked before the article now that were not then; none where it had no place to lose."""
        if self._place(asked, then) > self._rank:
            return []
        ahead = now[: self._place(asked, now) - 1][: self._rank]
        return [self._sources.get(page) or page for page in ahead if page not in then[: self._rank]]

    def _pushed(self, asked: ArticleQuestion, pushers: Sequence[str]) -> Problem:
        what = (
            f"'{asked.question}' was pushed out of its {_first(self._rank)} by {_names(pushers)}. Say in one of them "
            "what the other is for, or move the question to where it is answered now."
        )
        return Problem(asked.path, asked.line, "error", what, "pushed-out")

    def _not_found(self, asked: ArticleQuestion, found: Found) -> Problem:
        place = self._place(asked, found.usual)
        stands = f"is at rank {place}" if place <= FINDABILITY_DEPTH else f"is not among the first {FINDABILITY_DEPTH}"
        first = self._sources.get(found.usual[0]) or found.usual[0] if found.usual else ""
        behind = f", behind {first}" if first else ""
        what = (
            f"'{asked.question}' does not find this article in the first {self._rank}: it {stands}{behind}. "
            "Use these words in a heading or the first sentence."
        )
        return Problem(asked.path, asked.line, "error", what, "not-found")

    def _losing_ground(self, asked: ArticleQuestion, place: int, pushers: Sequence[str]) -> Problem:
        now = f"rank {place}" if place <= FINDABILITY_DEPTH else f"none of the first {FINDABILITY_DEPTH}"
        what = (
            f"'{asked.question}' finds this article only because it stands here: without it, {now}; its "
            f"place was taken by {_names(pushers)}. Use these words in a heading or the first sentence."
        )
        return Problem(asked.path, asked.line, "warning", what, "losing-ground")

    def _only_by_itself(self, asked: ArticleQuestion, found: Found) -> Problem:
        instead = self._sources.get(found.alone[0]) or found.alone[0] if found.alone else "nothing"
        what = (
            f"'{asked.question}' finds this article only because it stands here: without it, not among the first "
            f"{FINDABILITY_DEPTH}. Who says it in other words gets {instead}. Use these words in the text."
        )
        return Problem(asked.path, asked.line, "warning", what, "only-by-itself")


def nearest_questions(
    searcher: Searcher, asked: Sequence[ArticleQuestion], changed: Collection[str], most: int
) -> Iterator[ArticleQuestion]:
    """The questions of other articles that are nearest to the text of the changed pages, at most so many."""
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


_FORMAT = 1


@dataclass(frozen=True)
class KeptAnswers:
    """`now` is what was found in the index named `asked`; `well` is what was found when the article had its place."""

    asked: str = ""
    now: Mapping[str, Found] = field(default_factory=dict)
    well: Mapping[str, Found] = field(default_factory=dict)


def key(asked: ArticleQuestion) -> str:
    """The key under which the answers of a question are kept."""
    return f"{asked.path}\n{asked.question}"


def read_answers(file: Path) -> KeptAnswers:
    """The stored answers; empty where there are none that can be read."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            return KeptAnswers()
        return KeptAnswers(str(data["asked"]), _read(data["now"]), _read(data["well"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return KeptAnswers()


def write_answers(file: Path, answers: KeptAnswers, alive: Iterable[ArticleQuestion]) -> None:
    """Store answers, dropping questions no article has any more. Does nothing where the folder cannot be written."""
    known = {key(asked) for asked in alive}
    data = {
        "format": _FORMAT,
        "asked": answers.asked,
        "now": {name: [found.usual, found.alone] for name, found in answers.now.items() if name in known},
        "well": {name: [found.usual, found.alone] for name, found in answers.well.items() if name in known},
    }
    beside = file.with_name(f".{file.name}.{os.getpid()}")  # two checks may run at once
    try:
        beside.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)


def _read(rows: Mapping[str, list[list[str]]]) -> dict[str, Found]:
    return {name: Found(tuple(map(str, usual)), tuple(map(str, alone))) for name, (usual, alone) in rows.items()}
