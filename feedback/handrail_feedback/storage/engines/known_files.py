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


class StoreNote:
    """What is known of a store at a path: by a file beside it, and by whoever has used the store in this process.

    The file may be gone with the store, such as with their whole folder.
    """

    def __init__(self, path: Path) -> None:
        """`path` is the store; nothing is looked at yet."""
        self._file = path.with_name(f".{path.name}.made")
        self._was_used = False

    def remember(self) -> None:
        """Note that there is a store. Where that cannot be written, this process alone knows."""
        self._was_used = True
        with contextlib.suppress(OSError):
            opened = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(opened, "w", encoding="utf-8") as file:
                file.write(_WORDS)

    def was_made(self) -> bool:
        """Whether a store was ever made here."""
        return self._was_used or self._file.exists()

    def forget(self) -> None:
        """Let a new store be made here. Raises OSError."""
        self._file.unlink(missing_ok=True)
        self._was_used = False


def is_gone(path: Path) -> bool:
    """Whether there is no file, or an empty one, which SQLite takes for a new database."""
    try:
        return path.stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # what is wrong is told by whoever opens it
        return False
