"""Nobody can fill the store: what is kept of each kind ends, searches first and messages last."""

from __future__ import annotations

import logging
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import list_messages
from handrail_feedback.storage.upkeep import capacity
from handrail_feedback.storage.upkeep.capacity import LIMITS, Capacity, Kind, how_full
from handrail_kb.config.settings import Settings
from handrail_kb.errors import StoreUnavailable

from ...conftest import search

Usage = namedtuple("Usage", "total used free")
# The first to stop comes first.
ORDER: tuple[Kind, ...] = ("events", "searches", "votes", "notifications", "attachments", "messages")


@pytest.fixture
def at_most(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def bound(**most: int) -> None:
        changed = {kind: replace(limit, most=most.get(kind, limit.most)) for kind, limit in LIMITS.items()}
        monkeypatch.setattr(capacity, "LIMITS", changed)

    return bound


def keep_searches(log: SearchLog, number: int) -> None:
    for n in range(number):
        log.record(search(f"question {n}", seconds=60 * n, tab=f"tab-{n:05}"))
    assert log.flush()


def client_with(store: Store, log: SearchLog, settings: Settings, room: Capacity) -> FlaskClient:
    app = Flask("acme")
    seen = SiteSeen(base_path="/help/", admit=lambda kind, _amount: room.need_room(kind))
    app.register_blueprint(customer_pages(store, log, settings, seen))
    return app.test_client()


def test_searches_beyond_the_limit_are_not_kept_and_the_operator_hears_of_it_once(
    store: Store, at_most: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    at_most(searches=10)
    log = SearchLog(store, retention_days=36_500, capacity=Capacity(store, every=0))
    with caplog.at_level(logging.WARNING):
        keep_searches(log, 9)
        keep_searches(log, 3)
        assert store.read("SELECT count(*) AS n FROM searches") != [{"n": 0}]
        keep_searches(log, 20)
        keep_searches(log, 20)
    [kept] = store.read("SELECT count(*) AS n FROM searches")
    assert kept["n"] == 12  # those of one batch come in together
    assert log.dropped == 40
    assert [record.event for record in caplog.records] == ["store.filling", "store.full"]  # type: ignore[attr-defined]
    assert log.close()


def test_a_message_is_taken_when_all_else_has_stopped(
    store: Store, log: SearchLog, settings: Settings, at_most: Callable[..., None]
) -> None:
    at_most(**{kind: 1 for kind in ORDER if kind != "messages"})
    room = Capacity(store, every=0)
    client = client_with(store, log, settings, room)
    assert client.post("/help/api/feedback", json={"url": "/help/guide/", "helpful": True}).status_code == 204
    assert client.post("/help/api/feedback", json={"url": "/help/guide/", "helpful": True}).status_code == 503
    assert client.post("/help/api/contact", json={"message": "Help", "reply_to": "anna@acme.test"}).status_code == 201
    assert [one.message for one in list_messages(store)] == ["Help"]


def test_a_store_full_of_messages_says_how_else_to_reach_a_person(
    store: Store, log: SearchLog, settings: Settings, at_most: Callable[..., None]
) -> None:
    at_most(messages=1)
    client = client_with(store, log, settings, Capacity(store, every=0))
    form = {"message": "Help", "reply_to": "anna@acme.test"}
    assert client.post("/help/api/contact", json=form).status_code == 201
    refused = client.post("/help/api/contact", json=form)
    assert refused.status_code == 503
    assert "+49 30 1234" in refused.text


@pytest.mark.parametrize(
    ("free_megabytes", "stopped"),
    [(300, 0), (120, 2), (90, 3), (60, 4), (20, 5), (0, 5)],
)
def test_a_disk_that_fills_stops_searches_first_and_messages_never(
    store: Store, monkeypatch: pytest.MonkeyPatch, free_megabytes: int, stopped: int
) -> None:
    store.read("SELECT 1 AS one")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, free_megabytes * 1024 * 1024))
    full = [one.kind for one in how_full(store) if one.full]
    assert full == ([] if store.shared else list(ORDER[:stopped]))


def test_the_operator_hears_of_a_disk_before_anything_stops(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.read("SELECT 1 AS one")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, 200 * 1024 * 1024))
    found = {one.kind: one for one in how_full(store)}
    assert not found["searches"].full
    # The disk of a database is elsewhere.
    assert found["searches"].near != store.shared
    assert ("disk" in found["searches"].told()) != store.shared


def test_every_kind_is_counted_by_what_is_there(store: Store, log: SearchLog) -> None:
    keep_searches(log, 3)
    assert {one.kind: one.there for one in how_full(store)} == dict.fromkeys(ORDER, 0) | {"searches": 3}


def test_room_comes_back_when_some_is_made(store: Store, log: SearchLog, at_most: Callable[..., None]) -> None:
    at_most(searches=2)
    room = Capacity(store, every=0)
    keep_searches(log, 2)
    assert not room.has_room("searches")
    with pytest.raises(StoreUnavailable, match="full"):
        room.need_room("searches")
    with store.transaction() as db:
        db.execute("DELETE FROM intents")
    assert room.has_room("searches")
