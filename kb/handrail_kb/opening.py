"""Which way to a person is open now: for answers of the service, where the browser has no clock to ask.

What the plugin wrote at build time says when each way is open, in the company's own time, until the end of next year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handrail_kb.hours import MIDNIGHT, show_time

# The first of these that is open is the fastest: somebody is there, and nothing has to be written first.
FASTEST = ("phone", "chat", "callback")


@dataclass(frozen=True)
class Way:
    """A way on which somebody answers at once. `address` is where its link leads; `week` holds spans of minutes."""

    kind: str
    title: str
    address: str
    week: Sequence[Sequence[Sequence[int]]]
    always: bool = False


@dataclass(frozen=True)
class OpenWay:
    """A way that is open now; `until` is a time of the company's day, empty where it does not close today."""

    title: str
    address: str
    until: str


@dataclass(frozen=True)
class Opening:
    """When somebody answers. `days` are those that differ, by ISO date; nothing is known after `known_until`."""

    zone: str = ""
    known_until: str = ""
    days: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    ways: Sequence[Way] = ()

    def fastest(self, now: datetime) -> OpenWay | None:
        """The way to reach a person soonest, of those that are open."""
        try:
            local = now.astimezone(ZoneInfo(self.zone)) if self.zone else None
        except (ZoneInfoNotFoundError, ValueError):
            local = None
        if local is None or local.date().isoformat() > self.known_until:
            return None
        minute = local.hour * 60 + local.minute
        for way in sorted(self.ways, key=lambda way: FASTEST.index(way.kind)):
            spans = way.week[local.weekday()]
            if not way.always:
                spans = self.days.get(local.date().isoformat(), spans)
            for start, end in spans:
                if start <= minute < end:
                    return OpenWay(way.title, way.address, show_time(end) if end < MIDNIGHT else "")
        return None


def read_opening(data: Any) -> Opening:
    """From what the plugin wrote; what does not fit is nothing. Raises ValueError, TypeError, KeyError."""
    if not data:
        return Opening()
    ways = [
        Way(str(one["kind"]), str(one["title"]), str(one["address"]), one["week"], bool(one["always"]))
        for one in data["ways"]
        if one["kind"] in FASTEST
    ]
    return Opening(str(data["zone"]), str(data["until"]), dict(data["days"]), tuple(ways))
