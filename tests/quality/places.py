"""Where judged questions are looked for, and where this job keeps what it made, so that the next run is quick."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Judged questions are never part of the project: their texts belong to others.
EVALDATA = Path(os.environ.get("HANDRAIL_EVALDATA") or ROOT.parent / "shared" / "evaldata")
KEPT = ROOT / ".handrail" / "quality"
DEFAULT_ENCODER = "all-MiniLM-L6-v2"


def state(name: str) -> Path:
    """A state folder of its own that shares the exported encoders."""
    encoders, folder = KEPT / "encoder", KEPT / name
    encoders.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "encoder").exists():
        (folder / "encoder").symlink_to(encoders)
    return folder


def digest(folders: Iterable[Path]) -> str:
    """A digest over the files of folders, Python's own leavings aside."""
    total = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(folder)).encode())
                total.update(file.read_bytes())
    return total.hexdigest()[:16]


def say(words: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()
