"""Votes on articles: helpful or not, with a comment if the customer left one. Knows no customer and no HTTP.

A vote names the search that led to the article; the intent is found through it whichever of the two is written first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handrail_feedback.db import Store, stamp, storable
from handrail_feedback.redact import redact

LONGEST_COMMENT = 1000


@dataclass(frozen=True)
class Vote:
    """One customer's opinion of one article. `location` may name a section: the vote is on its page."""

    location: str
    helpful: bool
    at: datetime
    comment: str = ""
    search_id: str | None = None
    tab: str | None = None


def keep_vote(store: Store, vote: Vote) -> None:
    """Keep the vote, its comment redacted. Raises StoreUnavailable when it could not be kept.

    A second vote of the same tab on the same article replaces the first: people correct a slip of the finger,
    and add their comment after the vote. What a yes taught (see `learned`) goes with it.
    """
    values = {
        "at": stamp(vote.at),
        "location": storable(vote.location.partition("#")[0], 500),
        "helpful": int(vote.helpful),
        "comment": redact(storable(vote.comment, LONGEST_COMMENT)),
        "search_id": vote.search_id,
        "tab": vote.tab,
    }
    with store.transaction() as db:
        db.execute("DELETE FROM votes WHERE tab = :tab AND location = :location", values)
        db.execute(
            """INSERT INTO votes (at, location, helpful, comment, search_id, tab)
               VALUES (:at, :location, :helpful, :comment, :search_id, :tab)""",
            values,
        )


def votes(store: Store, since: datetime, until: datetime) -> list[Vote]:
    """The votes given from `since` to before `until`, oldest first."""
    rows = store.read(
        "SELECT * FROM votes WHERE at >= :since AND at < :until ORDER BY at, id", since=stamp(since), until=stamp(until)
    )
    return [
        Vote(
            location=row["location"],
            helpful=bool(row["helpful"]),
            at=datetime.fromisoformat(row["at"]),
            comment=row["comment"],
            search_id=row["search_id"],
            tab=row["tab"],
        )
        for row in rows
    ]


def erase_old_votes(store: Store, older_than: datetime) -> int:
    """Erase the votes given before `older_than`; how many."""
    with store.transaction() as db:
        return int(db.execute("DELETE FROM votes WHERE at < :old", {"old": stamp(older_than)}).rowcount)
