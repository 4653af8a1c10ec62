"""The prose of an article's Markdown: code, comments and very long lines become blanks, so that positions stay.

A link in an example does not count as a link, and a position in the prose is a position in the file. Linear on any
input, because an article may be anything that somebody saved.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# Possessive quantifiers, here and in `links`: with backtracking, a long line would take minutes.
_FENCE = re.compile(r"[ >]*+(?:[-*+]|\d+[.)])?[ \t>]*+(?P<mark>`{3,}+|~{3,}+)[^`]*+$")
_HEADING = re.compile(r"^ {0,3}(?P<marks>#{1,6})[ \t]+(?P<text>[^\n]*)$", re.M)
_ATTRIBUTES = re.compile(r"\{[^{}\n]*+\}[ \t]*+$")
_LETTERS = re.compile(r"[^\n]")
_TICKS = re.compile(r"`+")
# Beginnings of blocks whose indented text is not code: lists, admonitions, tabs, footnotes, definitions, HTML.
_HOLDS = re.compile(r" {0,3}(?:[-*+] |\d+[.)] |!!!|\?\?\?|===|\[\^|: |<)")
# Longer lines are not prose but images or fonts encoded as text.
_LONGEST_LINE = 20_000


@lru_cache(2000)  # the articles of a site, so that a change costs one article only
def prose(markdown: str) -> str:
    """The text with blanks in place of everything that is not read as text; length and lines stay the same."""
    return _without_code_spans(_without_comments("\n".join(_without_blocks(markdown.split("\n")))))


def line_at(text: str, place: int, first: int) -> int:
    """The line number of position `place` in a text whose first line has the number `first`."""
    return first + bisect_left(_line_ends(text), place)


@dataclass(frozen=True)
class Heading:
    """A line that begins with `#`: how many, its text without closing ones and attributes, and where the line ends."""

    level: int
    text: str
    begin: int
    end: int


def headings(text: str) -> Iterator[Heading]:
    """The headings of an article's prose."""
    for found in _HEADING.finditer(text):
        said = _ATTRIBUTES.sub("", found["text"]).rstrip(" \t#")
        yield Heading(len(found["marks"]), said, found.start(), found.end())


@lru_cache(8)  # many positions of one article are looked up in a row
def _line_ends(text: str) -> list[int]:
    return [found.start() for found in re.finditer("\n", text)]


def _without_blocks(lines: list[str]) -> Iterator[str]:
    """The lines without code between fences and code that is indented by four blanks."""
    fence, held, text_before = "", False, False
    for line in lines:
        begins = _FENCE.match(line) if len(line) <= _LONGEST_LINE else None
        if fence:
            closed = line.strip(" \t>")
            if closed.startswith(fence) and not closed.strip(fence[0]):
                fence = ""
        elif begins:
            fence = begins["mark"]
        elif not line.strip():
            text_before = False
            yield line
            continue
        else:
            indented = line.startswith(("    ", "\t"))
            if not indented:
                held = bool(_HOLDS.match(line)) or (held and text_before)
            if len(line) <= _LONGEST_LINE and (held or text_before or not indented):
                text_before = True
                yield line
                continue
        yield " " * len(line)


def _without_comments(text: str) -> str:
    pieces, at = [], 0
    while (begin := text.find("<!--", at)) >= 0:
        end = text.find("-->", begin)
        end = len(text) if end < 0 else end + 3
        pieces += [text[at:begin], _blank(text[begin:end])]
        at = end
    return "".join((*pieces, text[at:]))


def _without_code_spans(text: str) -> str:
    """The text without what is between runs of equally many backticks in one paragraph."""
    paragraphs = re.split(r"(\n[ \t]*\n)", text)
    return "".join(_blank_spans(one) if "`" in one else one for one in paragraphs)


def _blank_spans(paragraph: str) -> str:
    runs = list(_TICKS.finditer(paragraph))
    # For each run, where the next one of its length is: collected from the end, so that each is looked at once.
    following: dict[int, int] = {}
    partner: list[int | None] = [None] * len(runs)
    for number in range(len(runs) - 1, -1, -1):
        length = len(runs[number][0])
        partner[number] = following.get(length)
        following[length] = number
    pieces, at, number = [], 0, 0
    while number < len(runs):
        closing = partner[number]
        if closing is None:
            number += 1
            continue
        begin, end = runs[number].start(), runs[closing].end()
        pieces += [paragraph[at:begin], _blank(paragraph[begin:end])]
        at, number = end, closing + 1
    return "".join((*pieces, paragraph[at:]))


def _blank(text: str) -> str:
    return _LETTERS.sub(" ", text)
