"""A real OpenID provider on localhost, a service that lets people sign in with it, and a browser."""

from __future__ import annotations

import pytest

pytest.importorskip("faiss", reason="the service is not installed")
pytest.importorskip("authlib", reason="handrail[openid] is not installed")

from ...desks import Desk, service
from .provider import SECRET, openid, running_provider


@pytest.fixture
def provider(monkeypatch):
    monkeypatch.setenv("HANDRAIL_OPENID_SECRET", SECRET)
    with running_provider() as provider:
        yield provider


@pytest.fixture
def app(tmp_path, store_place, provider):
    with service(tmp_path, openid(provider), store=str(store_place)) as app:
        yield app


@pytest.fixture
def store(app):
    return app.extensions["handrail"].store


@pytest.fixture
def browser(app, provider):
    provider.person = {"sub": "248289", "preferred_username": "Anna", "roles": ["support"]}
    return Desk(app.test_client())
