"""Remembers, beside an SQLite file, that a store was made there: one that is gone must not become a new, empty one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

# What SQLite keeps beside a file: its write-ahead log, and the index of that.
BESIDE = ("-wal", "-shm")
_WORDS = """Handrail made a store here. Should that be gone or empty one day, no other is begun by itself:
put a backup in its place (handrail restore FILE), or begin an empty one (handrail store new).
"""


def remember(path: Path) -> None:
    """Note that there is a store. Where that cannot be written, all is as if nothing was noted."""
    with contextlib.suppress(OSError):
        opened = os.open(_note(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(_WORDS)


def was_made(path: Path) -> bool:
    """Whether a store was ever made here."""
    return _note(path).exists()


def forget(path: Path) -> None:
    """Let a new store be made here. Raises OSError."""
    _note(path).unlink(missing_ok=True)


def is_gone(path: Path) -> bool:
    """Whether there is no file, or an empty one, which SQLite takes for a new database."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError:  # what is wrong is told by whoever opens it
        return False


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.made")
