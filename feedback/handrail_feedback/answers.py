"""What became of messages: who opened one at the desk first, and how it was answered. Knows no channel and no HTTP.

An answer belongs to a thread and answers every message of it that was there. One that was taken back, or that a mail
server refused for good, answers nothing: its messages are open again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from handrail_feedback import outbox
from handrail_feedback.db import Row, Store, moment, stamp, storable
from handrail_feedback.routes import answer_route

# By mail from the desk; by phone, in person or from another program; there was nothing to answer.
Way = Literal["mail", "elsewhere", "nothing"]
LONGEST_ANSWER = 20_000

# Of a row of `messages`. An answer in the same millisecond is one to this message.
THREAD = "coalesce(nullif(messages.follows, ''), messages.code)"
IN_FORCE = "answers.undone_at IS NULL AND answers.bounced_at IS NULL"
ANSWERED = f"answers.thread = {THREAD} AND answers.at >= messages.at AND {IN_FORCE}"


@dataclass(frozen=True)
class Answer:
    """One answer. `words` are those of a mail, which a mail server took at `sent_at`, or refused at `bounced_at`."""

    id: int
    code: str
    thread: str
    at: datetime
    who: str
    way: Way
    words: str
    to: str
    sent_at: datetime | None
    bounced_at: datetime | None
    undone_at: datetime | None
    undone_by: str

    @property
    def in_force(self) -> bool:
        """Whether it answers anything."""
        return self.undone_at is None and self.bounced_at is None


def note_opened(store: Store, code: str, who: str, at: datetime) -> None:
    """Note that somebody reads this message; the first one stays noted."""
    if store.read("SELECT 1 FROM opened WHERE code = :code", code=code):
        return
    with store.transaction() as db:
        db.execute(
            "INSERT INTO opened (code, at, who) SELECT code, :at, :who FROM messages WHERE code = :code "
            "ON CONFLICT (code) DO NOTHING",
            {"code": code, "at": stamp(at), "who": who},
        )


def settle(store: Store, code: str, way: Way, who: str, at: datetime, token: str) -> bool:
    """Note that a message was answered elsewhere, or needs no answer; False when there is no such message.

    The same `token` twice is one answer: people click twice.
    """
    with store.transaction(durable=True) as db:
        return write_answer(db, code, way, who, at, token) is not None


def settle_before(store: Store, before: datetime, at: datetime) -> int:
    """Note that messages of an older day that are open need no answer any more; how many these were."""
    with store.transaction(durable=True) as db:
        rows = db.execute(
            f"""SELECT code FROM messages WHERE at < :before
                AND NOT EXISTS (SELECT 1 FROM answers WHERE {ANSWERED}) ORDER BY at""",  # noqa: S608 (our own words)
            {"before": stamp(before)},
        ).fetchall()
        for (code,) in rows:
            write_answer(db, code, "nothing", "command line", at, secrets.token_hex(8))
    return len(rows)


def write_answer(db: Database, code: str, way: Way, who: str, at: datetime, token: str, *, words: str = "",
                 to: str = "") -> int | None:  # fmt: skip
    """Write an answer inside a transaction; its number, or None when there is no such message."""
    values = {
        "code": code, "at": stamp(at), "who": who, "way": way, "token": f"{token} {way}", "to": to,
        "words": storable(words, LONGEST_ANSWER),
    }  # fmt: skip
    db.execute(
        f"""INSERT INTO answers (code, thread, at, who, way, words, recipient, token)
            SELECT code, {THREAD}, max(:at, messages.at), :who, :way, :words, :to, :token FROM messages
            WHERE code = :code ON CONFLICT (token) DO NOTHING""",  # noqa: S608 (our own words)
        values,
    )
    found = db.execute("SELECT id, thread FROM answers WHERE token = :token AND code = :code", values).fetchone()
    if found:
        note_first_replies(db, found[1])
    return int(found[0]) if found else None


def note_first_replies(db: Database, thread: str) -> None:
    """Write down anew when the messages of a thread were first answered, from the answers that are in force."""
    db.execute(
        f"""UPDATE messages SET first_reply_at =
              (SELECT min(answers.at) FROM answers WHERE {ANSWERED} AND way <> 'nothing')
            WHERE code = :thread OR follows = :thread""",  # noqa: S608 (our own words)
        {"thread": thread},
    )


def answer_by_mail(store: Store, code: str, words: str, to: str, who: str, at: datetime, token: str) -> int | None:
    """Keep an answer and queue it to be mailed, all or nothing; its number, or None when there is no such message."""
    with store.transaction(durable=True) as db:
        number = write_answer(db, code, "mail", who, at, token, words=words, to=to)
        if number is not None:
            [thread] = db.execute("SELECT thread FROM answers WHERE id = :id", {"id": number}).fetchone()
            outbox.put(db, code, thread, [answer_route(number)], at)
    return number


def note_bounce(store: Store, number: int, code: str, at: datetime) -> None:
    """Note that a mail server refused an answer to this message for good: its messages are open again."""
    with store.transaction(durable=True) as db:
        found = db.execute(
            """UPDATE answers SET bounced_at = :at WHERE id = :id AND code = :code AND bounced_at IS NULL
               RETURNING thread""",
            {"id": number, "code": code, "at": stamp(at)},
        ).fetchone()
        if found:
            note_first_replies(db, found[0])


def take_back(store: Store, number: int, who: str, at: datetime) -> bool:
    """Take an answer back that was given elsewhere or was none; False when there is nothing to take back."""
    with store.transaction(durable=True) as db:
        found = db.execute(
            """UPDATE answers SET undone_at = :at, undone_by = :who
               WHERE id = :id AND undone_at IS NULL AND way <> 'mail' RETURNING thread""",
            {"id": number, "who": who, "at": stamp(at)},
        ).fetchone()
        if found:
            note_first_replies(db, found[0])
    return found is not None


def find_answer(store: Store, number: int) -> Answer | None:
    """The answer of this number; None when there is none."""
    rows = store.read(f"{_ANSWERS} WHERE answers.id = :id", id=number)
    return _answer(rows[0]) if rows else None


def answers_of(store: Store, thread: str) -> list[Answer]:
    """The answers of a thread, the oldest first, those taken back too."""
    return [
        _answer(row)
        for row in store.read(
            f"{_ANSWERS} WHERE answers.thread = :thread ORDER BY answers.at, answers.id", thread=thread
        )
    ]


_ANSWERS = """
SELECT answers.*, outbox.delivered_at AS sent_at FROM answers
LEFT JOIN outbox ON outbox.code = answers.code AND outbox.route = 'answer ' || answers.id
"""


def _answer(row: Row) -> Answer:
    times: dict[str, Any] = {
        name: moment(row[name]) if row[name] else None for name in ("sent_at", "bounced_at", "undone_at")
    }
    names = ("id", "code", "thread", "who", "way", "words", "undone_by")
    return Answer(at=moment(row["at"]), to=row["recipient"], **times, **{name: row[name] for name in names})
