"""Whether a search asks for a person: talk to a human, phone number, call me back, mit einem Mitarbeiter sprechen.

A person is the answer to it, so it is no failed search. It is recognised by its words (`asking_for_person.yml`):
they are few, and it must be where the encoder does not know the language, or is away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import takewhile
from typing import Any

import yaml

from handrail_search.lexical.stemming import fold, words_in


def asks_for_person(question: str) -> bool:
    """Whether a question asks for a person, or how one is reached, and for nothing else but what about."""
    words = [fold(word) for word in words_in(question)]
    return any(language.asks(words) for language in _languages())


@dataclass(frozen=True)
class _Language:
    """How one language asks for a person: something of each list of a wording, and no words but those known here."""

    wordings: Sequence[Sequence[Sequence[str]]]
    words: frozenset[str]
    about: frozenset[str]

    def asks(self, words: Sequence[str]) -> bool:
        asked = list(takewhile(lambda word: word not in self.about, words))
        text = f" {' '.join(asked)} "
        return self.words.issuperset(asked) and any(
            all(any(f" {one} " in text for one in some) for some in wording) for wording in self.wordings
        )


@cache
def _languages() -> Sequence[_Language]:
    text = resources.files(__package__).joinpath("asking_for_person.yml").read_text(encoding="utf-8")
    return [_read(given) for given in yaml.safe_load(text).values()]


def _read(given: Mapping[str, Any]) -> _Language:
    wordings = [[some.split(", ") for some in wording] for wording in given["asks"]]
    named = {word for wording in wordings for some in wording for one in some for word in one.split()}
    return _Language(wordings, frozenset(named.union(given["beside"].split())), frozenset(given["about"].split(", ")))
