"""Asks a source of advisories about every package that an installation takes.

    python tests/project/release/audit.py            asks OSV (make audit)
    ADVISORIES=https://osv.example/v1/query …        asks a mirror of it

It ends with 1 where a package has a known vulnerability. Where the source cannot be reached, nothing was found out: it
says so, and ends with 0, so that a machine without internet is no failure. pip-audit does the asking.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LOCKS = tuple(sorted((ROOT / "deploy" / "locks").glob("*.txt")))
OSV = "https://api.osv.dev/v1/query"
# As pip-audit ends where nothing but the connection failed.
_UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ConnectionReset",
    "NameResolutionError",
    "ServiceError",
)


class NotAsked(Exception):
    """No answer came: nobody knows whether a package has a vulnerability."""


def vulnerabilities(lock: Path, source: str) -> list[str]:
    """A sentence for each known vulnerability of the packages in a lock file. Raises NotAsked.

    A lock file that cannot be read ends the job.
    """
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--osv-url", source]
    command += ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json", "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        told = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if not any(word in done.stderr for word in _UNREACHABLE):
            raise SystemExit(f"pip-audit cannot read {lock}: {told}") from None
        raise NotAsked(told) from None
    if skipped := [f"{package['name']}: {package['skip_reason']}" for package in packages if "skip_reason" in package]:
        raise NotAsked("; ".join(skipped))
    return [
        f"{package['name']} {package['version']}: {one['id']}, "
        + (f"mended in {', '.join(one['fix_versions'])}" if one["fix_versions"] else "mended in no version")
        for package in packages
        for one in package["vulns"]
    ]


def main(locks: tuple[Path, ...] = LOCKS) -> int:
    """Ask about each lock file; 1 where one has a known vulnerability."""
    source, found = os.environ.get("ADVISORIES") or OSV, dict[str, None]()
    for lock in locks:
        try:
            found |= dict.fromkeys(vulnerabilities(lock, source))
        except NotAsked as error:
            sys.stdout.write(
                f"NOT AUDITED: {source} did not answer, so nobody knows of vulnerabilities. {error}\n"
                "Run it where the internet can be reached, or name a mirror: ADVISORIES=https://… make audit\n"
            )
            return 0
    for one in found:
        sys.stdout.write(f"{one}\n")
    advice = "Raise them in constraints.txt, then: make lock" if found else "no known vulnerability"
    sys.stdout.write(f"Audited {', '.join(lock.name for lock in locks)} at {source}: {advice}\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
