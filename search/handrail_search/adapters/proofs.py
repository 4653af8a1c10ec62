"""Past questions, asked again of search as it is, and which answers may be sent by mail. Nothing asked is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from handrail_feedback.contracts import Past, PastAnswer, PresentAnswer
from handrail_feedback.records.mailings import AnsweringArticle
from handrail_feedback.topics.replay import Ask
from handrail_search.adapters.teaching import Teaching
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.results import Results
from handrail_search.ranking.searcher import Searcher

_DEPTH, _TOLD = 10, 3


def asking(searcher: Searcher) -> Ask:
    """How this Searcher answers past questions."""

    def ask(past: Past) -> PastAnswer:
        return outcome_of(searcher.search(past.question, limit=_DEPTH, lang=past.lang))

    return ask


def answer_of(searcher: Searcher, past: Past) -> PresentAnswer | None:
    """How a past question is answered; None while search is degraded, because it then says "no" too easily."""
    results = searcher.search(past.question, limit=_DEPTH, lang=past.lang)
    return None if results.degraded else PresentAnswer(outcome_of(results), may_notify(results, _TOLD))


def outcome_of(results: Results) -> PastAnswer:
    """The verdict, and each article that is shown at once, best first."""
    return PastAnswer(results.verdict, tuple(dict.fromkeys(hit.location.partition("#")[0] for hit in results.shown)))


def may_notify(results: Results, first: int) -> tuple[AnsweringArticle, ...]:
    """The articles among the `first` shown that may be mailed to whoever asked: public, and in the reader's language.

    None where the question is about a sensitive topic.
    """
    if results.degraded or results.sensitive_topic:
        return ()
    hits = (hit for hit in results.shown[:first] if not (hit.other_language or hit.people_only))
    return tuple(AnsweringArticle(hit.location, hit.title) for hit in hits)


_Said = TypeVar("_Said")


@dataclass(frozen=True)
class Prover:
    """Asks the index that serves. The questions are not logged: no customer asked them."""

    live: LiveIndex
    teaching: Teaching

    def state(self) -> str:
        """Generation and version of learned questions in use; empty while search is degraded or not up to date."""
        searcher, taught = self.live.searcher(), self.teaching.taught
        if searcher is None or searcher.missing or taught is None or taught[1] != searcher.index.name:
            return ""
        return f"{taught[1]} {taught[0]}"

    def answer(self, past: Past) -> PresentAnswer | None:
        """How a past question is answered now; None when that cannot be determined."""
        return self._ask(lambda searcher: answer_of(searcher, past))

    def prove(self, question: str, lang: str) -> AnsweringArticle | None:
        """The article that a customer who searched for this would see as the answer, in their own language."""
        results = self._ask(lambda searcher: searcher.search(question, limit=1, lang=lang))
        if results is None or results.verdict != "answered":
            return None
        return next(iter(may_notify(results, 1)), None)

    def _ask(self, ask: Callable[[Searcher], _Said]) -> _Said | None:
        searcher = self.live.searcher()
        try:
            return ask(searcher) if searcher else None
        except sqlite3.Error:  # the generation was removed or damaged while it served
            self.live.look()
            return None
