"""Reference codes: made, spelled out, and recognised however they are typed."""

from __future__ import annotations

import re
import secrets

from stdnum import luhn

# At most one symbol from each group that looks alike (0 O, 1 I L, 5 S, 8 B, 2 Z, U V) or sounds alike
# (B C D E G P T V, M N, A 8, F S).
# An even number of symbols, because only then the check symbol (Luhn mod N) detects every single wrong symbol.
ALPHABET = "234679AFHJKMPQRWXY"
_SYMBOLS = 8
_GROUP = 3
_WORDS = ("Alfa", "Foxtrot", "Hotel", "Juliett", "Kilo", "Mike", "Papa", "Quebec", "Romeo", "Whiskey", "Xray", "Yankee")
_SPOKEN = {word[0]: word for word in _WORDS}
# A valid code, shown to people as an example; a message could get it by chance only.
EXAMPLE_CODE = "96H-9MK-WHX"


# Three groups of three, however separated; tried at every letter, because words may look like the beginning of one.
LIKE_A_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?=([A-Za-z0-9]{3}([- .\u2010-\u2015]?)[A-Za-z0-9]{3}\2[A-Za-z0-9]{3}(?![A-Za-z0-9])))"
)


def new_code() -> str:
    """A reference code that nobody can guess."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(_SYMBOLS))
    return _grouped(symbols + luhn.calc_check_digit(symbols, alphabet=ALPHABET))


def normalise(code: str) -> str | None:
    """The code as it is stored, whatever its case, spaces and dashes; None if it is not a valid code."""
    symbols = re.sub(r"[\s\-\u2010-\u2015.]", "", code[:100]).upper()
    if len(symbols) != _SYMBOLS + 1 or not luhn.is_valid(symbols, alphabet=ALPHABET):
        return None
    return _grouped(symbols)


# Symbols as misheard on the phone or misread in handwriting, and the ones that are in codes.
_MISHEARD = str.maketrans("BCDEGTVNS85", "PPPPPPPMFA9")


def codes_in(typed: str) -> list[str]:
    """The codes that somebody may mean, likeliest first: as typed, as misheard, or within other words."""
    plain = re.sub(r"[^A-Za-z0-9]", "", typed[:200]).upper()
    meant = [typed, plain, plain.translate(_MISHEARD), *(found[1] for found in LIKE_A_CODE.finditer(typed[:200]))]
    return list(dict.fromkeys(code for one in meant if (code := normalise(one))))


def _grouped(symbols: str) -> str:
    return "-".join(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))


def spoken(code: str) -> list[tuple[str, str]]:
    """Each symbol with its word in the phone alphabet; a digit with itself."""
    return [(symbol, _SPOKEN.get(symbol, symbol)) for symbol in code if symbol != "-"]
