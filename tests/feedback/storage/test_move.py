"""The store is copied into another database whole or not at all, and is the same there."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handrail_feedback.records.messages import Attachment, Message
from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.messages.messages import attachments_of, forget_message, keep_message
from handrail_feedback.storage.move import Copied, move
from handrail_feedback.storage.schema.migrations import TABLES
from handrail_feedback.storage.searches import learned
from handrail_feedback.storage.searches.decisions import proofs
from handrail_feedback.topics.listing import read_book
from handrail_kb.cli import main
from handrail_kb.errors import StoreUnavailable

from .. import full_store
from ..conftest import NOON

Place = Path | str


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


def copied(source: Place, target: Place, **more: bool) -> list[Copied]:
    told: list[Copied] = []
    move(whole_store(source), whole_store(target), told.append, **more)
    return told


def export(place: Place) -> dict[str, list[str]]:
    """Every row of every table, in an order of its own; without the number that says that something changed."""
    store = Store(place)
    rows = {table: sorted(map(repr, store.read(f"SELECT * FROM {table}"))) for table in TABLES}
    store.close()
    assert len(rows.pop("learned_changes")) == 1
    return rows


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


def test_a_store_that_holds_anything_is_not_overwritten(full: Place, target_place: Place) -> None:
    there = Store(target_place)
    keep_message(there, Message("mine", "", "", "en", NOON))
    there.close()
    before = export(target_place)
    with pytest.raises(StoreUnavailable, match="not empty: it has 1 row of messages"):
        copied(full, target_place)
    assert export(target_place) == before


def test_a_store_that_is_in_use_is_not_left_with_what_is_written_behind_it(full: Place, target_place: Place) -> None:
    service = Store(full)
    service.check()
    with pytest.raises(StoreUnavailable, match="is in use") as raised:
        copied(full, target_place)
    assert raised.value.mend.endswith("systemctl stop handrail")
    copied(full, target_place, while_in_use=True)
    service.close()


def test_what_is_written_while_it_is_copied_is_not_in_the_copy_by_half(full: Place, target_place: Place) -> None:
    service = Store(full)

    def told(one: Copied) -> None:
        if one.table == "messages":
            picture = Attachment("a.png", "image/png", 3, content=b"abc")
            keep_message(service, Message("late", "", "", "en", NOON, attachments=(picture,)))

    before = export(full)
    move(whole_store(full), whole_store(target_place), told, while_in_use=True)
    assert export(target_place) == before
    service.close()


def test_a_service_that_starts_while_it_is_copied_is_noticed(full: Place, target_place: Place) -> None:
    service = Store(full)
    with pytest.raises(StoreUnavailable, match="is in use"):
        move(whole_store(full), whole_store(target_place), lambda one: one.table == "votes" and service.check())
    service.close()
    copied(full, target_place)


class Interrupted(Exception):
    """As Ctrl-C."""


def test_after_an_interruption_nothing_is_there_and_it_is_run_again(full: Place, target_place: Place) -> None:
    def told(one: Copied) -> None:
        if one.table == "outbox":
            raise Interrupted

    with pytest.raises(Interrupted):
        move(whole_store(full), whole_store(target_place), told)
    assert [table for table, rows in export(target_place).items() if rows] == ["outbox_alarm"]
    copied(full, target_place)
    assert export(target_place) == export(full)


KILLED = """
import sys
from handrail_feedback.storage.database import whole_store
from handrail_feedback.storage.move import move
def told(one):
    if one.table == "messages":
        print("half", flush=True)
        sys.stdin.read()
move(whole_store(sys.argv[1]), whole_store(sys.argv[2]), told)
"""


def test_after_a_kill_nothing_is_there_and_it_is_run_again(full: Place, target_place: Place) -> None:
    arguments = [sys.executable, "-c", KILLED, str(full), str(target_place)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout and running.stdout.readline() == b"half\n"
        running.send_signal(signal.SIGKILL)
    assert [table for table, rows in export(target_place).items() if rows] == ["outbox_alarm"]
    copied(full, target_place)
    assert export(target_place) == export(full)


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


def test_a_store_of_an_older_version_is_refused_and_left_as_it_is(full: Place, target_place: Place) -> None:
    store = Store(full)
    with store.transaction() as db:
        table = "migrations" if store.shared else "_sqlite_migrations"
        db.execute("DROP TABLE job_runs")
        db.execute(f"DELETE FROM {table} WHERE name = 'm070_job_runs'")
    store.close()
    for _ in range(2):  # the first time has not brought it up to date
        with pytest.raises(StoreUnavailable, match="older Handrail: it lacks m070_job_runs") as raised:
            copied(full, target_place)
    assert raised.value.mend.endswith("handrail store upgrade")


def test_a_store_of_a_newer_version_is_refused(full: Place, target_place: Place) -> None:
    store = Store(full)
    with store.transaction() as db:
        table = "migrations" if store.shared else "_sqlite_migrations (migration_set, name, applied_at)"
        values = "'m999_future', '2030'" if store.shared else "'handrail', 'm999_future', '2030'"
        db.execute(f"INSERT INTO {table} VALUES ({values})")
    store.close()
    with pytest.raises(StoreUnavailable, match="newer Handrail"):
        copied(full, target_place)


def test_a_place_without_a_store_is_refused(source_place: Place, target_place: Place) -> None:
    with pytest.raises(StoreUnavailable, match=r"no tables of Handrail|There is no store"):
        copied(source_place, target_place)
    if isinstance(source_place, Path):
        assert not source_place.exists()


def test_what_a_database_cannot_keep_is_told_without_the_words(tmp_path: Path, new_database: Callable[[], str]) -> None:
    store = Store(tmp_path / "store.db")
    store.check()
    store.close()
    with sqlite3.connect(store.at) as raw:
        raw.execute("INSERT INTO votes (at, location, helpful, comment) VALUES ('2026', 'a/', 1, ?)", ("secret\0word",))
    raw.close()
    database = new_database()
    with pytest.raises(StoreUnavailable, match="cannot keep a row of votes") as raised:
        copied(store.at, database)
    assert "secret" not in str(raised.value)
    assert export(database)["votes"] == []


def test_a_row_that_refers_to_nothing_is_told_without_the_words(tmp_path: Path, target_place: Place) -> None:
    store = Store(tmp_path / "store.db")
    store.check()
    store.close()
    with sqlite3.connect(store.at) as raw:
        raw.execute("INSERT INTO opened (code, at, who) VALUES ('SECRET-CODE', '2026', 'anna')")
    raw.close()
    with pytest.raises(StoreUnavailable, match="cannot keep a row of opened") as raised:
        copied(store.at, target_place)
    assert "SECRET" not in str(raised.value)


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
