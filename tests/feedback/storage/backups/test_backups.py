"""Backups are whole, for their owner alone, and the newest of them are kept."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from handrail_feedback.storage import backups
from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.job_runs import last_successes, note_success
from handrail_kb.cli import main
from handrail_kb.errors import StoreUnavailable

from ...conftest import NOON
from ...stores import export
from .stores import Place, backed_up, words_in, write


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


@pytest.mark.long
def test_a_backup_waits_for_no_writer(full: Store, folder: Path) -> None:
    with full.transaction() as db:
        db.execute("DELETE FROM votes")
        done = backups.back_up(full.at, folder, 14, NOON)
    assert done.contents.rows["votes"] == 1
    assert not done.noted  # that alone would have had to wait, for longer than writers do


def test_the_time_of_the_last_backup_is_in_the_store_for_every_node(full: Store, folder: Path) -> None:
    backed_up(full, folder, days=1)
    assert last_successes(full)["backup"] == NOON + timedelta(days=1)


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


def test_a_backup_made_after_a_clock_was_set_back_stays_and_those_before_it_go_first(
    store: Store, folder: Path
) -> None:
    store.check()
    ahead = [backed_up(store, folder, keep=3, days=5000 + day) for day in range(3)]
    made = [backed_up(store, folder, keep=3, days=day) for day in range(4)]
    assert [file.exists() for file in made] == [False, True, True, True]
    assert not any(file.exists() for file in ahead)


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
