"""Redacts a customer's words: addresses, numbers, names and secrets become placeholders such as `[email]`.

Pure and quick; in doubt a number of nine digits or more goes, and an error code, a version, a year or a port stays.
Knows no language well: a name is found only after words such as "my name is". What is missed is why the words are
kept for a stated time only. Every pattern is bounded, so that no text can make it slow. Rules read the text in the form
that search compares (`normal_form`): full-width digits and characters that nobody sees hide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from handrail_feedback.records.redaction import credentials, emails, links, names, networks, numbers
from handrail_feedback.records.redaction.rewriting import Rewriting

_PASSES = 5
_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]")


def redact(text: str, public: Sequence[str] = ()) -> str:
    """The text with placeholders such as [email] in place of what must not be kept.

    `public` are numbers that stand in articles, such as a version that looks like an address: they are no secret unless
    the text says that they are, as in "my PIN is".

    Redacting twice changes nothing more. Never raises; the result is at most a few times as long.
    """
    seen = Rewriting(text)
    for _ in range(_PASSES):
        before = seen.form
        _take_out(seen, public)
        seen.show()
        if seen.form == before:
            break
    return seen.text


def says_nothing(redacted: str) -> bool:
    """Whether nothing but placeholders is left of somebody's words, signs aside."""
    left, placeholders = _PLACEHOLDER.subn(" ", redacted)
    return bool(placeholders) and not any(map(str.isalnum, left))


def _take_out(text: Rewriting, public: Sequence[str]) -> None:
    """All rules, in their order: what is within something longer, such as a number in an address, comes after that."""
    if links.MAY_BE_ONE.search(text.form):
        text.sub_all(links.RULES)
    text.sub_all(credentials.RULES)
    if emails.MAY_BE_ONE.search(text.form):
        text.sub_all(emails.RULES)
    text.sub(credentials.GUID, "[secret]")
    text.sub(names.HOME, r"\1[name]")
    text.sub_all(networks.RULES)
    text.sub_all(names.RULES)
    numbers.take_out(text, public)
