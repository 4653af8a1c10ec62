"""Suggests articles to the people at the desk for what a customer asked. Knows nothing of messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from handrail_feedback.contracts import Articles, SuggestedArticle
from handrail_feedback.reports.site_articles import KnownArticles
from handrail_kb.addresses import address_of
from handrail_search.adapters.topics import SiteArticles
from handrail_search.ranking.live import LiveIndex

_SUGGESTED = 5


def suggest(live: LiveIndex, base: str, words: str, lang: str) -> list[SuggestedArticle] | None:
    """The articles that search finds for a colleague, not logged; None where it cannot answer at the moment."""
    searcher = live.searcher()
    if searcher is None:
        return None
    try:
        hits = searcher.search(words, limit=_SUGGESTED, lang=lang).hits
    except sqlite3.Error:  # the generation was removed or damaged while it served
        live.look()
        return None
    return [
        SuggestedArticle(
            hit.location.partition("#")[0], base + address_of(hit.location), hit.title, hit.heading, hit.snippet
        )
        for hit in hits
    ]


def articles_of(live: LiveIndex, failed: Iterable[str]) -> Articles:
    """What topics ask about the articles that serve now; `failed` are all failed searches."""
    searcher = live.searcher()
    return SiteArticles(searcher.index, failed, searcher.reader.spelled) if searcher else KnownArticles()
