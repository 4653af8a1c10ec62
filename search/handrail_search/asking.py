"""Past questions asked of search as it is, and what of an answer people may be told of. Nothing asked here is kept."""

from __future__ import annotations

from handrail_feedback.replay import Ask, Outcome, Past
from handrail_feedback.tellings import Proof
from handrail_feedback.topic_proving import Answer
from handrail_search.query import Results, Searcher

_DEPTH, _TOLD = 10, 3


def asking(searcher: Searcher) -> Ask:
    """How this Searcher answers past questions."""

    def ask(past: Past) -> Outcome:
        return outcome_of(searcher.search(past.question, limit=_DEPTH, lang=past.lang))

    return ask


def answer_of(searcher: Searcher, past: Past) -> Answer | None:
    """How a past question is answered; None while a part of search is away, which says "no" too easily."""
    results = searcher.search(past.question, limit=_DEPTH, lang=past.lang)
    return None if results.degraded else Answer(outcome_of(results), may_tell(results, _TOLD))


def outcome_of(results: Results) -> Outcome:
    """The verdict, and each article once, best first."""
    return Outcome(results.verdict, tuple(dict.fromkeys(hit.location.partition("#")[0] for hit in results.hits)))


def may_tell(results: Results, first: int) -> tuple[Proof, ...]:
    """Those of so many first articles that who asked may be mailed about: for everybody, in their own language.

    None where the question is about a matter that stays with people.
    """
    if results.degraded or results.matter:
        return ()
    hits = (hit for hit in results.hits[:first] if not (hit.other_language or hit.people_only))
    return tuple(Proof(hit.location, hit.title) for hit in hits)
