"""What the copy of a store holds: every row, the numbers that were given, and all that triggers do."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from handrail_feedback.records.messages import Attachment, Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import attachments_of, forget_message, keep_message
from handrail_feedback.storage.schema.migrations import TABLES
from handrail_feedback.storage.searches import learned
from handrail_feedback.storage.searches.decisions import proofs
from handrail_feedback.topics.listing import read_book

from ... import full_store
from ...conftest import NOON
from ...stores import export
from .copies import Place, copied


def as_programs_read_it(handrail: Callable[..., Result], place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("HANDRAIL_STORE", str(place))
    commands = (
        ["report", "--since", "2026-01-01", "--until", "2026-06-30", "--json"],
        ["contact", "list", "--json"],
        ["users", "list", "--json"],
    )
    done = [handrail(*command) for command in commands]
    assert [one.exit_code for one in done] == [0, 0, 0]
    monkeypatch.delenv("HANDRAIL_STORE")
    store = Store(place)
    known = [repr(found) for found in (read_book(store), learned.list_questions(store), proofs(store))]
    store.close()
    return [re.sub(r'"made_at": "2\d{3}-[^"]*Z"', "", one.output) for one in done] + known


def test_all_tables_of_the_store_are_known_so_that_none_is_left_behind(store: Store) -> None:
    names = (
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
        if store.shared
        else "SELECT name FROM sqlite_master WHERE type = 'table'"
    )
    of_the_engine = ("sqlite_sequence", "_sqlite_migrations", "migrations")
    assert {row["name"] for row in store.read(names)} - set(of_the_engine) == set(TABLES)


def test_a_copy_has_every_row_of_every_table(full: Place, target_place: Place) -> None:
    told = copied(full, target_place)
    assert [one.table for one in told] == list(TABLES)
    assert [one.table for one in told if not one.rows] == []
    assert export(target_place) == export(full)


def test_a_file_is_copied_to_a_file_and_a_database_to_a_database(
    full: Place, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    target = tmp_path / "third.db" if isinstance(full, Path) else new_database()
    copied(full, target)
    assert export(target) == export(full)


def test_a_move_there_and_back_gives_the_same_exports(
    new_database: Callable[[], str],
    tmp_path: Path,
    handrail: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, database, last = tmp_path / "state" / "store.db", new_database(), tmp_path / "back" / "store.db"
    store = Store(first)
    full_store.fill(store)
    store.close()
    there, back = copied(first, database), copied(database, last)
    assert [one for one in there if one.table != "learned_changes"] == [
        one for one in back if one.table != "learned_changes"
    ]
    assert export(first) == export(database) == export(last)
    read = as_programs_read_it(handrail, first, monkeypatch)
    assert "walrus" in read[0] and "Łódź" in json.dumps(json.loads(read[1]), ensure_ascii=False)
    assert as_programs_read_it(handrail, database, monkeypatch) == read
    assert as_programs_read_it(handrail, last, monkeypatch) == read


def test_a_number_that_was_given_to_what_is_erased_is_given_to_nothing_else(full: Place, target_place: Place) -> None:
    copied(full, target_place)
    store = Store(target_place)
    code = keep_message(store, Message("new", "", "", "en", NOON, attachments=(Attachment("a.png", "image/png", 1),)))
    # Three attachments were kept, of which the last was erased with its message, and two messages.
    assert [one.id for one in attachments_of(store, code)] == [4]
    assert store.read("SELECT id FROM messages WHERE code = :code", code=code) == [{"id": 3}]
    store.close()


def test_an_erased_number_is_not_given_again_after_two_moves(tmp_path: Path, new_database: Callable[[], str]) -> None:
    first, database, last = tmp_path / "store.db", new_database(), tmp_path / "last.db"
    store = Store(first)
    for _ in range(5):
        forget_message(store, keep_message(store, Message("erase me", "", "", "en", NOON)))
    store.close()
    copied(first, database)
    copied(database, last)
    store = Store(last)
    code = keep_message(store, Message("new", "", "", "en", NOON))
    assert store.read("SELECT id FROM messages WHERE code = :code", code=code) == [{"id": 6}]
    store.close()


def test_a_process_that_has_the_new_store_open_sees_what_search_learned(full: Place, target_place: Place) -> None:
    node, old = Store(target_place), Store(full)
    seen, before = learned.version(node), learned.version(old)
    node.close()
    old.close()
    copied(full, target_place)
    assert learned.version(node) not in (seen, before)
    assert learned.known_questions(node)
    node.close()


def test_what_triggers_do_is_done_in_the_copy_when_it_is_used(full: Place, target_place: Place) -> None:
    copied(full, target_place)
    store = Store(target_place)
    before = learned.version(store)
    with store.transaction() as db:
        db.execute("DELETE FROM intents")
    assert store.read("SELECT * FROM topic_members WHERE kind = 'search'") == []
    assert learned.version(store) != before
    store.close()


def test_the_source_is_only_read(full: Place, target_place: Place) -> None:
    before = Store(full)
    version = learned.version(before)
    before.close()
    copied(full, target_place)
    assert learned.version(before) == version
    before.close()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["file", "database"])
def test_big_attachments_pass_one_by_one(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    size, target = 3_000_000, tmp_path / "target.db"
    store = Store(tmp_path / "source.db" if kind == "file" else request.getfixturevalue("new_database")())
    for number in range(12):
        files = tuple(Attachment("a.png", "image/png", size, content=bytes([number]) * size) for _ in range(2))
        keep_message(store, Message("look", "", "", "en", NOON, attachments=files))
    store.close()
    tracemalloc.start()
    copied(store.at, target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * size
