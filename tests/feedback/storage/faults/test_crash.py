"""What was confirmed to somebody outlives a crash of the database, and not only of the service."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

pytest.importorskip("psycopg_pool", reason="handrail[postgres] is not installed")

import numpy as np

from handrail_feedback.records.messages import Message
from handrail_feedback.records.searches import Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.records.topics import Grouping, Topic
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message, list_messages
from handrail_feedback.storage.searches.decisions import decide, history
from handrail_feedback.storage.searches.topics import write_grouping
from handrail_feedback.storage.searches.votes import keep_vote

from ...postgres import PostgresServer, programs


@contextmanager
def server_of_its_own():
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL 15 or newer: apt-get install postgresql")
    server = PostgresServer.create(found)
    try:
        yield server
    finally:
        server.remove()


def confirm(what, store):
    """Do it, and say how to see that it is there."""
    if what == "a vote":
        keep_vote(store, Vote("page/", True, now(), tab="tab-of-somebody"))
        return lambda: len(store.read("SELECT 1 FROM votes")) == 1
    if what == "a message":
        code = keep_message(store, Message("My parcel never came.", "", "", "en", now()))
        return lambda: [one.code for one in list_messages(store)] == [code]
    decide(store, 1, "writing", "ana", now())
    return lambda: len(history(store)[1]) == 1


@pytest.mark.long
@pytest.mark.parametrize("what", ["a vote", "a message", "a decision"])
def test_what_was_confirmed_survives_a_kill_of_postgresql(what):
    with server_of_its_own() as server:
        store = Store(server.url(server.create_database()))
        vector = np.ones(4, np.float32)
        write_grouping(store, [Topic(1, now(), "en", vector, 1)], [], [], Grouping(now(), "e", vector, 0.5, 1), None)
        is_there = confirm(what, store)
        server.kill()
        server.start_after_a_kill()
        store.close()
        assert is_there()
        store.close()
