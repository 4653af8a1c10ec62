"""What a customer filled in on the contact page: read from a form or from JSON, and checked.

Discards nothing: keeps faults together with what was written, so that a page can show both again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, get_args

from handrail_feedback.records.messages import (
    LONGEST_ALONG,
    LONGEST_LINE,
    LONGEST_MESSAGE,
    MOST_ALONG,
    MOST_FILES,
    Along,
    AlongKind,
    Attachment,
    read_file,
)
from handrail_feedback.records.stamps import storable, storable_lines
from handrail_kb.addresses import location_of_address
from handrail_kb.contact.email_addresses import Mailbox, fault_in_words, mailboxes_in, plain
from handrail_kb.texts import text

LONGEST_FORM = 65536  # bytes, without files
MEGABYTE = 1024 * 1024
FIELDS = ("message", "subject", "reply_to", "callback", "leave_empty", "token", "opened", "sure")

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_LEAST_DIGITS = 5
_MOST_FAULTS = 3
# In seconds. No person sends a form faster than this; robots do.
LEAST_WAIT = 2
_LONGEST_WAIT = 7 * 24 * 3600


@dataclass(frozen=True)
class FilledForm:
    """A message as filled in, and what is wrong with each field, in the language of the site.

    `callback` says when to call. `leave_empty` is a trap for robots. `token` identifies the form, so that one sent
    twice is stored once. `along` is what the customer ticked. `sure` is a `reply_to` that the customer has confirmed.
    `opened` is when the service showed the form, in seconds since 1970; `waited` is for how many seconds it was open,
    None if unknown. `meant` is `reply_to` with its address as it was plainly meant; empty if that is uncertain.
    """

    message: str = ""
    subject: str = ""
    reply_to: str = ""
    callback: str = ""
    leave_empty: str = ""
    token: str = ""
    opened: str = ""
    sure: str = ""
    waited: float | None = None
    along: tuple[Along, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    meant: str = ""


def read_form(sent: Mapping[str, Any], along: Iterable[Any] = (), *, at: datetime, base_path: str = "/") -> FilledForm:
    """The form that a browser or a program sent, with the items in `along`, cut to what fits into the store."""

    def value(name: str) -> str:
        return storable_lines(str(sent.get(name, "")), LONGEST_FORM)

    return FilledForm(
        message=value("message"),
        subject=value("subject").strip(),
        reply_to=plain(value("reply_to")).strip(),
        callback=value("callback").strip(),
        leave_empty=value("leave_empty"),
        token=value("token")[:64],
        opened=value("opened")[:20],
        sure=plain(value("sure")).strip()[:LONGEST_LINE],
        waited=_waited(sent, at),
        along=tuple(one for item in islice(along, MOST_ALONG) if (one := _along(item, base_path))),
    )


def _waited(sent: Mapping[str, Any], at: datetime) -> float | None:
    """For how many seconds the form was open: by the browser's clock if the script sent it, else by the server's."""
    told = sent.get("waited")
    if isinstance(told, str) and re.fullmatch(r"\d{1,7}(\.\d{1,6})?", told):  # in a form, everything is text
        told = float(told)
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < _LONGEST_WAIT:
        return float(told)
    opened = str(sent.get("opened", ""))
    since = at.timestamp() - int(opened) if opened.isascii() and opened.isdigit() and len(opened) < 12 else -1
    return since if 0 <= since < _LONGEST_WAIT else None


def _along(item: Any, base_path: str) -> Along | None:
    """An item that the contact page offers to share; None for anything else."""
    if not isinstance(item, dict) or item.get("kind") not in get_args(AlongKind):
        return None
    said, url = item.get("text"), item.get("url", "")
    if not isinstance(said, str) or not said.strip() or not isinstance(url, str):
        return None
    inside = url.partition("#")[0].removeprefix(base_path) if url.startswith(base_path) else ""
    location = location_of_address(f"./{inside}")  # `./`: what follows is a path
    return Along(item["kind"], storable(said.strip(), LONGEST_ALONG), storable(location, LONGEST_ALONG))


def with_files(form: FilledForm, files: Sequence[tuple[str, bytes]], lang: str, megabytes: int) -> FilledForm:
    """The form with its files, given as (name, content), or with what is wrong with them."""
    read = [(name, read_file(name, content)) for name, content in files]
    strange = [name for name, file in read if file is None]
    error = ""
    if len(files) > (MOST_FILES if megabytes else 0):
        error = text(lang, "files.error_count", count=MOST_FILES if megabytes else 0)
    elif strange:
        error = text(lang, "files.error_kind", name=strange[0][:LONGEST_LINE])
    elif sum(len(content) for _, content in files) > megabytes * MEGABYTE:
        error = files_too_large(lang, megabytes)
    errors = {**form.errors, "files": error} if error else form.errors
    return replace(form, attachments=tuple(file for _, file in read if file and not error), errors=errors)


def files_too_large(lang: str, megabytes: int) -> str:
    """The text about files that are too large."""
    return text(lang, "files.error_size", megabytes=megabytes)


def too_long(lang: str, megabytes: int = 0) -> FilledForm:
    """A form in place of one that was too long to read; because of its files if `megabytes`, their limit, is given."""
    if megabytes:
        return FilledForm(errors={"files": files_too_large(lang, megabytes)})
    return FilledForm(errors={"message": text(lang, "contact.error_too_long", maximum=LONGEST_MESSAGE)})


def checked(form: FilledForm, lang: str, own: Collection[str] = ()) -> FilledForm:
    """The form with everything that is wrong with it. `own` are the company's domains."""
    errors, meant = dict(form.errors), ""
    if not form.message.strip() and not errors:
        errors["message"] = text(lang, "contact.error_empty")
    lines = dict.fromkeys(("subject", "reply_to", "callback"), LONGEST_LINE)
    for name, longest in {"message": LONGEST_MESSAGE, **lines}.items():
        if len(getattr(form, name)) > longest:
            errors[name] = text(lang, "contact.error_too_long", maximum=longest)
    if "reply_to" not in errors:
        boxes = mailboxes_in(form.reply_to, own)
        faults = _faults(form, boxes)
        if faults:
            meant = _mended(form.reply_to, faults)
            errors["reply_to"] = " ".join(fault_in_words(lang, one) for one in faults[:_MOST_FAULTS])
        elif form.reply_to and not (boxes or _ADDRESS.search(form.reply_to) or _can_be_called(form.reply_to)):
            errors["reply_to"] = text(lang, "contact.error_reply")
        elif form.callback and not _can_be_called(form.reply_to):
            errors["reply_to"] = text(lang, "contact.error_callback")
    if not errors and form.waited is not None and form.waited < LEAST_WAIT:  # to mend others takes longer
        errors["waited"] = text(lang, "contact.error_fast")
    if form.leave_empty:
        errors["leave_empty"] = text(lang, "contact.error_robot")
    return replace(form, errors=errors, meant=meant)


def _mended(reply_to: str, faults: Sequence[Mailbox]) -> str:
    """The field with its one faulty address replaced by what was meant; empty if that is uncertain."""
    [first, *others] = faults
    whole = bool(first.meant) and not others and reply_to.count(first.typed) == 1
    return reply_to.replace(first.typed, first.meant) if whole else ""


def _faults(form: FilledForm, boxes: Iterable[Mailbox]) -> list[Mailbox]:
    """The addresses that are invalid, or look mistyped and are not confirmed."""
    return [one for one in boxes if one.fault and not (one.fault == "unsure" and form.sure == form.reply_to)]


def _can_be_called(address: str) -> bool:
    """Whether there is something like a phone number next to the e-mail address."""
    return sum(character.isdigit() for character in _ADDRESS.sub("", address)) >= _LEAST_DIGITS
