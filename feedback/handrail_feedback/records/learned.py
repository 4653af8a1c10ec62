"""Questions that search was taught, and what may be taught."""

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
    """A question and the page that answers it. `who` says so: a name, or the file that it is in.

    `location` is the page's address relative to the site; `search_id` the search that it answers, where there was one.
    """

    question: str
    location: str
    source: Literal["writer", "agent", "import"]
    at: datetime
    who: str = ""
    search_id: str | None = None


@dataclass(frozen=True)
class KeptQuestions:
    """What became of questions: how many are new, were known, were removed before, cannot be kept (`teachable`)."""

    new: int
    known: int
    removed: int
    unfit: int


@dataclass(frozen=True)
class KnownQuestion:
    """A question in force. `session` is whose opinion it is: a browser tab's token, or source and name."""

    question: str
    location: str
    source: LearnedSource
    session: str
    at: datetime


@dataclass(frozen=True)
class ListedQuestion:
    """A question as a writer sees it; what several customers said is one line, and `people` says how many.

    `question` is empty where it was removed so long ago that its words are erased.
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
    """The question as it may be kept: on one line, redacted; empty where it is too long, or no word of it is left."""
    line = " ".join(_CONTROL.sub(" ", storable(question, 10 * LONGEST_QUESTION)).split())
    redacted = redact(line) if len(line) <= LONGEST_QUESTION else ""
    return redacted if says_something(redacted) else ""


def question_key(question: str, location: str) -> str:
    """The same for the same question about the same page, whatever its case, spaces and the marks at its ends."""
    words = " ".join(unicodedata.normalize("NFKC", question).casefold().split()).strip(" ?!.,;:¿¡\"'")
    return hashlib.sha256(f"{words}\0{location}".encode("utf-8", "replace")).hexdigest()[:32]


def says_something(redacted: str) -> bool:
    """Whether a redacted text has a letter or digit of its own, outside of placeholders."""
    return any(character.isalnum() for character in _PLACEHOLDER.sub("", redacted))


def shows(results: str, page: str) -> bool:
    """Whether a list of results, as JSON of `[[location, score], …]`, has a section of this page."""
    return any(location.partition("#")[0] == page for location, _score in json.loads(results))
