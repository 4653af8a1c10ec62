"""Votes that tests write and find again."""

from __future__ import annotations

from handrail_feedback.storage.database import Store

VOTE = "INSERT INTO votes (at, location, helpful, comment) VALUES ('', :location, 1, '')"


def locations(store: Store) -> list[str]:
    return [row["location"] for row in store.read("SELECT location FROM votes ORDER BY location")]


def vote(store: Store, *voted: str) -> None:
    with store.transaction() as db:
        for location in voted:
            db.execute(VOTE, {"location": location})
