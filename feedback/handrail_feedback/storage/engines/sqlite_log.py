"""Whether the write-ahead log of an SQLite file was cut short under those who use it.

SQLite believes the index of the log, in memory, and not the log: it would go on writing behind the gap, and copy zeros
over the store at the next checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handrail_feedback.storage.engines.sqlite_words import log_cut_short

# See SQLite's description of the format of its files (walformat). The index begins with its head, twice.
_INDEX = struct.Struct("=14xHI12x8s8x")
# How long the log's head and a frame's are, where their salts are, and how a log begins.
_HEAD, _SALTS_AT = 32, 16
_HEAD_OF_FRAME, _SALTS_OF_FRAME_AT, _SALTS = 24, 8, 8
_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


@dataclass(frozen=True)
class LogIndex:
    """What the index says of the log: how many frames it has, how long a page is, and the salts that each frame bears.

    Salts change when the log is begun anew.
    """

    frames: int
    page_size: int
    salts: bytes

    def end(self, frame: int) -> int:
        """Where a frame ends; the first is 1."""
        return _HEAD + frame * (_HEAD_OF_FRAME + self.page_size)

    def is_in(self, log: int, frame: int) -> bool:
        """Whether the log, an open file, has the head of this frame."""
        return os.pread(log, _SALTS, self.end(frame - 1) + _SALTS_OF_FRAME_AT) == self.salts


class LogWatch:
    """Looks whether the log was cut, and raises LogCutShort where it was.

    Shrinking is nothing in itself: a checkpoint may empty the log.
    """

    def __init__(self, path: Path) -> None:
        """`path` is the store; nothing is looked at yet."""
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._index = path.with_name(f"{path.name}-shm")
        self._size = 0

    def look(self, *, closely: bool = False) -> None:
        """Raise where the log is shorter than its index says; `closely` looks although it did not shrink."""
        size = self._now()
        shrank, self._size = size < self._size, size
        if shrank or closely:
            self.whole()

    def whole(self) -> LogIndex | None:
        """What the index says of the log, which is as long as that; None of an empty log, or if it cannot be told."""
        index = self._read_index()
        # The log is written first, its index afterwards: looked at in the other order, a whole log is long enough.
        if index and self._now() < index.end(index.frames):
            raise log_cut_short(self._path)
        return index

    def still_has(self, before: LogIndex | None) -> None:
        """Raise where the last frame of `before` is gone, though the log may be as long again. For the one who writes.

        Nothing may be written behind a gap, and nothing is kept that was.
        """
        if before and self._lacks(before):
            raise log_cut_short(self._path)

    def _lacks(self, before: LogIndex) -> bool:
        with contextlib.suppress(OSError), self._opened(os.O_RDONLY) as log:
            if os.pread(log, _SALTS, _SALTS_AT) == before.salts:
                return not before.is_in(log, before.frames)
            return os.pread(log, len(_MAGIC[0]), 0) not in _MAGIC  # else it was begun anew
        return not self._log.exists()

    def cut_at_gap(self) -> bool:
        """Cut the log again where frames are missing that somebody wrote on behind; whether some are missing.

        All others see then that it shrank, and no checkpoint reads the zeros of the gap. What was written behind it is
        lost in any case: SQLite reads no further when it reads the log afresh.
        """
        index = self._read_index()
        if index is None:
            return False
        with contextlib.suppress(OSError), self._opened(os.O_RDWR) as log:
            missing = next((frame for frame in range(1, index.frames + 1) if not index.is_in(log, frame)), None)
            now = self._read_index()
            if missing is None or now is None or now.salts != index.salts:  # begun anew meanwhile
                return False
            # The last frame that is there may have lost its own end.
            os.ftruncate(log, min(index.end(missing - 1) - 1, os.fstat(log).st_size))
            return True
        return False

    def _read_index(self) -> LogIndex | None:
        """What the index says of the log, as SQLite itself has it open.

        It must not be opened here: closing it would lift the locks that SQLite holds on it.
        """
        if sys.platform != "linux":
            return None
        with contextlib.suppress(OSError):
            wanted = self._index.stat()
            for opened in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 (numbers, not paths)
                with contextlib.suppress(OSError):  # closed meanwhile
                    if os.path.samestat(os.fstat(opened), wanted):
                        return _as_index(os.pread(opened, 2 * _INDEX.size, 0))
        return None

    @contextmanager
    def _opened(self, how: int) -> Iterator[int]:
        """The log as an open file: SQLite holds no locks on it. Raises OSError."""
        log = os.open(self._log, how)
        try:
            yield log
        finally:
            os.close(log)

    def _now(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0


def _as_index(found: bytes) -> LogIndex | None:
    head, again = found[: _INDEX.size], found[_INDEX.size :]
    if len(head) < _INDEX.size or head != again:  # it is just being written
        return None
    page_size, frames, salts = _INDEX.unpack(head)
    return LogIndex(frames, page_size if page_size > 1 else 65536, salts) if frames else None
