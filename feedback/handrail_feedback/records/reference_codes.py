"""Reference codes: made, spelled out, and recognised however they are typed."""

from __future__ import annotations

import re
import secrets

from stdnum import luhn

from handrail_kb.language.normal_form import same_signs

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
    """The code as it is stored, whatever its case and width and the signs in it; None if it is not a valid code."""
    symbols = "".join(filter(str.isalnum, same_signs(code[:100]))).upper()
    if len(symbols) != _SYMBOLS + 1 or not luhn.is_valid(symbols, alphabet=ALPHABET):
        return None
    return _grouped(symbols)


# Symbols as misheard on the phone or misread in handwriting, and the ones that are in codes.
_MISHEARD = str.maketrans("BCDEGTVNS85O0Z", "PPPPPPPMFA9QQ2")


def codes_in(typed: str) -> list[str]:
    """The codes that somebody may mean, likeliest first: as typed, as misheard, or within other words."""
    words = same_signs(typed[:200])
    plain = re.sub(r"[^A-Za-z0-9]", "", words).upper()
    meant = [typed, plain, plain.translate(_MISHEARD), *(found[1] for found in LIKE_A_CODE.finditer(words))]
    return list(dict.fromkeys(code for one in meant if (code := normalise(one))))


def only_code_in(typed: str) -> str | None:
    """The code that was typed or pasted, alone or among other words, and as sent; None if there is none, or several.

    Several would be as many guesses at once.
    """
    within = {code for one in LIKE_A_CODE.finditer(same_signs(typed[:200])) if (code := normalise(one[1]))}
    return normalise(typed) or (within.pop() if len(within) == 1 else None)


def _grouped(symbols: str) -> str:
    return "-".join(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))


def spoken(code: str) -> list[tuple[str, str]]:
    """Each symbol with its word in the phone alphabet; a digit with itself."""
    return [(symbol, _SPOKEN.get(symbol, symbol)) for symbol in code if symbol != "-"]
