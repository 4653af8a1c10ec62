"""A release is made of what is committed, once for each version, with what changed and checksums that fit."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx", reason="the library for bills of materials is not installed")
pytest.importorskip("pip_audit", reason="pip-audit is not installed")

ROOT = Path(__file__).parents[3]
KEPT = (
    "deploy",
    "kb",
    "search",
    "feedback",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "pyproject.toml",
    "Makefile",
    ".gitignore",
)
CHANGES = "# Changelog\n\n## Unreleased\n\n## 7.8.9 (2026-11-28)\n\n- Doors open both ways.\n\n## 7.8.8\n\n- Older.\n"


def git(clone, *arguments):
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *arguments], cwd=clone, check=True, capture_output=True, text=True).stdout


def write(clone, name, text):
    (clone / name).parent.mkdir(parents=True, exist_ok=True)
    (clone / name).write_text(text, encoding="utf-8")


def commit(clone):
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Change")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A clone that can be released as 7.8.9. Not to be changed."""
    clone = tmp_path_factory.mktemp("release") / "clone"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in KEPT:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, clone / name, ignore=ignored)
        else:
            clone.mkdir(exist_ok=True)
            shutil.copy2(place, clone / name)
    write(clone, "kb/handrail_kb/__init__.py", '"""Kept."""\n\n__version__ = "7.8.9"\n')
    write(clone, "CHANGELOG.md", CHANGES)
    for name in ("release", "bill", "audit"):
        script = f"tests/project/release/{name}.py"
        write(clone, script, (ROOT / script).read_text(encoding="utf-8"))
    git(clone, "init", "-q", "-b", "main")
    commit(clone)
    return clone


@pytest.fixture
def clone(source, tmp_path):
    return Path(shutil.copytree(source, tmp_path / "clone", symlinks=True))


def make(clone, **more):
    """`make release` as typed in the clone, with the environment of these tests in place of one that make creates."""
    venv = clone.parent / "venv"
    (venv / "bin").mkdir(parents=True, exist_ok=True)
    for name in ("python", ".installed", ".installed-dev"):
        place = venv / ("bin/python" if name == "python" else name)
        if not place.exists():
            place.symlink_to(sys.executable) if name == "python" else place.touch()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    command = ["make", "--no-print-directory", "-o", str(venv / ".installed-dev"), "release", f"VENV={venv}"]
    env |= {"PYTHONPATH": packages, **(more or {"UNAUDITED": "yes"})}
    return subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=False)


def refused(clone, what, **more):
    done = make(clone, **more)
    assert done.returncode != 0
    assert what in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not (clone / "dist").exists()


def test_a_release_has_both_archives_their_sums_and_what_changed_in_that_version_alone(clone):
    write(clone, "notes/.private", "never committed, and ignored")
    write(clone, ".git/info/exclude", "notes/\n")
    done = make(clone)
    assert done.returncode == 0, done.stderr
    made = clone / "dist" / "release-7.8.9"
    wheel, sdist = made / "handrail-7.8.9-py3-none-any.whl", made / "handrail-7.8.9.tar.gz"
    parts = made / "handrail-7.8.9.cdx.json"
    assert {file.name for file in made.iterdir()} == {wheel.name, sdist.name, parts.name, "SHA256SUMS", "CHANGES.md"}
    sums = dict(reversed(line.split("  ")) for line in (made / "SHA256SUMS").read_text().splitlines())
    assert sums == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (wheel, sdist, parts)}
    assert (made / "CHANGES.md").read_text() == "# Handrail 7.8.9\n\n- Doors open both ways.\n"
    with zipfile.ZipFile(wheel) as archive:
        assert "Version: 7.8.9" in archive.read("handrail-7.8.9.dist-info/METADATA").decode()
        assert "handrail_search/service/openapi.json" in archive.namelist()
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if ".private" in name]
    assert "git tag -a v7.8.9" in done.stdout


def lock_alone(clone, package):
    """Leave one lock file with one package."""
    for file in (clone / "deploy" / "locks").iterdir():
        file.unlink()
    write(clone, "deploy/locks/service.txt", f"{package} \\\n    --hash=sha256:{'0' * 64}\n")
    commit(clone)


@pytest.mark.long
def test_packages_with_a_known_vulnerability_are_never_released(clone, osv):
    lock_alone(clone, "jinja2==2.4.1")
    refused(clone, "jinja2 2.4.1: GHSA-stand-in, mended in 2.10", ADVISORIES=osv.address)
    lock_alone(clone, "jinja2==3.1.6")
    done = make(clone, ADVISORIES=osv.address)
    assert done.returncode == 0, done.stderr
    assert "AUDITED" not in done.stdout and osv.asked[-1] == ("jinja2", "3.1.6")


@pytest.mark.long
def test_where_nobody_can_be_asked_no_release_is_made_unless_somebody_takes_it_upon_themselves(clone):
    lock_alone(clone, "jinja2==3.1.6")
    nowhere = {"ADVISORIES": "http://127.0.0.1:1/v1/query"}
    refused(clone, "UNAUDITED=yes make release", **nowhere)
    done = make(clone, **nowhere, UNAUDITED="yes")
    assert done.returncode == 0 and "NOT AUDITED" in done.stdout


def test_lock_files_that_nobody_renewed_for_a_quarter_are_not_released(clone):
    long_ago = (datetime.now(UTC) - timedelta(days=91)).isoformat()
    lock = clone / "deploy" / "locks" / "build.txt"
    lock.write_text(lock.read_text() + "# renewed\n")
    git(clone, "add", "-A")
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false")
    env = os.environ | {"GIT_COMMITTER_DATE": long_ago}
    subprocess.run(["git", *identity, "commit", "-q", "-m", "Locks"], cwd=clone, check=True, env=env)
    refused(clone, "more than 90 days ago. Run: make lock")


def test_a_bill_of_materials_names_every_package_of_the_lock_file_with_its_checksums(clone):
    assert make(clone).returncode == 0
    told = json.loads((clone / "dist" / "release-7.8.9" / "handrail-7.8.9.cdx.json").read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["purl"] == "pkg:pypi/handrail@7.8.9"
    lock = (clone / "deploy" / "locks" / "service.txt").read_text()
    named = {f"{one['name']}=={one['version']}" for one in told["components"]}
    assert named == set(re.findall(r"^[\w.-]+==[^\s;]+", lock, re.M))
    sums = {one["content"] for part in told["components"] for one in part["hashes"]}
    assert sums == set(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert all(one["purl"] == f"pkg:pypi/{one['name'].lower().replace('_', '-').replace('.', '-')}@{one['version']}"
               for one in told["components"])  # fmt: skip
    [product] = [one for one in told["dependencies"] if one["ref"] == "pkg:pypi/handrail@7.8.9"]
    assert set(product["dependsOn"]) == {one["bom-ref"] for one in told["components"]}


@pytest.mark.long
def test_whoever_releases_a_commit_gets_the_same_archives_to_the_byte(clone, tmp_path):
    assert make(clone).returncode == 0
    other = tmp_path / "elsewhere" / "clone"
    other.parent.mkdir()
    git(tmp_path, "clone", "-q", str(clone), str(other))
    assert make(other).returncode == 0
    sums = [folder / "dist/release-7.8.9/SHA256SUMS" for folder in (clone, other)]
    assert sums[0].read_text() == sums[1].read_text()


def test_an_sdist_makes_the_same_wheel(clone, tmp_path):
    assert make(clone).returncode == 0
    made = clone / "dist" / "release-7.8.9"
    with tarfile.open(made / "handrail-7.8.9.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    folder = tmp_path / "unpacked" / "handrail-7.8.9"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again"], cwd=folder, check=True,
        capture_output=True, env=os.environ | {"SOURCE_DATE_EPOCH": git(clone, "log", "-1", "--format=%ct").strip()},
    )  # fmt: skip
    name = "handrail-7.8.9-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / "again" / name) as again, zipfile.ZipFile(made / name) as wheel:
        assert {file: again.read(file) for file in again.namelist()} == {
            file: wheel.read(file) for file in wheel.namelist()
        }


@pytest.mark.parametrize("name", ["kb/handrail_kb/errors.py", "new.txt"])
def test_what_is_not_committed_is_never_released(clone, name):
    with (clone / name).open("a") as file:
        file.write("\n# more\n")
    refused(clone, name)


@pytest.mark.parametrize("tag", ["v7.8.9", "7.8.9"])
def test_a_version_is_released_once(clone, tag):
    git(clone, "tag", tag)
    refused(clone, "7.8.9 has a tag already")


@pytest.mark.parametrize(
    "changelog",
    [
        "# Changelog\n\n## Unreleased\n\n- Something.\n",
        "# Changelog\n\n## 7.8.9\n\n## 7.8.8\n\n- Older.\n",
        "# Changelog\n\n## 7.8.9rc1\n\n- Nearly.\n\n## 7.8.90\n\n- Later.\n\n## 17.8.9\n\n- Much later.\n",
        "# Changelog\n\n```\n## 7.8.9\n\n- An example.\n```\n",
    ],
    ids=["absent", "empty", "others", "in an example"],
)
def test_a_version_that_the_changelog_does_not_tell_of_is_refused(clone, changelog):
    write(clone, "CHANGELOG.md", changelog)
    commit(clone)
    refused(clone, "CHANGELOG.md says nothing about 7.8.9")


@pytest.mark.parametrize("heading", ["## 7.8.9", "## [7.8.9] - 2026-11-28", "## v7.8.9 (November)", "## 7.8.9: Doors"])
def test_a_heading_may_name_more_than_the_version(clone, heading):
    write(clone, "CHANGELOG.md", f"# Changelog\n\n{heading}\n\n- Doors.\n\n## 7.8.8\n\n- Older.\n")
    commit(clone)
    assert make(clone).returncode == 0
    assert (clone / "dist/release-7.8.9/CHANGES.md").read_text().endswith("\n\n- Doors.\n")


@pytest.mark.parametrize("version", ["", "1.0-SNAPSHOT", "1.0.0; rm -rf /", "../1.0"])
def test_a_version_that_pip_would_not_understand_is_refused(clone, version):
    write(clone, "kb/handrail_kb/__init__.py", f'__version__ = "{version}"\n')
    commit(clone)
    refused(clone, "__version__")


def test_the_version_stands_in_one_place():
    version = (ROOT / "kb/handrail_kb/__init__.py").read_text().split('__version__ = "')[1].split('"')[0]
    settings = (ROOT / "pyproject.toml").read_text()
    assert 'dynamic = ["version"]' in settings
    assert f'version = "{version}"' not in settings
