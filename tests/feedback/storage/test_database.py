from __future__ import annotations

import inspect
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from handrail_feedback.records.stamps import storable
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.engines.sqlite import SqliteFile
from handrail_feedback.storage.engines.sqlite_words import refuse_no_file
from handrail_kb.errors import StoreUnavailable

VOTE = "INSERT INTO votes (at, location, helpful, comment) VALUES ('', :location, 1, '')"
OPEN = (
    "import sys; from pathlib import Path; from handrail_feedback.storage.database import Store; "
    "Store(sys.argv[1]).check()"
)


@pytest.mark.sqlite
def test_the_store_can_be_read_by_its_owner_only(store: Store) -> None:
    store.check()
    for file in store.at.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_no_store_and_stays_open_to_others(tmp_path: Path, kind: str) -> None:
    """Closed to others, it would be lost to whoever else needs it."""
    place = tmp_path / "place"
    (os.mkfifo if kind == "pipe" else os.mkdir)(place)
    place.chmod(0o755)
    with pytest.raises(StoreUnavailable, match="not a file"):
        Store(place).check()
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    assert [one.name for one in tmp_path.iterdir()] == ["place"]


def test_nobody_is_told_to_remove_a_device() -> None:
    with pytest.raises(StoreUnavailable, match="is a device, not a file") as told:
        refuse_no_file(Path(os.devnull))
    assert "rm " not in told.value.mend and "--store" in told.value.mend


@pytest.mark.sqlite
def test_a_store_left_open_to_others_is_closed_to_them(store: Store) -> None:
    store.check()
    store.close()
    store.at.chmod(0o644)
    store.check()
    assert stat.S_IMODE(store.at.stat().st_mode) == 0o600


@pytest.mark.sqlite
def test_a_new_file_of_a_test_holds_what_migrations_make(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests get tables that were made once, see conftest.py: others must not be tested than those of customers."""
    copied, again = contents(store), contents(Store(tmp_path / "again.db"))
    monkeypatch.setattr(SqliteFile, "_migrate", inspect.unwrap(vars(SqliteFile)["_migrate"]))
    migrated = contents(Store(tmp_path / "migrated.db"))
    numbers = [one.pop("learned_changes") for one in (copied, again, migrated)]
    assert copied == again == migrated
    assert len(set(map(str, numbers))) == 3


def contents(store: Store) -> dict[str, object]:
    """The definitions of all there is in an SQLite file, in their order, and the rows of each table but for moments."""
    things = store.read("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, rowid")
    tables = [str(one["name"]) for one in things if one["type"] == "table"]
    rows: dict[str, object] = {table: store.read(f"SELECT * FROM {table}") for table in tables}
    rows["_sqlite_migrations"] = store.read("SELECT id, migration_set, name FROM _sqlite_migrations")
    store.close()
    return {"things": things, **rows}


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    Store(tmp_path / "state" / "store.db")
    assert not (tmp_path / "state").exists()


@pytest.mark.usefixtures("new_database")
def test_many_processes_may_open_a_new_store_at_once(store_place: Path | str) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", OPEN, str(store_place)]) for _ in range(4)]
    assert [worker.wait(30) for worker in workers] == [0] * 4


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("my shopping list\n" * 100)
    with pytest.raises(StoreUnavailable, match="not a store of Handrail") as raised:
        Store(path).check()
    assert raised.value.mend.endswith(f"mv {path} {path}.broken; handrail restore FILE")
    assert path.read_text().startswith("my shopping list")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Store(tmp_path / "store.db").check()
    tmp_path.chmod(0o700)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(StoreUnavailable, match="is a file, not a folder") as raised:
        Store(tmp_path / "state" / "store.db").check()
    assert raised.value.mend.endswith(f"mv {tmp_path}/state {tmp_path}/state.old")


@pytest.mark.sqlite
def test_a_full_disk_is_called_a_full_disk_and_keeps_nothing_by_half(store: Store) -> None:
    with store.transaction() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages}").fetchall()
    with pytest.raises(StoreUnavailable, match="disk is full"), store.transaction() as db:
        for number in range(1000):
            db.execute(VOTE, {"location": f"{number}" * 200})
    assert store.read("SELECT * FROM votes") == []


def test_a_store_of_a_newer_version_is_not_touched(store: Store) -> None:
    with store.transaction() as db:
        table = "_sqlite_migrations (migration_set, name, applied_at)" if "/store.db" in store.place else "migrations"
        of_set = "'handrail', " if "/store.db" in store.place else ""
        values = f"{of_set}'m999_future_breaking', '2030'"
        db.execute(f"INSERT INTO {table} VALUES ({values})")
    store.close()
    with pytest.raises(StoreUnavailable, match="newer Handrail"):
        store.check()


def test_a_store_that_was_mended_works_without_a_restart(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    store = Store(tmp_path / "state" / "store.db")
    with pytest.raises(StoreUnavailable):
        store.check()
    (tmp_path / "state").unlink()
    store.check()


@pytest.mark.sqlite
def test_a_restored_back_up_is_used_at_once(store: Store, tmp_path: Path) -> None:
    store.check()
    other = Store(tmp_path / "backup.db")
    with other.transaction() as db:
        db.execute(VOTE, {"location": "from-backup/"})
    other.shred()
    other.close()
    (tmp_path / "backup.db").replace(store.at)
    for beside in ("-wal", "-shm"):
        store.at.with_name(store.at.name + beside).unlink(missing_ok=True)
    assert [row["location"] for row in store.read("SELECT * FROM votes")] == ["from-backup/"]


def test_each_thread_has_its_own_connection(store: Store) -> None:
    def write(number: int) -> None:
        for _ in range(10):
            with store.transaction() as db:
                db.execute(VOTE, {"location": f"{number}/"})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.read("SELECT * FROM votes")) == 40


def test_a_write_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)not.null"), store.transaction() as db:
        db.execute(VOTE, {"location": "a/"})
        db.execute("INSERT INTO votes (at) VALUES (NULL)")
    assert store.read("SELECT * FROM votes") == []


def test_text_is_made_storable() -> None:
    assert storable("a\0b\ud800c" + "d" * 100, 5) == "a\ufffdb?c"


def test_reading_the_store_from_a_command_takes_nothing_from_the_service(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    service = Store(path)
    readers = [threading.Thread(target=lambda: service.read("SELECT 1 AS one")) for _ in range(4)]
    for reader in readers:  # each thread opens a connection of its own, while others stay open
        service.check()
        reader.start()
        reader.join()
    code = (
        "import sys; from pathlib import Path; from handrail_feedback.storage.database import Store; "
        "store = Store(sys.argv[1]); store.read('SELECT 1 AS one'); store.close()"
    )
    with service.transaction() as db:
        db.define("CREATE TABLE kept (words TEXT)", "INSERT INTO kept VALUES ('before')")
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.with_name("store.db-wal").exists()
    with service.transaction() as db:
        db.execute("INSERT INTO kept VALUES ('after')")
    seen = sqlite3.connect(path)
    assert seen.execute("SELECT count(*) FROM kept").fetchone() == (2,)
    seen.close()
    service.close()


@pytest.mark.sqlite
def test_many_who_write_while_another_program_holds_the_store_wait_hardly_longer_than_one(store: Store) -> None:
    store.check()
    other = sqlite3.connect(store.at, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    patient = Store(store.at, busy_seconds=0.5)
    patient.read("SELECT 1 AS one")
    refused: list[float] = []

    def write() -> None:
        with pytest.raises(StoreUnavailable, match="held by another program"):
            patient.check()
        refused.append(time.monotonic())

    began = time.monotonic()
    writers = [threading.Thread(target=write) for _ in range(12)]
    for one in writers:
        one.start()
    patient.read("SELECT 1 AS one")
    assert time.monotonic() - began < 0.4, "who only reads waits for none of them"
    for one in writers:
        one.join()
    assert len(refused) == 12
    # One after the other, each with all of its patience, they would take six seconds.
    assert max(refused) - began < 1.5
    began = time.monotonic()
    for ask in (patient.check, patient.look, patient.check):
        with pytest.raises(StoreUnavailable, match="held by another program"):
            ask()
    assert time.monotonic() - began < 1.4, "once that was in vain nobody waits as long"
    other.execute("COMMIT")
    patient.check()


@pytest.mark.inputs
@pytest.mark.parametrize("sent", ["the first", "another"])
def test_of_what_no_database_sees_one_of_them_gets_the_first_alone(store_place, sent):
    assert isinstance(store_place, Path) or sent == "the first"
