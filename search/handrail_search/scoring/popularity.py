"""Which articles people open more often than their place in the lists explains, and what that is worth. Pure numpy.

An article that is shown first is opened more than the second one, whatever it says. So openings are counted against
those to be expected at the places where an article stood (clicks over expected clicks, Zhang and Jones 2007): what is
shown more often has to be opened more often, and does not rise by being shown. Newer lists count more. What it adds is
small, and nothing unless it would have put the articles first that people opened later on: see
docs/architecture/ranking/0075-popularity.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handrail_search.scoring.fusion import FULL, Scores

# Lists of which something was opened below which nothing is said.
ENOUGH_OPENED = 300
# Days after which a list counts half as much as a new one.
_HALF_LIFE = 180.0
# As if each article had been opened so many times, as often as was to be expected.
_PRIOR = 5.0
# The most that popularity says of an article, as a logarithm: three times as often as expected, or a third.
_MOST = math.log(3.0)
# What it may be worth, as points of the score; and by how many standard errors it has to help.
_WORTHS, _CERTAIN = (0.05, 0.1, 0.15), 2.0
# Two neighbours in a list whose scores differ by no more than this many points fit alike: either could stand first.
_ALIKE = 0.15


@dataclass(frozen=True)
class ShownList:
    """A list of results that a customer saw: its pages best first, with their scores, and which of them were opened.

    `days` is how old it is. Scores are as results show them, 0..1. `half` is one of two for all lists of one wording:
    what is counted in one half is tried on the other, so that it holds for other words.
    """

    pages: tuple[int, ...]
    scores: tuple[float, ...]
    opened: frozenset[int]
    days: float
    half: bool


@dataclass(frozen=True)
class Popularity:
    """What popularity adds to the score of each page, and what it is `worth` on this site: 0 where it does not help.

    `opened` is how many lists something was opened from.
    """

    points: Scores
    worth: float
    opened: int


def popularity(lists: Sequence[ShownList], pages: int) -> Popularity:
    """The popularity of each of so many pages. `lists` are in any order."""
    opened = sum(bool(one.opened) for one in lists)
    if opened < ENOUGH_OPENED:
        return Popularity(np.zeros(pages), 0.0, opened)
    halves = ([one for one in lists if one.half == half] for half in (False, True))
    pairs = [
        pair for counted, asked in itertools.permutations(halves) for pair in _pairs(asked, attraction(counted, pages))
    ]
    worth = _worth(pairs)
    return Popularity(worth * attraction(lists, pages), worth, opened)


def attraction(lists: Iterable[ShownList], pages: int) -> Scores:
    """How much more often than expected each page was opened, as a logarithm; 0 for pages never shown."""
    lists = list(lists)
    weights = [0.5 ** (one.days / _HALF_LIFE) for one in lists]
    expected_at = _rates(lists, weights)
    opened, expected = np.zeros(pages), np.zeros(pages)
    for one, weight in zip(lists, weights, strict=True):
        for place, page in enumerate(one.pages):
            expected[page] += weight * expected_at[place]
            opened[page] += weight * (page in one.opened)
    found: Scores = np.log((opened + _PRIOR) / (expected + _PRIOR))
    return np.clip(found, -_MOST, _MOST)


def _rates(lists: Sequence[ShownList], weights: Sequence[float]) -> Scores:
    """How often what stands at each place is opened on this site."""
    places = max((len(one.pages) for one in lists), default=0)
    opened, shown = np.zeros(places), np.zeros(places)
    for one, weight in zip(lists, weights, strict=True):
        for place, page in enumerate(one.pages):
            shown[place] += weight
            opened[place] += weight * (page in one.opened)
    rates: Scores = opened / np.maximum(shown, 1e-9)
    return rates


@dataclass(frozen=True)
class _Pair:
    """Two neighbours in a list that fit alike, of which one was opened; `lower` says whether it was the lower one.

    `place` is that of the upper one, which is `ahead` by so many points. `lure` is by how much the lower one is opened
    more than expected, compared with the upper one.
    """

    place: int
    ahead: float
    lure: float
    lower: bool


def _pairs(lists: Iterable[ShownList], attractions: Scores) -> Iterator[_Pair]:
    for one in lists:
        for place, (upper, lower) in enumerate(itertools.pairwise(one.pages)):
            ahead = FULL * (one.scores[place] - one.scores[place + 1])
            # Scores are cut at 1: of those it is not known which one is ahead.
            alike = 0 <= ahead <= _ALIKE and one.scores[place] < 1.0
            if alike and (upper in one.opened) != (lower in one.opened):
                yield _Pair(place, ahead, float(attractions[lower] - attractions[upper]), lower in one.opened)


def _worth(pairs: Sequence[_Pair]) -> float:
    """What popularity is worth: with which most pairs are turned round whose lower one was opened more than usual.

    What stands above is opened more because it stands above. How much more, is seen in all pairs that fit alike; a pair
    is turned round rightly when its lower one is opened more often than that.
    """
    usual = _lower_opened(pairs)
    most, found = 0.0, 0.0
    for worth in _WORTHS:
        turned = [pair for pair in pairs if worth * pair.lure > pair.ahead]
        chance = np.array([usual[pair.place] for pair in turned])
        excess = float(sum(pair.lower for pair in turned) - chance.sum())
        if excess > max(most, _CERTAIN * math.sqrt(float((chance * (1 - chance)).sum()))):
            most, found = excess, worth
    return found


def _lower_opened(pairs: Sequence[_Pair]) -> dict[int, float]:
    """For each place the share of pairs of which the lower one was opened."""
    opened: dict[int, list[bool]] = {}
    for pair in pairs:
        opened.setdefault(pair.place, []).append(pair.lower)
    return {place: (sum(found) + 1) / (len(found) + 2) for place, found in opened.items()}
