"""The lowest versions that pyproject.toml allows, as constraints for pip.

    python -m tests.project.install.lowest > lowest.txt

uv finds for each direct dependency the lowest version that fits together with the others; what those need in turn is
left to pip, which takes the newest.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .documents import ROOT

EXTRAS = ("index", "multilingual")


def lowest(*extras: str) -> str:
    """A line `name==version` for each dependency that Handrail itself names, with these extras."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct",
               "--only-binary", ":all:", "--no-header", "--no-annotate", "--python", sys.executable,
               *(flag for extra in extras for flag in ("--extra", extra)), "pyproject.toml"]  # fmt: skip
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    lines = [line for line in found.stdout.splitlines() if canonicalize_name(re.split("[=<>]", line)[0]) in named()]
    return "\n".join(lines) + "\n"


def named() -> set[str]:
    """The names of the dependencies in pyproject.toml, without development's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in extras if name != "dev" for line in extras[name])]
    return {canonicalize_name(Requirement(line).name) for line in lines} - {"handrail"}


if __name__ == "__main__":
    sys.stdout.write(lowest(*EXTRAS))
