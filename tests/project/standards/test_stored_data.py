"""The page about what is stored names every table and every column that can hold words, as the schema has them."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("sqlite_utils", reason="the service is not installed")

import sqlite3

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.schema.migrations import TABLES

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "operators" / "stored-data.md"
HEAD = "| Table | Words and people | Other columns | Why | How long |"
Columns = dict[str, set[str]]


def named_on(page: str) -> Columns:
    """Table to its columns as the page tells of them. Each row has to say why and how long."""
    found: Columns = {}
    for row in re.findall(r"^\| `(?:\w+)` \|.*\|$", page, re.M):
        table, people, others, why, how_long = (cell.strip() for cell in row.strip("|").split("|"))
        assert why, f"{table}: why"
        assert how_long, f"{table}: how long"
        name = table.strip("`")
        assert name not in found, f"{name} stands there twice"
        # In brackets a word of code is an explanation, and no column.
        cells = [re.sub(r"\([^)]*\)", "", cell) for cell in (people, others)]
        columns = [column for cell in cells for column in re.findall(r"`(\w+)`", cell)]
        assert len(columns) == len(set(columns)), f"{name}: a column stands there twice"
        assert all(columns or cell == "none" for cell in cells), name
        found[name] = set(columns)
    return found


def held_by(store: Path) -> tuple[Columns, Columns]:
    """Table to its columns: those that can hold words, addresses or anything made of them; and all."""
    wordy: Columns = {}
    every: Columns = {}
    with closing(sqlite3.connect(store)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            # Of the engine, and of the migrations: names of steps.
            if table.startswith("sqlite_") or table in {"_sqlite_migrations", "migrations"}:
                continue
            columns = [(name, kind) for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})")]
            every[table] = {name for name, _ in columns}
            wordy[table] = {name for name, kind in columns if kind not in {"INTEGER", "REAL"}}
    return wordy, every


def drifted(page: str, store: Path) -> list[str]:
    """What the page does not tell, or tells of what is not there."""
    told = named_on(page)
    wordy, every = held_by(store)
    missing = [f"{table} is not on the page" for table in sorted(every.keys() - told.keys())]
    gone = [f"{table} is no table" for table in sorted(told.keys() - every.keys())]
    for table in sorted(told.keys() & every.keys()):
        missing += [f"{table}.{column} is not on the page" for column in sorted(wordy[table] - told[table])]
        gone += [f"{table}.{column} is no column" for column in sorted(told[table] - every[table])]
    return missing + gone


@pytest.fixture
def made(tmp_path):
    """A store as this version makes it."""
    store = Store(tmp_path / "store.db")
    store.upgrade()
    store.close()
    return tmp_path / "store.db"


def test_every_table_and_every_column_of_the_store_is_on_the_page(made):
    page = PAGE.read_text(encoding="utf-8")
    assert drifted(page, made) == []
    assert set(named_on(page)) == set(TABLES)
    assert page.count("|---|---|---|---|---|") == page.count(HEAD)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE votes ADD COLUMN address TEXT", "votes.address is not on the page"),
        ("ALTER TABLE votes ADD COLUMN picture BLOB", "votes.picture is not on the page"),
        ("CREATE TABLE visitors (ip TEXT)", "visitors is not on the page"),
        ("DROP TABLE service_notice", "service_notice is no table"),
        ("ALTER TABLE staff RENAME COLUMN name TO full_name", "staff.name is no column"),
    ],
)
def test_a_change_of_the_schema_that_the_page_does_not_tell_is_noticed(made, change, told):
    with closing(sqlite3.connect(made)) as db:
        db.execute(change)
    assert told in drifted(PAGE.read_text(encoding="utf-8"), made)


def test_addresses_and_names_stand_under_words_and_people():
    page = PAGE.read_text(encoding="utf-8")
    for table, column in (
        ("messages", "reply_to"),
        ("receipts", "address"),
        ("tellings", "address"),
        ("staff", "name"),
    ):
        [row] = re.findall(rf"^\| `{table}` \|.*$", page, re.M)
        assert f"`{column}`" in row.split("|")[2], f"{table}.{column}"
