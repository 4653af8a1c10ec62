"""What teaching questions changes: some are held out, and asked before and after the others are taught."""

from __future__ import annotations

import math
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from handrail_search.learned import Known
from handrail_search.query import Searcher
from handrail_search.vectors import Vectors

# One question in so many is held out; with fewer of them than ENOUGH a figure would be chance.
EVERY = 5
ENOUGH = 20
_MOST = 500
DEPTH = 5


@dataclass(frozen=True)
class Effect:
    """How many of the `asked` questions had their article first, and among the first DEPTH, before and after."""

    asked: int
    first_before: int
    first_after: int
    among_before: int
    among_after: int


def held_out(taught: Sequence[Known]) -> dict[str, set[str]]:
    """Every fifth question, at most some hundred evenly spread, each with the articles that are taught to answer it."""
    articles: dict[str, set[str]] = {}
    for one in taught:
        articles.setdefault(one.text, set()).add(one.location)
    held = list(articles)[EVERY - 1 :: EVERY]
    return {question: articles[question] for question in held[:: math.ceil(len(held) / _MOST) or 1]}


def measure(
    searcher: Searcher, known: Sequence[Known], taught: Sequence[Known], vectors: MutableMapping[str, Vectors]
) -> Effect | None:
    """Ask held out questions before and after teaching the others; None when they are too few to tell.

    `known` is what the service knows already. The searcher is left with the others taught.
    """
    asked = held_out(taught)
    if len(asked) < ENOUGH or searcher.missing:
        return None
    # The same words may be known from somebody else: then the answer would be given away.
    before = [one for one in known if one.text not in asked]
    others = [one for one in taught if one.text not in asked]
    searcher.teach(before, known_vectors=vectors)
    first_before, among_before = _found(searcher, asked)
    searcher.teach([*before, *others], known_vectors=vectors)
    first_after, among_after = _found(searcher, asked)
    return Effect(len(asked), first_before, first_after, among_before, among_after)


def _found(searcher: Searcher, asked: dict[str, set[str]]) -> tuple[int, int]:
    """How many questions find an article of theirs first, and among the first DEPTH."""
    first = among = 0
    for question, articles in asked.items():
        found = [hit.location.partition("#")[0] for hit in searcher.search(question, limit=DEPTH).hits]
        first += bool(articles.intersection(found[:1]))
        among += bool(articles.intersection(found))
    return first, among
