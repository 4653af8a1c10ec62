"""Articles that were opened from searches: which, when, and what the same browser tab did before and after.

One search may open several articles, each is kept once: going back and opening it again tells nothing new. All times
are the server's. `intents` writes through this module, `article_list` reads through it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from handrail_feedback.db import Store, moment, stamp

# Of one search; nobody opens more, and a script shall not fill the disk.
_MOST = 50


@dataclass(frozen=True)
class Opening:
    """An article that was opened from a search. `contacted_at` is of that search, as everything that has no tab."""

    location: str
    at: datetime
    intent: int
    tab: str | None
    query: str
    shape: str
    contacted_at: datetime | None


@dataclass(frozen=True)
class Step:
    """One search of a tab that opened an article: its words, and when its writer went to a person, if ever."""

    tab: str
    at: datetime
    query: str
    shape: str
    contacted_at: datetime | None


def note_opening(db: Database, intent: int, location: str, at: datetime) -> None:
    """Keep that a search opened an article, unless it is known."""
    db.execute(
        """INSERT INTO openings (intent_id, location, at) SELECT :intent, :location, :at
           WHERE (SELECT count(*) FROM openings WHERE intent_id = :intent) < :most
           ON CONFLICT (intent_id, location) DO UPDATE SET at = min(at, excluded.at)""",
        {"intent": intent, "location": location.partition("#")[0], "at": stamp(at), "most": _MOST},
    )


def openings(store: Store, since: datetime, until: datetime, location: str | None = None) -> list[Opening]:
    """What was opened from `since` to before `until`, of all articles or of one, oldest first; no bots, no staff."""
    rows = store.read(_OPENINGS, since=stamp(since), until=stamp(until), location=location)
    return [
        Opening(
            row["location"], moment(row["at"]), row["id"], row["tab"], row["query"], row["shape"],
            _maybe(row["contacted_at"]),
        )
        for row in rows
    ]  # fmt: skip


def steps(store: Store, since: datetime, until: datetime, location: str | None = None) -> list[Step]:
    """The searches of all tabs that opened an article, or that one, in this time; oldest first."""
    rows = store.read(_STEPS, since=stamp(since), until=stamp(until), location=location)
    return [
        Step(row["tab"], moment(row["first_at"]), row["query"], row["shape"], _maybe(row["contacted_at"]))
        for row in rows
    ]


_WITHIN = """
openings.at >= :since AND openings.at < :until AND NOT intents.bot AND NOT intents.staff
AND (:location IS NULL OR openings.location = :location)
"""
_OPENINGS = f"""
SELECT openings.location, openings.at, intents.id, intents.tab, intents.query, intents.shape, intents.contacted_at
FROM openings JOIN intents ON intents.id = openings.intent_id
WHERE {_WITHIN} ORDER BY openings.at, intents.id, openings.location
"""  # noqa: S608 (our own words)
_STEPS = f"""
SELECT tab, first_at, query, shape, contacted_at FROM intents
WHERE tab IN (SELECT tab FROM openings JOIN intents ON intents.id = openings.intent_id WHERE {_WITHIN})
ORDER BY first_at, id
"""  # noqa: S608 (our own words)


def _maybe(stamped: str | None) -> datetime | None:
    return moment(stamped) if stamped else None
