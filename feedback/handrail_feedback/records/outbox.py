"""Rules of the outbox: the routes in the setting `deliver`, when a delivery is tried again, and the outbox's status.

`mail, folder` is two routes, each of which gets every message. `mail > folder` is one route of two channels: the
second is used while the first fails.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.records.stamps import Row
from handrail_kb.errors import ConfigError, DeliveryFailed
from handrail_kb.problems import nearest

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Job:
    """A message that only its holder may deliver until the claim ends."""

    id: int
    claim: str
    code: str
    route: Route
    channel: str
    attempts: int


@dataclass(frozen=True)
class Patience:
    """How long a claim lasts, and how long a channel may fail before the next one of its route takes over."""

    lease: timedelta = timedelta(seconds=90)
    failover: timedelta = timedelta(minutes=10)


def pause(failures: int) -> timedelta:
    """How long to wait after this many failures in a row: 2 s, 4 s, 8 s … 15 min, each shortened by up to a half.

    The shortening is random, so that deliveries that failed together are not tried again together.
    """
    doublings = min(max(failures, 1) - 1, 20)
    whole = min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
    return whole * (0.5 + random.random() / 2)  # noqa: S311 (no secret)


def next_channel(job: Job, error: DeliveryFailed, tired: bool, resting: set[str]) -> str:
    """The channel for the next attempt: another one if this one refused for good or has failed too long (`tired`)."""
    if not (tired or error.final):
        return job.channel
    other = next_rested(job.route, job.channel, resting)
    return other or (job.route.after(job.channel) if error.final else job.channel)


def time_to_next(row: Row, error: DeliveryFailed, same: bool) -> timedelta:
    """How long until the next attempt. If all channels refuse for good, the pauses between them grow."""
    if error.final:
        return pause(row["attempts"] + 1)
    return max(pause(row["failures"] + 1), pause_asked_for(error)) if same else timedelta(0)


def pause_asked_for(error: DeliveryFailed) -> timedelta:
    """The pause that the other side asked for, at most LONGEST_PAUSE."""
    return min(timedelta(seconds=max(error.wait, 0.0)), LONGEST_PAUSE)


def next_rested(route: Route, channel: str, resting: set[str]) -> str | None:
    """The next channel of the route that is not resting; None if all others are, or there is no other."""
    to = route.after(channel)
    while to != channel:
        if to not in resting:
            return to
        to = route.after(to)
    return None


@dataclass(frozen=True)
class OutboxEntry:
    """One message on one of its routes. Times are in UTC; `delivered_at` is None while it waits.

    Log lines contain the `number` of its row, never its code.
    """

    number: int
    code: str
    thread: str
    route: Route
    channel: str
    state: str
    queued_at: datetime
    next_at: datetime
    attempts: int
    failing_since: datetime | None
    last_error: str
    last_said: str
    last_mend: str
    claimed_until: datetime | None
    delivered_at: datetime | None

    def held(self, at: datetime) -> bool:
        """Whether a sender has claimed it at this moment."""
        return self.claimed_until is not None and self.claimed_until > at


@dataclass(frozen=True)
class ChannelState:
    """The record of a channel: all attempts that succeeded and failed, and since when it has been failing, if it is."""

    name: str
    delivered: int
    failed: int
    failing_since: datetime | None
    rest_until: datetime | None
    last_error: str
    last_mend: str


@dataclass(frozen=True)
class OutboxStatus:
    """The outbox in numbers: messages that wait on a route, the time of the oldest, and messages without a route.

    `came_back` counts answers that a mail server refused for good, and that nobody has dealt with since.
    """

    waiting: int
    oldest: datetime | None
    unsent: int
    left_alone: int
    channels: tuple[ChannelState, ...]
    came_back: int = 0

    def age(self, at: datetime) -> timedelta:
        """How long the oldest message has waited; zero if none waits."""
        return max(at - self.oldest, timedelta(0)) if self.oldest else timedelta(0)


CHANNELS = ("mail", "webhook", "folder")
# The channel for answers from the desk. No setting names it: it exists if mail can be sent.
ANSWER = "answer"
_HOW = "Write for example: deliver: mail, or mail, folder (both), or mail > folder (the second when the first fails)"


@dataclass(frozen=True)
class Route:
    """Channels that are tried in order until one accepts the message.

    `answer` is the number of the answer that this route sends to a customer; None if it takes messages to the team.
    """

    channels: tuple[str, ...]
    answer: int | None = None

    def __str__(self) -> str:
        names = " > ".join(self.channels)
        return names if self.answer is None else f"{names} {self.answer}"

    def after(self, channel: str) -> str:
        """The channel that takes over from another; the first one follows the last."""
        place = self.channels.index(channel) + 1 if channel in self.channels else 0
        return self.channels[place % len(self.channels)]


def parse_routes(deliver: str) -> tuple[Route, ...]:
    """The routes in the setting `deliver`; empty if it is. Raises ConfigError naming what is wrong."""
    if not deliver.strip():
        return ()
    routes = tuple(_route(part) for part in deliver.split(","))
    for number, route in enumerate(routes):
        if route in routes[:number]:
            raise ConfigError(f"deliver: '{route}' is named twice, and a message goes there once.", _HOW)
    return routes


def answer_route(number: int) -> Route:
    """The route for one answer to a customer."""
    return Route((ANSWER,), number)


def kept_route(row: Row) -> Route:
    """The route in a row of the outbox."""
    return Route(tuple(row["route"].split(" > "))) if row["answer_id"] is None else answer_route(row["answer_id"])


def _route(part: str) -> Route:
    channels = tuple(name.strip().lower() for name in part.split(">"))
    for number, name in enumerate(channels):
        if not name:
            raise ConfigError(f"deliver: a way is missing in '{part.strip()}'.", _HOW)
        if name not in CHANNELS:
            raise ConfigError(f"deliver: '{name}' is no way to deliver.{nearest(name, CHANNELS)}", _HOW)
        if name in channels[:number]:
            raise ConfigError(f"deliver: '{name}' is named twice in '{part.strip()}'.", _HOW)
    return Route(channels)
