"""The channel to a person that is open now, for answers of the service.

At build time, the plugin writes when each channel is open until the end of next year, in the company's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handrail_kb.contact.hours import MIDNIGHT, show_time

# Fastest first: somebody is there, and nothing has to be written first.
FASTEST = ("phone", "chat", "callback")


@dataclass(frozen=True)
class DirectChannel:
    """A channel on which somebody answers at once. `address` is its link's target; `week` holds each day's spans."""

    kind: str
    title: str
    address: str
    week: Sequence[Sequence[Sequence[int]]]
    always: bool = False


@dataclass(frozen=True)
class OpenChannel:
    """A channel that is open now; `until` is a time in the company's zone, empty if it does not close today."""

    title: str
    address: str
    until: str


@dataclass(frozen=True)
class OpeningTimes:
    """When somebody answers. `days` are days that differ, by ISO date; nothing is known after `known_until`."""

    zone: str = ""
    known_until: str = ""
    days: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    channels: Sequence[DirectChannel] = ()

    def fastest(self, now: datetime) -> OpenChannel | None:
        """The open channel on which a person is reached soonest; None if none is open."""
        try:
            local = now.astimezone(ZoneInfo(self.zone)) if self.zone else None
        except (ZoneInfoNotFoundError, ValueError):
            local = None
        if local is None or local.date().isoformat() > self.known_until:
            return None
        minute = local.hour * 60 + local.minute
        for channel in sorted(self.channels, key=lambda channel: FASTEST.index(channel.kind)):
            spans = channel.week[local.weekday()]
            if not channel.always:
                spans = self.days.get(local.date().isoformat(), spans)
            for start, end in spans:
                if start <= minute < end:
                    return OpenChannel(channel.title, channel.address, show_time(end) if end < MIDNIGHT else "")
        return None


def read_opening(data: Any) -> OpeningTimes:
    """The opening times that the plugin wrote. Raises ValueError, TypeError or KeyError for anything else."""
    if not data:
        return OpeningTimes()
    channels = [
        DirectChannel(str(one["kind"]), str(one["title"]), str(one["address"]), one["week"], bool(one["always"]))
        for one in data["ways"]
        if one["kind"] in FASTEST
    ]
    return OpeningTimes(str(data["zone"]), str(data["until"]), dict(data["days"]), tuple(channels))
