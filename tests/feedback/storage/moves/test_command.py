"""`handrail store move`: what it says and where the copy is, and mistakes told in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.schema.migrations import TABLES

from ... import full_store
from ...stores import export


@pytest.fixture
def site(tmp_path: Path, handrail: Callable[..., Result]) -> Iterator[Callable[..., Result]]:
    """A site whose store is full."""
    store = Store(tmp_path / ".handrail" / "store.db")
    full_store.fill(store)
    store.close()
    yield handrail


def test_the_command_copies_this_sites_store_and_ends_with_what_to_do(
    site: Callable[..., Result], new_database: Callable[[], str]
) -> None:
    database = new_database()
    done = site("store", "move", database)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    for table in TABLES:
        assert [line for line in lines if line.startswith(f"{table} ")], table
    assert lines[-1].endswith(f"HANDRAIL_STORE='{database}' handrail doctor")
    assert f"store: {database}" in done.output
    assert export(database) == export(Path(".handrail/store.db"))


def test_the_command_copies_back_to_the_usual_file(
    handrail: Callable[..., Result], tmp_path: Path, new_database: Callable[[], str]
) -> None:
    store = Store(new_database())
    full_store.fill(store)
    store.close()
    done = handrail("store", "move", store.at, ".handrail/store.db")
    assert done.exit_code == 0, done.output
    assert "take `store` out of mkdocs.yml" in done.output
    assert export(tmp_path / ".handrail" / "store.db") == export(store.at)
    assert (tmp_path / ".handrail" / "store.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["postgresql://me:secret@host/name"], "password does not belong on a command line"),
        (["postgres://me@host/name?password=secret"], "password does not belong on a command line"),
        (["mysql://host/name"], "mysql:// is no store"),
        (["host=db password=secret"], "is no store"),
        ([""], "is no file"),
        (["/"], "is no file"),
        ([".handrail/../.handrail/store.db"], "is where the store is"),
        (["a.db", "b.db", "c.db"], "more than two places"),
        (["nothing.db", "new.db"], "There is no store at nothing.db"),
        (["mkdocs.yml", "new.db"], "not a store of Handrail"),
    ],
)
def test_a_mistake_is_told_in_a_line_and_with_what_mends_it(
    site: Callable[..., Result], typed: list[str], said: str
) -> None:
    done = site("store", "move", *typed)
    assert done.exit_code == 1
    assert said in done.output.replace("'", ""), done.output
    assert "secret" not in done.output
    assert not Path("new.db").exists()
