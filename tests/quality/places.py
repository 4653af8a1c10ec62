"""Where judged questions are looked for, and where this job keeps what it made, so that the next run is quick."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from bench.published import put_into as put_into

ROOT = Path(__file__).parents[2]
# Judged sets are never part of the project: their texts belong to others. Without the variable there are none.
VARIABLE = "HANDRAIL_EVALDATA"
EVALDATA = Path(os.environ.get(VARIABLE) or os.devnull)
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
    """A digest over the files of folders, Python's own cache aside."""
    total = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(folder)).encode())
                total.update(file.read_bytes())
    return total.hexdigest()[:16]


def absent(what: str) -> str:
    """Why a part is skipped, and what it needs."""
    is_set = Path(os.devnull) != EVALDATA
    why = f"there are no {what} in {EVALDATA}" if is_set else f"there are no {what}, {VARIABLE} is not set"
    return f"skipped: {why}. Name the folder of judged sets: {VARIABLE}=FOLDER (CONTRIBUTING.md)"


def say(words: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()
