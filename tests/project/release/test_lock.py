"""The lock files name every package that an installation needs, in the tested version, with checksums."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "deploy" / "locks"
PINNED = re.compile(r"^([\w.-]+)==(\S+)(?: ; [^\\]+)? \\$")
EXTRAS = {
    "service.txt": ("service", "postgres", "valkey", "openid", "scripts"),
    "build.txt": ("index", "postgres", "valkey", "openid", "scripts"),
}


def same(name: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> dict[str, str]:
    """Package to version. Every line has to be a package with at least one checksum, or a remark."""
    found: dict[str, str] = {}
    checksums: dict[str, int] = {}
    latest = ""
    for line in (LOCKS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if package := PINNED.match(line):
            latest = same(package[1])
            found[latest] = package[2]
            checksums[latest] = 0
        else:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
            checksums[latest] += 1
    assert not [package for package, count in checksums.items() if not count]
    return found


def asked_for(extra: str) -> set[str]:
    """The packages that an extra names itself or through another extra, and those that Handrail always needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = set()
    for line in [*project["dependencies"], *project["optional-dependencies"][extra]]:
        if own := re.match(r"handrail\[(\w+)\]", line):
            names |= asked_for(own[1])
        else:
            names.add(same(re.match(r"[\w.-]+", line)[0]))
    return names


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_file_has_every_package_that_is_asked_for_with_checksums(name):
    wanted = set().union(*map(asked_for, EXTRAS[name]))
    assert wanted - locked(name).keys() == set(), "stale: run `make lock`"


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_file_has_the_versions_that_were_tested(name):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line)
    tested = {same(package): version for package, version in tested.items()}
    packages = locked(name)
    assert {package: packages[package] for package in packages.keys() & tested.keys()} == {
        package: tested[package] for package in packages.keys() & tested.keys()
    }, "stale: run `make lock`"


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_file_brings_no_torch_and_no_gigabytes_of_cuda(name):
    assert not [package for package in locked(name) if re.match(r"torch|triton|nvidia|cuda", package)]
