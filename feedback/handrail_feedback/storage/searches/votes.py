"""Votes on articles: helpful or not, with reasons and a redacted comment.

A vote names the search that led to the article; the intent is found through it whichever of the two is written first.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from handrail_feedback.records.redaction.redact import redact
from handrail_feedback.records.searches import LONGEST_COMMENT, Vote
from handrail_feedback.records.stamps import Row, moment, stamp, storable
from handrail_feedback.storage.database import Store
from handrail_kb.site.vote_form import NO_REASONS, reasons_of


def keep_vote(store: Store, vote: Vote) -> None:
    """Keep the vote, its comment redacted. Raises StoreUnavailable when it could not be kept.

    A second vote of the same tab on the same article replaces the first: people correct a slip of the finger,
    and add their reasons after the vote. What a yes taught (see `learned`) goes with it.
    """
    values = {
        "at": stamp(vote.at),
        "location": storable(vote.location.partition("#")[0], 500),
        "helpful": int(vote.helpful),
        "comment": redact(storable(vote.comment, LONGEST_COMMENT)),
        "search_id": vote.search_id,
        "tab": vote.tab,
        "crowd": vote.crowd,
        "bot": int(vote.bot),
        "staff": int(vote.staff),
    }
    with store.transaction(durable=True) as db:
        db.execute("DELETE FROM votes WHERE tab = :tab AND location = :location", values)
        [number] = db.execute(
            """INSERT INTO votes (at, location, helpful, comment, search_id, tab, bot, staff, crowd)
               VALUES (:at, :location, :helpful, :comment, :search_id, :tab, :bot, :staff, :crowd)
               RETURNING id""",
            values,
        ).fetchone()
        db.executemany(
            "INSERT INTO vote_reasons (vote_id, reason) VALUES (:vote, :reason)",
            [{"vote": number, "reason": reason} for reason in dict.fromkeys(vote.reasons)],
        )


def votes(store: Store, since: datetime, until: datetime, location: str | None = None) -> list[Vote]:
    """The votes given from `since` to before `until`, on all articles or on one, oldest first; no bots, no staff.

    Of a crowd, the last vote on each article.
    """
    rows = store.read(
        """SELECT votes.*, vote_reasons.reason
           FROM votes LEFT JOIN searches ON searches.search_id = votes.search_id
             LEFT JOIN intents ON intents.id = searches.intent_id
             LEFT JOIN vote_reasons ON vote_reasons.vote_id = votes.id
           WHERE votes.at >= :since AND votes.at < :until AND (:location IS NULL OR votes.location = :location)
             AND votes.bot = 0 AND votes.staff = 0 AND coalesce(intents.bot, 0) = 0 AND coalesce(intents.staff, 0) = 0
           ORDER BY votes.at, votes.id""",
        since=stamp(since),
        until=stamp(until),
        location=location,
    )
    given: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        given[row["id"]].append(row)
    last = {(of_vote[0]["crowd"] or number, of_vote[0]["location"]): number for number, of_vote in given.items()}
    return [_vote(given[number][0], {row["reason"] for row in given[number]}) for number in sorted(last.values())]


def reasons_by_search(store: Store) -> dict[int, tuple[str, ...]]:
    """Why an article did not help after a search, by the number of its intent: the codes of all no votes after it."""
    rows = store.read(
        """SELECT searches.intent_id AS intent, reason
           FROM vote_reasons JOIN votes ON votes.id = vote_id JOIN searches ON searches.search_id = votes.search_id
           WHERE helpful = 0 AND bot = 0 AND staff = 0"""
    )
    given: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        given[row["intent"]].append(row["reason"])
    # Each as often as it was given; a newer version may have kept others.
    return {intent: tuple(one for one in sorted(reasons) if one in NO_REASONS) for intent, reasons in given.items()}


def _vote(row: Row, given: set[str | None]) -> Vote:
    known = reasons_of(bool(row["helpful"]))
    return Vote(
        location=row["location"],
        helpful=bool(row["helpful"]),
        at=moment(row["at"]),
        comment=row["comment"],
        search_id=row["search_id"],
        tab=row["tab"],
        crowd=row["crowd"],
        # A newer version may have kept others.
        reasons=tuple(reason for reason in known if reason in given),
    )


def erase_old_votes(store: Store, older_than: datetime) -> int:
    """Erase the votes given before `older_than`; how many."""
    with store.transaction() as db:
        return int(db.execute("DELETE FROM votes WHERE at < :old", {"old": stamp(older_than)}).rowcount)
