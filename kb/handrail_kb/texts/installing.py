"""Which extras of Handrail are not installed, and the command that installs them.

What an extra requires is read from the metadata of the installed Handrail, so that the advice is always right. The
command names the Python of this environment, because a bare `pip` may belong to another one.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shlex
import sys

# Without a pinned torch, pip installs a build with gigabytes of CUDA.
TORCH = "torch==2.13.0"


def install_command(*what: str) -> str:
    """The command that installs `what` (requirements such as `handrail[service]`, or flags) beside this Handrail.

    An environment that `uv` has made has no pip of its own.
    """
    python = shlex.quote(sys.executable)
    pip = f"{python} -m pip install" if importlib.util.find_spec("pip") else f"uv pip install --python {python}"
    return " ".join([pip, *(f"'{part}'" if "[" in part else part for part in what)])


def install_extra(extra: str) -> str:
    """The command that installs `handrail[extra]`; torch comes first, and with its version, where it is needed."""
    wanted = install_command(f"handrail[{extra}]")
    needs_torch = "sentence-transformers" in missing(extra) and importlib.util.find_spec("torch") is None
    return f"{install_command(TORCH)} && {wanted}" if needs_torch else wanted


def missing(extra: str) -> list[str]:
    """What `handrail[extra]` brings and is not here, or here in a version that does not fit; sorted, by name.

    Nothing counts as missing if Handrail was not installed but only put on the path: then there is no metadata.
    """
    from packaging.requirements import Requirement  # here: `handrail --help` needs none of it

    found: set[str] = set()
    asked: set[str] = set()
    pending = [extra]
    while pending:
        of = pending.pop()
        if of in asked:
            continue
        asked.add(of)
        for line in _requirements():
            requirement = Requirement(line)
            if requirement.marker and not requirement.marker.evaluate({"extra": of}):
                continue
            if requirement.name == "handrail":
                pending.extend(requirement.extras)
            elif not _is_here(requirement.name, requirement.specifier):
                found.add(requirement.name)
    return sorted(found)


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("handrail") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _is_here(name: str, specifier: object) -> bool:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    from packaging.specifiers import SpecifierSet

    assert isinstance(specifier, SpecifierSet)  # noqa: S101 (packaging's own)
    return specifier.contains(version, prereleases=True)
