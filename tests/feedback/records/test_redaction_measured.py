"""How much is taken out of made-up people's sentences: the figures of docs/operators/redaction.md, on another seed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("faker", reason="make setup installs it")

JOB = Path(__file__).parents[2] / "quality" / "redaction.py"


@pytest.fixture(scope="module")
def job():
    spec = importlib.util.spec_from_file_location("redaction_job", JOB)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.append(str(JOB.parent))
    spec.loader.exec_module(module)
    sys.path.remove(str(JOB.parent))
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def measured(job):
    return job.measure(seed=77, each=250)


@pytest.mark.parametrize(
    ("kind", "floor"),
    [("mail", 0.98), ("phone", 0.98), ("card", 0.98), ("iban", 0.98), ("name", 0.95), ("long number", 0.98),
     ("secret", 0.98)],
)  # fmt: skip
def test_nearly_all_that_tells_who_somebody_is_is_taken_out(measured, kind, floor):
    found, _ = measured
    [one] = [one for one in found if one.kind == kind]
    assert one.of == 250
    assert one.recall >= floor, one.missed[:5]


def test_error_codes_versions_and_dates_stay_as_they_are(measured, job):
    _, alarms = measured
    assert len(job.ORDINARY) > 80
    assert not alarms


def test_the_measure_notices_whatis_left(job):
    assert job.is_left("mail", "ann@acme.test", "from [email] or acme.test")
    assert job.is_left("name", "Ann van Dyck", "my name is [name] Dyck")
    assert job.is_left("card", "4111 1111", "[card] 1111")
    assert not job.is_left("iban", "DE02 1203", "[iban] is mine")


def test_the_table_in_the_documentation_is_what_the_job_writes(job):
    text = job.PAGE.read_text(encoding="utf-8")
    assert job.as_table(*job.measure()) in text, "run: python tests/quality/redaction.py --write"
