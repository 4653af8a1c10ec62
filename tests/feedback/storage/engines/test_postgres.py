"""What a database on a server can do that a file cannot: be away, come back, refuse, and be of another kind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.engines import postgres_connection
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.messages.threads import inbox_cases
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError, StoreUnavailable
from waiting import until

from ...conftest import NOON
from ...postgres import PostgresServer
from .votes import VOTE, locations, vote

psycopg = pytest.importorskip("psycopg", reason="handrail[postgres] is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="handrail[postgres] is not installed")


def works(store: Store, do: Callable[[], None]) -> bool:
    try:
        do()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.long
def test_a_server_that_was_stopped_or_killed_is_used_again_without_a_restart(postgres, store: Store) -> None:
    vote(store, "before")
    for how in ("fast", "immediate"):
        postgres.stop(how)
        try:
            for _ in range(3):
                with pytest.raises(StoreUnavailable, match="cannot be reached") as raised:
                    store.read("SELECT 1 AS one")
                assert raised.value.passing
                assert raised.value.mend.startswith("Ask it: psql 'postgresql://handrail@")
        finally:
            postgres.start()
        until(lambda: works(store, store.check))
        vote(store, how)
    assert locations(store) == ["before", "fast", "immediate"]


def test_while_the_server_is_away_nobody_waits_for_it(store: Store, away) -> None:
    store.check()
    with away():
        with pytest.raises(StoreUnavailable):
            store.check()
        began = time.monotonic()
        for _ in range(200):
            with pytest.raises(StoreUnavailable):
                store.check()
        assert time.monotonic() - began < 10


def test_what_a_transaction_wrote_is_undone_when_the_server_goes_in_the_middle(
    postgres, store: Store, url: str
) -> None:
    vote(store, "before")
    with pytest.raises(StoreUnavailable), store.transaction() as db:
        db.execute(VOTE, {"location": "half"})
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        db.execute(VOTE, {"location": "other half"})
    assert locations(store) == ["before"]


@pytest.mark.long
def test_a_server_that_answers_nothing_any_more_keeps_nobody_for_ever(postgres, store: Store, monkeypatch) -> None:
    """Each request that asks it would hold a thread, and soon there would be none left for searches."""
    monkeypatch.setattr(postgres_connection, "_PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(postgres_connection, "_LOOK_SECONDS", 0.1)
    vote(store, "before")
    refused: list[str] = []

    def ask() -> None:
        with pytest.raises(StoreUnavailable) as raised:
            store.look()
        refused.append(raised.value.mend)

    with postgres.frozen():
        asking = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for one in asking:
            one.start()
        for one in asking:
            one.join(20)
        assert len(refused) == 4
        assert refused[0].startswith("Ask it: psql")
    until(lambda: works(store, store.check))
    vote(store, "after")
    assert locations(store) == ["after", "before"]


def test_a_table_that_somebody_holds_is_waited_for_once(store: Store, url: str) -> None:
    patient = Store(url, busy_seconds=1.0)
    patient.check()
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE votes, messages")
        took = []
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="held by another program"):
                vote(patient, "not now")
            took.append(time.monotonic() - began)
        assert took[0] > 0.9 > 0.6 > max(took[1:])
        with pytest.raises(StoreUnavailable, match="held by another program"):
            locations(patient)
        with pytest.raises(StoreUnavailable, match="held by another program"):
            patient.look()
    vote(patient, "now")
    assert locations(patient) == ["now"]
    patient.close()


def test_a_database_that_is_not_there_is_named_with_the_command_that_makes_it(postgres) -> None:
    store = Store(postgres.url("nowhere"))
    with pytest.raises(StoreUnavailable, match="nowhere") as raised:
        store.check()
    assert not raised.value.passing
    assert raised.value.mend == "Make the database and its user: createuser USER && createdb --owner=USER NAME"


def test_a_wrong_password_is_said_and_never_shown(postgres, url: str) -> None:
    postgres.ask_for_passwords_of("guarded")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        owner.execute("GRANT ALL ON SCHEMA public TO guarded")
    guarded = url.replace("handrail@", "guarded:wrong@")
    store = Store(guarded)
    with pytest.raises(StoreUnavailable) as raised:
        store.check()
    assert "refuses this password" in raised.value.what
    assert "wrong" not in raised.value.format_message()
    assert not raised.value.passing
    right = Store(guarded.replace("wrong", "right"))
    right.check()
    assert "right" not in right.place
    right.close()


def test_a_database_of_another_encoding_is_refused(postgres) -> None:
    postgres.sql("CREATE DATABASE latin WITH ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(StoreUnavailable, match="keeps text as LATIN1") as raised:
        Store(postgres.url("latin")).check()
    assert "--encoding=UTF8" in raised.value.mend


def test_a_database_that_was_made_anew_gets_its_tables_without_a_restart(postgres, store: Store, url: str) -> None:
    vote(store, "before")
    name = urlsplit(url).path[1:]
    postgres.drop_database(name)
    postgres.sql(f"CREATE DATABASE {name}")
    until(lambda: works(store, store.check))
    assert locations(store) == []


def test_text_is_in_the_order_of_its_bytes_whatever_the_servers_language(postgres) -> None:
    postgres.sql(
        "CREATE DATABASE german WITH TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C.UTF-8'"
    )
    store = Store(postgres.url("german"))
    vote(store, "a/", "B/", "ä/", "Z/", "b/", "10/", "9/")
    assert locations(store) == ["10/", "9/", "B/", "Z/", "a/", "b/", "ä/"]
    store.close()
    postgres.drop_database("german")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each time that a connection was asked whether it is still there."""
    times: list[int] = []
    check = psycopg_pool.ConnectionPool.check_connection

    def ask(raw: object) -> None:
        times.append(1)
        check(raw)

    monkeypatch.setattr(psycopg_pool.ConnectionPool, "check_connection", staticmethod(ask))
    return times


def test_a_connection_that_was_used_just_now_is_not_asked_whether_it_is_there(store: Store, asked: list[int]) -> None:
    for _ in range(20):
        locations(store)
    assert len(asked) <= 1


@pytest.mark.long
def test_a_connection_that_its_server_ended_is_given_to_nobody(
    store: Store, url: str, asked: list[int], postgres: PostgresServer
) -> None:
    name = urlsplit(url).path[1:]
    for _ in range(5):
        locations(store)
        postgres.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
        assert locations(store) == []
    assert len(asked) >= 5


def test_the_list_of_the_desk_reads_the_outbox_by_its_index_and_not_whole_for_each_message(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(150):
        message = Message(f"Words {number}", "", "", "en", NOON + timedelta(seconds=number), f"form-{number}")
        keep_message(store, message, parse_routes("mail > folder"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    plans = []
    read = store.read

    def explain(sql: str, **values: object) -> list[Any]:
        plans.extend(row["QUERY PLAN"] for row in read(f"EXPLAIN {sql}", **values))
        return []

    monkeypatch.setattr(store, "read", explain)
    assert inbox_cases(store) == []
    assert any("Index Scan" in line and "outbox" in line for line in plans)
    assert not any("Seq Scan on outbox" in line for line in plans)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(store: Store) -> None:
    vote(store, "before")
    child = os.fork()
    if child == 0:
        try:
            vote(store, "child")
            os._exit(0)
        finally:
            os._exit(1)
    vote(store, "parent")
    assert os.waitpid(child, 0)[1] == 0
    assert locations(store) == ["before", "child", "parent"]


def test_a_password_in_a_file_of_the_repository_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "mkdocs.yml"
    for store in ("postgresql://handrail:secret@db/handrail", "postgresql://db/handrail?password=secret"):
        config.write_text(f"site_name: Acme\nplugins:\n  - handrail: {{store: '{store}'}}\n")
        with pytest.raises(ConfigError, match="does not belong in a file") as raised:
            load_settings(config, environ={})
        assert "secret" not in raised.value.format_message()
    config.write_text("site_name: Acme\nplugins:\n  - handrail\n")
    found = load_settings(config, environ={"HANDRAIL_STORE": "postgresql://handrail:secret@db/handrail"})
    assert "secret" not in Store(found.store_place).place


def test_without_the_package_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['psycopg'] = None\n" + (
        "from handrail_feedback.storage.database import Store; Store('postgresql://db/handrail')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "A store in PostgreSQL needs the package psycopg" in done.stderr
    assert "handrail[postgres]" in done.stderr


def test_a_schema_that_is_not_there_is_named_and_no_fault_of_ours(url: str) -> None:
    store = Store(f"{url}&options=-csearch_path%3Dnowhere")
    with pytest.raises(StoreUnavailable, match="names a schema that is not there") as raised:
        store.check()
    assert "CREATE SCHEMA" in raised.value.mend


def test_a_transaction_that_idles_is_ended_by_the_server_and_said_so(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("handrail_feedback.storage.engines.postgres._IDLE_SECONDS", 0.2)
    ended = threading.Event()
    with pytest.raises(StoreUnavailable) as raised, store.transaction() as db:
        ended.wait(1)
        db.execute(VOTE, {"location": "a/"})
    assert raised.value.passing
    assert locations(store) == []


def test_no_connection_is_opened_while_a_process_is_forked(store: Store) -> None:
    store.check()
    engine = store._engine  # noqa: SLF001 what the interpreter calls before and after a fork
    engine.before_fork()
    read = threading.Thread(target=store.check)
    read.start()
    read.join(0.5)
    assert read.is_alive(), "it waits until the fork is over"
    engine.after_fork()
    read.join(20)
    assert not read.is_alive()
