"""The service notice that all nodes show: at most one, replaced as a whole."""

from __future__ import annotations

from typing import cast

from handrail_feedback.records.stamps import moment, stamp, stamp_or_none
from handrail_feedback.storage.database import Store
from handrail_kb.contact.service_notice import NoticeLevel, ServiceNotice, languages_as_text, languages_of_text


def say(store: Store, notice: ServiceNotice) -> None:
    """Show this notice from now on, in place of the one before. Raises StoreUnavailable."""
    with store.transaction(durable=True) as db:
        db.execute("DELETE FROM service_notice")
        db.execute(
            """INSERT INTO service_notice (words, level, said_at, until, in_languages)
               VALUES (:words, :level, :said_at, :until, :in_languages)""",
            {
                "words": notice.words,
                "level": notice.level,
                "said_at": stamp(notice.said_at),
                "until": stamp_or_none(notice.until),
                "in_languages": languages_as_text(notice.in_languages),
            },
        )


def clear(store: Store) -> bool:
    """Show no notice any more; whether there was one. Raises StoreUnavailable."""
    with store.transaction(durable=True) as db:
        return db.execute("DELETE FROM service_notice").rowcount > 0


def last_said(store: Store) -> ServiceNotice | None:
    """The notice that was said last and not cleared, even if its time is over. Raises StoreUnavailable."""
    rows = store.read("SELECT * FROM service_notice")
    if not rows:
        return None
    row = rows[0]
    return ServiceNotice(
        row["words"],
        cast(NoticeLevel, row["level"]),
        moment(row["said_at"]),
        moment(row["until"]) if row["until"] else None,
        languages_of_text(row["in_languages"]),
    )
