"""Receipts: the reference code by mail, for customers who left an address. Which are due, and what came of them.

A receipt is no message to a person: nobody is alarmed when one cannot be sent, no other way takes over, and after a day
it is given up. Its row is written in the message's own transaction, and is claimed by putting the next try off, so that
whoever is killed loses nothing and at worst one is sent twice. Knows nothing of mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from handrail_feedback.db import Store, stamp
from handrail_feedback.mail_quota import Recipient, may_write

_DAY = timedelta(days=1)
_FIRST_PAUSE = timedelta(minutes=2)
_LONGEST_PAUSE = timedelta(hours=2)

_DUE = "next_at <= :now AND at > :since"


@dataclass(frozen=True)
class Receipt:
    """A receipt that its holder alone may send before the next try. `attempts` counts this one."""

    code: str
    address: str
    attempts: int


def put_receipt(db: Database, code: str, to: Recipient, at: datetime) -> bool:
    """Note that a receipt is to be sent, in the transaction of its message; False when the address had enough today."""
    if not may_write(db, to, at):
        return False
    db.execute(
        "INSERT INTO receipts (code, address, at, next_at) VALUES (:code, :address, :at, :at)",
        {"code": code, "address": to.address.lower(), "at": stamp(at)},
    )
    return True


def claim_receipt(store: Store, at: datetime) -> Receipt | None:
    """The receipt to send next, put off for everybody else; None when none is due. Those of yesterday are given up."""
    times = {"now": stamp(at), "since": stamp(at - _DAY)}
    if not store.read(f"SELECT 1 FROM receipts WHERE {_DUE} LIMIT 1", **times):  # noqa: S608 (our own words)
        return None
    with store.transaction() as db:
        found = db.execute(
            f"SELECT code, address, attempts FROM receipts WHERE {_DUE} ORDER BY next_at LIMIT 1",  # noqa: S608
            times,
        ).fetchone()
        if found is None:
            return None
        receipt = Receipt(found[0], found[1], found[2] + 1)
        later = at + min(_FIRST_PAUSE * (1 << min(found[2], 10)), _LONGEST_PAUSE)
        db.execute(
            "UPDATE receipts SET attempts = :attempts, next_at = :next WHERE code = :code",
            {"code": receipt.code, "attempts": receipt.attempts, "next": stamp(later)},
        )
    return receipt


def end_receipt(store: Store, receipt: Receipt) -> None:
    """Note that it was sent, or refused for good: it is not tried again."""
    with store.transaction() as db:
        db.execute("UPDATE receipts SET next_at = NULL WHERE code = :code", {"code": receipt.code})
