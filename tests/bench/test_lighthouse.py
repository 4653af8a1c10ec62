"""What `make lighthouse` makes of Lighthouse's reports; Lighthouse itself is not run here."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("faiss", reason="the service is not installed")

HERE = Path(__file__).parent


@pytest.fixture
def lighthouse(monkeypatch):
    """The module of this folder, whose modules import each other by their bare names, as scripts do."""
    names = {file.stem for file in HERE.glob("*.py")}
    monkeypatch.syspath_prepend(str(HERE))
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("lighthouse")
    for name in names:
        sys.modules.pop(name, None)


def report(lighthouse, performance=0.97, blocking=120.0, **audits):
    """A report as Lighthouse writes it; `audits` are those of accessibility with a weight."""
    parts = {name: {"score": 1, "auditRefs": []} for name in lighthouse.CATEGORIES}
    parts["performance"]["score"] = performance
    parts["accessibility"]["auditRefs"] = [{"id": name, "weight": 7} for name in audits]
    times = {"largest-contentful-paint": 1500.0, "total-blocking-time": blocking, "cumulative-layout-shift": 0.01}
    scored = {name: {"score": score} for name, score in audits.items()}
    return {
        "categories": parts,
        "audits": {**{name: {"numericValue": value} for name, value in times.items()}, **scored},
    }


def test_the_table_says_which_audits_cost_points(lighthouse):
    one = lighthouse.read_report(report(lighthouse, contrast=0, names=1, frames=None))
    assert one.lost == ("contrast",)
    text = lighthouse.to_markdown({("Home", "phone"): one}, 1, (0.5, 0.5))
    assert "| Home | phone | 97 | 100 | 100 | 100 | 1.5 | 120 | 0.01 | `contrast` |" in text


def test_one_slow_run_of_three_changes_nothing(lighthouse):
    runs = [report(lighthouse, 0.97), report(lighthouse, 0.6, blocking=900.0, once=0), report(lighthouse, 0.96)]
    found = lighthouse.middle([lighthouse.read_report(run) for run in runs])
    assert (found.scores["performance"], found.blocking, found.lost) == (96, 120.0, ())


def test_a_page_that_cannot_be_judged_has_no_score(lighthouse):
    with pytest.raises(SystemExit, match="The page did not paint"):
        lighthouse.read_report({"runtimeError": {"message": "The page did not paint."}, "requestedUrl": "http://a/"})


def test_without_node_it_says_what_to_install(lighthouse, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="apt-get install nodejs npm"):
        lighthouse.npx_here()
