"""How `make test` counts: what fails beside other tests gets one more try alone, and nothing else is forgiven.

And that its services share what they begin with.
"""

from __future__ import annotations

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
