"""Splits compounds, in languages that write several words as one: Maskenpflicht is Maske and Pflicht. Pure.

Uses the site's own words, as Koehn and Knight (2003), "Empirical Methods for Compound Splitting": of all ways to split
a word into words that occur by themselves, the one whose parts are the most frequent by geometric mean.
"""

from __future__ import annotations

from collections.abc import Callable

from handrail_search.lexical.stemming import stem

# Languages that write compounds as one word.
COMPOUNDING = frozenset({"da", "de", "fi", "nb", "nl", "nn", "no", "sv"})
# The least letters of a part; shorter ones are found in every word.
SHORTEST_PART = 4
_LONGEST = 60
# Linking letters between two parts that belong to neither: Arbeit-s-amt, Maske-n-pflicht.
_LINKS = ("", "s", "n", "en", "es", "er", "e")
_PARTS = 4

Count = Callable[[str], int]


def split(word: str, lang: str, count: Count) -> tuple[str, ...]:
    """The parts of a compound in order, in lower case; empty when it is none.

    `count` says in how many articles a stem occurs by itself. Names such as max_size have parts in every language.
    """
    if "_" in word:
        return tuple(filter(None, word.split("_")))
    if lang not in COMPOUNDING or not 2 * SHORTEST_PART <= len(word) <= _LONGEST or not word.isalpha():
        return ()
    return _best(word, lang, count, _PARTS - 1)[1]


def _best(word: str, lang: str, count: Count, cuts: int) -> tuple[float, tuple[str, ...]]:
    """The best way to split a word with at most `cuts` cuts, and its score; 0 when there is none."""
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    if cuts == 0:
        return best
    for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
        head = count(stem(word[at:], lang))
        if not head:
            continue
        frequency, parts = _modifier(word[:at], lang, count, cuts - 1)
        if frequency and (frequency * head) ** 0.5 > best[0]:
            best = ((frequency * head) ** 0.5, (*parts, word[at:]))
    if best[1] and len(best[1]) < _PARTS:
        _, further = _best(best[1][-1], lang, count, _PARTS - len(best[1]))
        return best[0], best[1][:-1] + (further or best[1][-1:])
    return best


def _modifier(word: str, lang: str, count: Count, cuts: int) -> tuple[float, tuple[str, ...]]:
    """The first part: a word by itself, without the letters that link it, or a compound again."""
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    bare = [word.removesuffix(link) for link in _LINKS if word.endswith(link)]
    for part in bare:
        if len(part) >= SHORTEST_PART and (frequency := count(stem(part, lang))) > best[0]:
            best = (frequency, (part,))
    if not best[1]:
        best = max((_best(part, lang, count, cuts) for part in bare[:2]), default=best)
    return best
