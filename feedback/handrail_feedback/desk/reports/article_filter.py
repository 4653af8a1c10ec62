"""The filter, order and page of the list of articles, read from its address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

from handrail_feedback.desk.reports.list_view import LONGEST_WORDS, ListView, page_of, words_of
from handrail_feedback.desk.reports.period import SPANS
from handrail_feedback.desk.reports.topic_cache import USUAL_SPAN
from handrail_feedback.reports.articles import ReadArticle

ARTICLES_SHOWN = 50
_FAR = date(9000, 1, 1)
Holds = Callable[[ReadArticle, date], bool]

# Filters: whether an article passes, given the day.
SHOWS: dict[str, Holds] = {
    "read": lambda one, _day: bool(one.facts.now.readers or one.facts.now.votes),
    "no": lambda one, _day: bool(one.facts.now.no),
    "asked": lambda one, _day: bool(one.facts.now.asked),
    "overdue": lambda one, day: is_overdue(one, day),
    "nobody": lambda one, _day: not one.facts.now.readers,
    "all": lambda _one, _day: True,
}
ARTICLE_SORTS: dict[str, Callable[[ReadArticle], tuple[object, ...]]] = {
    "readers": lambda one: (-one.facts.now.readers, -one.facts.now.votes),
    "no": lambda one: (-one.facts.now.no,),
    "helped": lambda one: (2.0 if one.facts.now.helped is None else one.facts.now.helped,),
    "asked": lambda one: (-one.facts.now.asked,),
    "review": lambda one: (one.about.review_by or _FAR,),
    "title": lambda _one: (),
}


def is_overdue(one: ReadArticle, day: date) -> bool:
    """Whether the article's review date has passed."""
    return one.about.review_by is not None and one.about.review_by < day


@dataclass(frozen=True)
class ArticleView(ListView):
    """The visible part of the list of articles."""

    span: str = USUAL_SPAN
    shows: str = "read"
    owner: str = ""
    q: str = ""
    sort: str = "readers"
    page: int = 1

    def shown(self, articles: Iterable[ReadArticle], day: date) -> list[ReadArticle]:
        """The articles of all pages of this view, in its order."""
        shows, words = SHOWS[self.shows], self.q.casefold().split()
        found = [
            one
            for one in articles
            if shows(one, day)
            and self.owner in ("", one.about.owner)
            and all(word in f"{one.about.title} {one.about.location}".casefold() for word in words)
        ]
        order = ARTICLE_SORTS[self.sort]
        return sorted(found, key=lambda one: (*order(one), one.about.title.casefold(), one.about.location))


def article_view_of(asked: Mapping[str, str]) -> ArticleView:
    """The view in the parameters of an address."""
    one_of = partial(ArticleView.one_of, asked)
    return ArticleView(
        span=ArticleView.one_of({"span": asked.get("span") or asked.get("days", "")}, "span", SPANS),
        shows=one_of("shows", SHOWS),
        owner=asked.get("owner", "")[:LONGEST_WORDS],
        q=words_of(asked),
        sort=one_of("sort", ARTICLE_SORTS),
        page=page_of(asked),
    )
