"""What customers searched: one row for each intent, with its events and the articles opened from it.

A search box asks at every pause of the fingers; what the customer meant is one question. Keystrokes, prefixes and
small edits of one browser tab within 30 seconds therefore become one intent. Knows nothing of HTTP, and keeps no
word before it is redacted. `searches` writes through this module, `report` reads through it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from handrail_feedback.records.searches import (
    MERGE_WITHIN,
    SHORTEST_MEANT,
    WANTS_PERSON,
    EventType,
    Following,
    Intent,
    OpenedArticle,
    OpeningSearch,
    Prepared,
    Search,
    SearchEvent,
    SeenList,
    same_question,
    soon_after,
)
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp
from handrail_feedback.storage.database import Connection, Store

_SETTLED_AFTER = timedelta(hours=1)
_EARLY_KEPT = timedelta(minutes=10)
_MOST_EARLY = 10_000


def write_search(db: Connection, prepared: Prepared) -> None:
    """Merge the search into its tab's latest intent, or begin a new one; then apply events that came too early."""
    search = prepared.search
    if _first(db, "SELECT 1 FROM searches WHERE search_id = :id", id=search.search_id):
        return
    latest = _latest_intent(db, search)
    if latest and _continues(latest, prepared):
        intent_id = int(latest["id"])
        _merge(db, latest, prepared)
    else:
        intent_id = _begin(db, prepared)
    db.execute(
        "INSERT INTO searches (search_id, intent_id, at, answer) VALUES (:id, :intent, :at, :answer)",
        {"id": search.search_id, "intent": intent_id, "at": stamp(search.at), "answer": prepared.answer},
    )
    _apply_early_events(db, search.search_id)


def write_event(db: Connection, event: SearchEvent) -> None:
    """Note what the customer did on the intent of their search, or keep it until that search is written."""
    found = _first(db, _SEARCH_OF_EVENT, id=event.search_id)
    if found is None:
        _keep_early(db, event)
        return
    if event.type in ("click", "said_no") or (event.type == "seen" and _takes_over(found)):
        _show(db, found)
    values = {"intent": found["intent_id"], "at": stamp(event.at), "ms": event.ms or 0}
    db.execute(_EFFECTS[event.type], values | {"location": event.location, "position": event.position})
    if event.type == "click" and event.location is not None:
        note_opening(db, found["intent_id"], event.location, event.at)


_SEARCH_OF_EVENT = """
SELECT searches.search_id, searches.intent_id, searches.at, searches.answer, intents.shown_at, intents.shape
FROM searches JOIN intents ON intents.id = searches.intent_id WHERE searches.search_id = :id
"""

_SEEN = "UPDATE intents SET {also}seen_ms = CASE WHEN seen_ms > {ms} THEN seen_ms ELSE {ms} END WHERE id = :intent"

_EFFECTS: dict[EventType, str] = {
    "seen": _SEEN.format(also="", ms="CASE WHEN :ms > 1000 THEN :ms ELSE 1000 END"),
    "click": """UPDATE intents SET clicked_at = :at, clicked_location = :location, clicked_position = :position
                WHERE id = :intent AND (clicked_at IS NULL OR clicked_at <= :at)""",
    "said_no": "UPDATE intents SET said_no_at = coalesce(said_no_at, :at) WHERE id = :intent",
    "left": _SEEN.format(also="left_at = :at, ", ms=":ms"),
    "contact": "UPDATE intents SET contacted_at = coalesce(contacted_at, :at) WHERE id = :intent",
}


def _takes_over(found: Row) -> bool:
    """Whether a list that stood still is what was meant: a later one than shown, and more than a letter or two."""
    if not found["answer"] or found["at"] < found["shown_at"]:
        return False
    return len(json.loads(found["answer"])["shape"]) >= min(SHORTEST_MEANT, len(found["shape"]))


def _show(db: Connection, found: Row) -> None:
    """Let the words and results of this search stand for its whole intent."""
    if found["answer"]:
        values = _NOT_YET_KNOWN | json.loads(found["answer"]) | {"id": found["intent_id"]}
        db.execute(_SHOW, values | {"shown_id": found["search_id"], "shown_at": found["at"]})


# What a version before this one, which goes on running beside it for a while, does not write into an answer.
_NOT_YET_KNOWN = {"asked_back": 0}

_SHOW = """
UPDATE intents SET query = :query, shape = :shape, lang = :lang, verdict = :verdict, mode = :mode,
  degraded = :degraded, fallback_reason = :fallback_reason, asked_back = :asked_back, results = :results,
  shown_id = :shown_id, shown_at = :shown_at
WHERE id = :id
"""


def _latest_intent(db: Connection, search: Search) -> Row | None:
    if search.tab is None:
        return None
    return _first(
        db,
        """SELECT * FROM intents WHERE tab = :tab AND first_at <= :until AND last_at >= :since
           ORDER BY first_at DESC, id DESC LIMIT 1""",
        tab=search.tab,
        since=stamp(search.at - MERGE_WITHIN),
        until=stamp(search.at + MERGE_WITHIN),
    )


def _continues(latest: Row, prepared: Prepared) -> bool:
    """Whether the search is one more step of this intent. Once a customer used a list, other words are a new one."""
    if latest["clicked_at"] or latest["said_no_at"] or latest["contacted_at"]:
        return bool(latest["shape"] == prepared.shape)
    return same_question(latest["shape"], prepared.shape)


def _merge(db: Connection, latest: Row, prepared: Prepared) -> None:
    at = stamp(prepared.search.at)
    db.execute(
        """UPDATE intents SET keystrokes = keystrokes + 1,
           first_at = CASE WHEN first_at < :at THEN first_at ELSE :at END,
           last_at = CASE WHEN last_at > :at THEN last_at ELSE :at END,
           bot = CASE WHEN bot > :bot THEN bot ELSE :bot END,
           staff = CASE WHEN staff > :staff THEN staff ELSE :staff END WHERE id = :id""",
        {"id": latest["id"], "at": at, "bot": int(prepared.search.bot), "staff": int(prepared.search.staff)},
    )
    # Deleting back (to close the dialog, or to mend a word) says nothing by itself: the fuller words stay until
    # the shorter ones' list is looked at (see `write_event`). A late arrival from another process is no step ahead.
    deleting = latest["shape"] != prepared.shape and str(latest["shape"]).startswith(prepared.shape)
    if at >= latest["shown_at"] and not deleting:
        found = {"answer": prepared.answer, "intent_id": latest["id"], "search_id": prepared.search.search_id}
        _show(db, found | {"at": at})


def _begin(db: Connection, prepared: Prepared) -> int:
    search, at = prepared.search, stamp(prepared.search.at)
    values = json.loads(prepared.answer) | {
        "tab": search.tab,
        "crowd": search.crowd,
        "shown_id": search.search_id,
        "at": at,
        "source": search.source,
        "bot": int(search.bot),
        "staff": int(search.staff),
    }
    [number] = db.execute(
        """INSERT INTO intents (tab, query, shape, lang, verdict, mode, degraded, fallback_reason, asked_back, results,
             shown_id, shown_at, first_at, last_at, keystrokes, source, bot, staff, crowd)
           VALUES (:tab, :query, :shape, :lang, :verdict, :mode, :degraded, :fallback_reason, :asked_back, :results,
             :shown_id, :at, :at, :at, 1, :source, :bot, :staff, :crowd) RETURNING id""",
        values,
    ).fetchone()
    return int(number)


def _keep_early(db: Connection, event: SearchEvent) -> None:
    """Keep an event for its search, which another process is about to write. Invented ones cannot pile up."""
    db.execute("DELETE FROM early_events WHERE at < :old", {"old": stamp(event.at - _EARLY_KEPT)})
    kept = asdict(event) | {"at": stamp(event.at)}
    db.execute(
        """INSERT INTO early_events (search_id, at, event) SELECT :id, :at, :event
           WHERE (SELECT count(*) FROM early_events) < :most""",
        {"id": event.search_id, "at": stamp(event.at), "event": json.dumps(kept), "most": _MOST_EARLY},
    )


def _apply_early_events(db: Connection, search_id: str) -> None:
    this = {"id": search_id}
    waiting = db.execute("SELECT event FROM early_events WHERE search_id = :id ORDER BY at, id", this).fetchall()
    if waiting:
        db.execute("DELETE FROM early_events WHERE search_id = :id", this)
    for (kept,) in waiting:
        values = json.loads(kept)
        write_event(db, SearchEvent(**(values | {"at": moment(values["at"])})))


def erase_old(store: Store, older_than: datetime, at: datetime) -> int:
    """Erase intents last touched before `older_than`, and the keystrokes of those settled by now; how many intents."""
    with store.transaction() as db:
        erased = db.execute("DELETE FROM intents WHERE last_at < :old", {"old": stamp(older_than)}).rowcount
        settled = {"settled": stamp(at - _SETTLED_AFTER)}
        db.execute("UPDATE searches SET answer = NULL WHERE answer IS NOT NULL AND at < :settled", settled)
        db.execute("DELETE FROM early_events WHERE at < :old", {"old": stamp(at - _EARLY_KEPT)})
    return int(erased)


def intents(store: Store, since: datetime, until: datetime) -> Iterator[tuple[Intent, Following | None]]:
    """Intents begun from `since` to before `until`, oldest first, each with the next of its tab within a minute."""
    for row in store.each(_WITH_NEXT, since=stamp(since), until=stamp(until), beyond=stamp(until + timedelta(days=1))):
        intent = _intent(row)
        following = None
        if row["next_id"] is not None:
            wants_person = row["next_asked_back"] == WANTS_PERSON
            at = moment(row["next_at"])
            following = Following(row["next_id"], row["next_query"], row["next_shape"], at, wants_person)
        yield intent, following if following and soon_after(intent, following) else None


def intents_of(store: Store, numbers: Sequence[int]) -> dict[int, Intent]:
    """The intents with these numbers, those that are still kept. Raises StoreUnavailable."""
    named = {f"id_{place}": number for place, number in enumerate(numbers)}
    asked = ", ".join(f":{name}" for name in named)
    rows = store.read(f"SELECT * FROM intents WHERE id IN ({asked})", **named) if named else []  # noqa: S608
    return {row["id"]: _intent(row) for row in rows}


_WITH_NEXT = """
SELECT * FROM (
  SELECT *, lead(id) OVER by_tab AS next_id, lead(query) OVER by_tab AS next_query,
    lead(shape) OVER by_tab AS next_shape, lead(first_at) OVER by_tab AS next_at,
    lead(asked_back) OVER by_tab AS next_asked_back
  FROM intents WHERE first_at >= :since AND first_at < :beyond AND tab IS NOT NULL
  WINDOW by_tab AS (PARTITION BY tab ORDER BY first_at, id)
  UNION ALL
  SELECT *, NULL, NULL, NULL, NULL, NULL FROM intents WHERE first_at >= :since AND first_at < :until AND tab IS NULL
) AS found WHERE first_at < :until ORDER BY first_at, id
"""


def _intent(row: Row) -> Intent:
    times = {name: moment_or_none(row[name]) for name in _TIMES}
    flags = {name: bool(row[name]) for name in ("degraded", "bot", "staff")}
    wants_person = row["asked_back"] == WANTS_PERSON
    flags |= {"wants_person": wants_person, "asked_back": bool(row["asked_back"]) and not wants_person}
    # Of thousands of searches, the same few words are kept once.
    words = {name: sys.intern(row[name]) for name in ("shape", "lang", "verdict", "mode", "source") if row[name]}
    values = row | times | flags | words | {"results": _shown_results(row["results"])}
    return Intent(**{name: values[name] for name in Intent.__dataclass_fields__})


def _shown_results(kept: str) -> tuple[tuple[str, float], ...]:
    return tuple((sys.intern(str(one[0])), float(one[1])) for one in json.loads(kept) if _was_shown(one))


def _was_shown(result: Sequence[Any]) -> bool:
    """Whether a kept result was shown at once. Before lists had an end, nothing was noted, and all were."""
    return len(result) < 3 or bool(result[2])


_TIMES = ("first_at", "last_at", "clicked_at", "said_no_at", "contacted_at", "left_at")


def _first(db: Connection, sql: str, **values: Any) -> Row | None:
    return next(db.query(sql, values), None)


# Of one search; nobody opens more, and a script shall not fill the disk.
_MOST = 50


def note_opening(db: Connection, intent: int, location: str, at: datetime) -> None:
    """Keep that a search opened an article, unless it is known."""
    db.execute(
        """INSERT INTO openings (intent_id, location, at) SELECT :intent, :location, :at
           WHERE (SELECT count(*) FROM openings WHERE intent_id = :intent) < :most
           ON CONFLICT (intent_id, location) DO UPDATE SET at = excluded.at WHERE excluded.at < openings.at""",
        {"intent": intent, "location": location.partition("#")[0], "at": stamp(at), "most": _MOST},
    )


def openings(store: Store, since: datetime, until: datetime, location: str | None = None) -> list[OpenedArticle]:
    """What was opened from `since` to before `until`, of all articles or of one, oldest first; no bots, no staff."""
    rows = store.read(_OPENINGS, since=stamp(since), until=stamp(until), location=location)
    return [
        OpenedArticle(
            row["location"],
            moment(row["at"]),
            row["id"],
            row["tab"],
            row["query"],
            row["shape"],
            moment_or_none(row["contacted_at"]),
            row["crowd"],
        )
        for row in rows
    ]


def steps(store: Store, since: datetime, until: datetime, location: str | None = None) -> list[OpeningSearch]:
    """The searches of all tabs that opened an article, or that one, in this time; oldest first."""
    rows = store.read(_STEPS, since=stamp(since), until=stamp(until), location=location)
    return [
        OpeningSearch(
            row["tab"], moment(row["first_at"]), row["query"], row["shape"], moment_or_none(row["contacted_at"])
        )
        for row in rows
    ]


def seen_lists(store: Store, since: datetime, most: int) -> list[SeenList]:
    """The newest lists since then that customers looked at, at most so many, newest first, with what they opened.

    No bots, no staff, none while a part of search was down, and a few of each person at most: whoever writes a script
    must not choose what others find.
    """
    lists: dict[int, SeenList] = {}
    opened: dict[int, set[str]] = {}
    for row in store.read(_SEEN_LISTS, since=stamp(since), most=most, each=_LISTS_OF_A_PERSON):
        if row["id"] not in lists:
            results = _shown_results(row["results"])
            lists[row["id"]] = SeenList(moment(row["last_at"]), row["shape"], results, frozenset())
        if row["location"] is not None:
            opened.setdefault(row["id"], set()).add(row["location"])
    return [replace(one, opened=frozenset(opened.get(number, ()))) for number, one in lists.items()]


# As `records.searches.person_of` says it.
PERSON = "coalesce(intents.crowd, intents.tab, 'intent ' || intents.id)"

_LISTS_OF_A_PERSON = 10
_SEEN_LISTS = f"""
SELECT found.id, found.last_at, found.shape, found.results, openings.location FROM (
  SELECT *, row_number() OVER (PARTITION BY {PERSON} ORDER BY last_at DESC, id DESC) AS of_person FROM (
    SELECT id, tab, crowd, last_at, shape, results FROM intents
    WHERE last_at >= :since AND tab IS NOT NULL AND bot = 0 AND staff = 0 AND degraded = 0
      AND (seen_ms > 0 OR clicked_at IS NOT NULL)
    ORDER BY last_at DESC, id DESC LIMIT :most
  ) AS intents
) AS found LEFT JOIN openings ON openings.intent_id = found.id
WHERE found.of_person <= :each ORDER BY found.last_at DESC, found.id DESC
"""  # noqa: S608 (our own words)


_WITHIN = """
openings.at >= :since AND openings.at < :until AND intents.bot = 0 AND intents.staff = 0
AND (:location IS NULL OR openings.location = :location)
"""
_OPENINGS = f"""
SELECT openings.location, openings.at, intents.id, intents.tab, intents.query, intents.shape, intents.contacted_at,
  intents.crowd
FROM openings JOIN intents ON intents.id = openings.intent_id
WHERE {_WITHIN} ORDER BY openings.at, intents.id, openings.location
"""  # noqa: S608 (our own words)
_STEPS = f"""
SELECT tab, first_at, query, shape, contacted_at FROM intents
WHERE tab IN (SELECT tab FROM openings JOIN intents ON intents.id = openings.intent_id WHERE {_WITHIN})
ORDER BY first_at, id
"""  # noqa: S608 (our own words)
