"""Makes a release of what is committed: wheel, sdist, a bill of materials, their checksums, and what changed.

    python tests/project/release/release.py     into dist/release-VERSION, ready to be tagged and handed out

The version stands in kb/handrail_kb/__init__.py alone. Refused are uncommitted changes, a version that has a tag, one
that CHANGELOG.md says nothing about, packages with a known vulnerability, and lock files that are older than 90 days
(docs/operators/supply.md promises that). Where nobody can be asked about vulnerabilities, whoever runs it with
UNAUDITED=yes takes that upon themselves. Both archives are the same to the byte whoever makes them from a commit.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit import OSV, NotAsked, vulnerabilities
from bill import bill

ROOT = Path(__file__).parents[3]
VERSION = Path("kb", "handrail_kb", "__init__.py")
CHANGELOG = Path("CHANGELOG.md")
# What a machine that answers installs.
LOCK = Path("deploy", "locks", "service.txt")
_OLDEST_LOCK = timedelta(days=90)
_VERSION_LINE = re.compile(r'^__version__ = "([^"]+)"$', re.M)
# As packages sort it: 1.2.0, 1.2.0rc1, 1.2.0.post1.
_WELL_FORMED = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?")


class Refused(Exception):
    """What stands in the way of a release, and what to do about it."""


def version_of(root: Path) -> str:
    """The version of a working copy. Raises Refused when it cannot be found, or is none that pip understands."""
    found = _VERSION_LINE.findall((root / VERSION).read_text(encoding="utf-8"))
    if len(found) != 1 or not _WELL_FORMED.fullmatch(found[0]):
        raise Refused(f'{VERSION} has to have one line like __version__ = "1.2.0".')
    return found[0]


def changes_in(changelog: str, version: str) -> str:
    """The section of a version, without its heading; empty where there is none. A heading may name a date, too."""
    heading = re.compile(rf"## \[?v?{re.escape(version)}\]?(?![\w.+-])")
    lines, inside, fenced = [], False, False
    for line in changelog.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.startswith("## ") and not fenced:
            inside = bool(heading.match(line)) and not lines
        elif inside:
            lines.append(line)
    return "\n".join(lines).strip()


def check(root: Path) -> str:
    """The version that can be released. Raises Refused with what to do first."""
    if git(root, "rev-parse", "--show-toplevel", fine=(0, 128)) != str(root.resolve()):
        raise Refused("This is no clone of its own: a release is made from what is committed there.")
    version = version_of(root)
    if changed := git(root, "status", "--porcelain"):
        raise Refused(f"There are changes that are not committed. Commit or remove them:\n{changed}")
    if git(root, "tag", "--list", f"v{version}", version):
        raise Refused(f"Version {version} has a tag already. Choose the next one, in {VERSION}.")
    if not changes_in((root / CHANGELOG).read_text(encoding="utf-8"), version):
        raise Refused(f"{CHANGELOG} says nothing about {version}. Put what changed under a heading '## {version}'.")
    _look_at_packages(root, datetime.now(UTC))
    return version


def _look_at_packages(root: Path, at: datetime) -> None:
    """Raise Refused where a package of a lock file has a known vulnerability, or might, or the file is too old."""
    source = os.environ.get("ADVISORIES") or OSV
    for lock in sorted((root / LOCK).parent.glob("*.txt")):
        named = lock.relative_to(root)
        renewed = datetime.fromisoformat(git(root, "log", "-1", "--format=%cI", "--", str(named)))
        if at - renewed > _OLDEST_LOCK:
            raise Refused(f"{named} was renewed on {renewed:%Y-%m-%d}, more than 90 days ago. Run: make lock")
        if os.environ.get("UNAUDITED") == "yes":
            continue
        try:
            found = vulnerabilities(lock, source)
        except NotAsked as error:
            raise Refused(
                f"{source} did not answer, so nobody knows whether packages of {named} have vulnerabilities: {error}\n"
                "Run it where the internet can be reached, or name a mirror: ADVISORIES=https://… make release\n"
                "Whoever takes that upon themselves: UNAUDITED=yes make release"
            ) from None
        if found:
            raise Refused("\n".join(("Packages have known vulnerabilities. Raise them, then: make lock", *found)))


def release(root: Path) -> Path:
    """Make the release of a clean working copy, and give its folder. Raises Refused; then nothing is left."""
    version = check(root)
    target = root / "dist" / f"release-{version}"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made")
        made.mkdir()
        _build(root, Path(folder, "source"), made)
        archives = sorted(made.iterdir())
        expected = [f"handrail-{version}-py3-none-any.whl", f"handrail-{version}.tar.gz"]
        if [archive.name for archive in archives] != expected:
            raise Refused(f"Expected {', '.join(expected)}, but {', '.join(path.name for path in archives)} were made.")
        at = datetime.fromisoformat(git(root, "log", "-1", "--format=%cI"))
        parts = made / f"handrail-{version}.cdx.json"
        parts.write_text(bill((root / LOCK).read_text(encoding="utf-8"), version, at), encoding="utf-8")
        sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (*archives, parts))
        (made / "SHA256SUMS").write_text(sums, encoding="utf-8")
        changes = changes_in((root / CHANGELOG).read_text(encoding="utf-8"), version)
        (made / "CHANGES.md").write_text(f"# Handrail {version}\n\n{changes}\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made, target)
    return target


def _build(root: Path, source: Path, made: Path) -> None:
    """Both archives, from the commit and nothing else that lies in the working copy."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(source, filter="data")
    env = os.environ | {"SOURCE_DATE_EPOCH": git(root, "log", "-1", "--format=%ct")}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(made)]
    built = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True, check=False)
    if built.returncode:
        raise Refused(f"The archives cannot be built:\n{built.stderr}")


def git(root: Path, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
    """What git says, without space around it. Raises Refused with its own words."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *arguments], cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in fine:
        raise Refused(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def main() -> None:
    """Make the release, and say what to do with it."""
    try:
        made = release(ROOT)
    except Refused as error:
        sys.exit(f"No release is made. {error}")
    version = version_of(ROOT)
    unknown = ["NOT AUDITED: nobody knows whether its packages have vulnerabilities."]
    told = unknown if os.environ.get("UNAUDITED") == "yes" else []
    told += [f"{file.stat().st_size:>10,}  {file.relative_to(ROOT)}" for file in sorted(made.iterdir())]
    if changes_in((ROOT / CHANGELOG).read_text(encoding="utf-8"), "Unreleased"):
        told.append(f"Look: {CHANGELOG} has lines under 'Unreleased'. If they are in {version}, they belong there.")
    told.append(f"Now tag it: git tag -a v{version} -F {(made / 'CHANGES.md').relative_to(ROOT)} --cleanup=verbatim")
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main()
