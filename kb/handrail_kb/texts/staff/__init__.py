"""What staff read at the desk, one YAML file for each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from handrail_kb.texts import FALLBACK_LANGUAGE, Words

STAFF_WORDS = Words(Path(__file__).parent)
# Gives the words of a key in one language, with its values filled in, as `STAFF_WORDS.text` does.
Say = Callable[..., str]


def in_language(lang: str) -> Say:
    """The words for staff in a language, such as `de-CH`; English where there are none."""
    return partial(STAFF_WORDS.text, lang)


ENGLISH = in_language(FALLBACK_LANGUAGE)


@dataclass(frozen=True)
class Phrase:
    """The key of a text and its values, to be said later, in the language of whoever reads it."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)

    def said(self, words: Say = ENGLISH) -> str:
        """The text in a language."""
        return words(self.key, **self.values)
