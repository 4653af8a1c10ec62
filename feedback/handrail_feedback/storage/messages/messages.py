"""Messages of customers and their files: written, found, listed and erased.

They are in the store with the message: outside of anything a web server shows, in the same transaction, the same
back-up, and gone with it. Knows nothing of HTTP and of how a message is delivered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from handrail_feedback.records.messages import (
    LONGEST_LINE,
    LONGEST_MESSAGE,
    MOST_ALONG,
    MOST_STORED,
    Along,
    Attachment,
    KeptMessage,
    Message,
    form_fingerprint,
)
from handrail_feedback.records.outbox import Route
from handrail_feedback.records.reference_codes import LIKE_A_CODE, new_code, normalise
from handrail_feedback.records.stamps import Row, moment, stamp, storable
from handrail_feedback.storage.database import Connection, Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.mail_quota import Recipient
from handrail_feedback.storage.messages.mailings import put_receipt
from handrail_kb.errors import StoreUnavailable


def put_attachments(db: Connection, code: str, attachments: Iterable[Attachment]) -> None:
    """Write the files of a message, inside the transaction that writes it."""
    for one in attachments:
        db.execute(
            "INSERT INTO attachments (code, name, type, size, content) VALUES (:code, :name, :type, :size, :content)",
            {"code": code, "name": one.name, "type": one.type, "size": one.size, "content": one.content},
        )


def attachments_of(store: Store, code: str, *, contents: bool = False) -> tuple[Attachment, ...]:
    """The files of a message in their order, with what is in them where that is asked for."""
    columns = "id, name, type, size, content" if contents else "id, name, type, size"
    rows = store.read(f"SELECT {columns} FROM attachments WHERE code = :code ORDER BY id", code=code)  # noqa: S608
    return tuple(map(_attachment, rows))


def attachments_by_code(store: Store, *, thread: str = "") -> dict[str, tuple[Attachment, ...]]:
    """The files of all messages, or of those of one thread, without what is in them."""
    which = "WHERE code IN (SELECT code FROM messages WHERE code = :thread OR follows = :thread)" if thread else ""
    found: dict[str, tuple[Attachment, ...]] = {}
    for row in store.read(f"SELECT id, code, name, type, size FROM attachments {which} ORDER BY id", thread=thread):  # noqa: S608
        found[row["code"]] = (*found.get(row["code"], ()), _attachment(row))
    return found


def has_room(store: Store, attachments: Sequence[Attachment]) -> bool:
    """Whether the store may take these files as well. Raises StoreUnavailable."""
    [row] = store.read("SELECT coalesce(sum(size), 0) AS bytes FROM attachments")
    return bool(row["bytes"] + sum(one.size for one in attachments) <= MOST_STORED)


def _attachment(row: Row) -> Attachment:
    return Attachment(row["name"], row["type"], row["size"], row["id"], row.get("content", b""))


_TRIES = 20


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
        "fingerprint": form_fingerprint(message),
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


def _known_code(db: Connection, fingerprint: str) -> str | None:
    found = db.execute(
        "SELECT code FROM messages WHERE fingerprint = :fingerprint ORDER BY at DESC LIMIT 1",
        {"fingerprint": fingerprint},
    ).fetchone()
    return str(found[0]) if found else None


def _insert(db: Connection, values: dict[str, str], store: Store) -> str:
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
    raise StoreUnavailable(f"{store.place} has no reference codes left.", "Erase old messages: handrail forget CODE")


_MOST_NAMED = 20


def _named_before(db: Connection, words: str) -> str:
    """The first message of the thread that these words name by a code; empty when they name none of ours."""
    codes = [code for found in LIKE_A_CODE.finditer(words) if (code := normalise(found[1]))]
    for code in codes[:_MOST_NAMED]:
        row = db.execute("SELECT code, follows FROM messages WHERE code = :code", {"code": code}).fetchone()
        if row:
            return str(row[1] or row[0])
    return ""


def find_message(store: Store, code: str, *, contents: bool = False) -> KeptMessage | None:
    """The message with this code, however it was typed, and the one that it adds to; None when there is none.

    Its files are named; what is in them is there with `contents`.
    """
    rows = store.read("SELECT * FROM messages WHERE code = :code", code=normalise(code) or "")
    if not rows:
        return None
    found = kept_message(rows[0], attachments_of(store, rows[0]["code"], contents=contents))
    first = store.read("SELECT * FROM messages WHERE code = :code", code=found.follows) if found.follows else []
    return replace(found, first=kept_message(first[0])) if first else found


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
