"""What a message led to: the article that answers it, which search learns; or that there is none and one is needed.

Knows nothing of search and HTTP. What needs an article is kept with its question, redacted, for those who write.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handrail_feedback import learned
from handrail_feedback.answers import THREAD
from handrail_feedback.db import Row, Store, moment, stamp, storable
from handrail_feedback.learned import Taught, teachable

Kind = Literal["article", "needs"]
MOST_QUESTIONS = 5


@dataclass(frozen=True)
class Outcome:
    """One thing that a message led to. `questions` are what search was taught, or what no article answers."""

    id: int
    code: str
    thread: str
    kind: Kind
    location: str
    questions: tuple[str, ...]
    taught: tuple[str, ...]
    at: datetime
    who: str
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True)
class Learned:
    """What became of questions: in force now, taken out before by a writer, or none that could be kept."""

    in_force: int
    removed: int
    unfit: int


def name_article(
    store: Store, code: str, location: str, questions: Sequence[str], who: str, at: datetime, token: str
) -> Learned:
    """Note the article that answers a message, and teach search that it answers these questions.

    The same `token` twice is one outcome. Taught first, so that after a kill in between, saying it again mends it.
    """
    taught = [Taught(question, location, "agent", at, who) for question in _different(questions)[:MOST_QUESTIONS]]
    fit = [one for one in taught if teachable(one.question)]
    learned.keep(store, fit)
    found = learned.standing(store, fit)
    back = [one for one, removed_at in found.items() if removed_at and _undone_here(store, one, removed_at)]
    learned.restore(store, back)
    in_force = [one for one, removed_at in found.items() if one in back or not removed_at]
    _write(store, code, "article", location, [teachable(one.question) for one in fit], in_force, who, at, token)
    return Learned(len(in_force), len(found) - len(in_force), len(taught) - len(fit))


def needs_article(store: Store, code: str, questions: Sequence[str], who: str, at: datetime, token: str) -> None:
    """Note that no article answers a message and one should, with the questions it should answer."""
    fit = [question for one in _different(questions)[:MOST_QUESTIONS] if (question := teachable(one))]
    _write(store, code, "needs", "", fit, [], who, at, token)


def take_back(store: Store, number: int, who: str, at: datetime) -> bool:
    """Take an outcome back, and what search learned by it alone; False when there is nothing to take back."""
    outcome = find_outcome(store, number)
    if outcome is None or outcome.undone_at:
        return False
    elsewhere = {one for row in store.read(_OTHERS, id=number) for one in json.loads(row["taught"])}
    # The same moment in both places: that tells what was taken back here from what a writer took out.
    learned.remove(store, [one for one in outcome.taught if one not in elsewhere], at)
    with store.transaction(durable=True) as db:
        db.execute(
            "UPDATE outcomes SET undone_at = :at, undone_by = :who WHERE id = :id",
            {"id": number, "who": who, "at": stamp(at)},
        )
    return True


_OTHERS = "SELECT taught FROM outcomes WHERE undone_at IS NULL AND kind = 'article' AND id <> :id"


def find_outcome(store: Store, number: int) -> Outcome | None:
    """The outcome of this number; None when there is none."""
    rows = store.read("SELECT * FROM outcomes WHERE id = :id", id=number)
    return _outcome(rows[0]) if rows else None


def outcomes_of(store: Store, thread: str) -> list[Outcome]:
    """What a thread led to, the oldest first, without what was taken back."""
    rows = store.read(
        "SELECT * FROM outcomes WHERE thread = :thread AND undone_at IS NULL ORDER BY at, id", thread=thread
    )
    return [_outcome(row) for row in rows]


def wanted_articles(store: Store, *, limit: int = 100) -> list[Outcome]:
    """What no article answers, the newest first."""
    rows = store.read(
        "SELECT * FROM outcomes WHERE kind = 'needs' AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT :most",
        most=limit,
    )
    return [_outcome(row) for row in rows]


def _different(questions: Sequence[str]) -> list[str]:
    """Each question once, whatever its case and spaces; without empty ones."""
    found = {" ".join(one.casefold().split()): " ".join(one.split()) for one in reversed(questions) if one.strip()}
    return list(reversed(found.values()))


def _undone_here(store: Store, taught: str, removed_at: datetime) -> bool:
    """Whether a question is out of force because an outcome was taken back, and not because a writer says so."""
    rows = store.read("SELECT taught FROM outcomes WHERE undone_at = :at", at=stamp(removed_at))
    return any(taught in json.loads(row["taught"]) for row in rows)


def _write(store: Store, code: str, kind: Kind, location: str, questions: Sequence[str], taught: Sequence[str],
           who: str, at: datetime, token: str) -> None:  # fmt: skip
    with store.transaction(durable=True) as db:
        db.execute(
            f"""INSERT INTO outcomes (code, thread, kind, location, questions, taught, at, who, token)
                SELECT code, {THREAD}, :kind, :location, :questions, :taught, :at, :who, :token FROM messages
                WHERE code = :code ON CONFLICT (token) DO NOTHING""",  # noqa: S608 (our own words)
            {
                "code": code, "kind": kind, "location": storable(location, 500), "at": stamp(at), "who": who,
                "questions": json.dumps(questions, ensure_ascii=False), "taught": json.dumps(taught),
                "token": f"{token} {kind} {location}",
            },
        )  # fmt: skip


def _outcome(row: Row) -> Outcome:
    return Outcome(
        id=row["id"],
        code=row["code"],
        thread=row["thread"],
        kind=row["kind"],
        location=row["location"],
        questions=tuple(json.loads(row["questions"])),
        taught=tuple(json.loads(row["taught"])),
        at=moment(row["at"]),
        who=row["who"],
        undone_at=moment(row["undone_at"]) if row["undone_at"] else None,
        undone_by=row["undone_by"],
    )
