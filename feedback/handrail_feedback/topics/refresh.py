"""Brings topics up to date: adds new failed searches, and regroups everything once a week.

The caller provides vectors, see `Meaning`: nothing here knows an encoder or an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.topics import Grouping, History, Member, MemberKey, MemberPlace, Topic, Vectors
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.lineage import held_topics, lineage_state, recorded
from handrail_feedback.storage.searches.topics import (
    grouped_members,
    last_grouping,
    last_topic,
    read_history,
    topics,
    with_messages,
    write_grouping,
    write_joined,
)
from handrail_feedback.topics.grouping import centre_of, centred, group, near_enough
from handrail_feedback.topics.identity import match
from handrail_kb.texts import short_language

REGROUP_AFTER = timedelta(days=7)
# The number of new searches from which everything is regrouped: a share of those grouped before, and a minimum.
_MANY_NEW, _FEW = 0.25, 50

How = Literal["regrouped", "joined", "nothing new"]


@dataclass(frozen=True)
class Refreshed:
    """What was done, for how many failed searches and messages, and how many of them were in no topic before."""

    how: How
    searches: int
    new: int


@dataclass(frozen=True)
class _Wording:
    """A wording in one language, however often it was searched."""

    lang: str
    shape: str


@dataclass(frozen=True)
class _Before:
    """What was read before grouping: how all was grouped the last time, and what leads had done by then."""

    grouping: Grouping | None
    deeds: str


def refresh(
    store: Store, meaning: Meaning, at: datetime, *, regroup: bool = False, history: History | None = None
) -> Refreshed:
    """Bring topics up to date with the stored failed searches and messages; with `regroup`, group everything again.

    Reads searches unless `history` has them. Raises StoreUnavailable, and whatever `encode` raises, without having
    changed anything.
    """
    every = with_messages(store, (history or read_history(store)).failed)
    deeds, known, last = lineage_state(store), grouped_members(store), last_grouping(store)
    new = [one for one in every if one.key not in known]
    if regroup or last is None or _is_stale(last, meaning, len(new), at):
        done = _regroup(store, meaning, every, known, _Before(last, deeds), at)
        return Refreshed("regrouped" if done else "nothing new", len(every), len(new))
    if not new:
        return Refreshed("nothing new", len(every), 0)
    done = _join(store, meaning, new, _with_words_of(every, known), last, at)
    return Refreshed("joined" if done else "nothing new", len(every), len(new))


def _is_stale(last: Grouping, meaning: Meaning, new: int, at: datetime) -> bool:
    old = at - last.at >= REGROUP_AFTER
    return old or last.encoder != meaning.encoder or new > max(_FEW, _MANY_NEW * last.searches)


def _wordings(every: Iterable[Member], apart: bool) -> dict[_Wording, list[Member]]:
    found: dict[_Wording, list[Member]] = defaultdict(list)
    for one in every:
        lang = short_language(one.lang) if apart else ""
        found[_Wording(lang, one.shape)].append(one)
    return found


# --- Group all again -----------------------------------------------------------------------------------------------


def _regroup(
    store: Store,
    meaning: Meaning,
    every: Sequence[Member],
    known: Mapping[MemberKey, MemberPlace],
    before: _Before,
    at: datetime,
) -> bool:
    by_wording = _wordings(every, meaning.apart)
    wordings = list(by_wording)
    if not wordings:
        return False
    raw = meaning.encode([one.shape for one in wordings])
    centre = centre_of(raw, meaning.texts)
    vectors = centred(raw, centre)
    held = _held(by_wording, known, held_topics(recorded(store)))
    groups = _group(wordings, vectors, held)
    free = [(number, one.key) for number, same in zip(groups, by_wording.values(), strict=True) for one in same]
    flat = [(number, key) for number, key in free if number >= 0]
    were = [known[key].topic if key in known else None for _, key in flat]
    matching = match([number for number, _ in flat], were, last_topic(store) + 1)
    topic_of = {**matching.topic_of, **{_number_of(topic): topic for topic in held.values()}}
    made = {topic.id: topic.made_at for topic in topics(store).values()}
    kept = [_topic(topic_of[number], made, wordings, vectors, rows, at) for number, rows in _rows_of(groups).items()]
    grouping = Grouping(at, meaning.encoder, centre, near_enough(len(wordings)), len(every))
    placed = _placed(kept, by_wording, vectors, groups, topic_of)
    return write_grouping(store, kept, placed, matching.events, grouping, before.grouping, before.deeds)


def _held(
    by_wording: Mapping[_Wording, Sequence[Member]], known: Mapping[MemberKey, MemberPlace], topics_held: set[int]
) -> dict[_Wording, int]:
    """The wordings that leads keep in a topic, each with that topic: newly typed ones of the same words, too."""
    found = {}
    for wording, same in by_wording.items():
        there = [known[one.key].topic for one in same if one.key in known]
        kept = [topic for topic in there if topic in topics_held]
        if kept:
            found[wording] = max(kept)
    return found


def _number_of(topic: int) -> int:
    """The number of the group of a topic that leads keep together: below those that grouping finds."""
    return -topic


def _group(wordings: Sequence[_Wording], vectors: Vectors, held: Mapping[_Wording, int]) -> list[int]:
    """The group of each wording, separately for each language. The threshold depends on the number of all wordings.

    Those that leads keep in a topic are not grouped with others.
    """
    groups = np.array([_number_of(held.get(one, 0)) for one in wordings], dtype=np.intp)
    begin = 0
    for lang in dict.fromkeys(one.lang for one in wordings):
        rows = np.array(
            [number for number, one in enumerate(wordings) if one.lang == lang and one not in held], dtype=np.intp
        )
        if len(rows):
            groups[rows] = group(vectors[rows], near_enough(len(wordings))) + begin
            begin = int(groups[rows].max()) + 1
    return [int(number) for number in groups]


def _rows_of(groups: Sequence[int]) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(groups):
        rows[number].append(row)
    return rows


def _topic(
    number: int,
    made: Mapping[int, datetime],
    wordings: Sequence[_Wording],
    vectors: Vectors,
    rows: Sequence[int],
    at: datetime,
) -> Topic:
    mean: Vectors = vectors[rows].mean(axis=0)
    return Topic(number, made.get(number, at), wordings[rows[0]].lang, mean, len(rows))


def _placed(
    kept: Sequence[Topic],
    by_wording: Mapping[_Wording, Sequence[Member]],
    vectors: Vectors,
    groups: Sequence[int],
    topic_of: Mapping[int, int],
) -> list[MemberPlace]:
    """Every member with its topic and its cosine to the topic's mean."""
    means = {topic.id: topic.mean for topic in kept}
    found = []
    for row, same in enumerate(by_wording.values()):
        topic = topic_of[groups[row]]
        nearness = _nearness(vectors[row], means[topic])
        found += [MemberPlace(one.key, topic, nearness) for one in same]
    return found


def _nearness(vector: Vectors, mean: Vectors) -> float:
    return round(float(vector @ mean / max(float(np.linalg.norm(mean)), 1e-6)), 4)


# --- What is new ---------------------------------------------------------------------------------------------------


def _with_words_of(
    every: Sequence[Member], known: Mapping[MemberKey, MemberPlace]
) -> dict[tuple[str, str], MemberPlace]:
    """The places of members that are in a topic already, by language and words."""
    return {(one.lang, one.shape): known[one.key] for one in every if one.key in known}


def _join(
    store: Store,
    meaning: Meaning,
    new: Sequence[Member],
    same_words: Mapping[tuple[str, str], MemberPlace],
    last: Grouping,
    at: datetime,
) -> bool:
    """Add each new member to the topic with the same words, else to the nearest one, else to a new one."""
    highest = last_topic(store)
    places = _Places(topics(store), highest + 1, last.near, at)
    joined: list[MemberPlace] = []
    other: list[Member] = []
    for one in new:
        twin = same_words.get((one.lang, one.shape))
        if twin is None:
            other.append(one)
        else:
            joined.append(MemberPlace(one.key, twin.topic, twin.nearness))
    by_wording = _wordings(other, meaning.apart)
    if by_wording:
        vectors = centred(meaning.encode([wording.shape for wording in by_wording]), last.centre)
        for vector, (wording, same) in zip(vectors, by_wording.items(), strict=True):
            topic = places.take(vector, wording.lang)
            joined += [MemberPlace(one.key, topic.id, _nearness(vector, topic.mean)) for one in same]
    return write_joined(store, list(places.changed.values()), joined, last, highest, at)


class _Places:
    """The positions of topics while new wordings are added."""

    def __init__(self, kept: Mapping[int, Topic], next_topic: int, near: float, at: datetime) -> None:
        self._topics = dict(kept)
        self._next = next_topic
        self._near = near
        self._at = at
        self.changed: dict[int, Topic] = {}

    def take(self, vector: Vectors, lang: str) -> Topic:
        """Put a wording into the topic whose wordings are nearest on average, if near enough, else into a new one."""
        # A topic that nothing but searches of a lead's choice is in may have been measured by an earlier encoder.
        candidates = [topic for topic in self._topics.values() if topic.lang == lang and len(topic.mean) == len(vector)]
        means: Vectors = np.array([topic.mean for topic in candidates], np.float32).reshape(-1, len(vector))
        similar = means @ vector
        if len(similar) and similar.max() >= self._near:
            topic = _with_one_more(candidates[int(similar.argmax())], vector)
        else:
            topic = Topic(self._next, self._at, lang, vector, 1)
            self._next += 1
        self._topics[topic.id] = self.changed[topic.id] = topic
        return topic


def _with_one_more(topic: Topic, vector: Vectors) -> Topic:
    mean: Vectors = ((topic.mean * topic.wordings + vector) / (topic.wordings + 1)).astype(np.float32)
    return Topic(topic.id, topic.made_at, topic.lang, mean, topic.wordings + 1)
