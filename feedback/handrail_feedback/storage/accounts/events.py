"""What happened to accounts: sign-ins, refusals, and changes by whom; kept for a bounded time, and in bounded number.

No address is kept, and no name that was typed and is nobody's: it may be a password in the wrong field.
"""

from __future__ import annotations

from datetime import datetime

from handrail_feedback.records.staff import BY_STRANGERS, EVENTS_KEPT, NOTED_AGAIN, Doer, Happening, StaffEvent
from handrail_feedback.records.stamps import Row, moment, stamp
from handrail_feedback.storage.database import Connection, Store

# Of each kind, what strangers cause and what staff do: neither can push out the other.
MOST_EVENTS = 20_000


def note(db: Connection, what: Happening, name: str, at: datetime, by: Doer, *, detail: str = "") -> None:
    """Note within a transaction what happened to the account `name`; the oldest of too many make room."""
    stranger = int(what in BY_STRANGERS)
    db.execute(
        """INSERT INTO staff_events (at, what, name, who, browser, detail, by_stranger)
           VALUES (:at, :what, :name, :who, :browser, :detail, :stranger)""",
        {
            "at": stamp(at),
            "what": what,
            "name": name,
            "who": by.name,
            "browser": by.browser,
            "detail": detail,
            "stranger": stranger,
        },
    )
    db.execute(
        """DELETE FROM staff_events WHERE by_stranger = :stranger AND id <= (
             SELECT id FROM staff_events WHERE by_stranger = :stranger ORDER BY id DESC LIMIT 1 OFFSET :most)""",
        {"stranger": stranger, "most": MOST_EVENTS},
    )


def note_refused(store: Store, name: str, at: datetime, by: Doer, *, what: Happening = "refused") -> None:
    """Note that somebody could not sign in; `name` is empty unless there is such an account."""
    with store.transaction() as db:
        note(db, what, name, at, by)


def note_not_allowed(store: Store, asked: str, at: datetime, by: Doer) -> None:
    """Note that somebody asked for what their role does not allow, such as `account_events`; the same once an hour."""
    lately = {"name": by.name, "asked": asked, "since": stamp(at - NOTED_AGAIN)}
    with store.transaction() as db:
        known = db.query(
            """SELECT 1 FROM staff_events WHERE by_stranger = 1 AND what = 'not_allowed'
                 AND name = :name AND detail = :asked AND at > :since""",
            lately,
        )
        if not any(known):
            note(db, "not_allowed", by.name, at, by, detail=asked)


def erase_old_events(store: Store, at: datetime) -> int:
    """Erase what happened too long ago; how many."""
    with store.transaction() as db:
        old = {"old": stamp(at - EVENTS_KEPT)}
        return int(db.execute("DELETE FROM staff_events WHERE at < :old", old).rowcount)


def count(store: Store, name: str = "") -> int:
    """How many events there are, of one account or of all."""
    sql = "SELECT count(*) AS number FROM staff_events WHERE :name = '' OR name = :name OR who = :name"
    return int(store.read(sql, name=name)[0]["number"])


def latest(store: Store, name: str = "", *, limit: int, offset: int = 0) -> list[StaffEvent]:
    """What happened, the last first: to one account or by it, or all."""
    rows = store.read(
        """SELECT * FROM staff_events WHERE :name = '' OR name = :name OR who = :name
           ORDER BY id DESC LIMIT :limit OFFSET :offset""",
        name=name,
        limit=limit,
        offset=offset,
    )
    return [_event(row) for row in rows]


def names(store: Store) -> list[str]:
    """Every account that something happened to or that did something, also those that are gone."""
    rows = store.read("SELECT name FROM staff_events UNION SELECT who FROM staff_events ORDER BY name")
    return [row["name"] for row in rows if row["name"]]


def _event(row: Row) -> StaffEvent:
    by = Doer(row["who"], row["browser"])
    return StaffEvent(moment(row["at"]), row["what"], row["name"], by, row["detail"])
