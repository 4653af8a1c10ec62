"""A store, a log and a site of one page, all real and tiny."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.db import Store
from handrail_feedback.searches import Search, SearchLog
from handrail_feedback.views import create_blueprint
from handrail_kb.settings import Settings, load_settings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def search(query: str, seconds: float = 0, tab: str | None = "tab-aaaa", **more: Any) -> Search:
    """A search at so many seconds after noon, answered with two articles unless told otherwise."""
    values = {
        "search_id": f"search-{next(_numbers):08d}",
        "tab": tab,
        "query": query,
        "lang": "en",
        "verdict": "answered",
        "mode": "hybrid",
        "degraded": False,
        "fallback_reason": None,
        "results": ("guide/reset/#forgot", "billing/vat/"),
        "scores": (0.71, 0.5),
        "at": NOON + timedelta(seconds=seconds),
    }
    return Search(**{**values, **more})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state" / "store.db")
    yield store
    store.close()


@pytest.fixture
def log(store: Store) -> Iterator[SearchLog]:
    # The clock of these tests stands in the past: nothing may be erased for its age.
    log = SearchLog(store, retention_days=36_500)
    yield log
    assert log.close()


@pytest.fixture
def kept(store: Store, log: SearchLog) -> Callable[[], list[dict[str, object]]]:
    """The rows of intents, after all that was sent is written."""

    def rows() -> list[dict[str, object]]:
        assert log.flush()
        return store.read("SELECT * FROM intents ORDER BY first_at, id")

    return rows


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins:\n  - handrail: {contact_email: help@acme.test, contact_phone: +49 30 1234}\n"
    )
    shell = tmp_path / "site" / "contact" / "index.html"
    shell.parent.mkdir(parents=True)
    shell.write_text("<html><body>ACME LOOK <handrail-main>static</handrail-main></body></html>")
    return load_settings(tmp_path / "mkdocs.yml", environ={})


@pytest.fixture
def app(store: Store, log: SearchLog, settings: Settings) -> Flask:
    app = Flask("acme")
    app.register_blueprint(create_blueprint(store, log, settings, base_path="/help/", lang="en"))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
