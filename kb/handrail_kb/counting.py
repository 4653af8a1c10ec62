"""Numbers of things in words for a terminal: '1 message', '2 messages'. What customers read is translated elsewhere."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """A number with the word for so many; the plural has an 's' unless it is given."""
    return f"{number} {one if number == 1 else many or one + 's'}"
