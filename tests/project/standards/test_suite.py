"""How `make test` counts: what fails beside other tests gets one more try alone, and nothing else is forgiven.

And that its services share what they begin with.
"""

from __future__ import annotations

import ast
import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).parents[3]
ONCE_MORE = "once more, one after another:"
FAILS_ONCE = """
from pathlib import Path
def test_that_fails_beside_others():
    tried = Path("tried")
    before = tried.exists()
    tried.touch()
    assert before
"""
FAILS_ALWAYS = "def test_that_fails():\n    assert False\n"
NO_PYTHON = "def test_that_cannot_be_read(:\n"
# As a run does whose processes collected different tests.
ENDS_WITH_1 = """
import os
def pytest_sessionfinish(session):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        session.exitstatus = 1
"""
NEW_EACH_TIME = {"time", "time_ns", "monotonic", "now", "utcnow", "today", "getpid", "uuid4", "random", "urandom"}
NEW_EACH_TIME |= {"token_bytes", "token_hex", "token_urlsafe", "mkdtemp", "randint"}
ENDS_THE_RUN = """
import os, pytest
@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        raise KeyboardInterrupt
"""


@pytest.fixture
def unit(tmp_path):
    """Runs `make unit` in a folder with these tests beside one that passes: `unit(text, …)`."""
    for name in (".installed-dev", "pytest.ini"):
        (tmp_path / name).touch()
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    shutil.copy2(ROOT / "Makefile", tmp_path)
    outer = ("MAKE", "MFLAGS", "PYTEST_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(outer)}
    env |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}  # the others take long to load

    def run(*texts):
        for number, text in enumerate(("def test_that_passes():\n    pass\n", *texts)):
            (tmp_path / f"test_{number}.py").write_text(text)
        command = ["make", "--silent", "-o", f"{tmp_path}/.installed-dev", "unit", f"VENV={tmp_path}"]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_a_test_that_fails_beside_others_counts_by_a_run_of_its_own(unit):
    done = unit(FAILS_ONCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout.partition(ONCE_MORE)[2], done.stdout


def test_a_test_that_fails_alone_too_fails_the_run(unit):
    done = unit(FAILS_ONCE, FAILS_ALWAYS)
    assert done.returncode != 0
    assert "1 failed, 1 passed" in done.stdout.partition(ONCE_MORE)[2], done.stdout


def test_a_file_that_cannot_be_read_fails_the_run(unit):
    assert unit(FAILS_ONCE, NO_PYTHON).returncode != 0


def test_a_run_that_failed_without_a_failed_test_is_not_run_again(unit, tmp_path):
    (tmp_path / "conftest.py").write_text(ENDS_WITH_1)
    done = unit()
    assert done.returncode != 0
    assert "1 passed" in done.stdout and ONCE_MORE not in done.stdout, done.stdout


# Each process of a run collects the tests by itself. One whose name holds the time ends the run, every few runs.
def test_no_test_is_named_by_what_differs_between_processes():
    assert [found for file in sorted((ROOT / "tests").rglob("*.py")) for found in names_that_differ(file)] == []


def names_that_differ(file):
    tree = ast.parse(file.read_text())
    differing = {target.id for line in tree.body for target in names_set_to_a_new_value(line)}
    for decorator in (decorator for line in ast.walk(tree) for decorator in getattr(line, "decorator_list", ())):
        used = {name.id for name in ast.walk(decorator) if isinstance(name, ast.Name)}
        if makes_a_new_value(decorator) or used & differing:
            yield f"{file.relative_to(ROOT)}:{decorator.lineno}"


def names_set_to_a_new_value(line):
    if isinstance(line, ast.Assign) and makes_a_new_value(line.value):
        return [target for target in line.targets if isinstance(target, ast.Name)]
    return []


def makes_a_new_value(expression):
    if isinstance(expression, ast.Lambda):  # called in the test
        return False
    function = getattr(expression, "func", None)
    called = getattr(function, "attr", getattr(function, "id", ""))
    return called in NEW_EACH_TIME or any(map(makes_a_new_value, ast.iter_child_nodes(expression)))


def test_a_run_that_was_cut_short_fails_whatever_its_tests_do_alone(unit, tmp_path):
    (tmp_path / "conftest.py").write_text(ENDS_THE_RUN)
    done = unit(FAILS_ONCE)
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stdout and "1 failed" in done.stdout, done.stdout
    assert ONCE_MORE not in done.stdout, done.stdout


def test_no_service_compiles_templates_that_another_has_compiled(tmp_path, monkeypatch):
    pytest.importorskip("faiss", reason="the service is not installed")
    from feedback.desk.desks import service

    with service(tmp_path / "one") as app:
        app.jinja_env.get_template("desk/accounts/login.html")
    monkeypatch.setattr(jinja2.Environment, "compile", lambda _here, _source, name, _file: pytest.fail(f"{name} again"))
    with service(tmp_path / "other") as app:
        app.jinja_env.get_template("desk/accounts/login.html")


def test_garbage_is_looked_for_while_tests_run():
    assert gc.isenabled()
