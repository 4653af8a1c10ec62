"""The blocks of a section as the page shows them: paragraphs, steps, items, rows of tables, and code. Pure.

Passages hold the same text as one; blocks keep what a part of it is, for an answer that shows steps as steps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from textwrap import dedent
from typing import Literal

from handrail_kb.language.sentences import sentences

BlockKind = Literal["text", "label", "step", "item", "row", "code"]
# The heading of a cell, which may be empty, and what stands in it.
Cell = tuple[str, str]


@dataclass(frozen=True)
class Block:
    """A block of text. `label` is the title of a note, a figure or a table: it heads text and says nothing itself.

    `whole` is the number, in its page, of the list or table that the block is part of, 0 for none. `place` is the
    number of the step, item or row in it. A block of code inside a step has the `whole` and `place` of the step; its
    lines are as on the page. `cells` are those of a row. `under` is the label of what the block stands in, such as a
    note or a tab. `paragraph` is the number, in its section, of the paragraph whose sentence this is.
    `is_link` is set where it is little but a link to another place.
    """

    kind: BlockKind
    text: str
    whole: int = 0
    place: int = 0
    cells: tuple[Cell, ...] = ()
    under: str = ""
    paragraph: int = 0
    is_link: bool = False


@dataclass
class _List:
    kind: BlockKind
    whole: int
    place: int


@dataclass
class OpenLists:
    """The lists that are open at a point of a page, the innermost last."""

    _open: list[_List] = field(default_factory=list)
    _wholes: int = 0

    def new_whole(self) -> int:
        """The number of another list or table."""
        self._wholes += 1
        return self._wholes

    def enter(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        """Enter an element; returns whether it is a list, which has to be left again."""
        if tag in ("ol", "ul", "menu"):
            kind: BlockKind = "step" if tag == "ol" else "item"
            self._open.append(_List(kind, self.new_whole(), _number(attributes.get("start"), 1) - 1))
            return True
        if tag == "li" and self._open:
            inner = self._open[-1]
            inner.place = _number(attributes.get("value"), inner.place + 1)
        return False

    def leave(self, is_list: bool) -> None:
        """Leave an element, a list or another."""
        if is_list:
            self._open.pop()

    def block(self, text: str, kind: BlockKind, under: str) -> Block:
        """A block that stands here: inside a list, a paragraph is part of a step or item."""
        if not self._open:
            return Block(kind, text, under=under)
        inner = self._open[-1]
        return Block(inner.kind if kind == "text" else kind, text, inner.whole, inner.place, under=under)

    def __bool__(self) -> bool:
        return bool(self._open)


def as_written(lines: Sequence[str]) -> str:
    """Lines of code with their indentation, without empty ones around them."""
    return dedent("\n".join(line.rstrip() for line in lines)).strip("\n")


def in_sentences(blocks: Sequence[Block], lang: str) -> tuple[Block, ...]:
    """The blocks, with a block for each sentence of a paragraph."""
    return tuple(
        replace(block, text=text, paragraph=number)
        for number, block in enumerate(blocks)
        for text in (sentences(block.text, lang) if block.kind in ("text", "step", "item") else [block.text])
    )


def to_json(blocks: Sequence[Block]) -> str:
    """As text, to be kept in an index."""
    return json.dumps([astuple(block) for block in blocks], ensure_ascii=False)


def from_json(text: str) -> tuple[Block, ...]:
    """The blocks that `to_json` wrote."""
    return tuple(
        Block(kind, words, whole, place, tuple((heading, cell) for heading, cell in cells), under, paragraph, is_link)
        for kind, words, whole, place, cells, under, paragraph, is_link in json.loads(text)
    )


def _number(text: str | None, otherwise: int) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 6 else otherwise
