"""Packages with known vulnerabilities stop the CI, and where nobody can be asked that is said and stops nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pip_audit", reason="pip-audit is not installed")

HERE = Path(__file__).parent


@pytest.fixture
def audit(tmp_path):
    """Audits a lock file with these packages at an address."""

    def audit(address, *packages):
        lock = tmp_path / "lock.txt"
        lock.write_text("".join(f"{package} \\\n    --hash=sha256:{'0' * 64}\n" for package in packages))
        code = "import audit, pathlib, sys; sys.exit(audit.main((pathlib.Path(sys.argv[1]),)))"
        return subprocess.run(
            [sys.executable, "-c", code, str(lock)],
            cwd=HERE,
            env={"ADVISORIES": address, "PATH": "", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    return audit


def test_a_known_vulnerability_fails_and_is_named_with_the_version_that_mends_it(osv, audit):
    done = audit(osv.address, "jinja2==2.4.1", "flask==3.1.3")
    assert done.returncode == 1, done.stderr
    assert "jinja2 2.4.1: GHSA-stand-in, mended in 2.10" in done.stdout
    assert "constraints.txt" in done.stdout
    assert sorted(osv.asked) == [("flask", "3.1.3"), ("jinja2", "2.4.1")]


def test_packages_without_a_known_vulnerability_pass(osv, audit):
    done = audit(osv.address, "jinja2==3.1.6")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no known vulnerability" in done.stdout
    assert "NOT AUDITED" not in done.stdout


@pytest.mark.parametrize("status", [None, 500, 403])
def test_a_source_that_does_not_answer_is_told_and_is_no_failure(osv, audit, status):
    osv.status = status or 200
    done = audit(osv.address if status else "http://127.0.0.1:1/v1/query", "jinja2==2.4.1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("NOT AUDITED: ")
    assert "no known vulnerability" not in done.stdout
    assert "Traceback" not in done.stderr


def test_a_lock_file_that_cannot_be_read_is_a_failure(osv, audit):
    done = audit(osv.address, "no package at all ==")
    assert done.returncode == 1
    assert done.stderr.startswith("pip-audit cannot read ")
    assert "no known vulnerability" not in done.stdout


def test_the_ci_audits():
    root = HERE.parents[2]
    assert "make audit" in (root / ".ci" / "run").read_text()
    assert "release/audit.py" in (root / "Makefile").read_text()
