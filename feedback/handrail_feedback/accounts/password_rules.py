"""Which passwords are refused: short ones, names of the site and the account, and those that guessers try first.

There are no rules about kinds of characters. How many guesses a password stands is estimated by zxcvbn, which knows
30,000 common passwords and what people do with them: years, keyboard rows, repetition, digits for letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from handrail_feedback.accounts.passwords import LONGEST
from handrail_kb.texts import FALLBACK_LANGUAGE
from handrail_kb.texts.staff import STAFF_WORDS

SHORTEST_PASSWORD = 12
# The fourth and highest step of zxcvbn: safe even where somebody has the hash.
_FEWEST_GUESSES = 10**10
# zxcvbn takes no more, and its time grows with the square.
_MOST_ESTIMATED = 72
# It tries every way to read signs as letters, which takes 15 seconds for 72 well-chosen ones. Read as letters
# beforehand they take no time, and no password seems stronger for it.
_AS_LETTERS = str.maketrans("@({[<!|$+%", "acccciistx")
# Words of what it is for, which count no more than the names: docs/operators/users.md lists them.
OF_THE_DESK = ("handrail", "helpdesk", "desk", "support", "service", "agent", "lead")
_WORDS = re.compile(r"[^\W_]{3,}")


@dataclass(frozen=True)
class Fault:
    """Why a password is refused: a key of the words of the desk, and the values in them."""

    key: str
    values: dict[str, int] = field(default_factory=dict)

    def text(self, lang: str = FALLBACK_LANGUAGE) -> str:
        """The reason as a sentence."""
        return STAFF_WORDS.text(lang, self.key, **self.values)


def fault(password: str, name: str, site_name: str = "") -> Fault | None:
    """Why a password cannot be that of the account `name` on the site of that name; None when it can."""
    if len(password) < SHORTEST_PASSWORD:
        return Fault("password.short", {"number": len(password), "least": SHORTEST_PASSWORD})
    if len(password) > LONGEST:
        return Fault("password.long", {"most": LONGEST})
    if len(set(password)) < 5:
        return Fault("password.repeats")
    known = _words_of(name, site_name, *OF_THE_DESK)
    if _without(known, password) < SHORTEST_PASSWORD and _without(known, password) < len(password):
        return Fault("password.names", {"least": SHORTEST_PASSWORD})
    return Fault("password.common") if _is_guessed_early(password, known) else None


def _words_of(*names: str) -> list[str]:
    """The names and the words in them, the longest first."""
    words = {word for name in names for word in (name.lower(), *_WORDS.findall(name.lower())) if len(word) >= 3}
    return sorted(words, key=lambda word: (-len(word), word))


def _without(known: list[str], password: str) -> int:
    """How many characters a password has besides these words."""
    rest = password.lower()
    for word in known:
        rest = rest.replace(word, "")
    return len(rest)


def _is_guessed_early(password: str, known: list[str]) -> bool:
    from zxcvbn import zxcvbn  # its lists take a tenth of a second to read

    estimated = password[:_MOST_ESTIMATED].translate(_AS_LETTERS)
    return bool(zxcvbn(estimated, known)["guesses"] < _FEWEST_GUESSES)
