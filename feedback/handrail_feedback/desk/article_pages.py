"""The pages of articles at the desk: what became of the readers of each, and of one. Everybody may read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.article_render import counted, helped, notes, reasons_in_words, votes_in_words
from handrail_feedback.db import now
from handrail_feedback.desk.article_shelf import ArticleShelf
from handrail_feedback.desk.article_view import SHOWN, SHOWS, SORTS, article_view_of, is_overdue
from handrail_feedback.desk.pages import Look
from handrail_feedback.desk.shelf import USUAL_DAYS
from handrail_feedback.desk.spans import PERIODS
from handrail_feedback.render import printable
from handrail_feedback.topic_render import shown_count
from handrail_kb.addresses import address_of
from handrail_kb.voting import reason_text


@dataclass(frozen=True)
class ArticlePages:
    """The views of articles."""

    shelf: ArticleShelf
    look: Look
    is_page: Callable[[str], bool]

    def list(self) -> AnyResponse:
        """GET desk/articles/, filtered and sorted as its address says."""
        view, day = article_view_of(request.args), now().date()
        everything = self.shelf.list(view.days)
        found = view.shown(everything.articles, day, self.shelf.least)
        start = (view.page - 1) * SHOWN
        return self._page(
            "articles",
            "Articles",
            view=view,
            all=everything,
            found=len(found),
            start=start,
            shown=found[start : start + SHOWN],
            more=len(found) > start + SHOWN,
            owners=sorted({one.about.owner for one in everything.articles if one.about.owner}),
            shows={name: words for name, (words, _) in SHOWS.items()},
            sorts={name: words for name, (words, _) in SORTS.items()},
            overdue=lambda one: is_overdue(one, day),
            comparable=everything.comparable,
        )

    def show(self, location: str = "") -> AnyResponse:
        """GET desk/articles/at/ARTICLE: one article in full."""
        view, day = article_view_of(request.args), now().date()
        found = self.shelf.one(location, view.days)
        if found is None:
            raise NotFound
        article = found.article
        return self._page(
            "article",
            article.about.title,
            view=view,
            found=found,
            one=article,
            url=f"{self.look.base_path}{address_of(location)}" if self.is_page(location) else "",
            reasons=reasons_in_words(article, self.shelf.least),
            overdue=is_overdue(article, day),
            said=lambda code: reason_text("en", code),
            comparable=found.comparable,
        )

    def _page(self, template: str, title: str, *, comparable: bool, **values: Any) -> AnyResponse:
        least = self.shelf.least
        return self.look.page(
            template,
            title,
            least=least,
            count=lambda number: shown_count(number, least),
            beside=lambda number, before: counted(number, before, least, comparable=comparable),
            helped=lambda tally: helped(tally, least),
            votes=lambda tally: votes_in_words(tally, least),
            notes=notes(least),
            plain=printable,
            periods=PERIODS,
            usual=USUAL_DAYS,
            **values,
        )
