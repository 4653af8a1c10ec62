"""The desk of a whole service: its store, and a colleague who is signed in. Modules bring an `app` of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from flask import Flask

from handrail_feedback.contracts import Meaning
from handrail_feedback.desk.reports.article_cache import ArticleFactsCache
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.topics.refresh import refresh

from ..conftest import by_last_word, search
from .desks import DAY, Desk, hire, service, signed_in

_tabs = count(1)


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


@pytest.fixture
def fail(app, store):
    """Searches that found nothing, each by somebody else, so many days ago; and they join their topics."""

    def record(*queries: str, ago: float = 1, **more: object) -> None:
        log = app.extensions["handrail"].searches
        for query in queries:
            log.record(
                search(query, 0, f"tab-of-{next(_tabs)}", **{"verdict": "none", "at": now() - ago * DAY, **more})
            )
        assert log.flush()
        refresh(store, Meaning("test", by_last_word), now())

    return record


@pytest.fixture
def lead(app, store) -> Desk:
    hire(store, "ana", "lead")
    return signed_in(app, "ana")
