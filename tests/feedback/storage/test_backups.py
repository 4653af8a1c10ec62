"""Backups are whole, for their owner alone, and are put back whole or not at all."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from handrail_feedback.records.messages import Message
from handrail_feedback.storage import backups
from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.job_runs import last_successes, note_success, restored_from
from handrail_feedback.storage.messages.messages import keep_message, list_messages
from handrail_feedback.storage.searches import learned
from handrail_kb.cli import main
from handrail_kb.errors import StoreUnavailable

from .. import full_store
from ..conftest import NOON
from .test_move import export

Place = Path | str


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


@pytest.fixture
def handrail(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in the folder of a site that has this store."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    monkeypatch.setenv("HANDRAIL_STORE", str(store.at))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(one) for one in arguments])


def files_in(folder: Path) -> list[Path]:
    """What is there, but for what keeps the folder out of git."""
    return [one for one in sorted(folder.iterdir()) if one.name != ".gitignore"]


def write(store: Store, words: str) -> None:
    keep_message(store, Message(words, "", "", "en", NOON))


def words_in(store: Store) -> set[str]:
    return {one.message for one in list_messages(store)}


def backed_up(store: Store, where: Path, keep: int = 14, days: float = 0) -> Path:
    return backups.back_up(store.at, where, keep, NOON + timedelta(days=days)).file


def test_a_backup_holds_all_while_the_service_writes_and_is_put_back(full: Store, folder: Path) -> None:
    file = backups.back_up(full.at, folder, 14, NOON)
    assert file.contents.rows["messages"] == 1 and file.noted
    assert stat.S_IMODE(file.file.stat().st_mode) == 0o600
    assert files_in(folder) == [file.file]
    before = export(full.at)
    write(full, "later")
    full.close()
    _, kept = backups.restore(full.at, file.file, NOON, overwrite=True)
    after = export(full.at)
    assert {table for table in before if before[table] != after[table]} == {"job_runs"}  # which notes the backup
    assert kept and stat.S_IMODE(kept.stat().st_mode) == 0o600
    # What was there is whole as well.
    backups.restore(full.at, kept, NOON + timedelta(hours=1), overwrite=True)
    assert "later" in words_in(full)


def test_a_backup_waits_for_no_writer(full: Store, folder: Path) -> None:
    with full.transaction() as db:
        db.execute("DELETE FROM votes")
        done = backups.back_up(full.at, folder, 14, NOON)
    assert done.contents.rows["votes"] == 1
    assert not done.noted  # that alone would have had to wait, for longer than writers do


def test_the_time_of_the_last_backup_is_in_the_store_for_every_node(full: Store, folder: Path) -> None:
    backed_up(full, folder, days=1)
    assert last_successes(full)["backup"] == NOON + timedelta(days=1)


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


def test_the_newest_stay_and_only_our_own_are_removed(store: Store, folder: Path) -> None:
    store.check()
    ending = "db" if isinstance(store.at, Path) else "dump"
    others = [
        "store.db", "store-20200101T000000Z.db", f"store-20200101T000000Z-0badcafe.{ending}", "notes.txt",
        f"store-before-restore-20200101T000000Z.{ending}", f".store-20200101T000000Z-0badcafe.{ending}.part",
    ]  # fmt: skip
    folder.mkdir(parents=True)
    for name in others:
        (folder / name).write_text("somebody's")
        os.utime(folder / name, (0, 0))
    made = [backed_up(store, folder, keep=3, days=day) for day in range(5)]
    copy = made[4].with_name(made[4].name + ".copy")
    copy.write_text("somebody's")
    backed_up(store, folder, keep=3, days=5)
    left = {one.name for one in folder.iterdir()}
    assert left >= {*others, copy.name}
    assert len(left) == len(others) + 1 + 3
    assert {made[3].name, made[4].name} <= left
    assert all(re.fullmatch(rf"store-2026030\dT120000Z-[0-9a-f]{{8}}\.{ending}", one.name) for one in made)


def test_what_a_killed_backup_left_is_removed_once_it_is_surely_dead(store: Store, folder: Path) -> None:
    store.check()
    file = backed_up(store, folder)
    dead, alive = (folder / f".{file.name.replace('0302', day)}.part" for day in ("0201", "0202"))
    dead.write_text("")
    alive.write_text("")
    os.utime(dead, (0, 0))
    backed_up(store, folder, days=1)
    assert not dead.exists() and alive.exists()


def test_two_backups_within_a_second_are_both_kept(store: Store, folder: Path) -> None:
    store.check()
    one, other = (backed_up(store, folder) for _ in range(2))
    assert one != other
    assert files_in(folder) == [one, other]


def test_two_backups_that_are_written_at_the_same_moment_are_both_whole(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.check()
    whole = whole_store(store.at)
    kind, write, others = type(whole), type(whole).back_up, []

    def while_another_is_made(one: Any, part: Path) -> Any:
        monkeypatch.setattr(kind, "back_up", write)
        others.append(backed_up(store, folder))
        return write(one, part)

    monkeypatch.setattr(kind, "back_up", while_another_is_made)
    one = backed_up(store, folder)
    assert files_in(folder) == sorted([one, *others]) and len(others) == 1
    assert all(whole.examine(file).applied for file in files_in(folder))


def test_a_named_file_that_a_killed_backup_began_is_written(store: Store, tmp_path: Path) -> None:
    store.check()
    file = tmp_path / f"mine.{'db' if isinstance(store.at, Path) else 'dump'}"
    file.with_name(f".{file.name}.part").write_text("half")
    assert backed_up(store, file) == file and files_in(tmp_path).count(file) == 1


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".db"])
def test_a_place_that_cannot_be_looked_at_is_told_in_words(store: Store, tmp_path: Path, name: str) -> None:
    store.check()
    with pytest.raises(StoreUnavailable, match="cannot be written or read: File name too long"):
        backed_up(store, tmp_path / name)


def test_a_named_file_is_written_once(store: Store, tmp_path: Path) -> None:
    store.check()
    file = tmp_path / f"mine.{'db' if isinstance(store.at, Path) else 'dump'}"
    assert backed_up(store, file) == file
    before = file.read_bytes()
    with pytest.raises(StoreUnavailable, match="is there already"):
        backed_up(store, file)
    assert file.read_bytes() == before


def test_a_backup_that_fails_leaves_nothing_and_is_not_noted(store: Store, folder: Path, away) -> None:  # type: ignore[no-untyped-def]
    store.check()
    with away(), pytest.raises(StoreUnavailable):
        backed_up(store, folder)
    assert not folder.exists() or files_in(folder) == []
    assert last_successes(store) == {}


def test_the_password_is_on_no_command_line(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_database().replace("handrail@", "handrail:sesame@")
    store = Store(place)
    store.check()
    store.close()
    commands, environments, run = [], [], subprocess.Popen

    def seen(command, **more):  # type: ignore[no-untyped-def]
        commands.append(command)
        environments.append(more.get("env") or {})
        return run(command, **more)

    monkeypatch.setattr(subprocess, "Popen", seen)
    file = backups.back_up(place, tmp_path, 1, NOON).file
    backups.restore(place, file, NOON, overwrite=True)
    names = {Path(command[0]).name for command in commands}
    assert names >= {"pg_dump", "pg_restore", "psql"}
    assert not [one for command in commands for one in command if "sesame" in str(one)]
    assert [one for one in environments if one.get("PGPASSWORD") == "sesame"]


def test_a_program_older_than_the_server_is_told(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handrail_feedback.storage.engines import postgres_programs

    old = tmp_path / "bin" / "pg_dump"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.9'\n")
    old.chmod(0o755)
    store = Store(new_database())
    store.check()
    store.close()
    monkeypatch.setattr(postgres_programs, "_FOLDERS", ())
    monkeypatch.setenv("PATH", str(old.parent))
    with pytest.raises(StoreUnavailable, match=r"newest pg_dump here is of 14, which it refuses") as raised:
        backed_up(store, tmp_path / "backups")
    assert "postgresql-client-1" in raised.value.mend
    old.unlink()
    with pytest.raises(StoreUnavailable, match="need pg_dump, which is not on this machine"):
        backed_up(store, tmp_path / "backups")


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


@pytest.mark.sqlite
def test_a_backup_needs_no_other_file_beside_it(full: Store, folder: Path) -> None:
    file = backed_up(full, folder)
    with sqlite3.connect(f"file:{file}?immutable=1", uri=True) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert raw.execute("SELECT count(*) FROM messages").fetchone() == (1,)
    raw.close()


def test_the_command_backs_up_and_restores(full: Store, handrail: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / ".handrail").mkdir(exist_ok=True)
    (tmp_path / ".handrail" / "secret.key").write_text("k" * 64)
    done = handrail("backup", "--keep", "2")
    assert done.exit_code == 0, done.output
    [file] = files_in(tmp_path / ".handrail" / "backups")
    assert str(file) in done.output and "verified" in done.output and "secret.key" in done.output
    write(full, "later")
    full.close()
    refused = handrail("restore", file)
    assert refused.exit_code == 1 and "--yes" in refused.output
    done = handrail("restore", file, "--yes")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].endswith("handrail doctor") and "before-restore" in done.output
    assert "later" not in words_in(full)


def test_the_doctor_says_how_old_the_last_backup_is(store: Store, handrail: Callable[..., Result]) -> None:
    pytest.importorskip("faiss", reason="the service is not installed")
    store.check()

    def told() -> str:
        lines = handrail("doctor").output.splitlines()
        [at] = [number for number, line in enumerate(lines) if re.match(r"\S+ +backup ", line)]
        return "\n".join(lines[at : at + 2])

    assert re.search(r"^note  backup +The store was never backed up.\n.*handrail backup$", told())
    handrail("backup")
    assert re.search(r"^ok    backup +the last one was made 20\S+ \S+ UTC, less than a minute ago$", told(), re.M)
    note_success(store, "backup", NOON)
    assert re.search(r"^note  backup +the last one was made 2026-03-02 12:00 UTC, \d+ days", told())


@pytest.mark.usefixtures("new_database")
def test_nothing_to_back_up_is_a_mistake(handrail: Callable[..., Result], store_place: Place) -> None:
    done = handrail("backup")
    assert done.exit_code == 1
    assert ("no store at" in done.output) or ("no tables of Handrail" in done.output and urlsplit(str(store_place)))


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
