"""Several nodes use one database: writers take turns, readers wait for nobody, and one does what is done once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.storage.database import Store, retried
from handrail_feedback.storage.engines.connection import Undone
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches.learned import version
from handrail_kb.errors import StoreUnavailable
from waiting import until

from .votes import VOTE, locations, vote

psycopg = pytest.importorskip("psycopg", reason="handrail[postgres] is not installed")
pytest.importorskip("psycopg_pool", reason="handrail[postgres] is not installed")


def is_free(store: Store, what: str) -> bool:
    with store.only_one(what) as mine:
        return mine


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


def test_a_claim_that_another_node_took_over_is_not_ended_by_the_first_ones_failure(store: Store) -> None:
    from datetime import UTC, datetime

    from handrail_feedback.records.outbox import Patience
    from handrail_feedback.storage.messages import outbox
    from handrail_kb.errors import DeliveryFailed

    noon, mail = datetime(2026, 3, 2, 12, tzinfo=UTC), parse_routes("mail")
    keep_message(store, Message("Help", "", "", "en", noon), mail)
    job = outbox.claim(store, mail, noon, Patience())
    later = noon + Patience().lease + timedelta(seconds=1)
    second = outbox.claim(store, mail, later, Patience())
    outbox.failed(store, job, DeliveryFailed("away", "Wait."), later, Patience())
    [row] = store.read("SELECT claim FROM outbox")
    assert row["claim"] == second.claim
