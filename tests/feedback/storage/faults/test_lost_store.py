"""A store that was emptied, deleted or damaged is never a new, empty one: it is said, with what mends it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.engines.sqlite import SqliteConnection
from handrail_feedback.storage.messages.messages import keep_message, list_messages
from handrail_kb.cli.group import main
from handrail_kb.errors import StoreUnavailable
from waiting import until

KEPT = Message("My invoice is wrong.", "", "", "en", now())


def emptied(path):
    os.truncate(path, 0)


def deleted(path):
    path.unlink()


def with_its_log_deleted(path):
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def without_tables(path):
    with_its_log_deleted(path)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE shopping (list)")
    db.close()


HARMS = [emptied, deleted, with_its_log_deleted, without_tables]


@pytest.fixture
def help_site(tmp_path, monkeypatch):
    """A site with a store that holds a message, and a backup."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path / ".handrail" / "store.db")
    keep_message(store, KEPT, ())
    store.close()
    assert run("backup").exit_code == 0
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def path_of(root):
    return root / ".handrail" / "store.db"


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("open_meanwhile", [False, True], ids=["while stopped", "under a service"])
def test_a_lost_store_is_refused_until_it_is_restored(help_site, harm, open_meanwhile):
    path = path_of(help_site)
    service = Store(path)
    if open_meanwhile:
        keep_message(service, KEPT, ())
    harm(path)
    [backup] = (help_site / ".handrail" / "backups").glob("*.db")
    for store in (service, Store(path)):
        for use in (store.check, store.look, lambda store=store: keep_message(store, KEPT, ())):
            with pytest.raises(StoreUnavailable) as told:
                use()
            assert f"handrail restore {backup}" in told.value.mend
            assert told.value.mend.endswith("handrail store new")
        store.close()
    told = run("doctor").output
    assert "BAD   store" in told
    assert "handrail store new" in told
    assert "handrail restore" in run("contact", "list").output
    assert run("restore", backup, *(["--yes"] if harm is without_tables else [])).exit_code in (0, 1)
    if harm is without_tables:  # somebody's tables are not Handrail's to drop
        path.unlink()
        assert run("restore", backup).exit_code == 0
    assert [one.message for one in list_messages(service)] == [KEPT.message]
    service.close()


@pytest.mark.parametrize("harm", [emptied, deleted, with_its_log_deleted])
def test_who_has_no_backup_begins_anew_by_a_command_of_its_own(help_site, harm):
    path = path_of(help_site)
    harm(path)
    done = run("store", "new")
    assert done.exit_code == 0, done.output
    store = Store(path)
    assert list_messages(store) == []
    keep_message(store, KEPT, ())
    store.close()
    refused = run("store", "new")
    assert refused.exit_code == 1
    assert "holds something" in refused.output
    store = Store(path)
    assert len(list_messages(store)) == 1
    store.close()


def test_a_store_that_is_deleted_with_its_whole_folder_is_missed_by_who_used_it(help_site):
    path = path_of(help_site)
    [backup] = (help_site / ".handrail" / "backups").glob("*.db")
    backup = backup.rename(help_site / "kept.db")
    service = Store(path)
    keep_message(service, KEPT, ())
    shutil.rmtree(path.parent)
    with pytest.raises(StoreUnavailable, match="gone or was emptied"):
        keep_message(service, KEPT, ())
    assert not path.exists(), "no new one is begun"
    assert run("restore", backup).exit_code == 0
    assert [one.message for one in list_messages(service)] == [KEPT.message]
    service.close()


def test_a_first_store_needs_no_command(tmp_path):
    store = Store(tmp_path / "state" / "store.db")
    keep_message(store, KEPT, ())
    store.close()


def test_a_store_that_was_there_before_this_version_is_known_from_its_first_use_on(tmp_path):
    path = tmp_path / "store.db"
    store = Store(path)
    keep_message(store, KEPT, ())
    store.close()
    (tmp_path / ".store.db.made").unlink()
    store = Store(path)
    store.look()
    store.close()
    path.unlink()
    with pytest.raises(StoreUnavailable, match="gone or was emptied"):
        Store(path).look()


def test_the_doctor_names_a_damaged_page_of_the_store_within_seconds(help_site):
    store = Store(path_of(help_site))
    for _ in range(60):
        keep_message(store, Message("word " * 1500, "", "", "en", now()), ())
    store.shred()
    store.close()
    assert "ok    store" in run("doctor").output
    size = path_of(help_site).stat().st_size
    with path_of(help_site).open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 8192)
    told = run("doctor")
    assert told.exit_code == 1
    assert "BAD   store" in told.output
    assert "damaged" in told.output
    assert "handrail restore" in told.output


def test_the_doctor_looks_at_a_big_store_for_a_bounded_time(help_site):
    from handrail_feedback.storage.database import whole_store

    assert whole_store(path_of(help_site)).damage(-1.0) == "", "no time, no finding, no error"


@pytest.mark.parametrize(
    "content", [b"", b"short", b"\0" * 64, b"\xff" * 64, b"a" * 30 + b"\0" * 34], ids=lambda content: repr(content[:8])
)
def test_the_doctor_names_a_damaged_key_and_makes_none(help_site, content):
    assert "none yet" in next(line for line in run("doctor").output.splitlines() if "key  " in line)
    key = help_site / ".handrail" / "secret.key"
    assert not key.exists()
    key.write_bytes(content)
    told = run("doctor")
    assert told.exit_code == 1
    assert "BAD   key" in told.output
    assert f"rm {key}" in told.output


@pytest.mark.parametrize("what", ["a file in the way", "a full disk", "a disk that cannot be written"])
def test_the_doctor_names_a_store_that_cannot_be_made(tmp_path, monkeypatch, what):
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    monkeypatch.chdir(tmp_path)
    state = tmp_path / ".handrail"
    assert "none yet: the service makes" in run("doctor").output
    if what == "a file in the way":
        state.write_text("a file")
        told = run("doctor")
    else:
        state.mkdir()
        options = "size=16k" if what == "a full disk" else "ro"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(state)], check=False).returncode:
            pytest.skip("a disk can be mounted by root alone")
        try:
            told = run("doctor")
        finally:
            subprocess.run(["umount", str(state)], check=True)
    assert told.exit_code == 1
    assert "BAD   store" in told.output
    assert "none can be made" in told.output


WRITER = """
import sys, time
from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message
from handrail_kb.errors import StoreUnavailable
store = Store(sys.argv[1])
print("begun", flush=True)
while True:
    try:
        code = keep_message(store, Message("Hello?", "", "", "en", now()), ())
    except StoreUnavailable:
        print("refused", flush=True)
    else:
        print(code, flush=True)
    time.sleep(0.005)
"""


@pytest.mark.parametrize("harm", ["emptied", "cut short", "gone"])
def test_a_log_that_is_cut_short_under_two_processes_wedges_neither_and_spoils_nothing(tmp_path, harm):
    path = tmp_path / "store.db"
    first = Store(path)
    before = [keep_message(first, KEPT, ()) for _ in range(5)]
    first.shred()  # from here on these are in the store itself
    first.close()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said: list[list[str]] = [[], []]
    readers = [
        threading.Thread(target=lambda one=one, lines=lines: lines.extend(iter(one.stdout.readline, "")))
        for one, lines in zip(writers, said, strict=True)
    ]
    try:
        for reader in readers:
            reader.start()
        until(lambda: all(len(lines) > 20 for lines in said))
        log = path.with_name("store.db-wal")
        if harm == "gone":
            log.unlink()
        else:
            os.truncate(log, 0 if harm == "emptied" else log.stat().st_size // 2 + 100)
        at = [len(lines) for lines in said]
        until(lambda: all(_codes(lines[start:]) >= 20 for lines, start in zip(said, at, strict=True)))
    finally:
        for one in writers:
            one.kill()
        for reader in readers:
            reader.join()
        for one in writers:
            one.wait()
            one.stdout.close()
    store = Store(path)
    kept = {one.code for one in list_messages(store, limit=10_000)}
    assert set(before) <= kept
    last = [line.strip() for lines in said for line in lines[-10:] if line.strip() not in ("refused", "begun")]
    assert set(last[:-1]) <= kept, "what was said to be kept after it was noticed is kept"
    assert store.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    store.close()


def _codes(lines):
    return sum(line.strip() not in ("refused", "begun") for line in lines)


@pytest.mark.parametrize("left", [0, 0.5], ids=["emptied", "cut short"])
@pytest.mark.parametrize("moment", ["before it is kept", "as it is kept"])
def test_a_log_that_is_cut_short_while_somebody_writes_wedges_nobody_and_spoils_nothing(
    tmp_path, monkeypatch, left, moment
):
    writer, other = Store(tmp_path / "store.db"), Store(tmp_path / "store.db")
    before = [keep_message(store, KEPT, ()) for store in [writer, other] * 5]
    writer.shred()  # from here on these are in the store itself
    for store in [writer, other] * 10:
        keep_message(store, KEPT, ())

    def cut():
        log = tmp_path / "store.db-wal"
        os.truncate(log, int(log.stat().st_size * left))

    execute = SqliteConnection.execute

    def cut_then_execute(self, sql, *values):
        if sql == "COMMIT":
            monkeypatch.undo()
            cut()
        return execute(self, sql, *values)

    def write():
        with writer.transaction(durable=True) as db:
            db.execute("UPDATE messages SET lang = 'de'")
            if moment == "before it is kept":
                cut()
            else:
                monkeypatch.setattr(SqliteConnection, "execute", cut_then_execute)

    with pytest.raises(StoreUnavailable, match="cut short"):
        write()
    for store in (other, writer):
        until(lambda store=store: _kept(store), seconds=20.0)
    assert set(before) <= {one.code for one in list_messages(other, limit=100)}
    assert {one.lang for one in list_messages(other, limit=100)} == {"en"}, "what was refused is not kept"
    assert other.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    for store in (writer, other):
        store.close()


def _kept(store):
    try:
        return keep_message(store, KEPT, ())
    except StoreUnavailable:
        return ""
