"""The normal form in which texts are compared: index, question, codes, spelling, snippets and redaction use it. Pure.

What people type and what articles contain differ in characters that look alike or are invisible: full-width letters, a
dozen dashes, soft hyphens, vowel signs that most people omit. The normal form is compared; the original is shown.
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
# Vowel and reading signs of Hebrew and Arabic, and the letter stretched for looks: most texts go without them.
_OPTIONAL = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
)
_DROPPED = re.compile(f"[{_UNSEEN}{_OPTIONAL}]")
_DASHES = frozenset(
    "\u02d7\u058a\u05be\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u2796\u2e3a\u2e3b\ufe31\ufe32"
    "\ufe58\ufe63\uff0d"
)
# Signs beside a name that no part of it are, and that compatibility forms would write as its letters.
_BESIDE = frozenset("™℠©®℗")
# Letters that some keyboards and texts use for another.
_ALIKE = {"İ": "i", "ſ": "s", "ς": "σ"}
_JOINS = re.compile("[\u1160-\u11ff\u3099\u309a\uff9e\uff9f]")
# A Japanese keyboard gives this for the hyphen of a code: Eー1042.
_LONG_SOUND = re.compile("(?<=[a-zA-Z0-9])[\u30fc\uff70](?=[a-zA-Z0-9\uff10-\uff19])")


@dataclass(frozen=True)
class Placed:
    """The form of a text, and for each character of it where the characters it is made of begin and end."""

    form: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text as written a piece of its form stands; the piece holds a character or more."""
        return self.starts[start], self.ends[end - 1]

    def reach(self, at: int) -> int:
        """The first place of the form that is not before this place of the text as written."""
        return bisect_right(self.starts, at - 1)


def same_signs(text: str) -> str:
    """A text with look-alike and equivalent characters made one; capitals are kept."""
    return text if text.isascii() else _form(text, small=False)


def plain(text: str) -> str:
    """A text as it is compared: `same_signs` in small letters."""
    return text.lower() if text.isascii() else _form(text, small=True)


def placed(text: str, *, small: bool = True) -> Placed:
    """`plain` of a text (`same_signs` if not `small`), with the places of its characters in the text."""
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
    """The form where some characters become none or several: those are looked at with the letter before them."""
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
    """A question or title for exact comparison: without surplus spaces and the final punctuation."""
    return " ".join(plain(question).split()).rstrip("?.! 。؟")


# --- characters


@lru_cache(4096)
def _sign(character: str) -> str:
    """What a character is compared as, in itself."""
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
    """Whether this character becomes exactly one, whatever is beside it."""
    sign = _sign(character)
    if len(sign) != 1 or unicodedata.category(character)[0] == "M" or _JOINS.match(character):
        return False
    return not sign.isdigit() or unicodedata.category(character) == "Nd"


def _others(text: str) -> frozenset[str]:
    """The characters of a text that are not ASCII."""
    return frozenset(character for character in set(text) if character > "\x7f")


def _moving(text: str, others: frozenset[str]) -> frozenset[str]:
    """Those of a text's characters that do not become one character each."""
    moving = frozenset(character for character in others if not _stays(character))
    sounds = others.intersection(_LONG_SOUNDS)
    return moving | sounds if sounds and _LONG_SOUND.search(text) else moving


@lru_cache(512)
def _run_of(moving: frozenset[str]) -> re.Pattern[str]:
    """Finds moving characters with the one before them."""
    return re.compile(f"(?s:.)?[{re.escape(''.join(sorted(moving)))}]+")


def _swapped(text: str, others: frozenset[str], *, small: bool) -> str:
    """The form of a text that keeps its places; `others` are at least its characters that are not ASCII."""
    swaps = _swaps(others, small=small) if others else {}
    text = text.translate(swaps) if swaps else text
    return text.lower() if small else text


@lru_cache(512)
def _swaps(others: frozenset[str], *, small: bool) -> dict[int, str]:
    """What `str.lower` does not do: characters, and the one that each becomes."""
    signs = {one: _sign(one) for one in others if _stays(one)}
    if small:
        found = {one: "".join(map(_small, sign)) for one, sign in signs.items()}
        # Of a Σ, `lower` makes what its place in the word asks for.
        return {ord(one): sign for one, sign in found.items() if sign != one.lower() or one == "Σ"}
    return {ord(one): sign for one, sign in signs.items() if sign != one}


def _chunks(text: str) -> list[str]:
    """A text cut where what stands on both sides is compared apart: a letter keeps its marks."""
    chunks: list[str] = []
    for character in text:
        joins = unicodedata.category(character)[0] == "M" or _JOINS.match(character) or not _sign(character)
        # Unicode joins marks to a letter in order of their class, so that many of them may not make it slow.
        if joins and chunks and len(chunks[-1]) < _MOST_MARKS:
            chunks[-1] += character
        else:
            chunks.append(character)
    return chunks


_MOST_MARKS = 16


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[str, str]]:
    """The chunks of a part of a text, each with its form, capitals kept."""
    before = ""
    at = start
    for chunk in _chunks(text[start:end]):
        piece = _piece(chunk)
        at += len(chunk)
        if chunk in _LONG_SOUNDS and _is_ascii_letter(before) and _is_ascii_letter(text[at : at + 1]):
            piece = "-"
        elif piece[:1].isdigit() and before.isdigit() and unicodedata.category(chunk[0]) != "Nd":
            piece = f" {piece}"  # 10² is not 102, nor is a footnote's number part of a code
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
        seen = seen.replace("\u0307", "")  # İ in small letters, as other programs write them
    return unicodedata.normalize("NFKC", seen)


def _marks() -> str:
    """The ranges of all combining marks, for a class of a pattern: Hindi and Tamil write vowels with them."""
    ranges: list[list[int]] = []
    for code in range(0x300, min(0x20000, sys.maxunicode)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in ranges)


# For a class of a pattern: `\w` takes these for no part of a word.
MARKS = _marks()
