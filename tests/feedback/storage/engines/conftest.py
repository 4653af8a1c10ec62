"""A store in an empty database of the PostgreSQL server that the tests start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handrail_feedback.storage.database import Store


@pytest.fixture
def url(new_database) -> str:
    return new_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()
