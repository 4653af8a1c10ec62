"""Mails to customers and leads: which receipts, notices and weekly reports are due, and what became of them.

A receipt is no message to a person: nobody is alarmed when one cannot be sent, no channel takes over, and after a day
it is given up. Its row is written in the message's own transaction, and is claimed by putting the next try off, so that
whoever is killed loses nothing and at worst one is sent twice. Knows nothing of mail.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from handrail_feedback.records.mailings import (
    HOURS_TO_CONFIRM,
    LONGEST_NOTIFIED_QUESTION,
    AnsweringArticle,
    Notification,
    Receipt,
    Waiting,
    What,
    Wish,
    token_of,
)
from handrail_feedback.records.redaction.redact import redact
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp, storable
from handrail_feedback.storage.database import Connection, Store, retried
from handrail_feedback.storage.messages.mail_quota import Recipient, may_write, refuse
from handrail_feedback.storage.messages.outbox import WAITED_ENOUGH

_RECEIPT_DAY = timedelta(days=1)
# The pause after the first attempt, which doubles with each, and the longest.
_PAUSES = timedelta(minutes=2), timedelta(hours=2)
# A time further away than any pause was written by a clock that was wrong then.
_FAR = max(_PAUSES) + timedelta(minutes=1)
_MAIL_DUE = f"next_at IS NOT NULL AND {WAITED_ENOUGH}"
_RECEIPT_DUE = f"{_MAIL_DUE} AND at > :since"


def put_receipt(db: Connection, code: str, to: Recipient, at: datetime) -> bool:
    """Note that a receipt is to be sent, in the transaction of its message; False when the address had enough today."""
    if not may_write(db, to, at):
        return False
    db.execute(
        "INSERT INTO receipts (code, address, at, next_at) VALUES (:code, :address, :at, :at)",
        {"code": code, "address": to.address.lower(), "at": stamp(at)},
    )
    return True


@retried
def claim_receipt(store: Store, at: datetime) -> Receipt | None:
    """The receipt to send next, put off for everybody else; None when none is due. Those of yesterday are given up."""
    times = {"now": stamp(at), "far": stamp(at + _FAR), "since": stamp(at - _RECEIPT_DAY)}
    if not store.read(f"SELECT 1 FROM receipts WHERE {_RECEIPT_DUE} LIMIT 1", **times):  # noqa: S608 (our own words)
        return None
    with store.transaction(in_turn=False) as db:
        found = db.execute(
            f"""SELECT code, address, attempts FROM receipts WHERE {_RECEIPT_DUE}
                ORDER BY next_at LIMIT 1 {db.claiming("receipts")}""",  # noqa: S608 (our own words)
            times,
        ).fetchone()
        if found is None:
            return None
        receipt = Receipt(found[0], found[1], found[2] + 1)
        later = at + _pause(receipt.attempts, *_PAUSES)
        db.execute(
            "UPDATE receipts SET attempts = :attempts, next_at = :next WHERE code = :code",
            {"code": receipt.code, "attempts": receipt.attempts, "next": stamp(later)},
        )
    return receipt


def end_receipt(store: Store, receipt: Receipt) -> None:
    """Note that it was sent, or refused for good: it is not tried again."""
    with store.transaction() as db:
        db.execute("UPDATE receipts SET next_at = NULL WHERE code = :code", {"code": receipt.code})


# Nobody gets two within so many days, even if the day is changed.
_APART = timedelta(days=6)
_REPORT_PAUSES = timedelta(minutes=5), timedelta(hours=6)


def claim_report(store: Store, due: datetime, at: datetime) -> int:
    """Which attempt it is that the caller makes now at the report of this moment; 0 when there is nothing to do.

    The first time ever nothing is sent: mails begin with the next moment, not when somebody sets them up on a Thursday.
    What a clock noted that was ahead then keeps no report back.
    """
    past = {"now": stamp(at)}
    kept = store.read(
        "SELECT due_at, next_at FROM report_mails WHERE due_at <= :now ORDER BY due_at DESC LIMIT 1", **past
    )
    if kept and kept[0]["due_at"] >= stamp(due) and (kept[0]["next_at"] is None or moment(kept[0]["next_at"]) > at):
        return 0
    with store.transaction() as db:
        [rows] = db.execute("SELECT count(*) FROM report_mails").fetchone()
        sent = "SELECT coalesce(max(sent_at), '') FROM report_mails WHERE sent_at <= :now"
        skipped = not rows or db.execute(sent, past).fetchone()[0] > stamp(due - _APART)
        db.execute(
            "INSERT INTO report_mails (due_at, next_at) VALUES (:due, :next) ON CONFLICT (due_at) DO NOTHING",
            {"due": stamp(due), "next": None if skipped else stamp(at)},
        )
        found = db.execute(
            "SELECT attempts FROM report_mails WHERE due_at = :due AND next_at <= :now AND due_at = "
            "(SELECT max(due_at) FROM report_mails WHERE due_at <= :now)",
            {"due": stamp(due), **past},
        ).fetchone()
        if found is None:
            return 0
        attempt = int(found[0]) + 1
        db.execute(
            "UPDATE report_mails SET attempts = :attempt, next_at = :next WHERE due_at = :due",
            {"attempt": attempt, "next": stamp(at + _pause(attempt, *_REPORT_PAUSES)), "due": stamp(due)},
        )
    return attempt


def note_report_sent(store: Store, due: datetime, at: datetime) -> None:
    """Note that a mail server has it."""
    with store.transaction() as db:
        db.execute(
            "UPDATE report_mails SET next_at = NULL, sent_at = :now WHERE due_at = :due",
            {"now": stamp(at), "due": stamp(due)},
        )


# An answer that cannot be mailed for so long is not mailed any more.
_TELL_WITHIN = timedelta(days=7)
# Search changes with every vote; a question need not be asked again at each.
_ASK_AGAIN_AFTER = timedelta(minutes=5)

_NOTIFICATION_DUE = f"""{_MAIL_DUE} AND ends_at > :now
    AND (state <> 'waiting' OR (:search <> '' AND asked_of <> :search))"""


def words_of(store: Store, search_id: str) -> str:
    """The words of a search as they are kept; empty when it is not known."""
    found = store.read(
        "SELECT query FROM intents JOIN searches ON intents.id = intent_id WHERE search_id = :id", id=search_id
    )
    return str(found[0]["query"]) if found else ""


def ask_to_be_told(store: Store, wish: Wish, key: str) -> None:
    """Keep a question, its words redacted, until its asker confirms it. Raises StoreUnavailable when it was not kept.

    Nobody learns whether it was: not where the same one waits already, nor where the address had enough mail today.
    """
    seed = secrets.token_urlsafe(16)
    values = {
        "search_id": storable(wish.search_id, 64),
        "question": storable(redact(wish.question), LONGEST_NOTIFIED_QUESTION),
        "lang": storable(wish.lang, 20),
        "address": wish.address.lower(),
        "seed": seed,
        "token": _hashed(token_of(seed, key)),
        "at": stamp(wish.at),
        "ends_at": stamp(wish.at + timedelta(hours=HOURS_TO_CONFIRM)),
    }
    with store.transaction(durable=True) as db:
        same = "SELECT 1 FROM tellings WHERE address = :address AND question = :question AND state <> 'unconfirmed'"
        if db.execute(same, values).fetchone() or not may_write(db, Recipient(wish.address, key), wish.at):
            return
        db.execute(
            """INSERT INTO tellings (search_id, question, lang, address, seed, token, at, ends_at, next_at)
            VALUES (:search_id, :question, :lang, :address, :seed, :token, :at, :ends_at, :at)""",
            values,
        )
        _count(db, "asked", wish.at)


def find_notification(store: Store, token: str, at: datetime) -> Notification | None:
    """The question that a link belongs to; None when there is none, or none any more."""
    found = store.read(
        "SELECT * FROM tellings WHERE token = :token AND ends_at > :now", token=_hashed(token), now=stamp(at)
    )
    return _notification(found[0]) if found else None


def confirm(store: Store, notification: Notification, at: datetime, days: int) -> None:
    """Let a question wait for its answer, for so many days. Once is enough; the same question waits once."""
    values = {
        **_this(notification),
        "address": notification.address,
        "question": notification.question,
        "now": stamp(at),
        "ends_at": stamp(at + timedelta(days=days)),
    }
    with store.transaction(durable=True) as db:
        confirmed = db.execute(
            f"""UPDATE tellings SET state = 'waiting', next_at = :now, ends_at = :ends_at, attempts = 0
            WHERE {_THIS} AND state = 'unconfirmed'""",  # noqa: S608 (our own words)
            values,
        ).rowcount
        if confirmed:
            db.execute("DELETE FROM tellings WHERE address = :address AND question = :question AND id <> :id", values)
            _count(db, "confirmed", at)


def withdraw(store: Store, notification: Notification, key: str, at: datetime) -> None:
    """Erase a question and its address, because its asker says so. Nothing goes there unasked for a while."""
    with store.transaction(durable=True) as db:
        refuse(db, Recipient(notification.address, key), at)
    _erase(store, "withdrawn", at, _THIS, **_this(notification))


def forget_address(store: Store, address: str, at: datetime) -> int:
    """Erase all that waits for an address; how many questions that were."""
    return _erase(store, "withdrawn", at, "address = :address", address=address.lower())


def expire(store: Store, at: datetime) -> int:
    """Erase what nobody confirmed in time, or what found no answer in its time; how many questions that were."""
    past = "ends_at <= :now"
    if not store.read(f"SELECT 1 FROM tellings WHERE {past} LIMIT 1", now=stamp(at)):  # noqa: S608 (our own words)
        return 0
    return _erase(store, "expired", at, past, now=stamp(at))


@retried
def claim_notification(store: Store, at: datetime, search: str) -> Notification | None:
    """The question with which something is to be done next, put off for everybody else; None when there is none.

    `search` names the state that search is in, so that a question is asked once of each; empty: it cannot be asked.
    """
    values = {"now": stamp(at), "far": stamp(at + _FAR), "search": search}
    if not store.read(f"SELECT 1 FROM tellings WHERE {_NOTIFICATION_DUE} LIMIT 1", **values):  # noqa: S608 (our own words)
        return None
    with store.transaction(in_turn=False) as db:
        # Mails first: somebody sits before a mailbox and waits for the link.
        first = f"""SELECT * FROM tellings WHERE {_NOTIFICATION_DUE}
                    ORDER BY state = 'waiting', next_at LIMIT 1 {db.claiming("tellings")}"""  # noqa: S608
        claimed = next(db.query(first, values), None)
        if claimed is None:
            return None
        notification = _notification({**claimed, "attempts": claimed["attempts"] + 1})
        later = _ASK_AGAIN_AFTER if notification.state == "waiting" else _pause(notification.attempts, *_PAUSES)
        db.execute(
            "UPDATE tellings SET attempts = :attempts, next_at = :next WHERE id = :id",
            {"attempts": notification.attempts, "next": stamp(at + later), "id": notification.id},
        )
    return notification


# By number and seed, which no other one ever has: what was erased meanwhile leaves a note on no other.
_THIS = "id = :id AND seed = :seed"


def _this(notification: Notification) -> dict[str, str | int]:
    return {"id": notification.id, "seed": notification.seed}


def note_sent(store: Store, notification: Notification) -> None:
    """Note that the mail with the link was sent: it is not sent again."""
    with store.transaction() as db:
        db.execute(f"UPDATE tellings SET next_at = NULL WHERE {_THIS} AND state = 'unconfirmed'", _this(notification))  # noqa: S608


def note_unanswered(store: Store, notification: Notification, search: str) -> None:
    """Note that search has no answer yet, in the state it was in."""
    with store.transaction() as db:
        db.execute(f"UPDATE tellings SET asked_of = :search WHERE {_THIS}", {"search": search, **_this(notification)})  # noqa: S608


def note_answered(store: Store, notification: Notification, proof: AnsweringArticle, at: datetime) -> bool:
    """Note the article that answers a question; its mail is due. False when it does not wait any more."""
    return bool(_answered(store, proof, at, _THIS, _this(notification)))


def answer_searches(store: Store, searches: Iterable[str], proof: AnsweringArticle, at: datetime) -> int:
    """Note that an article answers what was searched: whoever waits for one of these searches is told. How many wait.

    For whoever proves it for many searches at once, whatever search itself would say of each.
    """
    ids = {f"search{number}": one for number, one in enumerate(searches)}
    if not ids:
        return 0
    listed = ", ".join(f":{name}" for name in ids)
    return _answered(store, proof, at, f"search_id <> '' AND search_id IN ({listed})", ids)


def waiting_searches(store: Store) -> dict[int, list[Waiting]]:
    """Who waits for a search that is kept, by the number of its intent."""
    found: dict[int, list[Waiting]] = defaultdict(list)
    for row in store.read(
        """SELECT intent_id, search_id, question FROM tellings JOIN searches USING (search_id)
           WHERE state = 'waiting' AND search_id <> ''"""
    ):
        found[row["intent_id"]].append(Waiting(row["search_id"], row["question"]))
    return dict(found)


def end_told(store: Store, notification: Notification, at: datetime) -> None:
    """Erase a question and its address after its asker was told."""
    _erase(store, "told", at, _THIS, **_this(notification))


def end_refused(store: Store, notification: Notification, at: datetime) -> None:
    """Erase a question whose address no mail server takes."""
    _erase(store, "refused", at, _THIS, **_this(notification))


def notification_figures(store: Store, first: date, last: date) -> Counter[str]:
    """How many were asked, confirmed, told and so on, from one day to another, both included and in UTC."""
    rows = store.read(
        "SELECT what, sum(count) AS count FROM tellings_tally WHERE day BETWEEN :first AND :last GROUP BY what",
        first=f"{first:%Y-%m-%d}",
        last=f"{last:%Y-%m-%d}",
    )
    return Counter({row["what"]: row["count"] for row in rows})


def _answered(store: Store, proof: AnsweringArticle, at: datetime, which: str, values: Mapping[str, str | int]) -> int:
    with store.transaction(durable=True) as db:
        found = db.execute(
            f"""UPDATE tellings SET state = 'answered', location = :location, title = :title, answered_at = :at,
            next_at = :at, ends_at = :ends_at, attempts = 0 WHERE state = 'waiting' AND {which}""",  # noqa: S608
            {
                "location": proof.location,
                "title": proof.title,
                "at": stamp(at),
                "ends_at": stamp(at + _TELL_WITHIN),
                **values,
            },
        )
        return found.rowcount


def _erase(store: Store, why: What, at: datetime, which: str, **values: str | int) -> int:
    """Erase for good, and count."""
    with store.transaction(durable=True) as db:
        erased = db.execute(f"DELETE FROM tellings WHERE {which}", values).rowcount  # noqa: S608 (our own words)
        if erased:
            _count(db, why, at, erased)
    if erased:
        store.shred()
    return erased


def _count(db: Connection, what: What, at: datetime, more: int = 1) -> None:
    db.execute(
        """INSERT INTO tellings_tally (day, what, count) VALUES (:day, :what, :more)
        ON CONFLICT (day, what) DO UPDATE SET count = tellings_tally.count + :more""",
        {"day": _day(at), "what": what, "more": more},
    )


def _day(at: datetime) -> str:
    return stamp(at)[:10]


def _pause(attempt: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long nobody else tries after so many attempts: `first`, doubled with each, up to `longest`."""
    return min(first * (1 << min(attempt - 1, 10)), longest)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _notification(row: Row) -> Notification:
    names = ("id", "question", "address", "lang", "state", "seed", "attempts")
    answered = moment_or_none(row["answered_at"])
    proof = AnsweringArticle(row["location"], row["title"]) if answered else None
    return Notification(**{name: row[name] for name in names}, at=moment(row["at"]), proof=proof, answered_at=answered)
