"""The pages of articles: what readers of each did next, and one article in full.

Everybody who is signed in may read both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.downloads import AS_FILE, MOST_ROWS, send_list
from handrail_feedback.desk.look import EXACT, Look, language, words
from handrail_feedback.desk.reports.article_cache import ArticleFactsCache
from handrail_feedback.desk.reports.article_filter import (
    ARTICLE_SORTS,
    ARTICLES_SHOWN,
    SHOWS,
    article_view_of,
    is_overdue,
)
from handrail_feedback.desk.reports.period import SPANS
from handrail_feedback.desk.reports.topic_cache import USUAL_SPAN
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.articles_text import (
    MINUTES,
    article_notes,
    articles_as_json,
    helped,
    list_as_csv,
    reasons_in_words,
    votes_in_words,
)
from handrail_feedback.topics.text import shown_count
from handrail_kb.addresses import address_of
from handrail_kb.language.printable import printable
from handrail_kb.site.vote_form import reason_text


@dataclass(frozen=True)
class ArticlePages:
    """The views of articles."""

    cache: ArticleFactsCache
    look: Look
    is_page: Callable[[str], bool]

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the list and of an article's page; the start page's location is empty."""
        every = f"{self.look.home}articles/"
        blueprint.add_url_rule(every, "articles", self.list)
        blueprint.add_url_rule(f"{self.look.home}articles.{AS_FILE}", "articles_file", self.file)
        for place in ("", "<path:location>"):
            blueprint.add_url_rule(f"{every}at/{place}", "article_page", self.show)

    def list(self) -> AnyResponse:
        """GET desk/articles/, filtered and sorted as its address says."""
        view, day = article_view_of(request.args), self.look.day(now())
        everything = self.cache.list(view.span)
        found = view.shown(everything.articles, day)
        start = (view.page - 1) * ARTICLES_SHOWN
        return self._page(
            "articles",
            words("desk.articles"),
            view=view,
            all=everything,
            found=len(found),
            start=start,
            shown=found[start : start + ARTICLES_SHOWN],
            more=len(found) > start + ARTICLES_SHOWN,
            owners=sorted({one.about.owner for one in everything.articles if one.about.owner}),
            choices={"shows": list(SHOWS), "sort": list(ARTICLE_SORTS)},
            overdue=lambda one: is_overdue(one, day),
            comparable=everything.comparable,
        )

    def file(self, kind: str) -> AnyResponse:
        """GET desk/articles.csv and desk/articles.json: the articles of all pages of the view in the address."""
        view = article_view_of(request.args)
        everything = self.cache.list(view.span)
        found = view.shown(everything.articles, self.look.day(now()))
        write = list_as_csv if kind == "csv" else articles_as_json
        some = replace(everything, articles=tuple(found[:MOST_ROWS]), least=self.cache.least)
        return send_list(self.cache.store, "articles", kind, write(some), of=len(found))

    def show(self, location: str = "") -> AnyResponse:
        """GET desk/articles/at/ARTICLE: one article in full."""
        view, day = article_view_of(request.args), self.look.day(now())
        found = self.cache.one(location, view.span)
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
            reasons=reasons_in_words(article, EXACT, language()),
            overdue=is_overdue(article, day),
            said=lambda code: reason_text(language(), code),
            comparable=found.comparable,
        )

    def _page(self, template: str, title: str, *, comparable: bool, **values: Any) -> AnyResponse:
        lang = language()
        return self.look.page(
            template,
            title,
            count=lambda number: shown_count(number, EXACT),
            helped=lambda tally: helped(tally, EXACT, lang),
            votes=lambda tally: votes_in_words(tally, EXACT, lang),
            notes=article_notes(self.cache.least, lang, exact=True),
            plain=printable,
            spans=list(SPANS),
            usual=USUAL_SPAN,
            minutes=MINUTES,
            comparable=comparable,
            **values,
        )
