"""Problems that writers see, with file and line, and the codes of every kind of problem.

A fault affects customers, or makes Handrail leave out what a writer wrote; it fails the check. A hint is something that
a writer should look at and may leave as it is. The table in docs/writers/check.md is generated from this one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """Something a writer should know: where it is, what it is, and how to fix it. A note never fails a build.

    `code` is one of FAULTS, HINTS and NOTES; `about` is the field of the front matter that it concerns, if any.
    """

    file: str
    line: int
    severity: Severity
    what: str
    code: str = "settings"
    about: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


Keys = tuple[str | int, ...]  # keys, and positions in lists, from `contact` down
Note = Callable[[Keys, str], None]  # takes where something is wrong, and what

FAULTS: Mapping[str, str] = {
    "unreadable": "A file that is not UTF-8 text, not an ordinary file, too large, or a link out of the folder",
    "front-matter": "Broken YAML, a field that occurs twice, or a value of the wrong type",
    "unknown-field": "A field that is nearly one of Handrail's, such as `question`, or `people: only`",
    "same-title": "Two articles of one language with the same title",
    "same-question": "The same question in two articles of one language",
    "overdue-review": "`review_by` is in the past",
    "unclosed-tag": "A tag such as `<title>` that is never closed and hides the rest of the article",
    "markup-in-title": "A tag such as `<b>` in a title, or one such as `<script>` in a heading used as the title",
    "gap": "`…` where words should be: a draft that search leaves out until it is written",
    "dead-link": "A link or an image that leads to no file of the site",
    "dead-anchor": "A link, or a question of the front matter, that leads to a heading that is not there",
    "most-asked": "A question of the home page's `most_asked` that leads to no article",
    "not-found": "A question does not find its article among the first results",
    "pushed-out": "A question no longer finds its article; the articles that took its place are named",
    "nav": "An entry of `nav` in `mkdocs.yml` that is not a file",
    "settings": "A setting in `mkdocs.yml` that is unknown to Handrail, or that cannot be used",
}
HINTS: Mapping[str, str] = {
    "only-by-itself": "A question finds its article only because it is listed there: nothing else in the article fits",
    "losing-ground": "The same, because another article took the place of the article's own text",
    "near-duplicate": "Two articles that say nearly the same",
    "redirected-link": "A link to an old address that sends readers on",
    "image-without-text": "An image without alternative text",
    "unclear-title": "A title such as *Overview*, or one whose words occur nowhere in the article",
    "settings-hint": "A way to a person without a named person, or a name in `mkdocs.yml` that MkDocs does not know",
}
# Only the build reports these, once for all articles that have them.
NOTES = frozenset({"own-field"})


def is_fault(code: str) -> bool:
    """Whether a code fails the check. An unknown code does, so that it is not overlooked."""
    return code not in HINTS and code not in NOTES


def nearest(name: str, known: Mapping[str, Any] | tuple[str, ...] | list[str]) -> str:
    """' Did you mean …?' if a known name is close, else empty."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


@lru_cache(1000)  # a field that a site defines is in most of its articles
def likeness(name: str, known: tuple[str, ...]) -> tuple[bool, str]:
    """Whether a name is a near miss of a known one, and the hint at what may have been meant."""
    # A prefix, as in `ms.author`, marks a name as somebody else's.
    near = not {".", ":"} & {*name} and bool(difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8))
    return near, nearest(name, known)


def meant_field(name: str, value: object) -> str:
    """' Did you mean …?' where a name says some words of a field of the front matter, and the value is of its kind.

    As `people: only` for `people_only: true`, or `boost: 2` outside `search`. Whoever lists `people` means no field of
    ours.
    """
    said = str(value).lower()
    kinds = {
        "flag": isinstance(value, bool) or said in ("only", "people", "yes", "no", "true", "false"),
        "day": bool(re.match(r"\d{4}-\d\d-\d\d", said)),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
    }
    words = {*re.split(r"[\W_]+", name.lower())} - {"by"}
    for field, example, kind in _FIELDS_BY_WORDS:
        if words and words <= {*field.split()} and kinds[kind]:
            return f" Did you mean '{example}'?"
    return ""


_FIELDS_BY_WORDS = (
    ("people only", "people_only: true", "flag"),
    ("review", "review_by: 2027-01-31", "day"),
    ("search exclude", "search: {exclude: true}", "flag"),
    ("search boost", "search: {boost: 2}", "number"),
)


# Codes whose messages are the same in every article that has them.
_ALIKE = frozenset({"unknown-field", "own-field"})


def told_once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, with one about a field in many articles only once, with the number of articles."""
    found: list[Problem] = []
    first: dict[tuple[str, str], int] = {}
    times: dict[int, int] = {}
    for problem in problems:
        if problem.code in _ALIKE:
            at = first.setdefault((problem.code, problem.what), len(found))
            times[at] = times.get(at, 0) + 1
            if times[at] > 1:
                continue
        found.append(problem)
    for at, often in times.items():
        if often > 1:
            what = f"{found[at].what} {often:,} articles have it; this is the first."
            found[at] = replace(found[at], what=what)
    return found


def kind_of(value: object) -> str:
    """The kind of a value, in words that a writer knows."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes or no (put it in quotes to make it text)"
    words = {list: "a list", dict: "a group of fields", int: "a number", float: "a number", str: "the text"}
    kind = words.get(type(value), "a date" if isinstance(value, date) else type(value).__name__)
    return f"{kind} '{value}'" if isinstance(value, str) else kind
