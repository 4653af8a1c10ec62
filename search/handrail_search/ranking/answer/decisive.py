"""Which part of a section decides a question: the sentence, step, row or code that shares most with it. Pure.

Words weigh by how rare they are on the site and in the section; pieces of words catch other endings and slips; the
beginning of a section counts a little. Asks no encoder, because a question has no time for it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from handrail_kb.site.built.blocks import Block
from handrail_search.lexical.stemming import stem, words_in

# Parts of a section that are compared, and characters of each: a question has no time for more.
_MOST_PARTS, _MOST_CHARS = 60, 1_000
# So many characters tell parts of a section apart.
_DISTINCT = 60
# The weight of words that every question may hold; of pieces of words; of the beginning; of a label or lead above.
_LITTLE, _PIECES, _BEGINNING, _ABOVE = 0.2, 0.1, 0.1, 0.5
_PIECE = 4
_HALF = 4.0  # the weight of words with which a part reaches half of the most


@dataclass(frozen=True)
class AskedTerms:
    """A word of a question: its stems, and how much it says, the rarer on the site the more."""

    terms: frozenset[str]
    weight: float


@dataclass(frozen=True)
class Asked:
    """A question as it is compared with parts of a section."""

    text: str
    words: tuple[AskedTerms, ...]
    languages: tuple[str, ...]

    @classmethod
    def of(cls, text: str, words: Iterable[tuple[Sequence[str], float, bool]], languages: Sequence[str]) -> Asked:
        """`words` are the stems of each word, how rare it is, and whether every question may hold it."""
        told = (AskedTerms(frozenset(terms), rarity * (_LITTLE if little else 1)) for terms, rarity, little in words)
        return cls(text, tuple(told), tuple(languages))


# The blocks of a part, by their numbers: one sentence, or all that a step says.
Part = tuple[int, ...]


def parts_of(blocks: Sequence[Block]) -> list[Part]:
    """What can decide a question: sentences, steps and items as a whole, rows, code. Labels only head others."""
    found: dict[tuple[int, ...], list[int]] = {}
    for number, block in enumerate(blocks):
        if block.kind == "label":
            continue
        in_list = block.kind in ("step", "item") or (block.kind == "code" and block.whole)
        found.setdefault((block.whole, block.place) if in_list else (number,), []).append(number)
    return [tuple(part) for part in found.values()]


def near(blocks: Sequence[Block], parts: Sequence[Part], passage: str) -> Sequence[int]:
    """The numbers of the parts to compare: all that are no mere links, or only those in the passage that was found.

    The latter where there are very many. None where all are links.
    """
    telling = [place for place, part in enumerate(parts) if not all(blocks[number].is_link for number in part)]
    if len(telling) <= _MOST_PARTS:
        return telling
    texts = {place: blocks[parts[place][0]].text for place in telling}
    found = [place for place, text in texts.items() if text[:_DISTINCT] in passage or passage[:_DISTINCT] in text]
    return (found or telling)[:_MOST_PARTS]


def decisive(blocks: Sequence[Block], parts: Sequence[Part], asked: Asked) -> tuple[int, bool]:
    """The number of the part that decides, and whether it says any word of the question; the first if none does."""
    own = [_Said.of(" ".join(blocks[number].text for number in part), asked.languages) for part in parts]
    above = [_Said.of(_above(blocks, part), asked.languages) for part in parts]
    words = _shared_words(own, above, asked)
    pieces = _shared_pieces(own, above, asked.text)
    shared = [word + _PIECES * piece for word, piece in zip(words, pieces, strict=True)]
    scores = [one / (one + _HALF) + _BEGINNING / (1 + place) for place, one in enumerate(shared)]
    best = max(range(len(parts)), key=lambda place: (scores[place], -place))
    return best, words[best] > 0


@dataclass(frozen=True)
class _Said:
    """A text as it is compared: how often it has each stem, and its words with a space around each."""

    stems: Mapping[str, int]
    spaced: str

    @classmethod
    def of(cls, text: str, languages: tuple[str, ...]) -> _Said:
        if not text:
            return cls({}, "")
        words = words_in(text[:_MOST_CHARS])
        return cls(Counter(form for word in words for form in _forms(word, languages)), f" {' '.join(words)} ")


@lru_cache(20_000)
def _forms(word: str, languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset(stem(word, lang) for lang in languages or ("",))


def _above(blocks: Sequence[Block], part: Part) -> str:
    """What heads a part: the label of the note or tab it stands in, and the sentence that leads into its list."""
    block = blocks[part[0]]
    lead = ""
    if block.whole:
        first = next(number for number, other in enumerate(blocks) if other.whole == block.whole)
        lead = leading_to(blocks, first)
    return f"{block.under} {lead}".strip()


def leading_to(blocks: Sequence[Block], number: int) -> str:
    """The sentence before a block that leads to it, with a colon at its end; empty where there is none."""
    before = blocks[number - 1] if number else None
    return before.text if before is not None and before.text.endswith((":", "：")) else ""


def _shared_words(own: Sequence[_Said], above: Sequence[_Said], asked: Asked) -> list[float]:
    scores = [0.0] * len(own)
    for word in asked.words:
        often = [
            max(
                _saturated(sum(said.stems.get(term, 0) for term in word.terms)),
                _ABOVE * any(term in head.stems for term in word.terms),
            )
            for said, head in zip(own, above, strict=True)
        ]
        weight = word.weight * _rarity(len(own), sum(map(bool, often)))
        scores = [score + weight * value for score, value in zip(scores, often, strict=True)]
    return scores


def _shared_pieces(own: Sequence[_Said], above: Sequence[_Said], question: str) -> list[float]:
    spaced = f" {' '.join(words_in(question))} "
    scores = [0.0] * len(own)
    for piece in {spaced[at : at + _PIECE] for at in range(len(spaced) - _PIECE + 1)}:
        held = [
            1.0 if piece in said.spaced else _ABOVE * (piece in head.spaced)
            for said, head in zip(own, above, strict=True)
        ]
        weight = _rarity(len(own), sum(map(bool, held)))
        scores = [score + weight * value for score, value in zip(scores, held, strict=True)] if weight else scores
    return scores


def _rarity(parts: int, holders: int) -> float:
    return math.log(1 + parts / (holders + 0.5)) if holders else 0.0


def _saturated(often: int) -> float:
    return 2 * often / (often + 1)
