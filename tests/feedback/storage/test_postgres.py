"""What a database on a server can do that a file cannot: be away, come back, refuse, and be used by several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.storage.database import Store, retried
from handrail_feedback.storage.engines.connection import Undone
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.messages.threads import inbox_cases
from handrail_feedback.storage.searches.learned import version
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError, StoreUnavailable
from waiting import until

from ..conftest import NOON
from ..postgres import PostgresServer

psycopg = pytest.importorskip("psycopg", reason="handrail[postgres] is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="handrail[postgres] is not installed")


VOTE = "INSERT INTO votes (at, location, helpful, comment) VALUES ('', :location, 1, '')"


@pytest.fixture
def url(new_database) -> str:
    return new_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


def locations(store: Store) -> list[str]:
    return [row["location"] for row in store.read("SELECT location FROM votes ORDER BY location")]


def vote(store: Store, *voted: str) -> None:
    with store.transaction() as db:
        for location in voted:
            db.execute(VOTE, {"location": location})


def works(store: Store, do: Callable[[], None]) -> bool:
    try:
        do()
    except StoreUnavailable:
        return False
    return True


def is_free(store: Store, what: str) -> bool:
    with store.only_one(what) as mine:
        return mine


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


def test_writers_on_two_nodes_take_turns_and_each_sees_what_the_other_wrote(url: str) -> None:
    """A rule that reads first and writes then holds on several machines, as it does in a file."""
    nodes = [Store(url), Store(url)]
    nodes[0].check()

    def vote_unless_full(node: Store) -> None:
        for _ in range(20):
            with node.transaction() as db:
                [count] = db.execute("SELECT count(*) FROM votes").fetchone()
                if count < 10:
                    db.execute(VOTE, {"location": f"{count}/"})

    threads = [threading.Thread(target=vote_unless_full, args=(node,)) for node in nodes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(locations(nodes[0])) == 10
    for node in nodes:
        node.close()


def test_a_writer_that_never_ends_holds_others_up_for_so_long_only(url: str) -> None:
    first, second = Store(url), Store(url, busy_seconds=0.3)
    first.check()
    with first.transaction() as db:
        db.execute(VOTE, {"location": "a/"})
        with pytest.raises(StoreUnavailable, match="held by another program") as raised:
            second.check()
        assert raised.value.passing
    second.check()
    first.close()
    second.close()


def test_a_reader_waits_for_nobody(url: str) -> None:
    first, second = Store(url), Store(url)
    vote(first, "a/")
    with first.transaction() as db:
        db.execute(VOTE, {"location": "b/"})
        assert locations(second) == ["a/"]
        assert locations(first) == ["a/", "b/"], "what this thread has written, it reads"
    assert locations(second) == ["a/", "b/"]
    first.close()
    second.close()


def test_what_the_database_undid_for_another_is_done_again(store: Store, url: str) -> None:
    with store.transaction() as db:
        db.executemany("INSERT INTO unwanted (who, at) VALUES (:who, '')", [{"who": "anna"}, {"who": "bert"}])
    change = "UPDATE unwanted SET at = '{}' WHERE who = '{}'"
    other = psycopg.connect(url)
    other.execute("SET deadlock_timeout = '60s'")  # it is the store's transaction that the server ends
    other.execute(change.format("other", "bert"))
    tries: list[int] = []

    def wait_for_anna_and_end() -> None:
        other.execute(change.format("other", "anna"))
        other.commit()

    beside = threading.Thread(target=wait_for_anna_and_end)

    @retried
    def change_both(store: Store) -> None:
        tries.append(1)
        with store.transaction(in_turn=False) as db:
            db.execute(change.format("ours", "anna"))
            if len(tries) == 1:
                beside.start()
            db.execute(change.format("ours", "bert"))

    change_both(store)
    beside.join()
    other.close()
    assert len(tries) == 2
    assert {row["at"] for row in store.read("SELECT at FROM unwanted")} == {"ours"}


def test_a_transaction_that_is_undone_again_and_again_is_given_up() -> None:
    tries = []

    @retried
    def never() -> None:
        tries.append(1)
        raise Undone("undone", "Try again.", passing=True)

    with pytest.raises(Undone):
        never()
    assert 3 <= len(tries) <= 6


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


HOLD = "import sys, time; from handrail_feedback.storage.database import Store\n" + (
    "with Store(sys.argv[1]).only_one('topics') as mine:\n    print(mine, flush=True); time.sleep(60)"
)


def test_one_of_all_nodes_does_what_is_done_once_and_a_killed_one_leaves_it(store_place: Path | str) -> None:
    store = Store(store_place)
    store.check()
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(store_place)], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline() == "True\n"
    with store.only_one("topics") as mine:
        assert not mine
    with store.only_one("something else") as mine:
        assert mine
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    until(lambda: is_free(store, "topics"))
    store.close()


def test_a_change_of_what_is_known_is_seen_by_another_node(url: str) -> None:
    nodes = [Store(url), Store(url)]
    before = version(nodes[1])
    vote(nodes[0], "a/")
    assert version(nodes[1]) != before
    for node in nodes:
        node.close()


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


def test_more_threads_than_connections_wait_for_one_and_all_get_theirs(url: str) -> None:
    store = Store(url)
    store.check()
    held = threading.Barrier(9)
    read: list[int] = []

    def hold() -> None:
        with store.only_one(threading.current_thread().name):
            held.wait(20)
            held.wait(20)

    def ask() -> None:
        read.append(store.read("SELECT 1 AS one")[0]["one"])

    holders = [threading.Thread(target=hold) for _ in range(8)]
    waiting = threading.Thread(target=ask)
    for thread in holders:
        thread.start()
    held.wait(20)
    waiting.start()
    waiting.join(1.2)  # longer than one look
    assert read == []
    held.wait(20)
    for thread in (*holders, waiting):
        thread.join(20)
    assert read == [1]
    store.close()


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


def test_writers_take_turns_whatever_isolation_the_server_sets(url: str) -> None:
    """A snapshot that is older than the turn would not see what the one before wrote."""
    name = urlsplit(url).path[1:]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    first, second = Store(url), Store(url)
    seen: list[int] = []
    first.check()

    def count() -> None:
        with second.transaction() as db:
            seen.append(db.execute("SELECT count(*) FROM votes").fetchone()[0])

    waiting = threading.Thread(target=count)
    with first.transaction() as db:
        waiting.start()
        until(lambda: first.read("SELECT 1 AS one FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        db.execute(VOTE, {"location": "a/"})
    waiting.join(20)
    assert seen == [1]
    first.close()
    second.close()


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


def test_a_claim_that_another_node_took_over_is_not_ended_by_the_first_ones_failure(store: Store) -> None:
    from datetime import UTC, datetime, timedelta

    from handrail_feedback.records.messages import Message
    from handrail_feedback.records.outbox import Patience, parse_routes
    from handrail_feedback.storage.messages import outbox
    from handrail_feedback.storage.messages.messages import keep_message
    from handrail_kb.errors import DeliveryFailed

    noon, mail = datetime(2026, 3, 2, 12, tzinfo=UTC), parse_routes("mail")
    keep_message(store, Message("Help", "", "", "en", noon), mail)
    job = outbox.claim(store, mail, noon, Patience())
    later = noon + Patience().lease + timedelta(seconds=1)
    second = outbox.claim(store, mail, later, Patience())
    outbox.failed(store, job, DeliveryFailed("away", "Wait."), later, Patience())
    [row] = store.read("SELECT claim FROM outbox")
    assert row["claim"] == second.claim
