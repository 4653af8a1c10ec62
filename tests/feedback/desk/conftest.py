"""The desk of a whole service: its store, and a colleague who is signed in. Modules bring an `app` of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from flask import Flask

from handrail_feedback.desk.reports.article_cache import ArticleFactsCache
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.storage.database import Store

from .desks import Desk, hire, service


@pytest.fixture(autouse=True)
def _nothing_is_read_beforehand(monkeypatch):
    """What tests write after signing in must not be missed, and nobody opens a store that they take away."""
    for one, early in ((TopicCache, "warm"), (TopicCache, "warm_once"), (ArticleFactsCache, "warm")):
        monkeypatch.setattr(one, early, lambda _shelf: None)


@pytest.fixture
def app(tmp_path, store_place) -> Iterator[Flask]:
    with service(tmp_path, store=str(store_place)) as app:
        yield app


@pytest.fixture
def store(app) -> Store:
    return app.extensions["handrail"].store


@pytest.fixture
def desk(app, store) -> Desk:
    """Where anna is signed in."""
    hire(store)
    desk = Desk(app.test_client())
    desk.sign_in()
    return desk
