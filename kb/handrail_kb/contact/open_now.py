"""The channel to a person that is open now, for answers of the service.

At build time, the plugin writes when each channel is open until the end of next year, in the company's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handrail_kb.contact.channels import LIVE
from handrail_kb.contact.hours import MIDNIGHT, show_time

# Offered to everybody. A relay service or sign language is for those who look for it, or for a topic that names it.
_FOR_ALL = ("phone", "chat", "callback")


@dataclass(frozen=True)
class DirectChannel:
    """A channel on which somebody answers at once, or one that the site names for one of the sensitive `topics`.

    `address` is its link's target; `week` holds each day's spans. A `general` channel is for any matter.
    """

    kind: str
    title: str
    address: str
    week: Sequence[Sequence[Sequence[int]]]
    always: bool = False
    general: bool = True
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenChannel:
    """A channel that is open now; `until` is a time in the company's zone, empty if it does not close today.

    `at_once` is False for one that a site names for a topic, and where nobody answers at once, such as an address.
    """

    title: str
    address: str
    until: str
    at_once: bool = True


@dataclass(frozen=True)
class OpeningTimes:
    """When somebody answers. `days` are days that differ, by ISO date; nothing is known after `known_until`."""

    zone: str = ""
    known_until: str = ""
    days: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    channels: Sequence[DirectChannel] = ()

    def fastest(self, now: datetime, topic: str = "") -> OpenChannel | None:
        """The open channel on which a person is reached soonest about a topic; None if none is open.

        Where the site names channels for the topic, only these count, and otherwise the general ones: whoever has lost
        somebody does not want the hotline for lost cards.
        """
        named = [channel for channel in self.channels if topic in channel.topics]
        among = named or [channel for channel in self.channels if channel.general and channel.kind in _FOR_ALL]
        live = sorted((one for one in among if one.kind in LIVE), key=lambda one: LIVE.index(one.kind))
        for channel in live:
            if (until := self._open_until(channel, now)) is not None:
                return OpenChannel(channel.title, channel.address, until)
        slower = [channel for channel in named if channel.kind not in LIVE or not any(channel.week)]
        return OpenChannel(slower[0].title, slower[0].address, "", at_once=False) if slower else None

    def _open_until(self, channel: DirectChannel, now: datetime) -> str | None:
        """When an open channel closes today, empty if it does not; None if it is closed, or nothing is known."""
        try:
            zone = ZoneInfo(self.zone) if self.zone else None
        except (ZoneInfoNotFoundError, ValueError):
            zone = None
        if zone is None or (day := now.astimezone(zone).date()).isoformat() > self.known_until:
            return None
        spans = channel.week[day.weekday()]
        if not channel.always:
            spans = self.days.get(day.isoformat(), spans)
        for start, end in spans:
            if moment_of(day, start, zone) <= now < moment_of(day, end, zone):
                return show_time(end) if end < MIDNIGHT else ""
        return None


def moment_of(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which clocks in a zone show so many minutes since midnight of a day; 1440 ends the day.

    On the day clocks change, as calendars have it (RFC 5545): a time that is skipped is as long after the change as it
    would be without, and of a time that comes twice the first is meant. The browser computes the same.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def read_opening(data: Any) -> OpeningTimes:
    """The opening times that the plugin wrote. Raises ValueError, TypeError or KeyError for anything else."""
    if not data:
        return OpeningTimes()
    channels = [
        DirectChannel(
            str(one["kind"]),
            str(one["title"]),
            str(one["address"]),
            one["week"],
            bool(one["always"]),
            bool(one.get("general", True)),
            tuple(map(str, one.get("topics", ()))),
        )
        for one in data["ways"]
        if one["kind"] in _FOR_ALL or one.get("topics")
    ]
    return OpeningTimes(str(data["zone"]), str(data["until"]), dict(data["days"]), tuple(channels))
