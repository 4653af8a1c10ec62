"""Writes the content of a delivered message: as JSON for programs and as text for people, the same every time.

Whatever accompanies a message belongs here, so that mail, webhook and folder say the same. Knows no channel.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from typing import Any

from handrail_feedback.records.messages import Along, AlongKind, KeptMessage
from handrail_feedback.records.reference_codes import spoken
from handrail_feedback.records.stamps import stamp
from handrail_kb.contact.email_addresses import mailboxes_in, plain
from handrail_kb.language.printable import one_line
from handrail_kb.texts import text

_ALONG: dict[AlongKind, str] = {
    "search": "searched",
    "article": "read",
    "said_no": "said no to",
    "product": "product",
    "language": "language",
}


# How lines of ours begin below the customer's words, in small letters.
_OURS = ("reference code:", "adds to:", "written:", "about:", "answer to:", "call:", "open it:", "sent along by")


def key_of(code: str) -> str:
    """The key of a message, the same on every attempt and channel, by which recipients recognise duplicates."""
    return f"handrail-{code}"


def link(desk: str, code: str) -> str:
    """The address at which colleagues open the message; empty if the desk's address is unknown."""
    return f"{desk}m/{code}/" if desk else ""


def payload(message: KeptMessage, desk: str = "") -> dict[str, Any]:
    """The message as webhook and folder pass it to programs; `desk` is the address of the desk."""
    return {
        "type": "message",
        "key": key_of(message.code),
        "code": message.code,
        "follows": message.follows or None,
        "at": stamp(message.at),
        "lang": message.lang,
        "subject": message.subject,
        "message": message.message,
        "reply_to": message.reply_to,
        "reply_email": reply_address(message.reply_to) or None,
        "callback": message.callback or None,
        "along": [asdict(one) for one in message.along],
        "attachments": [
            {"name": one.name, "type": one.type, "size": one.size, "base64": b64encode(one.content).decode()}
            for one in message.attachments
        ],
        "desk_url": link(desk, message.code) or None,
    }


def message_text(message: KeptMessage, desk: str = "") -> str:
    """The message as the text of a mail: the customer's words, and everything else below the signature line."""
    words = "".join(map(_as_theirs, message.message.rstrip().splitlines(keepends=True)))
    below = {
        "Reference code": message.code,
        "Adds to": message.follows,
        "Written": f"{message.at:%Y-%m-%d %H:%M} UTC, in '{message.lang}'",
        "About": one_line(message.subject),
        "Answer to": one_line(message.reply_to) or "no address was given; the customer may call and name the code",
        "Call": one_line(message.callback),
        "Open it": link(desk, message.code),
    }
    lines = [f"{name}: {value}" for name, value in below.items() if value]
    if message.along:
        lines += ["Sent along by the customer:", *(f"  {said_along(one)}" for one in message.along)]
    return "\n".join([words, "", "-- ", *lines, ""])


def _as_theirs(line: str) -> str:
    """A line of the customer's words, marked if it could pass for one of ours, such as a link to another desk."""
    seen = " ".join(plain(line).split()).replace(" :", ":").casefold()
    return f"> {line}" if seen == "--" or seen.startswith(_OURS) else line


def said_along(one: Along) -> str:
    """What the customer shared, in one line, such as `searched: refund not here`."""
    place = f" ({one_line(one.location)})" if one.location else ""
    return f"{_ALONG[one.kind]}: {one_line(one.text)}{place}"


def title(message: KeptMessage) -> str:
    """The code of the thread's first message and what that is about, in one line: the same for the whole thread.

    Many help desks join only mails with the same subject, besides `Re:`, whatever their headers say.
    """
    first = message.first or message
    about = one_line(first.subject) or one_line(first.message)
    return f"[{message.follows or message.code}] {about if len(about) <= 80 else about[:79] + '…'}"


def mail_subject(message: KeptMessage) -> str:
    """The title, marked as a reply if the message adds to another."""
    return f"Re: {title(message)}" if message.follows else title(message)


def spelled(lang: str, code: str) -> str:
    """A reference code as read out on the phone, such as `K for Kilo, 7, M for Mike`."""
    return ", ".join(
        symbol if symbol == word else text(lang, "contact.spelled", symbol=symbol, word=word)
        for symbol, word in spoken(code)
    )


def receipt(message: KeptMessage) -> tuple[str, str]:
    """The subject and text of the mail with a customer's reference code.

    It contains none of their words, so that nobody can write to strangers through this form.
    """
    spelling = spelled(message.lang, message.code)
    return (
        text(message.lang, "receipt.subject", code=message.code),
        text(message.lang, "receipt.text", code=message.code, spelling=spelling),
    )


def reply_address(reply_to: str) -> str:
    """The only e-mail address in what the customer left; empty if there is none, or more than one."""
    found = {one.address for one in mailboxes_in(reply_to) if one.address}
    return found.pop() if len(found) == 1 else ""
