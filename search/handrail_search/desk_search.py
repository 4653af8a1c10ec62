"""What search does for the people at the desk: finds articles for what a customer asked. Knows nothing of messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from handrail_feedback.desk.message import Suggestion
from handrail_feedback.known_articles import KnownArticles
from handrail_feedback.topic_facts import Articles
from handrail_kb.addresses import address_of
from handrail_search.live import LiveIndex
from handrail_search.topic_site import SiteArticles

_SUGGESTED = 5


def suggest(live: LiveIndex, base: str, words: str, lang: str) -> list[Suggestion]:
    """The articles that search finds for a colleague. It is nobody's search, so it is not kept."""
    searcher = live.searcher()
    try:
        hits = searcher.search(words, limit=_SUGGESTED, lang=lang).hits if searcher else ()
    except sqlite3.Error:  # the generation was removed or damaged while it served
        live.look()
        return []
    return [
        Suggestion(hit.location.partition("#")[0], base + address_of(hit.location), hit.title, hit.heading, hit.snippet)
        for hit in hits
    ]


def articles_of(live: LiveIndex, failed: Iterable[str]) -> Articles:
    """What topics ask about the articles that serve now; `failed` are all failed searches."""
    searcher = live.searcher()
    return SiteArticles(searcher.index, failed) if searcher else KnownArticles()
