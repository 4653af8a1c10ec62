"""A site built as it is and with the one line, in an environment of its own, from a copy of its checkout."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from one_line import with_handrail
from recipes import KEPT, ROOT, Recipe, say

TIMES = 3
_WARNING = re.compile(r"^WARNING\s*-\s*(.*)$", re.M)
_OURS = re.compile(r"^\W*handrail\b", re.I)


@dataclass(frozen=True)
class Build:
    """One way of building a site: where it is, the processor seconds of the fastest run, what was warned of."""

    site: Path
    seconds: float
    warnings: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True)
class Pair:
    """A site without and with the line. `config` is the mkdocs.yml with it."""

    config: Path
    without: Build
    with_line: Build

    @property
    def ours(self) -> tuple[str, ...]:
        """Warnings that came with the line: each would stop a strict build."""
        return tuple(one for one in self.with_line.warnings if _OURS.match(one))

    @property
    def overhead(self) -> float:
        """How much longer the build takes with the line, as a share of the time without."""
        return self.with_line.seconds / self.without.seconds - 1


def python_of(recipe: Recipe) -> str:
    """The interpreter of an environment with this site's plugins and, of Handrail, what a build machine needs."""
    folder = KEPT / "environments" / recipe.name
    python, ready = str(folder / "bin" / "python"), folder / "ready"
    wanted = "\n".join(recipe.packages)
    if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
        say(f"{recipe.name}: installing {', '.join(recipe.packages)}")
        venv.create(folder, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        # setuptools: older plugins import its pkg_resources.
        subprocess.run([*install, "setuptools<81", "mkdocs>=1.6,<2", *recipe.packages], check=True)
        subprocess.run([*install, "--editable", str(ROOT)], check=True)
        ready.write_text(wanted, encoding="utf-8")
    return python


def build(recipe: Recipe, checkout: Path, times: int = TIMES) -> Pair:
    """Build both ways by turns, so that a busy machine slows both, and keep the fastest run of each."""
    python, copy = python_of(recipe), KEPT / "copies" / recipe.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(checkout, copy, symlinks=True)
    home = copy / recipe.folder
    plain, ours = home / "mkdocs.yml", home / "mkdocs.handrail.yml"
    ours.write_text(with_handrail(plain.read_text(encoding="utf-8")), encoding="utf-8")
    environment = _environment(recipe, copy)
    results: dict[Path, Build] = {}
    for _ in range(times):
        for config, site in ((plain, copy / ".built" / "without"), (ours, copy / ".built" / "with")):
            made = _run(python, config, site, environment)
            known = results.get(config)
            results[config] = made if known is None or made.error or made.seconds < known.seconds else known
            if made.error:
                break
    return Pair(ours, results[plain], results.get(ours) or Build(Path(), 0, (), "not tried"))


def _environment(recipe: Recipe, copy: Path) -> Mapping[str, str]:
    paths = os.pathsep.join(str(copy / path) for path in recipe.paths)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HANDRAIL_", "PYTHON"))}
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    return {**kept, **quiet, "PYTHONPATH": paths, **recipe.environment}


def beside_the_plugins(recipe: Recipe) -> Mapping[str, str]:
    """The environment of a command of Handrail that loads the site's own plugins and extensions."""
    known = _environment(recipe, KEPT / "copies" / recipe.name)
    packages = next((KEPT / "environments" / recipe.name / "lib").glob("python*/site-packages"))
    return {**known, "PYTHONPATH": os.pathsep.join(filter(None, (known["PYTHONPATH"], str(packages))))}


def _run(python: str, config: Path, site: Path, environment: Mapping[str, str]) -> Build:
    """Build once; the time is that of the processor, which other programs change little."""
    command = [python, "-m", "mkdocs", "build", "--config-file", str(config), "--site-dir", str(site)]
    before = _processor_seconds()
    done = subprocess.run(command, env=environment, cwd=config.parent, capture_output=True, text=True, check=False)
    seconds = _processor_seconds() - before
    error = done.stderr[-2000:] if done.returncode else ""
    return Build(site, seconds, tuple(_WARNING.findall(done.stderr)), error)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
