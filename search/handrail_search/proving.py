"""Whether search answers a question now that once it did not, for those who wait to hear of it. Knows no mail."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from handrail_feedback.tellings import Proof
from handrail_search.live import LiveIndex
from handrail_search.teaching import Teaching


@dataclass(frozen=True)
class Prover:
    """Asks the search that serves. Nothing is kept of what is asked: it is nobody's search."""

    live: LiveIndex
    teaching: Teaching

    def state(self) -> str:
        """What search knows now, as a name; empty while it knows less than it should, and says "no" too easily."""
        searcher, taught = self.live.searcher(), self.teaching.taught
        if searcher is None or searcher.missing or taught is None or taught[1] != searcher.index.name:
            return ""
        return f"{taught[1]} {taught[0]}"

    def prove(self, question: str, lang: str) -> Proof | None:
        """The article that a customer who searched this would be shown as the answer, in their own language."""
        searcher = self.live.searcher()
        try:
            results = searcher.search(question, limit=1, lang=lang) if searcher else None
        except sqlite3.Error:  # the generation was removed or damaged while it served
            self.live.look()
            return None
        if results is None or results.degraded or results.verdict != "answered" or results.matter:
            return None
        for hit in results.hits[:1]:
            if not (hit.other_language or hit.people_only):
                return Proof(hit.location, hit.title)
        return None
