"""Whether the write-ahead log of an SQLite file was cut short under those who use it.

SQLite believes the index of the log, in memory, and not the log: it would go on writing behind the gap, and copy zeros
over the store at the next checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from pathlib import Path

# Where the index (`-shm`) has the number of frames, and how long the log's head and a frame's are; see SQLite's
# description of the format of its files (walformat).
_FRAMES_AT = 16
_HEAD, _HEAD_OF_FRAME = 32, 24


class LogWatch:
    """Looks whether the log shrank. Shrinking is nothing in itself: a checkpoint may empty the log."""

    def __init__(self, path: Path) -> None:
        """`path` is the store; nothing is looked at yet."""
        self._log = path.with_name(f"{path.name}-wal")
        self._index = path.with_name(f"{path.name}-shm")
        self._size = 0

    def was_cut(self, page_size: int, *, closely: bool = False) -> bool:
        """Whether the log is shorter than its index says; `closely` looks although it did not shrink."""
        size = self._now()
        shrank, self._size = size < self._size, size
        if not shrank and not closely:
            return False
        frames = _frames(self._index)
        # The log is written first, its index afterwards: looked at in the other order, a whole log is long enough.
        return frames > 0 and self._now() < _HEAD + frames * (_HEAD_OF_FRAME + page_size)

    def _now(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0


def _frames(index: Path) -> int:
    """How many frames the log has by its index, as SQLite itself has that open; 0 where it cannot be told.

    It must not be opened here: closing it would lift the locks that SQLite holds on it.
    """
    if sys.platform != "linux":
        return 0
    with contextlib.suppress(OSError):
        wanted = index.stat()
        for opened in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 (numbers, not paths)
            with contextlib.suppress(OSError):  # closed meanwhile
                if os.path.samestat(os.fstat(opened), wanted):
                    found = os.pread(opened, 4, _FRAMES_AT)
                    return int(struct.unpack("=I", found)[0]) if len(found) == 4 else 0
    return 0
