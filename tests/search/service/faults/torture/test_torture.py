"""The table of faults and attacks tells of tests that are there, and of what came of them."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.published import put_into

from . import table
from .kinds import KINDS, Kind
from .load import Load, Phase, wrong_with
from .tries import Tries

TESTS = Path(__file__).parents[4]


def report(kind, outcome, when="call", **properties):
    file, _, name = kind.tests[0].partition("::")
    return SimpleNamespace(
        nodeid=f"tests/{file}::{name or 'test_any'}[one]",
        when=when,
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        longrepr="",
        user_properties=list(properties.items()),
    )


def row_of(kind, tries):
    return next(line for line in table.as_table(tries.of, None, 1).splitlines() if line.startswith(f"| {kind.name} |"))


@pytest.mark.parametrize("named", [test for kind in KINDS for test in kind.tests])
def test_every_test_that_the_table_counts_is_there(named):
    file, _, name = named.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    found = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert name in found if name else any(one.startswith("test_") for one in found)


def test_every_file_in_a_folder_of_faults_is_in_the_table():
    files = {str(file.relative_to(TESTS)) for file in TESTS.glob("**/faults/test_*.py")}
    assert files - {test for kind in KINDS for test in kind.tests} == set()


def test_a_fault_that_lost_something_and_an_attack_that_got_in_stand_in_their_columns():
    fault = next(kind for kind in KINDS if kind.sort == "fault")
    attack = next(kind for kind in KINDS if kind.sort == "attack")
    tries = Tries()
    for kind in (fault, attack):
        tries.pytest_runtest_logreport(report(kind, "passed", tried=100))
        tries.pytest_runtest_logreport(report(kind, "failed"))
    assert row_of(fault, tries).startswith(f"| {fault.name} | 101 | 1 |  |")
    assert row_of(attack, tries).startswith(f"| {attack.name} | 101 |  | 1 |")


def test_what_was_not_tried_is_named_and_not_counted():
    tries = Tries()
    tries.pytest_runtest_logreport(report(KINDS[0], "skipped", when="setup"))
    assert row_of(KINDS[0], tries).startswith(f"| {KINDS[0].name} | 0 | 0 |")
    assert f"Not tried on this machine: `{report(KINDS[0], 'skipped').nodeid}`." in table.as_table(tries.of, None, 1)


def test_what_there_was_no_time_for_is_named_and_has_no_row():
    tries = Tries()
    tries.pytest_runtest_logreport(report(KINDS[0], "passed"))
    text = table.as_table(tries.of, None, 1)
    assert f"No time was left for: {KINDS[1].name}; " in text
    assert f"| {KINDS[1].name} |" not in text


def test_after_the_time_no_test_is_begun():
    tries, session = Tries(seconds=-1), SimpleNamespace(shouldstop=False)
    with pytest.raises(pytest.skip.Exception):
        tries.pytest_runtest_setup(SimpleNamespace(session=session))
    assert session.shouldstop
    assert tries.over


def test_a_test_counts_for_its_own_kind_alone():
    kind = Kind("", "attack", "", ("a/test_x.py::test_one", "a/test_y.py"))
    assert kind.has("tests/a/test_x.py::test_one[5]")
    assert kind.has("tests/a/test_y.py::test_any")
    assert not kind.has("tests/a/test_x.py::test_one_more")
    assert not kind.has("tests/b/a/test_y.py::test_any")


def load(*, lost=0, failed=0, refused=5, waiting=0, sizes=(300.0,) * 40):
    memory = [(float(at), size) for at, size in enumerate(sizes)]
    steady = Phase(20, 100, waiting, answered=100 - failed, failed=failed, codes=3, memory=memory)
    over = Phase(90, 100, 500, answered=95, refused=refused, memory=[(0.0, 300.0)])
    return Load(40, 30, steady, over, lost)


def test_the_load_notices_what_it_is_there_for():
    assert wrong_with(load(), 5) == []
    assert "not in the store" in wrong_with(load(lost=2), 5)[0]
    assert "not answered" in wrong_with(load(failed=1), 5)[0]
    early = load()
    early.steady.refused = 1
    assert wrong_with(early, 5) == ["1 searches were refused at twice the rated load"]
    assert "waited for their turn" in wrong_with(load(waiting=21), 5)[0]
    assert "it was none" in wrong_with(load(refused=0), 5)[0]
    assert wrong_with(load(sizes=[300 + second for second in range(40)]), 5) == ["memory grows by 60.0 MB a minute"]


def test_the_figures_of_the_load_are_in_the_article():
    text = table.load_table(load())
    assert "| Searches asked | 100 | 100 |" in text
    assert "| refused early, with the time to try again | 0 | 5 |" in text


def test_an_article_without_its_marks_is_named(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n")
    with pytest.raises(SystemExit, match="lacks the lines"):
        put_into(page, "torture", "| a |")
