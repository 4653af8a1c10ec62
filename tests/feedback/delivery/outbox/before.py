"""Stores as an older Handrail left them."""

from __future__ import annotations

from contextlib import contextmanager

from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.messages.answers import write_answer
from handrail_feedback.storage.schema.migrations import MIGRATIONS


@contextmanager
def as_before(last):
    """An older Handrail, whose last migration was the one of this number."""
    kept = list(MIGRATIONS)
    MIGRATIONS[:] = [one for one in kept if one.name[:4] <= last]
    try:
        yield
    finally:
        MIGRATIONS[:] = kept


def queue_as_before(db, code, route, at):
    """Queue a message, or an answer to it, as it was done while the outbox knew an answer by the name of its route."""
    db.execute(
        "INSERT INTO outbox (code, thread, route, channel, queued_at, next_at) "
        "SELECT code, coalesce(nullif(follows, ''), code), :route, :channel, :at, :at FROM messages WHERE code = :code",
        {"route": route, "channel": route.split()[0], "at": stamp(at), "code": code},
    )


def answer_as_before(store, code, at, words="An answer.", to="anna@acme.test", token="t1"):
    """Answer a message, and queue the answer by the name of its route. The number of the answer."""
    with store.transaction() as db:
        number = write_answer(db, code, "mail", "bert", at, token, words=words, to=to)
        queue_as_before(db, code, f"answer {number}", at)
    return number
