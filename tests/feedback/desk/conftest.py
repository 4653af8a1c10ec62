"""The desk of a whole service: its store, and a colleague who is signed in. Modules bring an `app` of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from flask import Flask

from handrail_feedback.storage.database import Store

from .desks import Desk, failing, hire, read_nothing_beforehand, service, signed_in


@pytest.fixture(autouse=True)
def _nothing_is_read_beforehand(monkeypatch):
    read_nothing_beforehand(monkeypatch)


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
def fail(app):
    """Searches that found nothing, each by somebody else, so many days ago; and they join their topics."""
    return failing(app)


@pytest.fixture
def lead(app, store) -> Desk:
    hire(store, "ana", "lead")
    return signed_in(app, "ana")
