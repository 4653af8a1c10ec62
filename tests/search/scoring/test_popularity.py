"""Popularity: what people open more than its place explains; believed only where it helps, and never by being shown."""

from __future__ import annotations

import numpy as np
import pytest

from handrail_search.scoring.popularity import ENOUGH_OPENED, ShownList, attraction, popularity

PAGES = 12
EXAMINED = (1.0, 0.5, 0.35, 0.25, 0.2)


def lists(count, chance_of, *, seed=1, best=None, days=lambda number: number % 300):
    """Lists of five pages that fit nearly alike, opened by people who look at the first places most.

    `chance_of` is the chance that a page is opened by who looks at it; `best` is a page that always stands first.
    """
    chance = np.random.default_rng(seed)
    made = []
    for number in range(count):
        pages = chance.permutation(PAGES)[:5].tolist()
        if best is not None:
            pages = [best, *(page for page in pages if page != best)][:5]
        scores = np.sort(0.4 + 0.02 * chance.random(5))[::-1]
        opened = frozenset(
            page for place, page in enumerate(pages) if chance.random() < EXAMINED[place] * chance_of(page)
        )
        made.append(ShownList(tuple(pages), tuple(scores.tolist()), opened, float(days(number)), bool(number % 2)))
    return made


def liked(page):
    return 0.9 if page == 3 else 0.2


def test_what_people_open_more_than_its_place_explains_gets_points():
    found = popularity(lists(2000, liked), PAGES)
    assert found.worth > 0
    assert int(np.argmax(found.points)) == 3
    assert found.points[3] > 0.05
    assert np.delete(found.points, 3).max() < found.points[3] / 3


def test_nothing_rises_by_being_shown_first():
    """Opened most of all, and no more than what stands first is."""
    always_first = lists(3000, lambda page: 0.3, best=3)
    opened = sum(3 in one.opened for one in always_first)
    assert opened > 3 * max(sum(page in one.opened for one in always_first) for page in range(PAGES) if page != 3)
    assert abs(attraction(always_first, PAGES)[3]) < 0.1


def test_openings_at_random_are_believed_on_few_sites():
    believed = sum(popularity(lists(1500, lambda page: 0.3, seed=seed), PAGES).worth > 0 for seed in range(20))
    assert believed <= 3


@pytest.mark.parametrize("count", [0, 1, 40])
def test_a_few_openings_say_nothing(count):
    found = popularity(lists(count, liked), PAGES)
    assert found.opened < ENOUGH_OPENED
    assert (found.worth, found.points.any()) == (0.0, False)


def test_new_openings_count_more_than_old_ones():
    old, new = lists(1000, liked, days=lambda _: 700), lists(1000, lambda page: liked((page + 1) % PAGES), seed=2)
    found = attraction([*old, *new], PAGES)
    assert found[2] > found[3] > -1  # page 2 is liked today, page 3 was


def test_no_page_is_worth_more_than_its_bound():
    mad = [ShownList((0, 1), (0.5, 0.49), frozenset({1}), 0.0, bool(number % 2)) for number in range(5000)]
    assert np.abs(attraction(mad, PAGES)).max() <= np.log(3) + 1e-9
    assert np.abs(popularity(mad, PAGES).points).max() <= 0.15 * np.log(3) + 1e-9


def test_what_helps_for_some_words_only_is_not_believed():
    """In one half of the wordings people like one page, in the other another one."""
    halves = lists(2000, liked)
    turned = [
        ShownList(
            one.pages, one.scores, one.opened if one.half else frozenset({11}) & set(one.pages), one.days, one.half
        )
        for one in halves
    ]
    assert popularity(turned, PAGES).points[3] < 0.3 * popularity(halves, PAGES).points[3] + 0.02
