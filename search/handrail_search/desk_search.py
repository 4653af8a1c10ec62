"""What search does for the people at the desk: finds articles for what a customer asked. Knows nothing of messages."""

from __future__ import annotations

import sqlite3

from handrail_feedback.desk.message import Suggestion
from handrail_search.live import LiveIndex

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
        Suggestion(hit.location.partition("#")[0], base + hit.location, hit.title, hit.heading, hit.snippet)
        for hit in hits
    ]
