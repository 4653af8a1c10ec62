"""Learned questions: which page answers a question, who said so and when.

What writers, agents and files say is kept here. What customers say is not kept a second time: their yes votes are read
together with the searches that led there, so that a vote that is corrected, a search that is erased and the time that
both are kept for hold here too. Knows nothing of search and HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from handrail_feedback.records.learned import (
    LONGEST_QUESTION,
    KeptQuestions,
    KnownQuestion,
    LearnedSource,
    ListedQuestion,
    TaughtQuestion,
    question_key,
    says_something,
    teachable,
)
from handrail_feedback.records.stamps import Row, moment, moment_or_none, stamp, storable
from handrail_feedback.storage.database import Connection, Store

# The newest so many are in force. Customers' are counted apart, so that they can never push the others out.
MOST_KEPT = 15_000
MOST_OF_CUSTOMERS = 5_000
# What customers can teach of one page in a day, the first that day: more would be a script.
MOST_CONFIRMATIONS_A_DAY = 20
_LONGEST_WHO = 100


def keep(store: Store, taught: Iterable[TaughtQuestion]) -> KeptQuestions:
    """Keep questions, all or none; they are in force at once. Raises StoreUnavailable when they were not kept.

    The same question for the same page is kept once for each person, and once for all files together; one that was
    removed stays so.
    """
    rows = [_row(one) for one in taught]
    fit = [row for row in rows if row["question"]]
    new = removed = 0
    with store.transaction(durable=True) as db:
        for row in fit:
            if db.execute(_KEEP, row).rowcount:
                new += 1
            else:
                removed += db.execute(_WAS_REMOVED, row).fetchone()[0]
    return KeptQuestions(new, len(fit) - new - removed, removed, len(rows) - len(fit))


# An export of tomorrow holds the tickets of today as well, so the name of a file makes no difference.
_THE_SAME = "key = :key AND source = :source AND (who = :who OR source = 'import')"
_KEEP = f"""
INSERT INTO learned (key, question, location, source, who, search_id, at)
SELECT :key, :question, :location, :source, :who, :search_id, :at
WHERE NOT EXISTS (SELECT 1 FROM learned WHERE {_THE_SAME})
"""  # noqa: S608 (our own words)
_WAS_REMOVED = f"SELECT max(CASE WHEN removed_at IS NULL THEN 0 ELSE 1 END) FROM learned WHERE {_THE_SAME}"  # noqa: S608 (our own words)


def learned_status(store: Store, taught: Iterable[TaughtQuestion]) -> dict[str, datetime | None]:
    """How questions that were kept stand: when each was removed, or None while it is in force, by its listed id."""
    found = [row for one in taught for row in store.read(_STANDING, **_key_of(one))]
    return {str(row["id"]): moment_or_none(row["removed_at"]) for row in found}


_STANDING = "SELECT id, removed_at FROM learned WHERE key = :key AND source = :source AND who = :who"


def known_questions(store: Store) -> list[KnownQuestion]:
    """All questions in force, the newest first of each kind. Raises StoreUnavailable."""
    kept = [
        KnownQuestion(
            row["question"], row["location"], row["source"], f"{row['source']}:{row['who']}", moment(row["at"])
        )
        for row in store.read(_IN_FORCE, most=MOST_KEPT)
    ]
    decided = _decisions(store)
    of_customers = [
        KnownQuestion(row["query"], row["location"], "customer", row["session"], moment(row["at"]))
        for row in _votes(store)
        if not decided.get(row["key"], _UNDECIDED)["removed_at"]
    ]
    return kept + of_customers


_IN_FORCE = """
SELECT question, location, source, who, at FROM learned
WHERE source <> 'customer' AND removed_at IS NULL ORDER BY at DESC, id DESC LIMIT :most
"""


def list_questions(
    store: Store,
    *,
    location: str | None = None,
    source: LearnedSource | None = None,
    since: datetime | None = None,
    removed: bool = False,
) -> list[ListedQuestion]:
    """Questions for writers, the newest first: of one page, of one source, since a day; with `removed`, those too."""
    kept = [_listed(row, row["question"], row["location"], row["source"], row["who"], 1) for row in store.read(_ALL)]
    found = [
        one
        for one in [*kept, *_listed_votes(store)]
        if (location is None or one.location == location)
        and (source is None or one.source == source)
        and (since is None or one.at >= since)
        and (removed or one.removed_at is None)
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


_ALL = "SELECT * FROM learned WHERE source <> 'customer'"


def remove(store: Store, ids: Sequence[str], at: datetime) -> int:
    """Take questions out of force by their listed ids; how many. They stay so, whoever says the same once more.

    Of a question of customers only what is decided is kept, not its words: those go with the votes.
    """
    return _decide(store, ids, "UPDATE learned SET removed_at = :at WHERE id = :id", stamp(at))


def restore(store: Store, ids: Sequence[str]) -> int:
    """Put removed questions into force again; how many. Those whose words are erased stay removed."""
    back = "UPDATE learned SET removed_at = :at WHERE id = :id AND (question <> '' OR source = 'customer')"
    return _decide(store, ids, back, None)


def mark_promoted(store: Store, ids: Sequence[str], at: datetime) -> int:
    """Note that questions stand in their articles now; how many. They stay in force, for the site is not built yet."""
    return _decide(store, ids, "UPDATE learned SET promoted_at = :at WHERE id = :id", stamp(at))


def version(store: Store) -> int:
    """A number that is another one after every change of what is known, in whichever process. Cheap."""
    return int(store.read("SELECT number FROM learned_changes")[0]["number"])


def erase_removed(store: Store, older_than: datetime) -> int:
    """Erase the words of questions removed before `older_than`; how many. That they were removed stays known."""
    with store.transaction() as db:
        erased = db.execute(
            "UPDATE learned SET question = '' WHERE removed_at < :old AND question <> ''", {"old": stamp(older_than)}
        )
        return int(erased.rowcount)


def _row(one: TaughtQuestion) -> dict[str, str | None]:
    question, location = teachable(one.question), storable(one.location.partition("#")[0], 500)
    return {
        "key": question_key(question, location),
        "question": question,
        "location": location,
        "source": one.source,
        "who": storable(one.who, _LONGEST_WHO),
        "search_id": one.search_id,
        "at": stamp(one.at),
    }


def _key_of(one: TaughtQuestion) -> dict[str, str | None]:
    row = _row(one)
    return {name: row[name] for name in ("key", "source", "who")}


# --- What customers say ------------------------------------------------------------------------------------------

# A vote counts for the question of the search that led to it if the page stood in that search's list. It counts once
# for each search: many votes on one search are one person's. The tab must be the one that searched, unless it searched
# by the page without JavaScript, which has no tab. That a tab's second vote on a page replaces its first is seen to
# where votes are kept. Windows are slow over wide rows, so the words are fetched last.
_VOTES = """
WITH said AS (
  SELECT votes.id, votes.at, location, coalesce(votes.crowd, votes.tab, 'no tab') AS session, intents.id AS intent,
    row_number() OVER (PARTITION BY intents.id, location ORDER BY votes.id) AS of_search
  FROM votes
  JOIN searches ON searches.search_id = votes.search_id
  JOIN intents ON intents.id = searches.intent_id
  WHERE helpful = 1 AND intents.bot = 0 AND intents.staff = 0 AND votes.bot = 0 AND votes.staff = 0
    AND length(query) <= :longest AND (intents.tab IS NULL OR intents.tab = votes.tab)
    AND shows(intents.results, location)
), bounded AS (
  SELECT *, row_number() OVER (PARTITION BY location, substr(at, 1, 10) ORDER BY id) AS of_day
  FROM said WHERE of_search = 1
)
SELECT bounded.at, location, session, query FROM bounded JOIN intents ON intents.id = intent
WHERE of_day <= :a_day ORDER BY bounded.id DESC LIMIT :most
"""


def _votes(store: Store) -> list[Row]:
    """What customers' votes teach, newest first: at, location, session, query, key; once for each tab and question."""
    found: dict[tuple[str, str], Row] = {}
    for row in store.read(_VOTES, longest=LONGEST_QUESTION, a_day=MOST_CONFIRMATIONS_A_DAY, most=MOST_OF_CUSTOMERS):
        if says_something(row["query"]):
            key = question_key(row["query"], row["location"])
            found.setdefault((row["session"], key), row | {"key": key})
    return list(found.values())


def _listed_votes(store: Store) -> list[ListedQuestion]:
    """A line for each question and page, as it was asked last."""
    people: dict[str, int] = {}
    newest: dict[str, Row] = {}
    for row in _votes(store):
        people[row["key"]] = people.get(row["key"], 0) + 1
        newest.setdefault(row["key"], row)
    decided = _decisions(store)
    return [
        _listed(
            {"id": _id_of(key), "at": row["at"], **decided.get(key, _UNDECIDED)},
            row["query"],
            row["location"],
            "customer",
            "",
            people[key],
        )
        for key, row in newest.items()
    ]


_UNDECIDED: Row = {"removed_at": None, "promoted_at": None}


def _decisions(store: Store) -> dict[str, Row]:
    """What writers decided on questions of customers, by key."""
    rows = store.read("SELECT key, removed_at, promoted_at FROM learned WHERE source = 'customer'")
    return {row.pop("key"): row for row in rows}


def _id_of(key: str) -> str:
    """The id of a question of customers, the same whoever votes next."""
    return f"c{key[:10]}"


# --- Lists and decisions -------------------------------------------------------------------------------------------


def _listed(row: Row, question: str, location: str, source: LearnedSource, who: str, people: int) -> ListedQuestion:
    removed, promoted = (moment_or_none(row[name]) for name in ("removed_at", "promoted_at"))
    return ListedQuestion(str(row["id"]), question, location, source, who, people, moment(row["at"]), removed, promoted)


def _decide(store: Store, ids: Sequence[str], mark: str, at: str | None) -> int:
    """Run `mark` on each question; one of customers gets a row to be marked. Ids that are not there are left out."""
    of_customers = any(one.startswith("c") for one in ids)  # reading all votes takes long
    voted = {_id_of(row["key"]): row for row in _votes(store)} if of_customers else {}
    with store.transaction(durable=True) as db:
        known = [one for one in dict.fromkeys(ids) if one in voted or re.fullmatch("[0-9]{1,18}", one)]
        rows = [_row_of_votes(db, voted[one]) if one in voted else int(one) for one in known]
        return sum(db.execute(mark, {"id": row, "at": at}).rowcount for row in rows)


def _row_of_votes(db: Connection, row: Row) -> int:
    """The id of the row that holds what is decided on a question of customers."""
    values = {"key": row["key"], "location": row["location"], "at": row["at"]}
    db.execute(
        """INSERT INTO learned (key, question, location, source, who, at)
           VALUES (:key, '', :location, 'customer', '', :at) ON CONFLICT (key, source, who) DO NOTHING""",
        values,
    )
    found = db.execute("SELECT id FROM learned WHERE key = :key AND source = 'customer'", values).fetchone()
    return int(found[0])
