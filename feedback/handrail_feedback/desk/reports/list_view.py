"""The visible part of a list, whose whole state is in its address. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

LONGEST_WORDS = 100
# Enough for whatever a store numbers, and of those that every database takes.
_MOST_DIGITS = 14


@dataclass(frozen=True)
class ListView:
    """The visible part of a list. Each field is a parameter of its address, and its default the usual value.

    Subclasses have at least the field `page`. Invalid parameters of an address count as missing.
    """

    def address(self, **other: object) -> dict[str, Any]:
        """The parameters for the address of this view with some changes (`other`), without those that are usual."""
        usual = type(self)()
        view = replace(self, **{"page": 1, **other})
        return {name: value for name, value in vars(view).items() if value != getattr(usual, name)}

    @classmethod
    def one_of(cls, asked: Mapping[str, str], name: str, known: Iterable[str]) -> str:
        """A parameter that is one of the `known` values; the usual one for any other."""
        value = asked.get(name, "")
        return value if value in known else str(getattr(cls(), name))


def words_of(asked: Mapping[str, str], name: str = "q") -> str:
    """A parameter of any words, by default those that are looked for."""
    return asked.get(name, "").strip()[:LONGEST_WORDS]


def page_of(asked: Mapping[str, str]) -> int:
    """The number of the page, which is at least 1."""
    page = number_of(asked.get("page", ""))
    return page if page and page < 10_000 else 1


def number_of(text: str) -> int | None:
    """A number in a form or an address; None for anything else, and for one of too many digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
