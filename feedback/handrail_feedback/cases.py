"""Messages with all that has become of them, as the people who answer see them. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handrail_feedback.answers import ANSWERED, THREAD
from handrail_feedback.attachments import Attachment, attachments_of
from handrail_feedback.contact import KeptMessage, kept_message
from handrail_feedback.db import Row, Store, moment, stamp
from handrail_feedback.routes import ANSWER


@dataclass(frozen=True)
class Case:
    """A message and how it stands. `waits_since` is set while the outbox has it, `answered_*` once it is answered."""

    message: KeptMessage
    thread: str
    waits_since: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    opened_by: str
    answered_at: datetime | None
    answered_by: str
    answered_way: str
    bounced: bool

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.answered_at is None

    @property
    def about(self) -> str:
        """What it is about, in the customer's words."""
        return " ".join((self.message.subject or self.message.message).split())


_CASES = f"""
SELECT messages.*, {THREAD} AS thread, opened.at AS opened_at, opened.who AS opened_by,
  (SELECT min(queued_at) FROM outbox WHERE outbox.code = messages.code AND state = 'waiting' AND channel <> '{ANSWER}')
    AS waits_since,
  (SELECT min(delivered_at) FROM outbox WHERE outbox.code = messages.code AND channel <> '{ANSWER}') AS delivered_at,
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
    return [_case(row, attachments_of(store, row["code"])) for row in rows]


def open_cases(store: Store, *, limit: int = 200) -> list[Case]:
    """What waits for an answer, the oldest first."""
    rows = store.read(f"{_CASES} WHERE answers.id IS NULL ORDER BY messages.at, messages.id LIMIT :most", most=limit)
    return [_case(row) for row in rows]


def count_open(store: Store) -> int:
    """How many messages wait for an answer."""
    return int(store.read(f"SELECT count(*) AS n FROM messages WHERE NOT EXISTS ({_AN_ANSWER})")[0]["n"])  # noqa: S608


_AN_ANSWER = f"SELECT 1 FROM answers WHERE {ANSWERED}"  # noqa: S608 (our own words)


def answered_cases(store: Store, *, limit: int = 50) -> list[Case]:
    """What was answered, the newest answer first."""
    rows = store.read(f"{_CASES} WHERE answers.id IS NOT NULL ORDER BY answers.at DESC LIMIT :most", most=limit)
    return [_case(row) for row in rows]


def recent_cases(store: Store, at: datetime, *, within: timedelta, limit: int = 200) -> list[Case]:
    """Messages of the last days, answered or not, the newest first."""
    rows = store.read(
        f"{_CASES} WHERE messages.at >= :since ORDER BY messages.at DESC LIMIT :most",
        since=stamp(at - within),
        most=limit,
    )
    return [_case(row) for row in rows]


def count_reached(store: Store, since: datetime, until: datetime) -> tuple[int, int]:
    """How many messages of this time reached a person in some way, and how many there are."""
    [row] = store.read(
        f"""SELECT count(*) AS sent, count(*) FILTER (WHERE
              EXISTS (SELECT 1 FROM outbox WHERE outbox.code = messages.code AND channel <> '{ANSWER}'
                      AND delivered_at IS NOT NULL)
              OR EXISTS (SELECT 1 FROM opened WHERE opened.code = messages.code) OR EXISTS ({_AN_ANSWER})) AS reached
            FROM messages WHERE at >= :since AND at < :until""",  # noqa: S608 (our own words)
        since=stamp(since),
        until=stamp(until),
    )
    return row["reached"], row["sent"]


def count_undelivered(store: Store) -> tuple[int, int]:
    """How many messages wait on some way to a person now, and how many there are at all."""
    [row] = store.read(
        f"""SELECT count(*) AS kept, (SELECT count(DISTINCT code) FROM outbox
              WHERE state = 'waiting' AND channel <> '{ANSWER}') AS waiting FROM messages"""  # noqa: S608
    )
    return row["waiting"], row["kept"]


def codes_like(store: Store, code: str, *, limit: int = 3) -> list[str]:
    """Codes of messages that differ from this one in one sign, or by two neighbours changed round; newest first."""
    rows = store.read("SELECT code FROM messages ORDER BY id DESC LIMIT 20000")
    found = (str(row["code"]) for row in rows)
    return [known for known in found if _differ_a_little(known.replace("-", ""), code)][:limit]


def _differ_a_little(known: str, typed: str) -> bool:
    places = [place for place, (one, other) in enumerate(zip(known, typed, strict=False)) if one != other]
    if len(known) != len(typed):
        return False
    if len(places) == 2:
        first, second = places
        return second == first + 1 and known[first] == typed[second] and known[second] == typed[first]
    return len(places) == 1


def _case(row: Row, files: tuple[Attachment, ...] = ()) -> Case:
    times: dict[str, Any] = {
        name: moment(row[name]) if row[name] else None
        for name in ("waits_since", "delivered_at", "opened_at", "answered_at")
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
