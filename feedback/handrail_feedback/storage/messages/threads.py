"""A message with all that followed it: what a customer may see, add to, or erase with a reference code.

Any code of several messages that belong together leads to all of them. No words of a message are given out here: a code
is said aloud, written on paper and sent by mail, and whoever overhears it should learn nothing. Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from handrail_feedback.records.messages import (
    SETTLING,
    Attachment,
    Case,
    Message,
    Part,
    ReplyTimes,
    Thread,
    ThreadState,
    differ_by_one_slip,
    time_for_share,
)
from handrail_feedback.records.outbox import Route
from handrail_feedback.records.reference_codes import only_code_in
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import ANSWERED, NEEDED_NONE, THREAD
from handrail_feedback.storage.messages.messages import attachments_by_code, keep_message, kept_message

_CASES = f"""
SELECT messages.*, {THREAD} AS thread, opened.at AS opened_at, opened.who AS opened_by,
  (SELECT min(queued_at) FROM outbox WHERE outbox.code = messages.code AND state = 'waiting' AND answer_id IS NULL)
    AS waits_since,
  (SELECT min(delivered_at) FROM outbox WHERE outbox.code = messages.code AND answer_id IS NULL) AS delivered_at,
  (SELECT count(*) FROM answers WHERE answers.code = messages.code AND bounced_at IS NOT NULL) AS bounced,
  answers.at AS answered_at, answers.who AS answered_by, answers.way AS answered_way
FROM messages LEFT JOIN opened ON opened.code = messages.code
LEFT JOIN answers ON answers.id = (SELECT id FROM answers WHERE {ANSWERED} ORDER BY at, id LIMIT 1)
"""  # noqa: S608 (our own words)


def find_case(store: Store, code: str) -> Case | None:
    """The message with this code, exactly as it is stored; None when there is none."""
    rows = store.read(f"{_CASES} WHERE messages.code = :code", code=code)
    return _case(rows[0]) if rows else None


def thread_of(store: Store, thread: str) -> list[Case]:
    """All messages of a thread with the names of their files, the oldest first."""
    rows = store.read(
        f"{_CASES} WHERE messages.code = :thread OR messages.follows = :thread ORDER BY messages.at, messages.id",
        thread=thread,
    )
    files = attachments_by_code(store, thread=thread)
    return [_case(row, files.get(row["code"], ())) for row in rows]


MOST_IN_INBOX = 3000


def inbox_cases(store: Store, *, limit: int = MOST_IN_INBOX) -> list[Case]:
    """Messages with all that was shared, those that wait for an answer first, then the newest."""
    rows = store.read(
        f"{_CASES} ORDER BY CASE WHEN answers.id IS NULL THEN 0 ELSE 1 END, messages.at DESC LIMIT :most", most=limit
    )
    return [_case(row) for row in rows]


_AN_ANSWER = f"SELECT 1 FROM answers WHERE {ANSWERED}"  # noqa: S608 (our own words)


def recent_cases(store: Store, at: datetime, *, within: timedelta, limit: int = 200) -> list[Case]:
    """Messages of the last days, answered or not, the newest first."""
    rows = store.read(
        f"{_CASES} WHERE messages.at >= :since ORDER BY messages.at DESC LIMIT :most",
        since=stamp(at - within),
        most=limit,
    )
    return [_case(row) for row in rows]


def cases_of(store: Store, codes: Sequence[str]) -> dict[str, Case]:
    """The messages with these codes, those that are still kept. Raises StoreUnavailable."""
    named = {f"code_{place}": code for place, code in enumerate(codes)}
    asked = ", ".join(f":{name}" for name in named)
    rows = store.read(f"{_CASES} WHERE messages.code IN ({asked})", **named) if named else []
    return {row["code"]: _case(row) for row in rows}


# Whether a message reached a person in some way.
_REACHED = f"""(EXISTS (SELECT 1 FROM outbox WHERE outbox.code = messages.code AND answer_id IS NULL
  AND delivered_at IS NOT NULL)
  OR EXISTS (SELECT 1 FROM opened WHERE opened.code = messages.code) OR EXISTS ({_AN_ANSWER}))"""  # noqa: S608


def sent_messages(store: Store, since: datetime, until: datetime) -> dict[str, bool]:
    """The messages that `count_reached` counts, newest first, and whether each reached a person."""
    rows = store.read(
        f"""SELECT code, CASE WHEN {_REACHED} THEN 1 ELSE 0 END AS reached FROM messages
            WHERE messages.at >= :since AND messages.at < :until ORDER BY messages.at DESC, messages.id DESC""",  # noqa: S608
        since=stamp(since),
        until=stamp(until),
    )
    return {row["code"]: bool(row["reached"]) for row in rows}


def kept_messages(store: Store) -> dict[str, bool]:
    """The messages that `count_undelivered` counts, newest first, and whether each waits in the outbox."""
    rows = store.read(
        """SELECT code, CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE outbox.code = messages.code
             AND state = 'waiting' AND answer_id IS NULL) THEN 1 ELSE 0 END AS waiting
           FROM messages ORDER BY at DESC, id DESC"""
    )
    return {row["code"]: bool(row["waiting"]) for row in rows}


def count_reached(store: Store, *periods: tuple[datetime, datetime]) -> list[tuple[int, int]]:
    """How many messages of each period reached a person in some way, and how many there are.

    All are counted at one go: a database on another machine is asked once.
    """
    values = {
        f"{name}_{number}": stamp(at)
        for number, period in enumerate(periods)
        for name, at in zip(("since", "until"), period, strict=True)
    }
    asked = ", ".join(f"({number}, :since_{number}, :until_{number})" for number in range(len(periods)))
    rows = store.read(
        f"""WITH periods (number, since, until) AS (VALUES {asked})
            SELECT count(messages.id) AS sent, count(messages.id) FILTER (WHERE {_REACHED}) AS reached
            FROM periods LEFT JOIN messages ON messages.at >= periods.since AND messages.at < periods.until
            GROUP BY number ORDER BY number""",  # noqa: S608 (our own words)
        **values,
    )
    return [(row["reached"], row["sent"]) for row in rows]


def count_undelivered(store: Store) -> tuple[int, int]:
    """How many messages wait in the outbox for a person now, and how many there are at all."""
    [row] = store.read(
        """SELECT count(*) AS kept, (SELECT count(DISTINCT code) FROM outbox
              WHERE state = 'waiting' AND answer_id IS NULL) AS waiting FROM messages"""
    )
    return row["waiting"], row["kept"]


def codes_like(store: Store, code: str, *, limit: int = 3) -> list[str]:
    """Codes of messages that differ from this one in one sign, or by two neighbours changed round; newest first."""
    rows = store.read("SELECT code FROM messages ORDER BY id DESC LIMIT 20000")
    found = (str(row["code"]) for row in rows)
    return [known for known in found if differ_by_one_slip(known.replace("-", ""), code)][:limit]


def _case(row: Row, files: tuple[Attachment, ...] = ()) -> Case:
    times: dict[str, Any] = {
        name: moment_or_none(row[name]) for name in ("waits_since", "delivered_at", "opened_at", "answered_at")
    }
    return Case(
        message=kept_message(row, files),
        thread=row["thread"],
        opened_by=row["opened_by"] or "",
        answered_by=row["answered_by"] or "",
        answered_way=row["answered_way"] or "",
        bounced=bool(row["bounced"]),
        **times,
    )


def reply_times(store: Store, at: datetime, *, days: int = 30) -> ReplyTimes:
    """How soon those who wrote in `days` days were answered. Raises StoreUnavailable."""
    return reply_times_between(store, at - SETTLING - timedelta(days=days), at - SETTLING)


def reply_times_between(store: Store, since: datetime, until: datetime) -> ReplyTimes:
    """How soon those who wrote in this time were answered. Raises StoreUnavailable."""
    rows = store.read(_TO_BE_ANSWERED, since=stamp(since), until=stamp(until))
    waits = sorted(moment(row["first_reply_at"]) - moment(row["at"]) for row in rows if row["first_reply_at"])
    return ReplyTimes(
        since,
        until,
        len(rows),
        len(waits),
        time_for_share(0.5, waits, len(rows)),
        time_for_share(0.9, waits, len(rows)),
    )


_TO_BE_ANSWERED = f"""
SELECT code, at, first_reply_at FROM messages
WHERE at >= :since AND at < :until AND follows = '' AND reply_to <> '' AND NOT {NEEDED_NONE}
ORDER BY at DESC, id DESC
"""  # noqa: S608 (our own words)


def messages_to_answer(store: Store, since: datetime, until: datetime) -> dict[str, bool]:
    """The messages that `reply_times_between` counts, newest first, and whether each was answered."""
    rows = store.read(_TO_BE_ANSWERED, since=stamp(since), until=stamp(until))
    return {row["code"]: row["first_reply_at"] is not None for row in rows}


# A message that adds to no other has an empty `follows`, so an empty code must never get here.
_THREAD = "(code = :code OR follows = :code)"


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
    found = store.read("SELECT code, follows FROM messages WHERE code = :code", code=only_code_in(code) or "")
    return str(found[0]["follows"] or found[0]["code"]) if found else ""


def _part(row: Row) -> Part:
    answered = moment_or_none(row["first_reply_at"])
    state: ThreadState = "answered" if answered else "delivered" if row["state"] == "delivered" else "kept"
    return Part(moment(row["at"]), state, answered)
