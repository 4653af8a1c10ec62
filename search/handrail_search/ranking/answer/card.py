"""The answer itself: a few sentences, steps, a row or code of the best section, word for word, the decisive one marked.

Nothing is generated and nothing reworded: what a card shows stands in the article, in the same order. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from handrail_kb.site.built.blocks import Block
from handrail_search.ranking.answer.decisive import Asked, Part, decisive, near, parts_of

BlockKind = Literal["label", "text", "steps", "items", "row", "code"]
# What a card shows at most: sentences of a paragraph, steps or items of a list, and items around one of a long list.
_SENTENCES, _STEPS, _ITEMS_AROUND = 3, 5, 3
# Characters: of the sentences together, of one piece, of the sentence or label above a list or row, of one cell.
_PARAGRAPH, _PIECE, _ABOVE, _CELL = 450, 320, 240, 240
_CODE_LINES, _CODE_CHARS, _CELLS = 10, 700, 8


@dataclass(frozen=True)
class CardPiece:
    """A sentence, a step, an item, a cell with its `heading`, or code. `decisive` marks what answers the question.

    `cut` is set where the article says more than `text`, which then ends between words.
    """

    text: str
    decisive: bool = False
    heading: str = ""
    cut: bool = False


@dataclass(frozen=True)
class CardBlock:
    """Pieces that are one on the page. `first` is the number of the first step, `left` how many of them follow."""

    kind: BlockKind
    pieces: tuple[CardPiece, ...]
    first: int = 1
    left: int = 0


@dataclass(frozen=True)
class AnswerCard:
    """The answer to a question: where it stands, and its blocks, at least one. `lang` is the article's."""

    location: str
    title: str
    heading: str
    breadcrumb: tuple[str, ...]
    lang: str
    blocks: tuple[CardBlock, ...]


def card_blocks(blocks: Sequence[Block], asked: Asked, passage: str = "") -> tuple[CardBlock, ...]:
    """What a card shows of a section; nothing where the section says nothing.

    `passage` is the text of the section's passage that was found: of a very long section only that is looked at.
    """
    parts = parts_of(blocks)
    places = near(blocks, parts, passage)
    if not places:
        return ()
    best, said = decisive(blocks, [parts[place] for place in places], asked)
    card = _Card(blocks, parts, places[best], marks=said)
    return tuple(card.shown())


@dataclass(frozen=True)
class _Card:
    """A section of which `best` is the part that decides; `marks` is whether it is marked."""

    blocks: Sequence[Block]
    parts: Sequence[Part]
    best: int
    marks: bool

    def shown(self) -> Iterator[CardBlock]:
        block = self._block(self.best)
        if block.kind == "text":
            yield from self._sentences(block)
        elif block.kind in ("step", "item"):
            yield from self._list_with_lead(self._of_list(block), self.best)
        else:
            yield from self._above(self.best)
            yield self._alone(self.best)

    def _block(self, part: int) -> Block:
        return self.blocks[self.parts[part][0]]

    # ---- sentences

    def _sentences(self, block: Block) -> Iterator[CardBlock]:
        own = [
            part
            for part in range(len(self.parts))
            if self._block(part).kind == "text" and self._block(part).paragraph == block.paragraph
        ]
        chosen = self._around(own)
        yield from self._label(chosen[0])
        yield CardBlock("text", tuple(self._piece(part, _PARAGRAPH) for part in chosen))
        after = chosen[-1] + 1
        if after < len(self.parts) and self._block(chosen[-1]).text.endswith((":", "：")):
            if self._block(after).kind in ("step", "item"):
                yield self._list(self._of_list(self._block(after)), after)
            elif self._block(after).kind == "code":
                yield self._alone(after)

    def _around(self, own: Sequence[int]) -> list[int]:
        """The decisive sentence with those beside it in its paragraph, what follows first, as far as they fit."""
        at = own.index(self.best)
        chosen, room = [self.best], _PARAGRAPH - len(self._block(self.best).text)
        before, after = at - 1, at + 1
        while len(chosen) < _SENTENCES and (before >= 0 or after < len(own)):
            place = after if after < len(own) else before
            room -= len(self._block(own[place]).text)
            if room < 0 and place > at:
                after = len(own)  # the one before may be shorter
                room += len(self._block(own[place]).text)
                continue
            if room < 0:
                break
            chosen.append(own[place])
            before, after = (before, after + 1) if place > at else (before - 1, after)
        return sorted(chosen)

    # ---- lists

    def _of_list(self, block: Block) -> list[int]:
        """The parts of a list, in order."""
        return [part for part in range(len(self.parts)) if self._block(part).whole == block.whole]

    def _list_with_lead(self, own: Sequence[int], at: int) -> Iterator[CardBlock]:
        shown = self._list(own, at)
        if self._block(own[0]).place == shown.first or shown.kind == "items":
            yield from self._above(own[0])
        yield shown

    def _list(self, own: Sequence[int], at: int) -> CardBlock:
        """A list from its beginning; from just before `at` where that comes later."""
        place = own.index(at)
        start, end = 0, _STEPS
        if place >= _STEPS:
            start = place - 1
            end = start + (_STEPS if self._block(at).kind == "step" else _ITEMS_AROUND)
        chosen = own[start:end]
        return CardBlock(
            "steps" if self._block(at).kind == "step" else "items",
            tuple(self._piece(part, _PIECE) for part in chosen),
            first=self._block(chosen[0]).place,
            left=len(own) - len(own[:end]),
        )

    # ---- rows and code

    def _alone(self, part: int) -> CardBlock:
        block = self._block(part)
        if block.kind == "row":
            cells = tuple(
                _shortened(text, _CELL, decisive=self._is_marked(part), heading=heading[:_CELL])
                for heading, text in block.cells[:_CELLS]
            )
            return CardBlock("row", cells)
        return CardBlock("code", (self._code(block, decisive=self._is_marked(part)),))

    def _code(self, block: Block, *, decisive: bool) -> CardPiece:
        lines = block.text.split("\n")
        text = "\n".join(lines[:_CODE_LINES])[:_CODE_CHARS].rstrip()
        return CardPiece(text, decisive=decisive, cut=text != block.text)

    # ---- what stands above, and pieces

    def _above(self, part: int) -> Iterator[CardBlock]:
        """The label, or the sentence that stands directly above."""
        number = self.parts[part][0]
        before = self.blocks[number - 1] if number else None
        if before is not None and before.kind == "text" and len(before.text) <= _ABOVE:
            yield CardBlock("text", (CardPiece(before.text),))
        else:
            yield from self._label(part)

    def _label(self, part: int) -> Iterator[CardBlock]:
        """The label of the note or tab that a part stands in, of its table, or the term that it explains."""
        block, number = self._block(part), self.parts[part][0]
        before = self.blocks[number - 1] if number else None
        label = block.under
        if before is not None and before.kind == "label":
            of_table = block.kind == "row" and before.whole == block.whole
            label = before.text if of_table or before.text.endswith((":", "：")) else label
        if label and len(label) <= _ABOVE and not block.text.startswith(label):
            yield CardBlock("label", (CardPiece(label),))

    def _is_marked(self, part: int) -> bool:
        return self.marks and part == self.best

    def _piece(self, part: int, most: int) -> CardPiece:
        """A sentence, or what a step says; its lines of code stay lines."""
        said = ""
        for number in self.parts[part]:
            block = self.blocks[number]
            former = self.blocks[number - 1]
            apart = "\n" if block.kind == "code" or (said and former.paragraph != block.paragraph) else " "
            said = f"{said}{apart}{block.text}" if said else block.text
        return _shortened(said, most, decisive=self._is_marked(part))


def _shortened(text: str, most: int, *, decisive: bool, heading: str = "") -> CardPiece:
    if len(text) <= most:
        return CardPiece(text, decisive, heading)
    end = text.rfind(" ", most // 2, most)
    return CardPiece(text[: end if end > 0 else most].rstrip(), decisive, heading, cut=True)
