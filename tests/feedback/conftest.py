"""A store, a log and a site of one page, all real and tiny."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.records.searches import Search
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_kb.config.settings import Settings, load_settings

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


def by_last_word(questions: Sequence[str]) -> np.ndarray:
    """A direction for each last word, so that a test says what means the same."""
    places = {"password": 0, "invoice": 1, "walrus": 2, "printer": 3}
    return np.stack([np.eye(5, dtype=np.float32)[places.get(one.split()[-1].lower(), 4)] for one in questions])


@pytest.fixture
def store(store_place: Path | str) -> Iterator[Store]:
    store = Store(store_place)
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
    app.register_blueprint(customer_pages(store, log, settings, SiteSeen(base_path="/help/")))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def encoder(exported: Path) -> Any:
    module = pytest.importorskip("handrail_search.embedding.encoder", reason="the service is not installed")
    return module.Encoder(exported)


class Asked:
    """Encodes with the real encoder, and counts what it was asked."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder
        self.words: list[str] = []

    def __call__(self, questions: Sequence[str]) -> np.ndarray:
        self.words += questions
        return np.stack([self.encoder.encode_query(question) for question in questions])


@pytest.fixture
def asked(encoder: Any) -> Asked:
    return Asked(encoder)


@pytest.fixture
def fail(log: SearchLog) -> Callable[..., None]:
    """Failed searches, each from a tab of its own."""

    def record(queries: Iterable[str], day: int = 0, **more: object) -> None:
        for number, query in enumerate(queries):
            tab = f"tab-of-{next(_numbers)}"
            log.record(search(query, day * 86_400 + 60 * number, tab, **{"verdict": "none", **more}))
        assert log.flush()

    return record
