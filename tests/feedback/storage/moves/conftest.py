"""A full store of either kind, a place of the other kind to copy it to, and the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handrail_feedback.storage.database import Store
from handrail_kb.cli import main

from ... import full_store
from .copies import Place


@pytest.fixture(params=["file", "database"])
def source_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return tmp_path / "state" / "store.db" if request.param == "file" else request.getfixturevalue("new_database")()


@pytest.fixture
def target_place(source_place: Place, tmp_path: Path, new_database: Callable[[], str]) -> Place:
    """Of the other kind."""
    return new_database() if isinstance(source_place, Path) else tmp_path / "other" / "store.db"


@pytest.fixture
def full(source_place: Place) -> Place:
    """A store with rows in every table, that nobody uses just now."""
    store = Store(source_place)
    full_store.fill(store)
    store.close()
    return source_place


@pytest.fixture
def handrail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in the folder of a site."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(one) for one in arguments])
