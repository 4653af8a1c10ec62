"""Matches new groups with earlier topics by the searches that they share. Pure.

A topic continues in the group that holds most of it. If a group holds two topics, the larger continues and the other
is merged into it; if a topic falls apart, its largest part continues and the others are split from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handrail_feedback.records.topics import LineageEvent


@dataclass(frozen=True)
class Matching:
    """The topic of each group, by the group's number; the `new` topics; and the merges and splits."""

    topic_of: Mapping[int, int]
    new: tuple[int, ...]
    events: tuple[LineageEvent, ...]


def match(groups: Sequence[int], topics: Sequence[int | None], next_topic: int) -> Matching:
    """Find the topic of each group. `groups` and `topics` hold the group and the topic of each search, in one order.

    The topic is None for a search without one. Groups without a topic become new ones, numbered from `next_topic`.
    """
    shared = Counter((group, topic) for group, topic in zip(groups, topics, strict=True) if topic is not None)
    topic_of: dict[int, int] = {}
    for (group, topic), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0][1], item[0][0])):
        if group not in topic_of and topic not in topic_of.values():
            topic_of[group] = topic
    fresh = [group for group in dict.fromkeys(groups) if group not in topic_of]
    new = {group: next_topic + number for number, group in enumerate(fresh)}
    topic_of |= new
    return Matching(topic_of, tuple(new.values()), tuple(_events(shared, topic_of, frozenset(new.values()))))


def _events(shared: Counter[tuple[int, int]], topic_of: Mapping[int, int], new: frozenset[int]) -> list[LineageEvent]:
    """The merges and splits, without single searches that changed topic."""
    alive = set(topic_of.values())
    events = []
    for topic in dict.fromkeys(topic for _, topic in shared if topic not in alive):
        group, searches = max(
            ((group, count) for (group, other), count in shared.items() if other == topic), key=lambda pair: pair[1]
        )
        events.append(LineageEvent(topic, "merged", topic_of[group], searches))
    for group, topic in topic_of.items():
        parents = {other: count for (one, other), count in shared.items() if one == group}
        if topic in new and parents:
            parent = max(parents, key=lambda other: parents[other])
            if parents[parent] > 1 and parent in alive:
                events.append(LineageEvent(topic, "split", parent, parents[parent]))
    return events
