"""Numbers of things in words for a terminal: '1 message', '2 messages'. What customers read is translated elsewhere."""

from __future__ import annotations

from math import floor

# What a share loses on its way through binary fractions: 58 of 100 is a little less than 0.58.
_NOISE = 1e-9


def counted(number: int, one: str, many: str = "") -> str:
    """A number with the word for so many; the plural has an 's' unless it is given."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share, 0..1, as people read it: the half is rounded up, but never to all where one is missing, or to none."""
    whole = floor(share * 100 + 0.5 + _NOISE)
    if whole == 0 < share:
        return "<1%"
    return f"{whole if share >= 1 else min(whole, 99)}%"
