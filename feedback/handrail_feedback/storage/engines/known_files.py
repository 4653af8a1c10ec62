"""Remembers, beside an SQLite file, that a store was made there: one that is gone must not become a new, empty one."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handrail_kb.config.plain_files import open_plain

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


def identity_of(path: Path) -> tuple[int, int]:
    """What tells one file from another of the same name, and from one that was emptied."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino) if found.st_size else (0, 0)


@contextmanager
def locked(file: Path) -> Iterator[bool]:
    """Whether this process alone has the lock on a file, which is held to the end of the block. Raises OSError."""
    with os.fdopen(open_plain(file, os.O_RDWR | os.O_CREAT), "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mine = False
        else:
            mine = True
        yield mine
