"""Whether a search asks for a person: talk to a human, phone number, call me back, mit einem Mitarbeiter sprechen.

A person is the answer to it, so it is no failed search. It is recognised by its words (`asking_for_person.yml`):
they are few, and it must be where the encoder does not know the language, or is away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import takewhile
from typing import Any

import yaml
from rapidfuzz import process
from rapidfuzz.distance import OSA

from handrail_search.lexical.spelling import FIRST_TOO, SHORTEST_WORD
from handrail_search.lexical.stemming import fold, words_in

# From so many letters on, two slips are likely enough.
_TWO_SLIPS = 7
# A shorter word is near too many others.
_SHORTEST_MEANT = 3


def asks_for_person(question: str, is_real: Callable[[str], bool] | None = None) -> bool:
    """Whether a question asks for a person, or how one is reached, and for nothing else but what about.

    With `is_real`, which recognises words of the site and of the language, others may be slips: to a humna. A site need
    not have the words by which people ask for one, so the spelling of its own words does not mend them.
    """
    words = [fold(word) for word in words_in(question)]
    if is_real is None:
        return any(language.asks(words) for language in _languages())
    if len(words) == 1:  # contatti: nothing beside it says that it is no word of another language
        return False
    return any(language.asks(language.mended(words, is_real)) for language in _languages())


@dataclass(frozen=True)
class _Language:
    """How one language asks for a person: something of each list of a wording, and no words but those known here."""

    wordings: Sequence[Sequence[Sequence[str]]]
    words: frozenset[str]
    about: frozenset[str]
    # What may be meant by a slip: all of them, and those that begin with each letter.
    by_letter: Mapping[str, Sequence[str]]

    def asks(self, words: Sequence[str]) -> bool:
        asked = list(takewhile(lambda word: word not in self.about, words))
        text = f" {' '.join(asked)} "
        return self.words.issuperset(asked) and any(
            all(any(f" {one} " in text for one in some) for some in wording) for wording in self.wordings
        )

    def mended(self, words: Sequence[str], is_real: Callable[[str], bool]) -> Sequence[str]:
        """The words as they were meant, where each is known here or a slip of one that is; else none."""
        meant: list[str] = []
        for number, word in enumerate(words):
            if word in self.about:
                return [*meant, *words[number:]]
            known = word if word in self.words else self._near(word)
            if known is None or (known != word and is_real(word)):
                return []
            meant.append(known)
            if known in self.about:
                return [*meant, *words[number + 1 :]]
        return meant

    def _near(self, word: str) -> str | None:
        if len(word) < SHORTEST_WORD or not word.isalpha():
            return None
        slips = 2 if len(word) >= _TWO_SLIPS else 1
        known = self.by_letter.get("" if len(word) >= FIRST_TOO else word[0], ())
        found = process.extract(word, known, scorer=OSA.distance, score_cutoff=slips, limit=None)
        letters = sorted(word)  # of two as near, the one with the same letters: caht is chat, not cant
        return min(found, key=lambda one: (one[1], sorted(one[0]) != letters))[0] if found else None


@cache
def _languages() -> Sequence[_Language]:
    text = resources.files(__package__).joinpath("asking_for_person.yml").read_text(encoding="utf-8")
    return [_read(given) for given in yaml.safe_load(text).values()]


def _read(given: Mapping[str, Any]) -> _Language:
    wordings = [[some.split(", ") for some in wording] for wording in given["asks"]]
    named = {word for wording in wordings for some in wording for one in some for word in one.split()}
    words, about = frozenset(named.union(given["beside"].split())), frozenset(given["about"].split(", "))
    by_letter: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words | about):
        if len(word) >= _SHORTEST_MEANT:
            by_letter[""].append(word)
            by_letter[word[0]].append(word)
    return _Language(wordings, words, about, by_letter)
