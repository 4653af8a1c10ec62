"""What a script did is taken back in one deed, and that deed can be undone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_feedback.commands.store import store as store_command
from handrail_feedback.records.searches import Vote
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.topics import failed_searches
from handrail_feedback.storage.searches.votes import keep_vote, votes
from handrail_feedback.storage.upkeep.withdrawal import take_back, undo_withdrawal, withdrawals

from ...conftest import NOON, search

MINUTE = timedelta(minutes=1)


def count_all(store: Store) -> tuple[int, int]:
    return len(failed_searches(store)), len(votes(store, NOON - MINUTE, NOON + 90 * MINUTE))


def test_a_burst_counts_for_nothing_once_taken_back_and_for_all_when_that_is_undone(
    store: Store, log: SearchLog
) -> None:
    for n in range(20):
        log.record(search(f"buy pills now {n}", seconds=60 * n, tab=f"tab-{n:05}", verdict="none"))
        keep_vote(store, Vote("guide/", True, NOON + n * MINUTE, tab=f"tab-{n:05}"))
    log.record(search("a robot", seconds=300, bot=True, verdict="none"))
    assert log.flush()
    assert count_all(store) == (20, 20)
    done = take_back(store, NOON + 5 * MINUTE, NOON + 15 * MINUTE, who="lead", at=NOON)
    assert (done.searches, done.votes) == (10, 10)
    assert count_all(store) == (10, 10)
    assert withdrawals(store) == [done]
    assert undo_withdrawal(store, done.id, NOON + MINUTE)
    assert count_all(store) == (20, 20)  # and not 21: the robot's stays out
    assert not undo_withdrawal(store, done.id, NOON + MINUTE)
    assert withdrawals(store)[0].undone_at == NOON + MINUTE


def test_a_command_takes_back_lists_and_undoes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path / ".handrail" / "store.db")
    (tmp_path / ".handrail").mkdir()
    keep_vote(store, Vote("guide/", True, NOON, tab="tab-aaaa"))
    span = ("--since", "2026-03-02T11:00:00", "--until", "2026-03-02T13:00:00")

    def said(*options: str) -> str:
        return CliRunner().invoke(store_command, ["take-back", *options]).output

    assert said() == "Nothing was ever taken back.\n"
    assert "0 searches and 1 vote count for nothing now" in said(*span)
    assert votes(store, NOON - MINUTE, NOON + MINUTE) == []
    assert "0 searches, 1 vote, by command line" in said()
    assert "counts again" in said("--undo", "1")
    assert len(votes(store, NOON - MINUTE, NOON + MINUTE)) == 1
    store.close()
