"""How many mails an unconfirmed address has been sent, because anybody can type a stranger's address into a form.

Counted by a keyed hash, in tables of their own: erasing a message or a question erases no count, and whoever has the
store alone cannot tell whose counts these are. Who withdrew is written to no more for a while.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.database import Connection, Store
from handrail_kb.contact.email_addresses import same_mailbox

# Of all kinds together.
MOST_MAILS_A_DAY = 3
DAYS_REFUSED = 90
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Recipient:
    """An address that somebody typed. `key` is a secret that is not in the store."""

    address: str
    key: str

    @property
    def who(self) -> str:
        """The key of the mailbox in the store."""
        return hmac.digest(self.key.encode(), f"handrail-mailed {same_mailbox(self.address)}".encode(), "sha256").hex()


def may_write(db: Connection, to: Recipient, at: datetime) -> bool:
    """Whether one more mail may go there unasked today. Counts it if so, in the transaction that queues it."""
    values = {
        "who": to.who,
        "at": stamp(at),
        "day": stamp(at - _DAY),
        "far": stamp(at + _DAY),
        "then": _refused_until(at),
    }
    # What was counted tomorrow was counted by a clock that was ahead.
    db.execute("DELETE FROM mailed WHERE at <= :day OR at > :far", values)
    [count] = db.execute("SELECT count(*) FROM mailed WHERE who = :who", values).fetchone()
    unwanted = "SELECT 1 FROM unwanted WHERE who = :who AND at > :then"
    if count >= MOST_MAILS_A_DAY or db.execute(unwanted, values).fetchone():
        return False
    db.execute("INSERT INTO mailed (who, at) VALUES (:who, :at)", values)
    return True


def refuse(db: Connection, to: Recipient, at: datetime) -> None:
    """Remember that nobody there wants such mail."""
    db.execute(
        "INSERT INTO unwanted (who, at) VALUES (:who, :at) ON CONFLICT (who) DO UPDATE SET at = :at",
        {"who": to.who, "at": stamp(at)},
    )


def forget_refusals(store: Store, at: datetime) -> None:
    """Forget who wanted no such mail long ago; to be called where the clock is believed. Raises StoreUnavailable."""
    then = {"then": _refused_until(at)}
    if store.read("SELECT 1 FROM unwanted WHERE at <= :then LIMIT 1", **then):
        with store.transaction() as db:
            db.execute("DELETE FROM unwanted WHERE at <= :then", then)


def _refused_until(at: datetime) -> str:
    return stamp(at - timedelta(days=DAYS_REFUSED))
