"""Questions that search was taught, and the rules for which may be taught."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback.records.redaction.redact import redact
from handrail_feedback.records.stamps import storable

LearnedSource = Literal["writer", "agent", "import", "customer"]

LONGEST_QUESTION = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]")


@dataclass(frozen=True)
class TaughtQuestion:
    """A question and the page that answers it. `who` vouches for it: a name, or the file that the question is in.

    `location` is the page's, relative to the site; `search_id` is the search that it answers, if there was one.
    """

    question: str
    location: str
    source: Literal["writer", "agent", "import"]
    at: datetime
    who: str = ""
    search_id: str | None = None


@dataclass(frozen=True)
class KeptQuestions:
    """How many questions are new, were known, were removed before, or are `unfit` to be kept (`teachable`)."""

    new: int
    known: int
    removed: int
    unfit: int


@dataclass(frozen=True)
class KnownQuestion:
    """A question in force. `session` identifies whose opinion it is: a browser tab's token, or source and name."""

    question: str
    location: str
    source: LearnedSource
    session: str
    at: datetime


@dataclass(frozen=True)
class ListedQuestion:
    """A question as writers see it; the same question of several customers is one line, and `people` says how many.

    `question` is empty if it was removed so long ago that its words are erased.
    """

    id: str
    question: str
    location: str
    source: LearnedSource
    who: str
    people: int
    at: datetime
    removed_at: datetime | None
    promoted_at: datetime | None


def teachable(question: str) -> str:
    """The question as it may be kept: on one line, redacted; empty if it is too long, or only placeholders are left."""
    line = " ".join(_CONTROL.sub(" ", storable(question, 10 * LONGEST_QUESTION)).split())
    redacted = redact(line) if len(line) <= LONGEST_QUESTION else ""
    return redacted if says_something(redacted) else ""


def question_key(question: str, location: str) -> str:
    """A key of a question about a page that ignores case, spaces, and the punctuation at both ends."""
    words = " ".join(unicodedata.normalize("NFKC", question).casefold().split()).strip(" ?!.,;:¿¡\"'")
    return hashlib.sha256(f"{words}\0{location}".encode("utf-8", "replace")).hexdigest()[:32]


def says_something(redacted: str) -> bool:
    """Whether a redacted text has a letter or digit outside placeholders."""
    return any(character.isalnum() for character in _PLACEHOLDER.sub("", redacted))


def shows(results: str, page: str) -> bool:
    """Whether a list of results, as JSON `[[location, …], …]`, contains the page or a section of it.

    Those that are shown only to whoever asks for more are among them: customers open them, and say that they helped.
    """
    return any(result[0].partition("#")[0] == page for result in json.loads(results))
