"""Runs the plugin's tests and a few in the browser against several versions of Material.

    python tests/project/matrix.py            all versions below
    python tests/project/matrix.py 9.5.50     one

Each version has a virtual environment of its own in .cache/matrix, made on first use. Handrail lives inside
Material's dialog by a protocol that Material uses but does not promise, so a new version is trusted after this.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

VERSIONS = ("9.5.50", "9.6.23", "9.7.6", "9.8.1")
ROOT = Path(__file__).parents[2]
BESIDE = ("pytest", "pytest-randomly", "playwright", "flask", "mkdocs-minify-plugin", "mkdocs-static-i18n", "pyyaml")
IN_THE_BROWSER = (
    "materials_own_dialog or when_the_service_fails or arrow_keys or puts_the_person_first or enter_opens or "
    "without_javascript or instant_navigation or strict_policy or vote"
)


def main(versions: list[str]) -> int:
    """Try each version; the exit code says whether all passed."""
    failed = [version for version in versions or VERSIONS if not try_version(version)]
    say(f"failed: {', '.join(failed)}" if failed else "all versions passed")
    return 1 if failed else 0


def try_version(version: str) -> bool:
    """Whether the tests pass with this version of Material."""
    python = environment(version)
    say(f"Material {version}")
    tests = [python, "-m", "pytest", "-q", "-o", "filterwarnings=default", "-o", "cache_dir=.cache/matrix/pytest"]
    plugin = subprocess.run([*tests, "tests/kb/site/plugin"], cwd=ROOT, check=False)
    browser = subprocess.run([*tests, "tests/browser", "-k", IN_THE_BROWSER], cwd=ROOT, check=False)
    return plugin.returncode == browser.returncode == 0


def environment(version: str) -> str:
    """The interpreter of a virtual environment that has this version of Material."""
    folder = ROOT / ".cache" / "matrix" / version
    python = str(folder / "bin" / "python")
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, f"mkdocs-material=={version}", *BESIDE], check=True)
        subprocess.run([*install, "--no-deps", "--editable", str(ROOT)], check=True)
        (folder / "ready").touch()
    return python


def say(words: str) -> None:
    """One line for the person who waits."""
    sys.stdout.write(f"\n== {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
