"""Divides text into sentences, in any language, and not at the full stop of an abbreviation or a version number.

Wikimedia's sentencex knows the abbreviations and full stops of many languages. It comes with `handrail[service]`;
without it, a sentence ends wherever a sign that may end one is followed by a capital letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

# Longer text is divided first, because no sentence is as long.
_LONGEST = 20_000
_CLOSING = "\"'”’»)\\]』」）】"
# Signs that end a sentence in any script, where what follows does not continue it.
_MAY_END = re.compile(rf"(?<![.!?…])[.!?…]++[{_CLOSING}]*+\s++(?=[\"'“„«(]?[^\W\d_a-zà-öø-ÿ])")
# Signs that end a sentence and need no space after them: the full stops of East Asia, India, Burma, Cambodia, Ethiopia.
_ENDS = re.compile(rf"[。！？｡।॥။។៕።؟۔]+[{_CLOSING}]*\s*")
# Words whose full stop ends no sentence, where sentencex takes it for one.
_GOES_ON = re.compile(
    r"(?:^|[\s(])(?:approx|max|min|resp|incl|excl|evtl|inkl|exkl|zzgl|mind|tel)\.\s*\Z", re.IGNORECASE
)
_LETTER = re.compile(r"[^\W\d_]")


def sentences(text: str, lang: str = "en") -> list[str]:
    """The sentences of a paragraph, in order, without the spaces between them; `lang` is a primary language subtag."""
    found: list[str] = []
    for start in range(0, len(text), _LONGEST):
        found += _joined(_divided(text[start : start + _LONGEST], lang))
    return [sentence for piece in found if (sentence := piece.strip())]


def _divided(text: str, lang: str) -> Iterable[str]:
    for piece in _segmenter()(lang, text):
        yield from _cut_after(_ENDS, piece)


def _cut_after(ends: re.Pattern[str], text: str) -> Iterable[str]:
    at = 0
    for match in ends.finditer(text):
        yield text[at : match.end()]
        at = match.end()
    yield text[at:]


def _joined(pieces: Iterable[str]) -> list[str]:
    """The pieces, each with the one before it where that ends no sentence: an abbreviation, a quote that goes on."""
    whole: list[str] = []
    for piece in pieces:
        if whole and (_GOES_ON.search(whole[-1][-12:]) or _continues(whole[-1], piece)):
            whole[-1] += piece
        elif piece:
            whole.append(piece)
    return whole


def _continues(before: str, after: str) -> bool:
    """Whether a sentence goes on: a quote ended inside it (「はい。」と答えます), or no letter follows."""
    quoted = before.endswith(("』", "」", "）", "”")) and _LETTER.match(after) is not None
    return quoted or _LETTER.search(after) is None


def _simply(_: str, text: str) -> list[str]:
    return list(_cut_after(_MAY_END, text))


@lru_cache(1)
def _segmenter() -> Callable[[str, str], list[str]]:
    try:
        from sentencex import segment
    except ImportError:
        return _simply
    found: Callable[[str, str], list[str]] = segment
    return found
