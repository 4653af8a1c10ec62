"""Makes somebody's words safe to show: nothing in them controls a terminal, a mail, a log or Markdown."""

from __future__ import annotations

import re

# What could begin something in Markdown, its extensions, a template, or a forge that makes links of addresses.
_ANYWHERE = r"[\\`*_{}\[\]<>&#|~$^=@]|\+\+|:(?=[^\W\d]|[/+-])|(?<=[wW]{3})\."
_AT_THE_BEGINNING = r"^(?:[-+:]|\d{1,9}[.)])"
_BEGINS = re.compile(f"{_ANYWHERE}|{_AT_THE_BEGINNING}")


def printable(words: str) -> str:
    """One line without anything that could steer a terminal or reverse the direction of reading."""
    return "".join(character if character.isprintable() else " " for character in words)


def one_line(words: str) -> str:
    """`printable`, with a single space between words and none around them."""
    return " ".join(printable(words).split())


def printable_text(words: str) -> str:
    """Words with their lines, without anything that could steer a terminal."""
    return "".join(character for character in words if character in "\n\t" or character.isprintable())


def as_markdown(words: str) -> str:
    """One line of Markdown that shows the words and obeys nothing in them: signs become entities.

    Backslashes would not do: templates do not know them, and each dialect takes them before other signs.
    """
    return _BEGINS.sub(lambda sign: "".join(f"&#{ord(one)};" for one in sign[0]), one_line(words))
