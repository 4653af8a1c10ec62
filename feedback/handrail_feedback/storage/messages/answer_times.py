"""When messages were answered, for reports to count and for auditors to check."""

from __future__ import annotations

from datetime import datetime

from handrail_feedback.records.messages import AnsweredMessage
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import ANSWERED, NEEDED_NONE

# The first answer by a person, as `messages.first_reply_at` has it.
_FIRST = f"FROM answers WHERE {ANSWERED} AND way <> 'nothing' ORDER BY at, id LIMIT 1"
# Messages that add to no other, without those that needed no answer.
_COUNTED = f"messages.at >= :since AND messages.at < :until AND messages.follows = '' AND NOT {NEEDED_NONE}"


def answer_times(store: Store, since: datetime, until: datetime) -> list[AnsweredMessage]:
    """Messages of this time without their words, in the order in which they were written. Raises StoreUnavailable."""
    rows = store.read(
        f"""SELECT code, at, lang, reply_to <> '' AS has_address, callback <> '' AS wants_call, first_reply_at,
              '' AS way, '' AS message, '' AS words
            FROM messages WHERE {_COUNTED} ORDER BY at, id""",  # noqa: S608 (our own words)
        since=stamp(since),
        until=stamp(until),
    )
    return list(map(_answered, rows))


def answers_with_words(store: Store, since: datetime, until: datetime, *, limit: int) -> list[AnsweredMessage]:
    """As `answer_times`, with their words and those of their first answers, the newest first.

    Raises StoreUnavailable.
    """
    rows = store.read(
        f"""SELECT code, at, lang, reply_to <> '' AS has_address, callback <> '' AS wants_call, first_reply_at, message,
              (SELECT way {_FIRST}) AS way, (SELECT words {_FIRST}) AS words
            FROM messages WHERE {_COUNTED} ORDER BY at DESC, id DESC LIMIT :most""",  # noqa: S608 (our own words)
        since=stamp(since),
        until=stamp(until),
        most=limit,
    )
    return list(map(_answered, rows))


def count_answers(store: Store, since: datetime, until: datetime) -> int:
    """How many messages `answer_times` returns. Raises StoreUnavailable."""
    sql = f"SELECT count(*) AS number FROM messages WHERE {_COUNTED}"  # noqa: S608 (our own words)
    return int(store.read(sql, since=stamp(since), until=stamp(until))[0]["number"])


def _answered(row: Row) -> AnsweredMessage:
    return AnsweredMessage(
        row["code"],
        moment(row["at"]),
        row["lang"],
        "call" if row["wants_call"] else "mail" if row["has_address"] else "code",
        moment_or_none(row["first_reply_at"]),
        row["way"] or "",
        row["message"],
        row["words"] or "",
    )
