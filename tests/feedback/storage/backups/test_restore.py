"""A backup is put back whole or not at all, and never over what is in use or somebody else's."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handrail_feedback.storage import backups
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.job_runs import last_successes, restored_from
from handrail_feedback.storage.searches import learned
from handrail_kb.errors import StoreUnavailable

from ... import full_store
from ...conftest import NOON
from ...stores import export
from .stores import Place, backed_up, words_in, write


def test_a_backup_goes_back_into_an_empty_place_without_being_asked(full: Store, folder: Path) -> None:
    file = backed_up(full, folder)
    rows = len(words_in(full))
    full.close()
    if isinstance(full.at, Path):
        full.at.unlink()
    else:
        with full.transaction() as db:
            db.execute("DROP SCHEMA public CASCADE")
            db.execute("CREATE SCHEMA public")
        full.close()
    assert backups.restore(full.at, file, NOON, overwrite=False)[1] is None
    assert len(words_in(full)) == rows


def test_a_store_that_holds_anything_is_replaced_only_when_that_is_said(full: Store, folder: Path) -> None:
    file = backed_up(full, folder)
    write(full, "later")
    full.close()
    before = export(full.at)
    with pytest.raises(StoreUnavailable, match="is not empty: it has") as raised:
        backups.restore(full.at, file, NOON, overwrite=False)
    assert re.search(r"has \d+ messages, .* and \d+ accounts?\.$", raised.value.what), "what people know"
    assert "_" not in raised.value.what.partition(": ")[2], "no table is named"
    assert raised.value.mend.endswith("--yes")
    assert export(full.at) == before


def test_a_store_in_use_is_not_replaced(full: Store, folder: Path) -> None:
    file = backed_up(full, folder)
    full.check()
    with pytest.raises(StoreUnavailable, match="is in use"):
        backups.restore(full.at, file, NOON, overwrite=True)


def test_a_node_sees_that_what_search_learned_may_be_another(full: Store, folder: Path) -> None:
    file, before = backed_up(full, folder), learned.version(full)
    full.close()
    backups.restore(full.at, file, NOON, overwrite=True)
    assert learned.version(full) != before


@pytest.mark.parametrize("damage", ["cut", "altered", "empty", "text"])
def test_a_damaged_backup_changes_nothing(full: Store, folder: Path, damage: str) -> None:
    file = backed_up(full, folder)
    content = bytearray(file.read_bytes())
    if damage == "altered":
        for place in range(len(content) // 3, len(content) - 4000, 509):
            content[place] ^= 0xFF
    file.write_bytes({"cut": content[: len(content) // 2], "altered": content, "empty": b"", "text": b"list"}[damage])
    full.close()
    before = export(full.at)
    with pytest.raises(StoreUnavailable):
        backups.restore(full.at, file, NOON, overwrite=True)
    assert export(full.at) == before


@pytest.mark.sqlite
def test_what_is_said_of_a_damaged_backup_names_no_table(full: Store, folder: Path) -> None:
    file = backed_up(full, folder)
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute("DELETE FROM sqlite_master WHERE name = 'votes'")
        db.commit()
    full.close()
    with pytest.raises(StoreUnavailable) as raised:
        backups.restore(full.at, file, NOON, overwrite=True)
    assert raised.value.what == f"{file} is damaged: it cannot be read to its end."


def test_a_backup_of_a_newer_version_changes_nothing(full: Store, folder: Path) -> None:
    with full.transaction() as db:
        table = "migrations" if full.shared else "_sqlite_migrations (migration_set, name, applied_at)"
        of_set = "" if full.shared else "'handrail', "
        db.execute(f"INSERT INTO {table} VALUES ({of_set}'m999_future', '2030')")
    full.close()
    file = backed_up(full, folder)
    with pytest.raises(StoreUnavailable, match="newer Handrail"):
        backups.restore(full.at, file, NOON, overwrite=True)


def older(store: Store) -> None:
    """Make it the store of an older version."""
    with store.transaction() as db:
        db.execute("DROP TABLE job_runs")
        table = "migrations" if store.shared else "_sqlite_migrations"
        db.execute(f"DELETE FROM {table} WHERE name IN ('m070_job_runs', 'm071_files_of_jobs')")
    store.close()


def test_a_backup_before_an_upgrade_leaves_the_store_at_its_version_and_is_put_back_later(
    full: Store, folder: Path
) -> None:
    older(full)
    done = backups.back_up(full.at, folder, 14, NOON)
    assert not done.noted
    again = backups.back_up(full.at, folder, 14, NOON + timedelta(days=1))
    assert again.contents.applied == done.contents.applied  # it was not brought up to date behind one's back
    full.upgrade()
    write(full, "the new version has opened it")
    full.close()
    backups.restore(full.at, done.file, NOON, overwrite=True)
    assert "the new version has opened it" not in words_in(full)
    assert last_successes(full) == {"restore": NOON}
    assert restored_from(full) == str(done.file.absolute())


def test_a_backup_of_the_other_kind_says_how_it_gets_there(tmp_path: Path, new_database: Callable[[], str]) -> None:
    file, database = Store(tmp_path / "store.db"), Store(new_database())
    for one in (file, database):
        one.check()
        one.close()
    of_file, of_database = backed_up(file, tmp_path), backed_up(database, tmp_path)
    with pytest.raises(StoreUnavailable, match="is an SQLite file") as raised:
        backups.restore(database.at, of_file, NOON, overwrite=True)
    assert f"handrail store move {of_file} '{database.at}'" in raised.value.mend
    with pytest.raises(StoreUnavailable, match="is a dump of PostgreSQL") as raised:
        backups.restore(file.at, of_database, NOON, overwrite=True)
    assert raised.value.mend.endswith(f"handrail store move postgresql://HOST/NAME {file.at}")


def test_a_dump_that_breaks_off_while_it_is_loaded_leaves_all_as_it_was(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk of the backup fails after it was verified."""
    from handrail_feedback.storage.engines.postgres_whole import PostgresWhole

    store = Store(new_database())
    full_store.fill(store)
    file = backed_up(store, tmp_path)
    write(store, "later")
    store.close()
    before, restore = export(store.at), PostgresWhole.restore

    def broken(self, dump):  # type: ignore[no-untyped-def]
        dump.write_bytes(dump.read_bytes()[:-9000])
        restore(self, dump)

    monkeypatch.setattr(PostgresWhole, "restore", broken)
    with pytest.raises(StoreUnavailable):
        backups.restore(store.at, file, NOON, overwrite=True)
    assert export(store.at) == before


@pytest.mark.sqlite
def test_a_store_that_is_damaged_is_kept_as_it_is_and_replaced(full: Store, folder: Path) -> None:
    file = backed_up(full, folder)
    before = export(full.at)
    full.close()
    full.at.write_bytes(b"a disk that failed" * 1000)
    with pytest.raises(StoreUnavailable, match="something that cannot be read"):
        backups.restore(full.at, file, NOON, overwrite=False)
    _, kept = backups.restore(full.at, file, NOON, overwrite=True)
    assert kept and kept.read_bytes().startswith(b"a disk that failed")
    assert export(full.at)["messages"] == before["messages"]


KILLED = """
import os, signal, sys
from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message
store = Store(sys.argv[1])
keep_message(store, Message("in the log", "", "", "en", now()))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.sqlite
def test_a_log_that_a_kill_left_beside_the_store_is_in_what_is_kept_and_not_in_what_is_restored(
    full: Store, folder: Path
) -> None:
    file = backed_up(full, folder)
    full.close()
    subprocess.run([sys.executable, "-c", KILLED, str(full.at)], check=False)
    assert full.at.with_name("store.db-wal").stat().st_size
    _, kept = backups.restore(full.at, file, NOON, overwrite=True)
    assert "in the log" not in words_in(full)
    assert kept and "in the log" in words_in(Store(kept))


def opened_by_another(place: Place) -> AbstractContextManager[Any]:
    """The store as another program opens it."""
    if isinstance(place, Path):
        place.parent.mkdir(exist_ok=True)
        return closing(sqlite3.connect(place, isolation_level=None))
    import psycopg

    return psycopg.connect(place, autocommit=True)


def test_tables_of_another_program_are_never_dropped(
    store_place: Place, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """Whoever mistypes the setting `store` must not lose somebody else's data, with --yes or without."""
    source = Store(tmp_path / "source.db" if isinstance(store_place, Path) else new_database())
    source.check()
    file = backups.back_up(source.at, tmp_path / "backups", 3, NOON).file
    source.close()
    with opened_by_another(store_place) as other:
        other.execute("CREATE TABLE invoices (id INTEGER)")
        other.execute("INSERT INTO invoices VALUES (7)")
    for overwrite in (False, True):
        with pytest.raises(StoreUnavailable, match="invoices"):
            backups.restore(store_place, file, NOON, overwrite=overwrite)
    with opened_by_another(store_place) as other:
        assert other.execute("SELECT id FROM invoices").fetchall() == [(7,)]
