"""Messages to a person: kept as they were written, each with a reference code that can be said on the phone.

A code is given only after the message is on disk, together with its rows in the outbox, which sees to it that it
reaches a person. What else goes along, the customer saw and ticked; no address does. Knows nothing of HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlite_utils import Database
from stdnum import luhn

from handrail_feedback import outbox
from handrail_feedback.attachments import Attachment, attachments_by_code, attachments_of, put_attachments
from handrail_feedback.db import Row, Store, moment, stamp, storable
from handrail_feedback.mail_quota import Recipient
from handrail_feedback.receipts import put_receipt
from handrail_feedback.routes import Route
from handrail_kb.errors import StoreUnavailable

LONGEST_MESSAGE = 5000
LONGEST_LINE = 200
LONGEST_ALONG = 500
MOST_ALONG = 30
AlongKind = Literal["search", "article", "said_no", "product", "language"]

# Of those that look alike (0 O, 1 I L, 5 S, 8 B, 2 Z, U V) or sound alike (B C D E G P T V, M N, A 8, F S)
# at most one is here.
# An even count, because the check symbol (Luhn mod N) finds every single wrong symbol only then.
ALPHABET = "234679AFHJKMPQRWXY"
_SYMBOLS = 8
_GROUP = 3
_WORDS = ("Alfa", "Foxtrot", "Hotel", "Juliett", "Kilo", "Mike", "Papa", "Quebec", "Romeo", "Whiskey", "Xray", "Yankee")
_SPOKEN = {word[0]: word for word in _WORDS}
_TRIES = 20
# Valid, and never given out by chance alone: shown where people are told what a code looks like.
EXAMPLE_CODE = "96H-9MK-WHX"


@dataclass(frozen=True)
class Along:
    """One thing that the customer saw, ticked and sent along. `location` is an article's, relative to the site."""

    kind: AlongKind
    text: str
    location: str = ""


@dataclass(frozen=True)
class Message:
    """What a customer wrote. `token` is the form's own, the same for a form that is sent twice; empty when unknown.

    `callback` says when they want to be called, in the form's or their own words. `follows` is the code of the first
    message of the thread that this one adds to; where it is empty, a code in the words is looked for.
    """

    message: str
    subject: str
    reply_to: str
    lang: str
    at: datetime
    token: str = ""
    callback: str = ""
    along: tuple[Along, ...] = ()
    follows: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class KeptMessage:
    """A message as it waits in the store. `follows` is the code of the message that it adds to, if it names one."""

    code: str
    message: str
    subject: str
    reply_to: str
    lang: str
    at: datetime
    state: str
    follows: str = ""
    callback: str = ""
    along: tuple[Along, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def keep_message(
    store: Store, message: Message, routes: Sequence[Route] = (), *, receipt_to: Recipient | None = None
) -> str:
    """Write the message to disk, queued on these routes, and give its reference code, such as `K7M-4PX-2RA`.

    With an address in `receipt_to` a receipt to it is queued, too, unless it had enough mail today.

    The same form sent twice gives the same code and is kept once. Nothing but the form's own token tells that: a code
    opens a thread, and whoever knows another's words and address must not get theirs. Raises StoreUnavailable when the
    message was not kept.
    """
    values = {
        "at": stamp(message.at),
        "lang": storable(message.lang, 20),
        "subject": storable(message.subject, LONGEST_LINE),
        "message": storable(message.message, LONGEST_MESSAGE),
        "reply_to": storable(message.reply_to, LONGEST_LINE),
        "callback": storable(message.callback, LONGEST_LINE),
        "fingerprint": _fingerprint(message),
        "along": json.dumps([asdict(one) for one in message.along[:MOST_ALONG]], ensure_ascii=False),
    }
    with store.transaction(durable=True) as db:
        known = _known_code(db, values["fingerprint"]) if message.token else None
        if known:
            # What is ticked in the last try counts.
            db.execute(
                "UPDATE messages SET along = :along WHERE code = :code", {"along": values["along"], "code": known}
            )
            return known
        values["follows"] = message.follows or _named_before(db, f"{values['subject']}\n{values['message']}")
        code = _insert(db, values, store)
        put_attachments(db, code, message.attachments)
        outbox.put(db, code, values["follows"] or code, routes, message.at)
        if receipt_to:
            put_receipt(db, code, receipt_to, message.at)
        return code


def _known_code(db: Database, fingerprint: str) -> str | None:
    found = db.execute(
        "SELECT code FROM messages WHERE fingerprint = :fingerprint ORDER BY at DESC LIMIT 1",
        {"fingerprint": fingerprint},
    ).fetchone()
    return str(found[0]) if found else None


def _insert(db: Database, values: dict[str, str], store: Store) -> str:
    for _ in range(_TRIES):
        code = new_code()
        inserted = db.execute(
            """INSERT INTO messages (code, at, lang, subject, message, reply_to, callback, fingerprint, follows, along)
               VALUES (:code, :at, :lang, :subject, :message, :reply_to, :callback, :fingerprint, :follows, :along)
               ON CONFLICT (code) DO NOTHING""",
            values | {"code": code},
        ).rowcount
        if inserted:
            return code
    raise StoreUnavailable(f"{store.path} has no reference codes left.", "Erase old messages: handrail forget CODE")


# Three groups of three, however they are parted; looked for at every letter, because words may seem to begin one.
_LIKE_A_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?=([A-Za-z0-9]{3}([- .\u2010-\u2015]?)[A-Za-z0-9]{3}\2[A-Za-z0-9]{3}(?![A-Za-z0-9])))"
)
_MOST_NAMED = 20


def _named_before(db: Database, words: str) -> str:
    """The first message of the thread that these words name by a code; empty when they name none of ours."""
    codes = [code for found in _LIKE_A_CODE.finditer(words) if (code := normalise(found[1]))]
    for code in codes[:_MOST_NAMED]:
        row = db.execute("SELECT code, follows FROM messages WHERE code = :code", {"code": code}).fetchone()
        if row:
            return str(row[1] or row[0])
    return ""


def _fingerprint(message: Message) -> str:
    """The same for the same form, so that a double click is told from a second message without keeping who sent it.

    Without a token it is another one each time.
    """
    parts = [message.token or secrets.token_hex(16), message.subject, message.message, message.reply_to]
    if message.callback:
        parts.append(message.callback)
    parts.extend(hashlib.sha256(one.content).hexdigest() for one in message.attachments)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def find_message(store: Store, code: str, *, contents: bool = False) -> KeptMessage | None:
    """The message with this code, however it was typed; None when there is none.

    Its files are named; what is in them is there with `contents`.
    """
    rows = store.read("SELECT * FROM messages WHERE code = :code", code=normalise(code) or "")
    return kept_message(rows[0], attachments_of(store, rows[0]["code"], contents=contents)) if rows else None


def list_messages(store: Store, *, limit: int = 10_000) -> list[KeptMessage]:
    """The messages in the store, the newest first."""
    rows = store.read("SELECT * FROM messages ORDER BY at DESC, code LIMIT :most", most=limit)
    files = attachments_by_code(store)
    return [kept_message(row, files.get(row["code"], ())) for row in rows]


def added_to(store: Store, code: str) -> list[str]:
    """The codes of what was added to the message with this code, the oldest first."""
    rows = store.read("SELECT code FROM messages WHERE follows = :code ORDER BY at", code=normalise(code) or "-")
    return [str(row["code"]) for row in rows]


def forget_message(store: Store, code: str) -> bool:
    """Erase the message with this code, and what was added to it, for good; False when there is none."""
    with store.transaction(durable=True) as db:
        known = {"code": normalise(code) or ""}
        found = db.execute("DELETE FROM messages WHERE code = :code OR follows = :code AND :code <> ''", known).rowcount
    if found:
        store.shred()
    return bool(found)


def kept_message(row: Row, attachments: tuple[Attachment, ...] = ()) -> KeptMessage:
    """The message in a row of `messages`."""
    names = ("code", "message", "subject", "reply_to", "lang", "state", "follows", "callback")
    along = tuple(Along(**one) for one in json.loads(row["along"]))
    return KeptMessage(
        at=moment(row["at"]), along=along, attachments=attachments, **{name: row[name] for name in names}
    )


def new_code() -> str:
    """A reference code that nobody can guess."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(_SYMBOLS))
    return _grouped(symbols + luhn.calc_check_digit(symbols, alphabet=ALPHABET))


def normalise(code: str) -> str | None:
    """The code as it is stored, whatever its case, spaces and dashes; None when it cannot be one of ours."""
    symbols = re.sub(r"[\s\-\u2010-\u2015.]", "", code[:100]).upper()
    if len(symbols) != _SYMBOLS + 1 or not luhn.is_valid(symbols, alphabet=ALPHABET):
        return None
    return _grouped(symbols)


# As they are heard on the phone, or read from a hand-written note: of these, only the second is ever in a code.
_MISHEARD = str.maketrans("BCDEGTVNS85", "PPPPPPPMFA9")


def codes_in(typed: str) -> list[str]:
    """The codes that somebody may mean, likeliest first: as typed, as it sounds, or within other words."""
    plain = re.sub(r"[^A-Za-z0-9]", "", typed[:200]).upper()
    meant = [typed, plain, plain.translate(_MISHEARD), *(found[1] for found in _LIKE_A_CODE.finditer(typed[:200]))]
    return list(dict.fromkeys(code for one in meant if (code := normalise(one))))


def _grouped(symbols: str) -> str:
    return "-".join(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))


def spoken(code: str) -> list[tuple[str, str]]:
    """Each symbol with the word it is said as on the phone; a digit with itself."""
    return [(symbol, _SPOKEN.get(symbol, symbol)) for symbol in code if symbol != "-"]
