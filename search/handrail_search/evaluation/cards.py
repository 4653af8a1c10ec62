"""Whether a card shows the words that answer: labelled word for word, with the question. Pure."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from handrail_search.ranking.answer.card import AnswerCard

_NO_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class CardRow:
    """Whether a question got a card; if so, whether the answer stands in it and whether the right part is marked.

    `answer_in_section` is the first of these for cards of a section that is judged right: the choice inside a section,
    apart from that of the section. None where no answer was labelled, or there is no such card.
    """

    card: bool | None = None
    answer_in_card: bool | None = None
    decisive: bool | None = None
    answer_in_section: bool | None = None


def judged(card: AnswerCard | None, answer: str, right: Set[str] = frozenset()) -> CardRow:
    """A card against the words that answer. A part is right that is some of these words, or holds them all.

    `right` are the places that are judged right, as a result opens them.
    Compared by letters and digits only, since white space and signs differ with how a page was read.
    """
    wanted = _letters(answer)
    if not wanted:
        return CardRow()
    if card is None:
        return CardRow(card=False)
    pieces = [piece for block in card.blocks for piece in block.pieces]
    shown = _letters(" ".join(piece.text for piece in pieces))
    marked = _letters(" ".join(piece.text for piece in pieces if piece.decisive))
    found = wanted in shown
    decisive = bool(marked) and (marked in wanted or wanted in marked)
    return CardRow(True, found, decisive, found if card.location in right else None)


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text.casefold())
