"""Finds the anchor of a heading, and the permalinks inside it, in the HTML of many generators."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_WRAPPERS = ("section", "div", "header", "hgroup", "article")
# How many elements around a heading are examined.
_AROUND = 3


def anchor_of(heading: LexborNode) -> str:
    """The anchor that leads to a heading: its own, one inside or just before it, or its section's; empty if none."""
    return _own(heading) or _inside(heading) or _before(heading) or _around(heading)


def section_at(main: LexborNode, anchor: str) -> str | None:
    """The anchor of the heading below which another anchor stands; empty above all headings, None if it is nowhere.

    The empty anchor is the beginning.
    """
    if not anchor:
        return ""
    section = ""
    for node in main.traverse():
        if node.tag in _HEADINGS:
            section = anchor_of(node)
        if _own(node) == anchor:
            return section
    return None


def marks_of(heading: LexborNode) -> Iterator[LexborNode]:
    """The permalinks inside a heading, whose text is not part of the heading."""
    links = heading.css('a[href^="#"]')
    if not links:
        return
    own = {anchor_of(heading), *(_own(link) for link in links)}
    whole = _words(heading.text())
    for link in links:
        said = _words(link.text())
        target = (link.attributes.get("href") or "")[1:]
        if not said or (target in own and said != whole):
            yield link


def _words(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _own(node: LexborNode) -> str:
    attributes = node.attributes
    return attributes.get("id") or (attributes.get("name") or "" if node.tag == "a" else "")


def _inside(heading: LexborNode) -> str:
    return next((anchor for node in heading.css("[id], a[name]") if (anchor := _own(node))), "")


def _before(heading: LexborNode) -> str:
    """The anchor of an empty `<a name>` or `<span id>` just before, perhaps in its own paragraph; else empty."""
    node = _element_before(heading)
    if node is None or node.tag not in ("a", "span", "p", "div") or _words(node.text()):
        return ""
    return _own(node) if node.tag in ("a", "span") and _own(node) else _inside(node) if node.tag != "div" else ""


def _around(heading: LexborNode) -> str:
    node = heading
    for _ in range(_AROUND):
        parent = node.parent
        if parent is None or parent.tag not in _WRAPPERS or not _begins(parent, node):
            return ""
        if _own(parent):
            return _own(parent)
        node = parent
    return ""


def _begins(parent: LexborNode, node: LexborNode) -> bool:
    """Whether there is no text in `parent` before `node`."""
    before = node.prev
    while before is not None:
        if _words(before.text() or ""):
            return False
        before = before.prev
    return True


def _element_before(node: LexborNode) -> LexborNode | None:
    before = node.prev
    while before is not None and before.tag == "-text" and not (before.text() or "").strip():
        before = before.prev
    return before if before is not None and before.tag != "-text" else None
