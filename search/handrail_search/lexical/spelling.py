"""Suggests what a misspelt word may have meant: a word of the site that differs by one or two slips. Pure.

A word is checked only when the site does not use it and the encoder does not know it as a whole word: the vocabulary of
an English encoder has some 20,000 whole words, and hardly a misspelling (33 of 63,533 in a public list). Slips are
counted as by Damerau (1964): a letter left out, added, replaced, or two swapped.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rapidfuzz import process
from rapidfuzz.distance import OSA, Postfix, Prefix

from handrail_kb.language.normal_form import placed
from handrail_kb.language.segments import has_unspaced
from handrail_search.lexical.function_words import is_everyday
from handrail_search.lexical.stemming import fold, small_words, stem

# Shorter words are one slip away from too many others.
SHORTEST_WORD = 4
_LONGEST = 30
# The most words of one beginning that are compared.
_FORMS = 50
# From so many letters on, two slips are likely enough.
_TWO_SLIPS = 5
# From so many letters on, the first letter may be wrong: people notice how a word they type begins.
FIRST_TOO = 6
# English words that people write without their apostrophe.
_NO_APOSTROPHE = re.compile("(?:ca|wo|do|does|did|is|are|was|were|has|have|had|could|would|should|must|need)nt")
_DOUBLED = re.compile(r"(.)\1+")
# Doubt grows with slips and falls with length, with how common the candidate is, and with the distance of the
# second-best candidate. Found by logistic regression on misspellings put into one half of the words of four sets of
# questions.
_OTHER_BEGINNING, _SWAPPED, _DOUBLE = 0.3, 0.5, 0.4
_COMMON, _LENGTH, _AHEAD = 0.4, 0.2, 0.8
_FAR_AHEAD = 1.0
# The extra weight of a slip that may as well lead to another real word.
_ANOTHER = 1.0
# How many times commoner another word must be for a word of the site to be taken for its writer's slip.
_FAR_COMMONER = 20
# A sentence is taken for another language with so many of its small words, or so many unknown words and this share of
# them.
_FOREIGN, _MANY, _MOST = 2, 2, 0.5


@dataclass(frozen=True)
class SpellingSuggestion:
    """A word that may have been meant, as the site writes it; the higher the doubt, the less likely."""

    word: str
    doubt: float


class RealWords:
    """Recognises words that an encoder knows, by themselves or with another ending. Thread-safe."""

    def __init__(self, words: Iterable[str], languages: Collection[str]) -> None:
        """`words` are the encoder's, in lower case; `languages` those of the site."""
        self._words = sorted({fold(word) for word in words})
        self._languages = languages

    def __call__(self, word: str) -> bool:
        """Whether a word, given in lower case, is known."""
        plain = fold(word)
        if plain in self._beginning(plain, 1):
            return True
        return any(self._is_form(stem(word, lang), lang) for lang in self._languages)

    def _is_form(self, root: str, lang: str) -> bool:
        """Whether the encoder knows a word of this stem."""
        return len(root) >= SHORTEST_WORD and any(stem(known, lang) == root for known in self._beginning(root, _FORMS))

    def _beginning(self, start: str, most: int) -> list[str]:
        at = bisect_left(self._words, start)
        return [word for word in self._words[at : at + most] if word.startswith(start)]


class Speller:
    """Suggests words of one site. Immutable, so that threads may share it."""

    def __init__(
        self, words: Iterable[tuple[str, str, int]], is_word: Callable[[str], bool], blind: float = 0.0
    ) -> None:
        """`words` are folded words, how each is written, and how often; `is_word` recognises words the encoder knows.

        `blind` is how little that says about the site's language, 0..1: the higher, the likelier an unknown word is a
        real one.
        """
        self._blind = blind
        self._written: dict[str, tuple[str, int]] = {}
        self._by_letter: dict[str, list[str]] = {}
        self.is_word = is_word
        for word, written, often in words:
            if len(word) >= SHORTEST_WORD and word.isalpha():
                self._written[word] = (written, often)
                self._by_letter.setdefault(word[0], []).append(word)

    def suggest(self, word: str, *, seldom: bool = False, strange: bool = False) -> SpellingSuggestion | None:
        """The likeliest word for one that the site does not use; None where there is none, or where it is a real word.

        A word that the site uses only `seldom` may be a writer's slip: it is replaced only by a far commoner one, one
        slip inside a long word away. A word in a `strange` sentence is likelier to belong to another language.
        """
        typed = fold(word)
        if (
            not SHORTEST_WORD <= len(typed) <= _LONGEST
            or not typed.isalpha()
            or has_unspaced(typed)
            or self._is_real(word, typed, seldom=seldom)
        ):
            return None
        near = self._far_commoner(typed) if seldom else self._near(typed)
        blind = 1.0 if strange else self._blind
        ranked = sorted((self._effort(typed, one, slips, blind), one) for one, slips in near)[:2]
        if not ranked:
            return None
        ahead = min(ranked[1][0] - ranked[0][0], _FAR_AHEAD) if len(ranked) > 1 else _FAR_AHEAD
        effort, best = ranked[0]
        return SpellingSuggestion(self._written[best][0], effort - _LENGTH * min(len(typed), 10) - _AHEAD * ahead)

    def _is_real(self, word: str, typed: str, *, seldom: bool) -> bool:
        """Whether it is a real word although the site does not use it, or one without its apostrophe: dont, cant."""
        used = typed in self._written and not seldom
        return used or self.is_word(word) or _NO_APOSTROPHE.fullmatch(typed) is not None

    def _far_commoner(self, typed: str) -> list[tuple[str, int]]:
        _, often = self._written.get(typed, ("", 0))
        near = self._within(typed, self._by_letter.get(typed[0], ()), 1) if len(typed) >= FIRST_TOO else []
        return [
            (word, slips)
            for word, slips in near
            if slips and word[-1] == typed[-1] and self._written[word][1] >= _FAR_COMMONER * often
        ]

    def _near(self, typed: str) -> list[tuple[str, int]]:
        """Words of the site that are near, with the number of slips between."""
        found = self._within(typed, self._by_letter.get(typed[0], ()), 2 if len(typed) >= _TWO_SLIPS else 1)
        if len(typed) >= FIRST_TOO:
            for letter, words in self._by_letter.items():
                if letter != typed[0]:
                    found += self._within(typed, words, 1)
        return found

    @staticmethod
    def _within(typed: str, words: Sequence[str], slips: int) -> list[tuple[str, int]]:
        near = process.extract(typed, words, scorer=OSA.distance, score_cutoff=slips, limit=None)
        return [(word, int(distance)) for word, distance, _ in near]

    def _effort(self, typed: str, near: str, slips: int, blind: float) -> float:
        """How unlikely it is that somebody who meant `near` typed this."""
        effort = float(slips)
        if typed[0] != near[0]:
            effort += _OTHER_BEGINNING
        if sorted(typed) == sorted(near):
            effort -= _SWAPPED
        elif _DOUBLED.sub(r"\1", typed) == _DOUBLED.sub(r"\1", near):
            effort -= _DOUBLE
        if _may_be_another_word(typed, near):
            effort += blind * _ANOTHER
        return effort - _COMMON * math.log10(1 + self._written[near][1])


def _may_be_another_word(typed: str, near: str) -> bool:
    """Whether two words differ as real words do: in the first two letters, in the last, or in one replaced letter."""
    begin, end = Prefix.similarity(typed, near), Postfix.similarity(typed, near)
    replaced = len(typed) == len(near) and sorted(typed) != sorted(near)
    return begin < 2 or end < 1 or replaced


def suggestions(
    speller: Speller, words: Sequence[str], unknown: Sequence[str], seldom: Sequence[str], languages: Collection[str]
) -> dict[str, SpellingSuggestion]:
    """Suggestions for the unknown and seldom words of a question; none where it is in another language.

    `languages` are the site's. Their everyday words are right, also on a site that happens not to use them.
    """
    ours, others = small_words(words, languages)
    unknown = [word for word in unknown if len(word) >= SHORTEST_WORD and not is_everyday(word, languages)]
    if not ours and others >= _FOREIGN:
        return {}
    strange = others > ours or (len(unknown) >= _MANY and len(unknown) >= _MOST * len(words))
    found = {word: speller.suggest(word, strange=strange) for word in unknown}
    found |= {word: speller.suggest(word, seldom=True, strange=strange) for word in seldom}
    return {word: suggestion for word, suggestion in found.items() if suggestion is not None}


def replace(question: str, words: dict[str, str]) -> str:
    """A question with some of its words, as `words_in` gives them, replaced by others; keeps capitals."""
    if not words:
        return question
    pattern = re.compile(r"(?<![^\W_])(?:" + "|".join(map(re.escape, words)) + r")(?![^\W_])")
    typed = placed(question)
    pieces, at = [], 0
    for match in pattern.finditer(typed.form):
        start, end = typed.span(*match.span())
        pieces += [question[at:start], _like(question[start:end], words[match.group()])]
        at = end
    return "".join((*pieces, question[at:]))


def as_written(question: str, corrected: str) -> str:
    """The question with its corrected words in quotes, so that they are searched as typed."""
    pairs = zip_longest(question.split(), corrected.split())
    return " ".join(typed if typed == word else f'"{typed}"' for typed, word in pairs if typed)


def _like(typed: str, word: str) -> str:
    if typed.isupper() and len(typed) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if typed[:1].isupper() else word
