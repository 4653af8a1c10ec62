"""`make cluster-test` in small, and that it would notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("faiss", reason="the service is not installed")
pytest.importorskip("valkey", reason="handrail[valkey] is not installed")
pytest.importorskip("psycopg_pool", reason="handrail[postgres] is not installed")

from .judge import Disturbance, failures, grouped_at_once, lost, unexplained
from .run import what_is_missing
from .traffic import Done

TESTS = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.skipif(bool(what_is_missing()), reason=f"needs {', '.join(what_is_missing())}")
def test_nothing_that_was_confirmed_is_lost_while_nodes_and_databases_are_killed(encoder_cache):
    small = (sys.executable, "-m", "search.service.nodes.run", "--seconds", "30", "--pause", "3")
    ran = subprocess.run(small, cwd=TESTS, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_proof_notices_what_was_lost_and_what_is_there_twice():
    confirmed = [(("tab", "page/"), True), (("other", "page/"), False)]
    assert lost(confirmed, confirmed, "votes") == []
    assert "not in the store" in lost(confirmed, confirmed[:1], "votes")[0]
    assert "not in the store" in lost(confirmed, [confirmed[0], (("other", "page/"), True)], "votes")[0]
    assert "twice" in lost(confirmed, [*confirmed, confirmed[0]], "votes")[0]


def test_the_proof_notices_a_mail_that_came_again_with_nothing_disturbed():
    killed = [Disturbance("node killed", 1, 100.0, 110.0)]
    assert unexplained([(101.0, "a"), (190.0, "a"), (300.0, "b")], killed) == []
    assert unexplained([(95.0, "a"), (190.0, "a")], killed) == [], "it was being noted when the node was killed"
    assert "twice" in unexplained([(60.0, "a"), (105.0, "a")], killed)[0]
    assert "twice" in unexplained([(101.0, "a"), (190.0, "a")], [Disturbance("Valkey killed", None, 100.0, 110.0)])[0]


def test_the_proof_notices_failed_requests_and_more_broken_answers_than_kills_explain():
    killed = [Disturbance("node killed", 1, 100.0, 110.0)]
    assert failures(Done(cut=[(100.0, "search", "")]), killed, 1) == []
    assert failures(Done(failed=[(1.0, "search", "503")]), killed, 1)
    assert failures(Done(cut=[(100.0, "search", ""), (300.0, "search", "")]), killed, 1)


def test_the_proof_notices_two_processes_that_group_topics_at_once():
    one_after_another = ["1.0 7 begins", "2.0 7 ends", "3.0 8 begins", "4.0 8 ends"]
    assert grouped_at_once(one_after_another, []) == []
    assert grouped_at_once(["1.0 7 begins", "1.5 8 begins", "2.0 7 ends", "4.0 8 ends"], [])
    for what in ("node killed", "node restarted"):
        ended = [Disturbance(what, 0, 1.2, 1.4)]
        assert grouped_at_once(["1.0 7 begins", "1.5 8 begins", "4.0 8 ends"], ended) == []
        assert grouped_at_once(["1.0 7 begins", "1.5 8 begins", "1.6 9 begins"], ended)
    stopped = [Disturbance("PostgreSQL stopped", None, 0.9, 1.2)]  # it stops a moment after it is told to
    assert grouped_at_once(["1.0 7 begins", "1.5 8 begins", "4.0 8 ends"], stopped) == []
    left_alone = [Disturbance("Valkey killed", None, 1.2, 1.4)]
    assert grouped_at_once(["1.0 7 begins", "1.5 8 begins", "4.0 8 ends"], left_alone)
