"""A full store, and the folder for its backups."""

from __future__ import annotations

from pathlib import Path

import pytest

from handrail_feedback.storage.database import Store

from ... import full_store
from .stores import Place


@pytest.fixture(autouse=True)
def _programs_are_here(store_place: Place) -> None:
    if isinstance(store_place, str):
        pytest.importorskip("psycopg_pool")


@pytest.fixture
def full(store: Store) -> Store:
    full_store.fill(store)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "backups"
