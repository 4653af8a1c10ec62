"""The piece of a text that shows why it was found: escaped, with the question's words marked. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence, Set
from html import escape

SNIPPET_CHARS = 220


def snippet(text: str, marked: re.Pattern[str] | None) -> str:
    """The part of a text that holds most of the question's words: escaped, with <mark> around them."""
    text = " ".join(text.split())
    hits = list(marked.finditer(text)) if marked else []
    start = _window(text, [match.start() for match in hits])
    end = min(len(text), start + SNIPPET_CHARS)
    if end < len(text):
        end = max(text.rfind(" ", start + SNIPPET_CHARS // 2, end), start + SNIPPET_CHARS // 2)
    pieces, at = [], start
    for match in hits:
        if start <= match.start() and match.end() <= end:
            pieces += [escape(text[at : match.start()]), "<mark>", escape(match.group()), "</mark>"]
            at = match.end()
    pieces.append(escape(text[at:end]))
    return ("… " if start else "") + "".join(pieces) + (" …" if end < len(text) else "")


def marking(question_words: Iterable[str], common: Set[str]) -> re.Pattern[str] | None:
    """Finds the question's words in a text, endings aside; words that stand everywhere are not worth a mark."""
    stems = []
    for word in sorted(question_words, key=len, reverse=True):
        if word in common or (len(word) < 3 and not word.isdigit()):
            continue
        stem = re.escape(word[: max(5, len(word) - 2)])
        stems.append(rf"{stem}\w{{0,{len(word) - len(stem) + 3}}}" if len(word) > 4 else re.escape(word))
    return re.compile(rf"\b(?:{'|'.join(stems)})\b", re.IGNORECASE) if stems else None


def _window(text: str, hits: Sequence[int]) -> int:
    """Where to begin so that most hits are seen; at the beginning of a sentence or word."""
    if not hits or len(text) <= SNIPPET_CHARS:
        return 0
    best = max(hits, key=lambda at: (bisect_left(hits, at + SNIPPET_CHARS - 40) - bisect_left(hits, at), -at))
    if best < SNIPPET_CHARS // 2:
        return 0
    sentence = max(text.rfind(mark, best - 80, best) for mark in (". ", "! ", "? "))
    return sentence + 2 if sentence >= 0 else text.rfind(" ", 0, best - 20) + 1
