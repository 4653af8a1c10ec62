"""Links and images as written in Markdown, with their positions; parsed as Python-Markdown parses them.

Follows Python-Markdown, not CommonMark: an address may contain blanks, and a definition is one only if nothing but a
title follows it. Linear on any input, as `prose` is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Brackets, and the end of a paragraph, which no link crosses. A character after a backslash is text.
_BRACKETS = re.compile(r"\\.|\[|\]\(|\]|\n[ \t]*+(?=\n)", re.S)
_TITLE = r"""(?:\s++(?:"[^"\n]{0,1000}+"|'[^'\n]{0,1000}+'))?+"""
_INLINE = re.compile(
    r"\]\(\s*+(?:<(?P<angle>[^<>\n]{0,2000}+)>"
    r"|(?P<plain>(?:[^()\s\\]++|\\.|[ \t]++(?![\"'])|\n(?![ \t]*+\n|[ \t]*+[\"'])|\([^()\n]{0,500}+\)){0,100}+))"
    rf"{_TITLE}\s*+\)"
)
_DEFINED = re.compile(
    r"^ {0,3}\[(?!\^)(?P<label>[^\[\]\n]{1,200}+)\]:[ \t]*+\n?[ \t]*+(?:<(?P<angle>[^<>\n]++)>|(?P<plain>[^\s<>]++))"
    r"""[ \t]*+(?:\n[ \t]*+(?=["'(]))?(?:"[^\n]*"|'[^\n]*'|\([^\n]*\))?[ \t]*$""",
    re.M,
)
_LABEL = re.compile(r"\[([^\[\]]{1,200}+)\](?!:)")
_TAG = re.compile(r"<(?P<tag>a|area|audio|embed|iframe|img|source|track|video)\b(?P<inside>[^<>]{0,4000})>", re.I)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_NO_ALT = re.compile(r"!\[[ \t]*\](?=[\[(])")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()>#+.!-])")


@dataclass(frozen=True)
class Link:
    """The target of a link, and its position in the text. `raw` marks HTML, which MkDocs does not change."""

    target: str
    place: int
    raw: bool = False


def links_of(text: str) -> Iterator[Link]:
    """Every link and image in an article's prose, in no particular order."""
    for place in _closed_brackets(text):
        if found := _INLINE.match(text, place):
            yield Link(_as_meant(found["angle"] or found["plain"] or ""), place)
    yield from _defined(text)
    for found in _TAG.finditer(text):
        attributes = attributes_of(found["inside"])
        target = attributes.get("href" if found["tag"].lower() in ("a", "area") else "src")
        if target:
            yield Link(target, found.start(), raw=True)


def nameless_images(text: str) -> Iterator[int]:
    """The positions of images without alternative text, in Markdown and in HTML. `alt=""` marks decoration."""
    yield from (found.start() for found in _NO_ALT.finditer(text) if text[found.start() - 1 : found.start()] != "\\")
    for found in _TAG.finditer(text):
        if found["tag"].lower() == "img" and "alt" not in attributes_of(found["inside"]):
            yield found.start()


def attributes_of(inside: str) -> dict[str, str]:
    """The attributes of a tag, by their names in lower case."""
    return {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(inside)}


def _closed_brackets(text: str) -> Iterator[int]:
    """Where `](` closes a bracket that was opened in the same paragraph."""
    opened = 0
    for found in _BRACKETS.finditer(text):
        mark = found[0]
        if mark == "[":
            opened += 1
        elif mark[0] == "\n":
            opened = 0
        elif mark[0] == "]" and opened:
            opened -= 1
            if mark == "](":
                yield found.start()


def _defined(text: str) -> Iterator[Link]:
    """Definitions such as `[label]: file.md` whose label is used: the others make no link."""
    definitions = list(_DEFINED.finditer(text))
    if not definitions:
        return
    used = {_folded(label) for label in _LABEL.findall(text)}
    for found in definitions:
        if _folded(found["label"]) in used:
            yield Link(_as_meant(found["angle"] or found["plain"]), found.start())


def _folded(label: str) -> str:
    return " ".join(label.lower().split())


def _as_meant(target: str) -> str:
    return _ESCAPED.sub(r"\1", " ".join(target.split()))
