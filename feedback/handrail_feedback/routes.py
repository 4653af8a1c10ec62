"""The setting `deliver`, read: which ways a message goes to a person. Knows nothing of how a way works.

`mail, folder` is two routes, and each gets every message. `mail > folder` is one route of two channels: the second is
taken while the first fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from handrail_kb.errors import ConfigError
from handrail_kb.settings import nearest

CHANNELS = ("mail", "webhook", "folder")
# The channel of what the desk answers. No setting names it: it is there where mail can be sent.
ANSWER = "answer"
_HOW = "Write for example: deliver: mail, or mail, folder (both), or mail > folder (the second when the first fails)"


@dataclass(frozen=True)
class Route:
    """Channels that are tried one after the other until one takes the message.

    `answer` is the number of the answer that goes this way to a customer; 0 for a message to a person.
    """

    channels: tuple[str, ...]
    answer: int = 0

    def __str__(self) -> str:
        return f"{ANSWER} {self.answer}" if self.answer else " > ".join(self.channels)

    def after(self, channel: str) -> str:
        """The channel that takes over; after the last comes the first again."""
        place = self.channels.index(channel) + 1 if channel in self.channels else 0
        return self.channels[place % len(self.channels)]


def parse_routes(deliver: str) -> tuple[Route, ...]:
    """The routes of the setting `deliver`; none when it is empty. Raises ConfigError naming what does not fit."""
    if not deliver.strip():
        return ()
    routes = tuple(_route(part) for part in deliver.split(","))
    for number, route in enumerate(routes):
        if route in routes[:number]:
            raise ConfigError(f"deliver: '{route}' is named twice, and a message goes there once.", _HOW)
    return routes


def answer_route(number: int) -> Route:
    """The way of one answer to a customer."""
    return Route((ANSWER,), number)


def read_route(route: str) -> Route:
    """A route as it was written by `str`."""
    name, _, number = route.partition(" ")
    if name == ANSWER:
        return answer_route(int(number))
    return Route(tuple(route.split(" > ")))


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
