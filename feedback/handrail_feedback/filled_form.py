"""What a customer filled in on the contact page: read from a form or from JSON, and checked, in the customer's words.

Nothing is thrown away: what is wrong stands beside what was written, so that a page can show both again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, get_args
from urllib.parse import unquote

from handrail_feedback.contact import LONGEST_ALONG, LONGEST_LINE, LONGEST_MESSAGE, MOST_ALONG, Along, AlongKind
from handrail_feedback.db import storable
from handrail_kb.texts import text

LONGEST_FORM = 65536  # bytes
FIELDS = ("message", "subject", "reply_to", "callback", "leave_empty", "token")

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_LEAST_DIGITS = 5


@dataclass(frozen=True)
class FilledForm:
    """A message as it was filled in, and what is wrong with which field, in the language of the site.

    `callback` says when to call. `leave_empty` is a trap for robots. `token` is the form's own, so that a form that is
    sent twice is kept once. `along` is what the customer ticked.
    """

    message: str = ""
    subject: str = ""
    reply_to: str = ""
    callback: str = ""
    leave_empty: str = ""
    token: str = ""
    along: tuple[Along, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


def read_form(sent: Mapping[str, Any], along: Iterable[Any] = (), *, base_path: str = "/") -> FilledForm:
    """The form as a browser or a program sent it, with what goes along. Whatever was sent fits into the store."""

    def value(name: str) -> str:
        # Browsers send line ends as CR LF, which would count twice.
        return storable(str(sent.get(name, "")), LONGEST_FORM).replace("\r\n", "\n")

    return FilledForm(
        message=value("message"),
        subject=value("subject").strip(),
        reply_to=value("reply_to").strip(),
        callback=value("callback").strip(),
        leave_empty=value("leave_empty"),
        token=value("token")[:64],
        along=tuple(one for item in islice(along, MOST_ALONG) if (one := _along(item, base_path))),
    )


def _along(item: Any, base_path: str) -> Along | None:
    """What our own page offers to send along; anything else is left out."""
    if not isinstance(item, dict) or item.get("kind") not in get_args(AlongKind):
        return None
    said, url = item.get("text"), item.get("url", "")
    if not isinstance(said, str) or not said.strip() or not isinstance(url, str):
        return None
    path = unquote(url.partition("?")[0].partition("#")[0])
    location = path.removeprefix(base_path) if path.startswith(base_path) else ""
    return Along(item["kind"], storable(said.strip(), LONGEST_ALONG), storable(location, LONGEST_ALONG))


def too_long(lang: str) -> FilledForm:
    """What stands for a form that was too long to be read."""
    return FilledForm(errors={"message": text(lang, "contact.error_too_long", maximum=LONGEST_MESSAGE)})


def checked(form: FilledForm, lang: str) -> FilledForm:
    """The form with all that is wrong with it."""
    errors = dict(form.errors)
    if not form.message.strip() and not errors:
        errors["message"] = text(lang, "contact.error_empty")
    lines = dict.fromkeys(("subject", "reply_to", "callback"), LONGEST_LINE)
    for name, longest in {"message": LONGEST_MESSAGE, **lines}.items():
        if len(getattr(form, name)) > longest:
            errors[name] = text(lang, "contact.error_too_long", maximum=longest)
    if "reply_to" not in errors:
        if form.reply_to and not (_ADDRESS.search(form.reply_to) or _can_be_called(form.reply_to)):
            errors["reply_to"] = text(lang, "contact.error_reply")
        elif form.callback and not _can_be_called(form.reply_to):
            errors["reply_to"] = text(lang, "contact.error_callback")
    if form.leave_empty:
        errors["leave_empty"] = text(lang, "contact.error_robot")
    return replace(form, errors=errors)


def _can_be_called(address: str) -> bool:
    """Whether there is something like a phone number beside the e-mail address; people know how to be reached."""
    return sum(character.isdigit() for character in _ADDRESS.sub("", address)) >= _LEAST_DIGITS
