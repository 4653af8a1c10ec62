from __future__ import annotations

from handrail_feedback.records.topics import LineageEvent
from handrail_feedback.topics.identity import match


def test_a_topic_lives_on_in_the_group_that_holds_most_of_it() -> None:
    found = match([0, 0, 0, 1], [7, 7, None, None], next_topic=8)
    assert found.topic_of == {0: 7, 1: 8}
    assert found.new == (8,)
    assert found.events == ()


def test_of_two_topics_in_one_group_the_larger_lives_on() -> None:
    found = match([0] * 5, [3, 3, 3, 9, 9], next_topic=10)
    assert found.topic_of == {0: 3}
    assert found.events == (LineageEvent(9, "merged", 3, 2),)


def test_of_a_topic_that_falls_apart_the_largest_part_lives_on() -> None:
    found = match([0, 0, 1, 1, 1], [4] * 5, next_topic=5)
    assert found.topic_of == {1: 4, 0: 5}
    assert found.events == (LineageEvent(5, "split", 4, 2),)


def test_one_search_that_changes_its_place_is_nothing_to_tell() -> None:
    found = match([0, 0, 0, 1, 1, 1, 1, 2], [1, 1, 1, 2, 2, 2, 1, 2], next_topic=3)
    assert found.topic_of == {0: 1, 1: 2, 2: 3}
    assert found.events == ()


def test_equal_claims_go_to_the_older_topic_each_time() -> None:
    assert match([0, 0], [6, 5], next_topic=7).topic_of == {0: 5}
    assert match([0, 0], [5, 6], next_topic=7).topic_of == {0: 5}
