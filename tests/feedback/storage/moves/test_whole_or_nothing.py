"""A store is copied whole or not at all: what is in use, in part, of another version or in the way is refused."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail_feedback.records.messages import Attachment, Message
from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.move import Copied, move
from handrail_kb.errors import StoreUnavailable

from ...conftest import NOON
from ...stores import export
from .copies import Place, copied


def test_a_store_that_holds_anything_is_not_overwritten(full: Place, target_place: Place) -> None:
    there = Store(target_place)
    keep_message(there, Message("mine", "", "", "en", NOON))
    there.close()
    before = export(target_place)
    with pytest.raises(StoreUnavailable, match="not empty: it has 1 message"):
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
