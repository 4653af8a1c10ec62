"""A service notice: what a company says about an outage or a delay, to all customers at once and without a build."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from handrail_kb.errors import HandrailError
from handrail_kb.language.printable import one_line
from handrail_kb.texts import short_language

NoticeLevel = Literal["info", "warning", "outage"]
LEVELS: tuple[NoticeLevel, ...] = get_args(NoticeLevel)
# What fits above a search field on a phone.
LONGEST_NOTICE = 300
_MOST_LANGUAGES = 30
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class ServiceNotice:
    """One notice, in the words for everybody and perhaps in those of some languages, such as `{"de": "…"}`.

    It is shown until `until`, or until it is cleared or replaced.
    """

    words: str
    level: NoticeLevel
    said_at: datetime
    until: datetime | None = None
    in_languages: Mapping[str, str] = field(default_factory=dict)

    def shown_at(self, at: datetime) -> bool:
        """Whether customers see it at a moment."""
        return self.until is None or at < self.until

    def words_in(self, lang: str) -> tuple[str, str]:
        """The words for readers of a language, and the language that they are in; empty for the words for everybody."""
        short = short_language(lang)
        return (self.in_languages[short], short) if short in self.in_languages else (self.words, "")


def read_words(words: str) -> str:
    """The words of a notice in one line. Raises HandrailError if there are none, or too many."""
    plain = one_line(words)
    if not plain:
        raise HandrailError("A notice needs words.", 'Write them: handrail status "Payments are slow just now."')
    if len(plain) > LONGEST_NOTICE:
        raise HandrailError(
            f"The notice has {len(plain)} characters, and at most {LONGEST_NOTICE} are shown.",
            "Say what customers need to know now; put the rest into an article.",
        )
    return plain


def read_languages(pairs: Mapping[str, str]) -> dict[str, str]:
    """The words by language. Raises HandrailError for what is no language, such as `deutsch`."""
    for lang in pairs:
        if not _LANGUAGE.fullmatch(short_language(lang)):
            raise HandrailError(f"'{lang}' is no language.", "Write two letters: --in de 'Zahlungen sind verzögert.'")
    if len(pairs) > _MOST_LANGUAGES:
        raise HandrailError(f"More than {_MOST_LANGUAGES} languages were given.", "Name those of the site.")
    return {short_language(lang): read_words(words) for lang, words in pairs.items()}


def languages_as_text(in_languages: Mapping[str, str]) -> str:
    """The words by language as they are stored."""
    return json.dumps(dict(in_languages), ensure_ascii=False)


def languages_of_text(stored: str) -> dict[str, str]:
    """The words by language from the store."""
    read: Any = json.loads(stored)
    return {str(lang): str(words) for lang, words in read.items()}
