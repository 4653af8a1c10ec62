"""Superscript and subscript: part of a word (1st, m²), separate words, or the mark of a footnote. Pure."""

from __future__ import annotations

import re

# Keep words separate when something between them is left out. SEAM becomes a space only if two words would touch; GAP
# always does.
SEAM, GAP = "\x1f", "\x1e"

_POWERS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
_NUMBERS = re.compile(r"\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,9}")
_HAS_POWERS = re.compile(r"[A-Za-z]|[cdkmnµμ]m|ft|yd|mi|in|mc")
_ORDINAL = re.compile(r"\d+|[IVXLCDM]+|[^\W\d_]{1,3}")
_TRADEMARKS = frozenset("®™℠°©")
_LETTERS_OF_ORDINALS = "aeo"
# The marks of notes: [2], 3, a, *; then the names of links to notes.
_NOTE = re.compile(r"(\[)?(?:\d{1,3}|[a-z]|[ivx]{1,6}|[*†‡§¶]{1,3})(?(1)\])")
_OF_NOTES = re.compile(r"foot|note|\bfn|\b_?ftn|cite|ref", re.I)


def beside(before: str, text: str) -> str:
    """What a raised `text` adds to the word `before` it when read in one line; a SEAM if it is only a mark."""
    if not text or (text[0] in "([" and len(text) <= 24):
        return SEAM
    if not any(map(str.isalnum, text)):
        return text if set(text) <= _TRADEMARKS else SEAM
    if text[0] in "-−" and text[1:].isdigit() and before:
        return text.translate(_POWERS)
    if _NUMBERS.fullmatch(text):
        unit = text in ("2", "3", "4") and _HAS_POWERS.fullmatch(before)
        return text.translate(_POWERS) if text.isascii() and (unit or before in ("2", "10")) else SEAM
    if not text.isalpha() or text.lower() in ("tm", "sm") or len(text) > 4 or (len(text) > 1 and not _ordinal(before)):
        return f"{GAP}{text}{GAP}"
    return text if _ordinal(before) and (len(text) > 1 or _is_ending(before, text)) else SEAM


def links_to_note(text: str, target: str, *names: str) -> bool:
    """Whether a link within the page is the mark of a note: by brackets, or by its own or its target's name."""
    found = _NOTE.fullmatch(text)
    if not found or not target.startswith("#"):
        return False
    return bool(found[1]) or any(map(_OF_NOTES.search, (target, *names)))


def _ordinal(before: str) -> bool:
    return bool(_ORDINAL.fullmatch(before))


def _is_ending(before: str, letter: str) -> bool:
    """Whether a single letter is the ending of an ordinal (3e, 1o) instead of the mark of a note."""
    return letter in _LETTERS_OF_ORDINALS or not before.isdigit()
