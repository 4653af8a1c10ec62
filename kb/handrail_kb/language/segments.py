"""Splits Japanese, Chinese, Thai, Lao, Khmer and Burmese, which set no spaces, into words with ICU's dictionaries.

ICU comes with `handrail[scripts]`. Without it, a run of such letters stays one word; a warning says so once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache

from handrail_kb.texts.installing import install_extra
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


# Letters of these scripts with their marks: Thai and Lao, Burmese, Khmer, Tai, kana, Han.
UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u109a-\u109f\u1780-\u17d3\u17d7"
    "\u17dc\u17dd\u1950-\u1974\u1980-\u19c9\u1a20-\u1a7c\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f\u3005-\u3007"
    "\u3021-\u3029\u3031-\u3035\u303b\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U000323af"
)
_RUN = re.compile(f"[{UNSPACED}]+")
_KANA = re.compile("[\u3041-\u309f]")
MISSING = (
    "Articles or questions hold a script without spaces (Japanese, Chinese, Thai, Khmer, Lao, Burmese), and what finds "
    "its words is not installed: whole sentences count as one word. Install it where the site is built and where it is "
    "served, then build anew: {install} && handrail build"
)
# Longer runs are cut first: no sentence is as long.
_LONGEST = 4000
_lock = threading.Lock()
_told = False


def has_unspaced(text: str) -> bool:
    """Whether a text contains letters of a script without spaces."""
    return not text.isascii() and _RUN.search(text) is not None


def is_unspaced(character: str) -> bool:
    """Whether a character is a letter of a script without spaces."""
    return _RUN.fullmatch(character) is not None


def split_words(word: str) -> list[str]:
    """The words that a word is made of, in order and complete: letters of other scripts stay together."""
    if word.isascii() or not _RUN.search(word):
        return [word]
    pieces: list[str] = []
    at = 0
    for run in _RUN.finditer(word):
        pieces += [word[at : run.start()], *segments(run.group())]
        at = run.end()
    pieces.append(word[at:])
    return [piece for piece in pieces if piece]


@lru_cache(8192)
def segments(run: str) -> tuple[str, ...]:
    """The words in a run of letters of scripts without spaces; the run itself if ICU is not installed."""
    breaker = _breaker()
    if breaker is None:
        _tell()
        return (run,)
    pieces: list[str] = []
    for start in range(0, len(run), _LONGEST):
        pieces += breaker(run[start : start + _LONGEST], "ja" if _KANA.search(run) else "en")
    return tuple(pieces)


def between(text: str, sign: str) -> str:
    """The text with `sign` around each word of scripts without spaces; the text itself if ICU is not installed."""
    if not has_unspaced(text):
        return text
    if _breaker() is None:
        _tell()
        return text
    return _RUN.sub(lambda run: sign.join(("", *segments(run.group()), "")), text)


@lru_cache(1)
def _breaker() -> Callable[[str, str], Iterable[str]] | None:
    try:
        from icu4py.breakers import WordBreaker
    except ImportError:
        return None
    return WordBreaker


def _tell() -> None:
    global _told
    with _lock:
        told, _told = _told, True
    if not told:
        log("build.warning", told=MISSING.format(install=install_extra("scripts")))
