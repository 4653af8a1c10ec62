"""What people ask most: the questions that a writer put on the home page, or else the first of each category.

Never raw searches: every question stands in an article or on the home page, where somebody has read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from handrail_kb.articles.article import Article
from handrail_kb.articles.front_matter import comparable
from handrail_kb.problems import Problem

# More is a list to read, and fewer hides what the next customer asks.
MOST_ASKED = 6
_LANGUAGE = re.compile(r"\.[a-z]{2}(?:[-_][A-Za-z]{2,4})?(?=\.\w+$)")
# A shorter list would look like an oversight.
_LEAST = 2


@dataclass(frozen=True)
class Asked:
    """A question, and the article that answers it. `address` is relative to the site, with the section's anchor."""

    question: str
    title: str
    address: str

    def as_data(self) -> dict[str, str]:
        """For the browser."""
        return {"question": self.question, "title": self.title, "url": self.address}


@dataclass(frozen=True)
class Answering:
    """A page of the site: its article, its title and its address relative to the site.

    `offered` is False for an article that search leaves out, which customers find only where a writer names it.
    """

    article: Article
    title: str
    address: str
    offered: bool = True


def most_asked(
    home: Article | None, answering: Sequence[Answering], categories: Iterable[Sequence[Answering]]
) -> tuple[Asked, ...]:
    """The questions for one language. `categories` are the articles in each, in the site's order.

    Without a list on the home page, the first question of an article from each category in turn. An article that is
    for people only, or left out of search, is asked for only by name.
    """
    if home and home.most_asked:
        return tuple(_chosen(home, answering))[: 2 * MOST_ASKED]
    in_turn = filter(None, chain.from_iterable(zip_longest(*(filter(_offers, category) for category in categories))))
    found = [Asked(one.article.questions[0], one.title, one.address) for one in in_turn]
    return tuple(found[:MOST_ASKED]) if len(found) >= _LEAST else ()


def lost_questions(home: Article | None, articles: Sequence[Article]) -> Iterator[Problem]:
    """Entries of a home page's `most_asked` that lead to none of the articles."""
    if home is None:
        return
    for number, (question, path) in enumerate(home.most_asked):
        if _article_for(question, path, articles) is None:
            told = f"'{path}' is no article." if path else f"no article has the question '{question}'."
            mend = "Write 'question: folder/article.md', with the path below the folder of articles."
            line = home.lines.get(f"most_asked.{number}", home.lines.get("most_asked", 1))
            yield Problem(home.path, line, "error", f"most_asked: {told} {mend}", "most-asked")


def _offers(one: Answering) -> bool:
    return one.offered and bool(one.article.questions) and not one.article.people_only


def _chosen(home: Article, answering: Sequence[Answering]) -> Iterator[Asked]:
    pages = {one.article.path: one for one in answering}
    articles = [one.article for one in answering]
    for question, path in home.most_asked:
        article = _article_for(question, path, articles)
        if article is not None:
            page, anchor = pages[article.path], path.partition("#")[2]
            yield Asked(question, page.title, f"{page.address}#{anchor}" if anchor else page.address)


def _article_for(question: str, path: str, articles: Sequence[Article]) -> Article | None:
    """The article at a path, or where there is none, the one that has this question, or else this title."""
    if path:
        return _by_path(articles).get(Path(path.partition("#")[0]).as_posix().removeprefix("/"))
    asked = comparable(question)
    having = (one for one in articles if asked in map(comparable, one.questions))
    return next(having, next((one for one in articles if comparable(one.title) == asked), None))


def _by_path(articles: Sequence[Article]) -> Mapping[str, Article]:
    """The articles by path. A translation `a.de.md` is also found as `a.md` where the site has no such article."""
    short = {_LANGUAGE.sub("", one.path): one for one in articles}
    return {**short, **{one.path: one for one in articles}}


def as_file(asked: Sequence[Asked]) -> dict[str, Any]:
    """The content of the file that the home page's field and the search dialog read."""
    return {"format": 1, "questions": [one.as_data() for one in asked]}
