"""Which new group is which earlier topic, by the searches they share. Pure.

A topic lives on in the group that holds most of it. Of two topics in one group the larger lives on and the other is
merged into it; of a topic that falls apart the largest part lives on and the others are split from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handrail_feedback.records.topics import LineageEvent


@dataclass(frozen=True)
class Matching:
    """The topic of each group, by the group's number; `new` are topics that there were not; what became of others."""

    topic_of: Mapping[int, int]
    new: tuple[int, ...]
    events: tuple[LineageEvent, ...]


def match(groups: Sequence[int], topics: Sequence[int | None], next_topic: int) -> Matching:
    """Find the topic of each group. Both say, search by search, in which group and in which topic it is.

    A search that is in no topic yet has None. Groups without a topic become new ones, from `next_topic` on.
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
    """What was merged and split; single searches that changed topic are not listed."""
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
