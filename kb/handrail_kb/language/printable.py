"""Makes somebody's words safe to show: nothing in them controls a terminal, a mail or a log."""

from __future__ import annotations


def printable(words: str) -> str:
    """One line without anything that could steer a terminal or reverse the direction of reading."""
    return "".join(character if character.isprintable() else " " for character in words)


def one_line(words: str) -> str:
    """`printable`, with a single space between words and none around them."""
    return " ".join(printable(words).split())


def printable_text(words: str) -> str:
    """Words with their lines, without anything that could steer a terminal."""
    return "".join(character for character in words if character in "\n\t" or character.isprintable())
