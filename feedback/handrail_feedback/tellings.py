"""Tell me: questions whose askers want to hear when there is an answer. Who waits, for what, and what is due.

A question is asked, confirmed from the mailbox, found answered, told and erased; or it ends earlier, and is erased as
well. What stays is how many there were. As receipts, each is claimed by putting what is due off, so that whoever is
killed loses nothing and at worst one mail is sent twice. Knows nothing of mail, HTTP or search.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlite_utils import Database

from handrail_feedback.db import Row, Store, moment, stamp, storable
from handrail_feedback.mail_quota import Recipient, may_write, refuse
from handrail_feedback.redact import redact

State = Literal["unconfirmed", "waiting", "answered"]
What = Literal["asked", "confirmed", "told", "withdrawn", "expired", "refused"]

LONGEST_QUESTION = 500
HOURS_TO_CONFIRM = 48
# An answer that cannot be mailed for so long is not mailed any more.
_TELL_WITHIN = timedelta(days=7)
_FIRST_PAUSE = timedelta(minutes=2)
_LONGEST_PAUSE = timedelta(hours=2)
# Search changes with every vote; a question need not be asked again at each.
_ASK_AGAIN_AFTER = timedelta(minutes=5)

_DUE = """next_at <= :now AND ends_at > :now
    AND (state <> 'waiting' OR (:search <> '' AND asked_of <> :search))"""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to hear of, and where. `search_id` is the search that failed; empty when unknown."""

    question: str
    address: str
    lang: str
    at: datetime
    search_id: str = ""


@dataclass(frozen=True)
class Proof:
    """The article that answers a question. `location` is relative to the site."""

    location: str
    title: str


@dataclass(frozen=True)
class Telling:
    """A question as it waits. `attempts` counts this one; `proof` and `answered_at` stand where it is answered."""

    id: int
    question: str
    address: str
    lang: str
    at: datetime
    state: State
    seed: str
    attempts: int
    proof: Proof | None = None
    answered_at: datetime | None = None


def token_of(seed: str, key: str) -> str:
    """What the links of a question's mails carry. Nobody who has the store alone can make it."""
    digest = hmac.digest(key.encode(), f"handrail-tell {seed}".encode(), "sha256")
    return urlsafe_b64encode(digest[:24]).decode()


def name_of(seed: str) -> str:
    """What tells the mails of one question from all others, and opens nothing."""
    return hashlib.sha256(f"name {seed}".encode()).hexdigest()[:20]


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
        "question": storable(redact(wish.question), LONGEST_QUESTION),
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


def find_telling(store: Store, token: str, at: datetime) -> Telling | None:
    """The question that a link stands for; None when there is none, or none any more."""
    found = store.read(
        "SELECT * FROM tellings WHERE token = :token AND ends_at > :now", token=_hashed(token), now=stamp(at)
    )
    return _telling(found[0]) if found else None


def confirm(store: Store, telling: Telling, at: datetime, days: int) -> None:
    """Let a question wait for its answer, for so many days. Once is enough; the same question waits once."""
    values = {**_this(telling), "address": telling.address, "question": telling.question, "now": stamp(at),
              "ends_at": stamp(at + timedelta(days=days))}  # fmt: skip
    with store.transaction(durable=True) as db:
        confirmed = db.execute(
            f"""UPDATE tellings SET state = 'waiting', next_at = :now, ends_at = :ends_at, attempts = 0
            WHERE {_THIS} AND state = 'unconfirmed'""",  # noqa: S608 (our own words)
            values,
        ).rowcount
        if confirmed:
            db.execute("DELETE FROM tellings WHERE address = :address AND question = :question AND id <> :id", values)
            _count(db, "confirmed", at)


def withdraw(store: Store, telling: Telling, key: str, at: datetime) -> None:
    """Erase a question and its address, because its asker says so. Nothing goes there unasked for a while."""
    with store.transaction(durable=True) as db:
        refuse(db, Recipient(telling.address, key), at)
    _erase(store, "withdrawn", at, _THIS, **_this(telling))


def forget_address(store: Store, address: str, at: datetime) -> int:
    """Erase all that waits for an address; how many questions that were."""
    return _erase(store, "withdrawn", at, "address = :address", address=address.lower())


def expire(store: Store, at: datetime) -> int:
    """Erase what nobody confirmed in time, or what found no answer in its time; how many questions that were."""
    past = "ends_at <= :now"
    if not store.read(f"SELECT 1 FROM tellings WHERE {past} LIMIT 1", now=stamp(at)):  # noqa: S608 (our own words)
        return 0
    return _erase(store, "expired", at, past, now=stamp(at))


def claim_telling(store: Store, at: datetime, search: str) -> Telling | None:
    """The question with which something is to be done next, put off for everybody else; None when there is none.

    `search` names the state that search is in, so that a question is asked once of each; empty: it cannot be asked.
    """
    values = {"now": stamp(at), "search": search}
    if not store.read(f"SELECT 1 FROM tellings WHERE {_DUE} LIMIT 1", **values):  # noqa: S608 (our own words)
        return None
    with store.transaction() as db:
        # Mails first: somebody sits before a mailbox and waits for the link.
        found = db.execute(f"SELECT id FROM tellings WHERE {_DUE} ORDER BY state = 'waiting', next_at LIMIT 1", values)  # noqa: S608
        row = found.fetchone()
        if row is None:
            return None
        [claimed] = db.query("SELECT * FROM tellings WHERE id = :id", {"id": row[0]})
        telling = _telling({**claimed, "attempts": claimed["attempts"] + 1})
        later = _ASK_AGAIN_AFTER if telling.state == "waiting" else _pause(telling.attempts)
        db.execute(
            "UPDATE tellings SET attempts = :attempts, next_at = :next WHERE id = :id",
            {"attempts": telling.attempts, "next": stamp(at + later), "id": telling.id},
        )
    return telling


# By number and seed, which no other one ever has: what was erased meanwhile leaves a note on no other.
_THIS = "id = :id AND seed = :seed"


def _this(telling: Telling) -> dict[str, str | int]:
    return {"id": telling.id, "seed": telling.seed}


def note_sent(store: Store, telling: Telling) -> None:
    """Note that the mail with the link was sent: it is not sent again."""
    with store.transaction() as db:
        db.execute(f"UPDATE tellings SET next_at = NULL WHERE {_THIS} AND state = 'unconfirmed'", _this(telling))  # noqa: S608


def note_unanswered(store: Store, telling: Telling, search: str) -> None:
    """Note that search has no answer yet, in the state it was in."""
    with store.transaction() as db:
        db.execute(f"UPDATE tellings SET asked_of = :search WHERE {_THIS}", {"search": search, **_this(telling)})  # noqa: S608


def note_answered(store: Store, telling: Telling, proof: Proof, at: datetime) -> bool:
    """Note the article that answers a question; its mail is due. False when it does not wait any more."""
    return bool(_answered(store, proof, at, "id = ? AND seed = ?", [telling.id, telling.seed]))


def answer_searches(store: Store, searches: Iterable[str], proof: Proof, at: datetime) -> int:
    """Note that an article answers what was searched: whoever waits for one of these searches is told. How many wait.

    For whoever proves it for many searches at once, whatever search itself would say of each.
    """
    ids = list(searches)
    marks = ", ".join("?" * len(ids))
    return _answered(store, proof, at, f"search_id <> '' AND search_id IN ({marks})", ids)


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits for an answer to a search, whose words they may have changed into this question."""

    search_id: str
    question: str


def waiting_searches(store: Store) -> dict[int, list[Waiting]]:
    """Who waits for a search that is kept, by the number of its intent."""
    found: dict[int, list[Waiting]] = defaultdict(list)
    for row in store.read(
        """SELECT intent_id, search_id, question FROM tellings JOIN searches USING (search_id)
           WHERE state = 'waiting' AND search_id <> ''"""
    ):
        found[row["intent_id"]].append(Waiting(row["search_id"], row["question"]))
    return dict(found)


def end_told(store: Store, telling: Telling, at: datetime) -> None:
    """Erase a question and its address after its asker was told."""
    _erase(store, "told", at, _THIS, **_this(telling))


def end_refused(store: Store, telling: Telling, at: datetime) -> None:
    """Erase a question whose address no mail server takes."""
    _erase(store, "refused", at, _THIS, **_this(telling))


def tally(store: Store, since: datetime, until: datetime) -> Counter[str]:
    """How many were asked, confirmed, told and so on, from the day of `since` to the day of `until`, both in UTC."""
    rows = store.read(
        "SELECT what, sum(count) AS count FROM tellings_tally WHERE day BETWEEN :first AND :last GROUP BY what",
        first=_day(since),
        last=_day(until),
    )
    return Counter({row["what"]: row["count"] for row in rows})


def _answered(store: Store, proof: Proof, at: datetime, which: str, values: Sequence[str | int]) -> int:
    with store.transaction(durable=True) as db:
        found = db.execute(
            f"""UPDATE tellings SET state = 'answered', location = ?, title = ?, answered_at = ?, next_at = ?,
            ends_at = ?, attempts = 0 WHERE state = 'waiting' AND {which}""",  # noqa: S608 (our own words)
            [proof.location, proof.title, stamp(at), stamp(at), stamp(at + _TELL_WITHIN), *values],
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


def _count(db: Database, what: What, at: datetime, more: int = 1) -> None:
    db.execute(
        """INSERT INTO tellings_tally (day, what, count) VALUES (:day, :what, :more)
        ON CONFLICT (day, what) DO UPDATE SET count = count + :more""",
        {"day": _day(at), "what": what, "more": more},
    )


def _day(at: datetime) -> str:
    return stamp(at)[:10]


def _pause(attempts: int) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 10)), _LONGEST_PAUSE)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _telling(row: Row) -> Telling:
    names = ("id", "question", "address", "lang", "state", "seed", "attempts")
    answered = moment(row["answered_at"]) if row["answered_at"] else None
    proof = Proof(row["location"], row["title"]) if answered else None
    return Telling(**{name: row[name] for name in names}, at=moment(row["at"]), proof=proof, answered_at=answered)
