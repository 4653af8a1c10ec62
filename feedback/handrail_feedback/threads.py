"""What a customer may do with a reference code: see how the message stands, add to it, erase it.

Any code of several messages that belong together leads to all of them. No words of a message are given out here: a code
is said aloud, written on paper and sent by mail, and whoever overhears it should learn nothing. Knows nothing of HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback.contact import Message, keep_message, normalise
from handrail_feedback.db import Row, Store, moment, stamp
from handrail_feedback.routes import Route

State = Literal["kept", "delivered", "answered"]
# A message that adds to no other has an empty `follows`, so an empty code must never get here.
_THREAD = "(code = :code OR follows = :code)"


@dataclass(frozen=True)
class Part:
    """One message of a thread: when it was written, and how it stands since when, where that is known."""

    at: datetime
    state: State
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Thread:
    """Messages that belong together, by the code of the first of them; the oldest first."""

    code: str
    parts: tuple[Part, ...]


def find_thread(store: Store, code: str, *, since: datetime) -> Thread | None:
    """What this code leads to, however it was typed; None when nothing was written in it since then."""
    first = _first_of(store, code)
    rows = store.read(f"SELECT at, state, first_reply_at FROM messages WHERE {_THREAD} ORDER BY at, id", code=first)  # noqa: S608
    if not first or not rows or rows[-1]["at"] < stamp(since):
        return None
    return Thread(first, tuple(map(_part, rows)))


def add_to_thread(
    store: Store, thread: Thread, words: str, *, at: datetime, token: str, routes: tuple[Route, ...]
) -> None:
    """Keep another message of the same person, for the same people. Raises StoreUnavailable when it was not kept."""
    found = store.read("SELECT subject, reply_to, lang FROM messages WHERE code = :code", code=thread.code)
    row = found[0] if found else {"subject": "", "reply_to": "", "lang": ""}
    message = Message(words, row["subject"], row["reply_to"], row["lang"], at, token, follows=thread.code)
    keep_message(store, message, routes)


def erase_thread(store: Store, thread: Thread) -> None:
    """Erase all messages of a thread for good, with what came along and what waits to be delivered."""
    with store.transaction(durable=True) as db:
        db.execute(f"DELETE FROM messages WHERE {_THREAD}", {"code": thread.code})  # noqa: S608 (our own words)
    store.shred()


def _first_of(store: Store, code: str) -> str:
    found = store.read("SELECT code, follows FROM messages WHERE code = :code", code=normalise(code) or "")
    return str(found[0]["follows"] or found[0]["code"]) if found else ""


def _part(row: Row) -> Part:
    answered = moment(row["first_reply_at"]) if row["first_reply_at"] else None
    state: State = "answered" if answered else "delivered" if row["state"] == "delivered" else "kept"
    return Part(moment(row["at"]), state, answered)
