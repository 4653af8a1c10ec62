"""The effect of teaching questions: some are held out, and asked before and after the others are taught."""

from __future__ import annotations

import math
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from handrail_search.embedding.vectors import Vectors
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher

# One question in so many is held out; with fewer of them than ENOUGH_HELD_OUT a figure would be due to chance.
EVERY = 5
ENOUGH_HELD_OUT = 20
_MOST = 500
EFFECT_DEPTH = 5


@dataclass(frozen=True)
class Effect:
    """How many of the `asked` questions had their article first, and among the first EFFECT_DEPTH, before and after."""

    asked: int
    first_before: int
    first_after: int
    among_before: int
    among_after: int


def held_out(taught: Sequence[KnownAnswer]) -> dict[str, set[str]]:
    """Every fifth question, at most some hundred evenly spread, each with the articles that are taught to answer it."""
    articles: dict[str, set[str]] = {}
    for one in taught:
        articles.setdefault(one.text, set()).add(one.location)
    held = list(articles)[EVERY - 1 :: EVERY]
    return {question: articles[question] for question in held[:: math.ceil(len(held) / _MOST) or 1]}


def measure_effect(
    searcher: Searcher,
    known: Sequence[KnownAnswer],
    taught: Sequence[KnownAnswer],
    vectors: MutableMapping[str, Vectors],
) -> Effect | None:
    """Ask held-out questions before and after teaching the others; None when there are too few.

    `known` is what the service knows already. Afterwards the searcher knows the others too.
    """
    asked = held_out(taught)
    if len(asked) < ENOUGH_HELD_OUT or searcher.missing:
        return None
    # The same words may be known from somebody else: that would give the answer away.
    before = [one for one in known if one.text not in asked]
    others = [one for one in taught if one.text not in asked]
    searcher.teach(before, known_vectors=vectors)
    first_before, among_before = _found(searcher, asked)
    searcher.teach([*before, *others], known_vectors=vectors)
    first_after, among_after = _found(searcher, asked)
    return Effect(len(asked), first_before, first_after, among_before, among_after)


def _found(searcher: Searcher, asked: dict[str, set[str]]) -> tuple[int, int]:
    """How many questions find an article of theirs first, and among the first EFFECT_DEPTH."""
    first = among = 0
    for question, articles in asked.items():
        found = [hit.location.partition("#")[0] for hit in searcher.search(question, limit=EFFECT_DEPTH).hits]
        first += bool(articles.intersection(found[:1]))
        among += bool(articles.intersection(found))
    return first, among
