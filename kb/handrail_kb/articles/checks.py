"""Checks of articles, one function for each rule; each yields Problems with file and line.

Reads Markdown only. The search package checks with the index whether questions find their articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache

from handrail_kb.articles.article import Article
from handrail_kb.articles.draft import first_gap
from handrail_kb.articles.links import Ground, dead_links, images_without_text, lost_sections
from handrail_kb.articles.prose import line_at, prose
from handrail_kb.articles.titles import markup_in_titles, unclear_titles
from handrail_kb.articles.translations import languages
from handrail_kb.problems import Problem

# Until its end tag, nothing that follows one of these is text: browsers do not show it, and search does not read it.
_SWALLOWS = re.compile(r"<(title|textarea|script|style|xmp|iframe|noembed|noframes|plaintext)\b[^<>]*+>", re.IGNORECASE)


def check_articles(articles: Sequence[Article], today: date, ground: Ground | None = None) -> list[Problem]:
    """The problems of the articles apart from their front matter; file names are relative to the docs folder.

    Checks links if `ground`, the files that they can lead to, is given.
    """
    found = [
        *same_titles(articles),
        *same_questions(articles),
        *overdue_reviews(articles, today),
        *reviews_to_come(articles, today),
        *swallowing_tags(articles),
        *unfinished(articles),
        *unclear_titles(articles),
        *markup_in_titles(articles),
        *images_without_text(articles),
        *((*dead_links(articles, ground), *lost_sections(articles, ground)) if ground else ()),
    ]
    return sorted(found, key=lambda problem: (problem.file, problem.line))


def same_titles(articles: Sequence[Article]) -> Iterator[Problem]:
    """Articles that share title and language: a reader cannot distinguish them in a list of results."""
    first: dict[tuple[str, str], Article] = {}
    spoken = languages([article.path for article in articles])
    for article in articles:
        title = " ".join(article.title.lower().split())
        if not title or article.exclude:
            continue
        other = first.setdefault((spoken.get(article.path, ""), title), article)
        if other is not article:
            yield Problem(
                article.path,
                article.lines.get("title", 1),
                "error",
                f"the title '{article.title}' is also that of {other.path}. Say what is different.",
                "same-title",
            )


def same_questions(articles: Sequence[Article]) -> Iterator[Problem]:
    """Questions that two articles of one language claim, since at best one of them answers."""
    first: dict[tuple[str, str], Article] = {}
    spoken = languages([article.path for article in articles])
    for article in articles:
        for question in article.questions:
            asked = (spoken.get(article.path, ""), " ".join(question.lower().split()).rstrip("?.! "))
            other = first.setdefault(asked, article)
            if other is not article:
                yield Problem(
                    article.path,
                    article.line_of(question),
                    "error",
                    f"the question '{question}' also stands in {other.path}. Keep it where the answer is.",
                    "same-question",
                )


def overdue_reviews(articles: Iterable[Article], today: date) -> Iterator[Problem]:
    """Articles whose owner promised to review them by a day that has passed."""
    for article in articles:
        if article.review_by and article.review_by < today:
            owner = f" by {article.owner}" if article.owner else ""
            yield Problem(
                article.path,
                article.lines.get("review_by", 1),
                "error",
                f"was to be reviewed{owner} until {article.review_by.isoformat()}. Review it and set a new date.",
                "overdue-review",
            )


def reviews_to_come(articles: Iterable[Article], today: date) -> Iterator[Problem]:
    """Articles that say that they were reviewed on a day that is still to come; customers are told of no such day."""
    for article in articles:
        if article.reviewed and article.reviewed > today:
            told = f"was reviewed on {article.reviewed.isoformat()}, which is still to come. Write the day it was done."
            yield Problem(article.path, article.lines.get("reviewed", 1), "warning", told, "front-matter")


def unfinished(articles: Iterable[Article]) -> Iterator[Problem]:
    """Drafts with unfilled gaps: search leaves them out, see `site.mkdocs`."""
    for article in articles:
        if line := first_gap(article):
            told = "'…' stands where words should be: search leaves this draft out until it is written. Write it."
            yield Problem(article.path, line, "error", told, "gap")


def swallowing_tags(articles: Iterable[Article]) -> Iterator[Problem]:
    """Tags written as words, such as <title>, which hide the rest of the article from readers and from search."""
    for article in articles:
        text = prose(article.body)
        last_closed = cache(text.lower().rfind)
        for tag in _SWALLOWS.finditer(text):
            if last_closed(f"</{tag[1].lower()}") >= tag.end():
                continue
            yield Problem(
                article.path,
                line_at(text, tag.start(), article.body_line),
                "error",
                f"{tag[0]} is never closed, so that nothing after it is shown or found. "
                f"If you mean the word, write `{tag[0]}` in backticks.",
                "unclosed-tag",
            )
            break
