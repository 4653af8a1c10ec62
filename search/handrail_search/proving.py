"""Whether search answers now what once it did not: for topics, and for those who wait to hear of it. Knows no mail."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from handrail_feedback.replay import Past
from handrail_feedback.tellings import Proof
from handrail_feedback.topic_proving import Answer
from handrail_search.asking import answer_of, may_tell
from handrail_search.live import LiveIndex
from handrail_search.query import Searcher
from handrail_search.teaching import Teaching

_Said = TypeVar("_Said")


@dataclass(frozen=True)
class Prover:
    """Asks the search that serves. Nothing is kept of what is asked: it is nobody's search."""

    live: LiveIndex
    teaching: Teaching

    def state(self) -> str:
        """What search knows now, the index first; empty while it knows less than it should: it says "no" too easily."""
        searcher, taught = self.live.searcher(), self.teaching.taught
        if searcher is None or searcher.missing or taught is None or taught[1] != searcher.index.name:
            return ""
        return f"{taught[1]} {taught[0]}"

    def answer(self, past: Past) -> Answer | None:
        """How a past question is answered now; None when it cannot be said."""
        return self._ask(lambda searcher: answer_of(searcher, past))

    def prove(self, question: str, lang: str) -> Proof | None:
        """The article that a customer who searched this would be shown as the answer, in their own language."""
        results = self._ask(lambda searcher: searcher.search(question, limit=1, lang=lang))
        if results is None or results.verdict != "answered":
            return None
        return next(iter(may_tell(results, 1)), None)

    def _ask(self, ask: Callable[[Searcher], _Said]) -> _Said | None:
        searcher = self.live.searcher()
        try:
            return ask(searcher) if searcher else None
        except sqlite3.Error:  # the generation was removed or damaged while it served
            self.live.look()
            return None
