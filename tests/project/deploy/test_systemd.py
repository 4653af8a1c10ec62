"""The units for systemd: that it understands them, and what they leave to a stranger who broke in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[3] / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 3.0

systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )


@systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_leaves_a_broken_in_stranger_little(unit):
    told = analyze("security", "--offline=true", "--no-pager", str(unit)).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1]) < MOST_EXPOSED


@systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit):
    told = analyze("verify", "--man=no", str(unit)).stderr.splitlines()
    assert [line for line in told if "/srv/help/.venv/bin/handrail is not executable" not in line] == []
