"""The elements of a page that can run or load something: a light scan of HTML, a block at a time, each character once.

Headers, menus and footers are the same on most pages of a site, so a block that was seen before is not parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# A comment, or a start tag with its name and attributes. An unclosed one extends to the end of the text, so that
# nothing is read twice; a quote opens a value only after '='.
_TAG = re.compile(
    r"<(?:!--(?:-?>|.*?(?:-->|\Z))|([a-zA-Z][^\s/>]*+)"
    r"""((?:[^"'>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+|["'])*+)(?:>|\Z))""",
    re.S,
)
# Skips at once what needs nothing, which is most of a page: text, end tags, and plain tags with harmless attributes.
_DULL = re.compile(
    r"""(?:[^<]++|<(?![a-zA-Z!])|<(?:span|a|code|path|svg|li|ul|ol|p|div|pre|td|th|tr|em|strong|label|nav|h[1-6])"""
    r"""(?:\s++(?:class="[^"m]*+"|href="[^":&]*+"|(?:id|name|d|xmlns|viewBox|title|for|tabindex|aria-\w++)="[^"]*+"))*+"""
    r"""\s*+/?>)++"""
)
_DULL_OR_TAG = re.compile(f"{_DULL.pattern}|{_TAG.pattern}", re.S)
# The end tags of elements whose content a browser reads as text.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.I)
    for name in ("script", "style", "textarea", "title", "xmp", "noembed", "iframe")
}
# What makes another tag worth parsing; most tags of a page have none of it.
_WORTH_READING = re.compile(r"\b(?:style|on[a-z]{3,40})\s{0,9}=|javascript:|mermaid|=[\"']?source|formaction", re.I)
# Elements that always matter.
_NAMED = frozenset(
    (
        "script",
        "style",
        "link",
        "base",
        "meta",
        "img",
        "image",
        "source",
        "video",
        "audio",
        "track",
        "iframe",
        "frame",
        "object",
        "embed",
        "form",
        "input",
        "button",
    )
)
_BLOCK_END = "</li>"

Element = tuple[str, str, str]  # name, attributes, text content


def elements(html: str) -> Iterator[Element]:
    """The name, the attributes and, if it can contain only text, the content of every element that matters.

    Reads by blocks, since headers, menus and footers are the same on most pages, and caches the result of each block.
    """
    place = 0
    while place < len(html):
        end = html.find(_BLOCK_END, place) + len(_BLOCK_END)
        block = html[place : end if end >= len(_BLOCK_END) else len(html)]
        within, open_at = _of_block(block)
        yield from within
        if open_at is None:
            place += len(block)
        else:  # the element may end after the block
            element, place = _one(html, place + open_at)
            if element:
                yield element


@lru_cache(maxsize=20_000)
def _of_block(block: str) -> tuple[tuple[Element, ...], int | None]:
    """The elements of a block, and where an element begins that is not closed in it; None if there is none."""
    found_here: list[Element] = []
    place: int | None = 0
    while place is not None:
        tags, place = _DULL_OR_TAG.finditer(block, place), None
        for found in tags:
            name, attributes = found.groups()
            if name is None and not block.startswith("<!--", found.start()):
                continue
            if found.end() == len(block):
                return tuple(found_here), found.start()
            if name is None:  # a comment
                continue
            name = name.lower()
            if name in _RAW:
                element, place = _with_text(block, found)
                if place == len(block):
                    return tuple(found_here), found.start()
                found_here.append(element)
                break
            if name in _NAMED or _is_worth_reading(attributes):
                found_here.append((name, attributes, ""))
    return tuple(found_here), None


def _with_text(html: str, found: re.Match[str]) -> tuple[Element, int]:
    """An element that can contain only text, and where that text ends."""
    name = found[1].lower()
    closed = _RAW[name].search(html, found.end())
    place = closed.start() if closed else len(html)
    return (name, found[2], html[found.end() : place]), place


def _one(html: str, start: int) -> tuple[Element | None, int]:
    """The element that begins at `start`, if it is worth reading, and where to continue."""
    found = _TAG.match(html, start)
    if found is None or found[1] is None:  # a comment
        return None, found.end() if found else start + 1
    name = found[1].lower()
    if name in _RAW:
        return _with_text(html, found)
    return ((name, found[2], "") if name in _NAMED or _is_worth_reading(found[2]) else None), found.end()


@lru_cache(maxsize=20_000)  # most tags of a page are on every other page, too
def _is_worth_reading(attributes: str) -> bool:
    return bool(_WORTH_READING.search(attributes))
