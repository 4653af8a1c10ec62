"""Answers to messages and their outcomes: who opened a message first, how it was answered, by which article.

An answer belongs to a thread and answers every message of it that was there. One that was taken back, or that a mail
server refused for good, answers nothing: its messages are open again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from handrail_feedback.records.learned import TaughtQuestion, teachable
from handrail_feedback.records.messages import (
    LONGEST_ANSWER,
    MOST_QUESTIONS,
    Answer,
    AnswerWay,
    Learned,
    MessageOutcome,
    OutcomeKind,
    distinct_questions,
)
from handrail_feedback.records.outbox import answer_route
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp, storable
from handrail_feedback.storage.database import Connection, Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.searches import learned

# Of a row of `messages`. An answer in the same millisecond is one to this message.
THREAD = "coalesce(nullif(messages.follows, ''), messages.code)"
IN_FORCE = "answers.undone_at IS NULL AND answers.bounced_at IS NULL"
# A thread that was closed without an answer, and never answered by a person.
NEEDED_NONE = """(messages.first_reply_at IS NULL AND EXISTS (
    SELECT 1 FROM answers WHERE answers.thread = messages.code AND way = 'nothing' AND undone_at IS NULL))"""
ANSWERED = f"answers.thread = {THREAD} AND answers.at >= messages.at AND {IN_FORCE}"


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


def settle(store: Store, code: str, way: AnswerWay, who: str, at: datetime, token: str) -> bool:
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


def write_answer(
    db: Connection, code: str, way: AnswerWay, who: str, at: datetime, token: str, *, words: str = "", to: str = ""
) -> int | None:
    """Write an answer inside a transaction; its number, or None when there is no such message."""
    values = {
        "code": code,
        "at": stamp(at),
        "who": who,
        "way": way,
        "token": f"{token} {way}",
        "to": to,
        "words": storable(words, LONGEST_ANSWER),
    }
    db.execute(
        f"""INSERT INTO answers (code, thread, at, who, way, words, recipient, token)
            SELECT code, {THREAD}, CASE WHEN :at > messages.at THEN :at ELSE messages.at END,
              :who, :way, :words, :to, :token FROM messages
            WHERE code = :code ON CONFLICT (token) DO NOTHING""",  # noqa: S608 (our own words)
        values,
    )
    found = db.execute("SELECT id, thread FROM answers WHERE token = :token AND code = :code", values).fetchone()
    if found:
        note_first_replies(db, found[1])
    return int(found[0]) if found else None


def note_first_replies(db: Connection, thread: str) -> None:
    """Update when the messages of a thread were first answered, from the answers that are in force."""
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


def undo_answer(store: Store, number: int, who: str, at: datetime) -> bool:
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
LEFT JOIN outbox ON outbox.answer_id = answers.id
"""


def _answer(row: Row) -> Answer:
    times: dict[str, Any] = {name: moment_or_none(row[name]) for name in ("sent_at", "bounced_at", "undone_at")}
    names = ("id", "code", "thread", "who", "way", "words", "undone_by")
    return Answer(at=moment(row["at"]), to=row["recipient"], **times, **{name: row[name] for name in names})


def name_article(
    store: Store, code: str, location: str, questions: Sequence[str], who: str, at: datetime, token: str
) -> Learned:
    """Note the article that answers a message, and teach search that it answers these questions.

    The same `token` twice is one outcome. Taught first, so that after a kill in between, saying it again mends it.
    """
    taught = [
        TaughtQuestion(question, location, "agent", at, who)
        for question in distinct_questions(questions)[:MOST_QUESTIONS]
    ]
    fit = [one for one in taught if teachable(one.question)]
    learned.keep(store, fit)
    found = learned.learned_status(store, fit)
    back = [one for one, removed_at in found.items() if removed_at and _undone_here(store, one, removed_at)]
    learned.restore(store, back)
    in_force = [one for one, removed_at in found.items() if one in back or not removed_at]
    _write(store, code, "article", location, [teachable(one.question) for one in fit], in_force, who, at, token)
    return Learned(len(in_force), len(found) - len(in_force), len(taught) - len(fit))


def needs_article(store: Store, code: str, questions: Sequence[str], who: str, at: datetime, token: str) -> None:
    """Note that no article answers a message and one should, with the questions it should answer."""
    fit = [question for one in distinct_questions(questions)[:MOST_QUESTIONS] if (question := teachable(one))]
    _write(store, code, "needs", "", fit, [], who, at, token)


def undo_outcome(store: Store, number: int, who: str, at: datetime) -> bool:
    """Take an outcome back, and what search learned by it alone; False when there is nothing to take back."""
    outcome = find_outcome(store, number)
    if outcome is None or outcome.undone_at:
        return False
    elsewhere = {one for row in store.read(_OTHERS, id=number) for one in json.loads(row["taught"])}
    # The same moment in both places: that tells what was taken back here from what a writer took out.
    learned.remove(store, [one for one in outcome.taught if one not in elsewhere], at)
    with store.transaction(durable=True) as db:
        db.execute(
            "UPDATE outcomes SET undone_at = :at, undone_by = :who WHERE id = :id",
            {"id": number, "who": who, "at": stamp(at)},
        )
    return True


_OTHERS = "SELECT taught FROM outcomes WHERE undone_at IS NULL AND kind = 'article' AND id <> :id"


def find_outcome(store: Store, number: int) -> MessageOutcome | None:
    """The outcome of this number; None when there is none."""
    rows = store.read("SELECT * FROM outcomes WHERE id = :id", id=number)
    return _outcome(rows[0]) if rows else None


def outcomes_of(store: Store, *threads: str) -> list[MessageOutcome]:
    """What these threads led to, the oldest first, without what was taken back."""
    asked = {f"thread_{number}": thread for number, thread in enumerate(threads)}
    listed = ", ".join(f":{name}" for name in asked) or "''"
    rows = store.read(
        f"SELECT * FROM outcomes WHERE thread IN ({listed}) AND undone_at IS NULL ORDER BY at, id",  # noqa: S608
        **asked,
    )
    return [_outcome(row) for row in rows]


def wanted_articles(store: Store, *, limit: int = 100) -> list[MessageOutcome]:
    """What no article answers, the newest first."""
    rows = store.read(
        "SELECT * FROM outcomes WHERE kind = 'needs' AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT :most",
        most=limit,
    )
    return [_outcome(row) for row in rows]


def _undone_here(store: Store, taught: str, removed_at: datetime) -> bool:
    """Whether a question is out of force because an outcome was taken back, and not because a writer says so."""
    rows = store.read("SELECT taught FROM outcomes WHERE undone_at = :at", at=stamp(removed_at))
    return any(taught in json.loads(row["taught"]) for row in rows)


def _write(
    store: Store,
    code: str,
    kind: OutcomeKind,
    location: str,
    questions: Sequence[str],
    taught: Sequence[str],
    who: str,
    at: datetime,
    token: str,
) -> None:
    with store.transaction(durable=True) as db:
        db.execute(
            f"""INSERT INTO outcomes (code, thread, kind, location, questions, taught, at, who, token)
                SELECT code, {THREAD}, :kind, :location, :questions, :taught, :at, :who, :token FROM messages
                WHERE code = :code ON CONFLICT (token) DO NOTHING""",  # noqa: S608 (our own words)
            {
                "code": code,
                "kind": kind,
                "location": storable(location, 500),
                "at": stamp(at),
                "who": who,
                "questions": json.dumps(questions, ensure_ascii=False),
                "taught": json.dumps(taught),
                "token": f"{token} {kind} {location}",
            },
        )


def _outcome(row: Row) -> MessageOutcome:
    return MessageOutcome(
        id=row["id"],
        code=row["code"],
        thread=row["thread"],
        kind=row["kind"],
        location=row["location"],
        questions=tuple(json.loads(row["questions"])),
        taught=tuple(json.loads(row["taught"])),
        at=moment(row["at"]),
        who=row["who"],
        undone_at=moment_or_none(row["undone_at"]),
        undone_by=row["undone_by"],
    )
