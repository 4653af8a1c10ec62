"""The normal form in which index, questions, codes, spelling, snippets and redaction compare texts. Pure.

What people type differs from what articles contain in characters that look alike or are invisible: full-width letters,
a dozen dashes, soft hyphens, vowel signs that most people omit. Only comparisons use the normal form; people see the
original.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

# Invisible characters: format characters, variation selectors, fillers.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Vowel and reading signs of Hebrew and Arabic, and the stroke that stretches a letter: most texts omit them.
_OPTIONAL = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
)
_DROPPED = re.compile(f"[{_UNSEEN}{_OPTIONAL}]")
_DASHES = frozenset(
    "\u02d7\u058a\u05be\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u2796\u2e3a\u2e3b\ufe31\ufe32"
    "\ufe58\ufe63\uff0d"
)
# Signs that stand beside a name without being part of it; NFKC would turn them into letters of the name.
_BESIDE = frozenset("™℠©®℗")
# Letters that some keyboards and texts use in place of another.
_ALIKE = {"İ": "i", "ſ": "s", "ς": "σ"}
_JOINS = re.compile("[\u1160-\u11ff\u3099\u309a\uff9e\uff9f]")
# The sign that a Japanese keyboard produces for the hyphen of a code: Eー1042.
_LONG_SOUND = re.compile("(?<=[a-zA-Z0-9])[\u30fc\uff70](?=[a-zA-Z0-9\uff10-\uff19])")


@dataclass(frozen=True)
class Placed:
    """The form of a text and, for each character of the form, the start and end in the text of what it came from."""

    form: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The start and end in the original text of the piece of the form from `start` to `end`, which is not empty."""
        return self.starts[start], self.ends[end - 1]

    def reach(self, at: int) -> int:
        """The first position in the form that is not before position `at` of the original text."""
        return bisect_right(self.starts, at - 1)


def same_signs(text: str) -> str:
    """The text with look-alike and equivalent characters replaced by one of them; keeps capitals."""
    return text if text.isascii() else _form(text, small=False)


def plain(text: str) -> str:
    """The text as it is compared: `same_signs` in lower case."""
    return text.lower() if text.isascii() else _form(text, small=True)


def placed(text: str, *, small: bool = True) -> Placed:
    """`plain` of a text (`same_signs` if not `small`), with the positions of its characters in the text."""
    others = frozenset() if text.isascii() else _others(text)
    moving = _moving(text, others)
    if not moving:
        every = range(len(text) + 1)
        return Placed(_swapped(text, others, small=small), every[:-1], every[1:])
    return _placed(text, others, moving, small=small)


def _form(text: str, *, small: bool) -> str:
    others = _others(text)
    moving = _moving(text, others)
    return _placed(text, others, moving, small=small).form if moving else _swapped(text, others, small=small)


def _placed(text: str, others: frozenset[str], moving: frozenset[str], *, small: bool) -> Placed:
    """The form if some characters (`moving`) become none or several: they are read with the letter before them."""
    form: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for run in _run_of(moving).finditer(text):
        form.append(_swapped(text[at : run.start()], others, small=small))
        starts += range(at, run.start())
        ends += range(at + 1, run.start() + 1)
        at = run.start()
        for chunk, piece in _pieces(text, *run.span()):
            kept = "".join(map(_small, piece)) if small else piece
            form.append(kept)
            starts += [at] * len(kept)
            ends += [at + len(chunk)] * len(kept)
            at += len(chunk)
    form.append(_swapped(text[at:], others, small=small))
    starts += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return Placed("".join(form), starts, ends)


def as_asked(question: str) -> str:
    """The form of a question or title for exact comparison: `plain`, without surplus spaces and final punctuation."""
    return " ".join(plain(question).split()).rstrip("?.! 。؟")


# --- characters


@lru_cache(4096)
def _sign(character: str) -> str:
    """The form of a single character, whatever its neighbours are."""
    if character in _DASHES:
        return "-"
    if character in _BESIDE:
        return " "
    if _DROPPED.match(character):
        return ""
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    return unicodedata.normalize("NFKC", character)


@lru_cache(4096)
def _small(character: str) -> str:
    small = _ALIKE.get(character) or character.lower()
    return small if len(small) == 1 else small[0]


@lru_cache(4096)
def _stays(character: str) -> bool:
    """Whether this character becomes exactly one, whatever its neighbours are."""
    sign = _sign(character)
    if len(sign) != 1 or unicodedata.category(character)[0] == "M" or _JOINS.match(character):
        return False
    return not sign.isdigit() or unicodedata.category(character) == "Nd"


def _others(text: str) -> frozenset[str]:
    """The characters of a text that are not ASCII."""
    return frozenset(character for character in set(text) if character > "\x7f")


def _moving(text: str, others: frozenset[str]) -> frozenset[str]:
    """The characters of a text that do not become exactly one character each."""
    moving = frozenset(character for character in others if not _stays(character))
    sounds = others.intersection(_LONG_SOUNDS)
    return moving | sounds if sounds and _LONG_SOUND.search(text) else moving


@lru_cache(512)
def _run_of(moving: frozenset[str]) -> re.Pattern[str]:
    """A pattern that finds runs of moving characters, with the character before each run."""
    return re.compile(f"(?s:.)?[{re.escape(''.join(sorted(moving)))}]+")


def _swapped(text: str, others: frozenset[str], *, small: bool) -> str:
    """The form of a text without moving characters; `others` includes all its characters that are not ASCII."""
    swaps = _swaps(others, small=small) if others else {}
    text = text.translate(swaps) if swaps else text
    return text.lower() if small else text


@lru_cache(512)
def _swaps(others: frozenset[str], *, small: bool) -> dict[int, str]:
    """The replacements that `str.lower` does not make, as a table for `str.translate`."""
    signs = {one: _sign(one) for one in others if _stays(one)}
    if small:
        found = {one: "".join(map(_small, sign)) for one, sign in signs.items()}
        # `lower` turns Σ into one of two letters, depending on its position in the word.
        return {ord(one): sign for one, sign in found.items() if sign != one.lower() or one == "Σ"}
    return {ord(one): sign for one, sign in signs.items() if sign != one}


def _chunks(text: str) -> list[str]:
    """The text cut into pieces that are compared independently: a letter stays with its marks."""
    chunks: list[str] = []
    for character in text:
        joins = unicodedata.category(character)[0] == "M" or _JOINS.match(character) or not _sign(character)
        # Bounded, because normalising sorts the marks of a letter, which is slow if there are very many.
        if joins and chunks and len(chunks[-1]) < _MOST_MARKS:
            chunks[-1] += character
        else:
            chunks.append(character)
    return chunks


_MOST_MARKS = 16


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[str, str]]:
    """The chunks of `text[start:end]`, each with its form; keeps capitals."""
    before = ""
    at = start
    for chunk in _chunks(text[start:end]):
        piece = _piece(chunk)
        at += len(chunk)
        if chunk in _LONG_SOUNDS and _is_ascii_letter(before) and _is_ascii_letter(text[at : at + 1]):
            piece = "-"
        elif piece[:1].isdigit() and before.isdigit() and unicodedata.category(chunk[0]) != "Nd":
            piece = f" {piece}"  # 10² is not 102, and a footnote's number is not part of a code
        yield chunk, piece
        before = piece[-1:] or before


_LONG_SOUNDS = ("\u30fc", "\uff70")


def _is_ascii_letter(character: str) -> bool:
    sign = _sign(character) if character else ""
    return sign.isascii() and sign.isalnum()


@lru_cache(4096)
def _piece(chunk: str) -> str:
    if len(chunk) == 1:
        return _sign(chunk)
    seen = _DROPPED.sub("", chunk)
    if len(seen) <= 1:
        return _sign(seen) if seen else ""
    if seen[0] in _DASHES or seen[0] in _BESIDE:
        return _sign(seen[0])
    if seen[0] in "iI":
        seen = seen.replace("\u0307", "")  # the lower case of İ, as other programs write it
    return unicodedata.normalize("NFKC", seen)


def _marks() -> str:
    """The ranges of all combining marks, for a character class: Hindi and Tamil write vowels with them."""
    ranges: list[list[int]] = []
    for code in range(0x300, min(0x20000, sys.maxunicode)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in ranges)


# For character classes of patterns, because `\w` does not match them.
MARKS = _marks()
