"""The files in which processes add up their counts, with room allocated before it is used; without room, no files.

The files are mapped into memory. prometheus_client makes them longer without allocating anything, and where the disk
then has no room, the system kills the process that counts. Here a process without room counts for itself, and writes
its counts down once there is some.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prometheus_client.mmap_dict import MmapedDict

from handrail_kb.texts.log.logger import Log

log = Log(__name__)

_FIRST_BYTES = 1 << 16
# What an entry needs beside its key: two numbers, its length, and what fills it up to eight bytes.
BESIDE_KEY = 32


class AllocatedDict(MmapedDict):
    """Counts by key in a file that is as long on the disk as it says."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        """The file is made at the first use, and tried again at each until there is room."""
        self._file = Path(filename)
        self._f: Any = None
        self._told = False

    def read_value(self, key: str) -> tuple[float, float]:
        """A count with its time; zeros where it is in no file."""
        if not self._has_place(key):
            return 0.0, 0.0
        value, timestamp = super().read_value(key)  # type: ignore[no-untyped-call]
        return value, timestamp

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Write the whole count, if there is a place for it; else its owner keeps it until next time."""
        if self._has_place(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def _has_place(self, key: str) -> bool:
        try:
            if self._f is None:
                self._begin()
            elif key not in self._positions:
                self._grow_for(key)
        except OSError as error:
            if not self._told:
                self._told = True
                log("metrics.not_shared", reason=error)
            return False
        return True

    def _begin(self) -> None:
        if not self._file.exists():
            # Under another name until it has its room: others read what is there, and none of it may be empty.
            part = self._file.with_suffix(".part")
            try:
                with part.open("wb") as file:
                    lengthen(file.fileno(), _FIRST_BYTES)
                part.replace(self._file)
            finally:
                part.unlink(missing_ok=True)
        super().__init__(str(self._file))  # type: ignore[no-untyped-call]

    def _grow_for(self, key: str) -> None:
        capacity = self._capacity
        while self._used + len(key.encode()) + BESIDE_KEY > capacity:
            capacity *= 2
        if capacity > self._capacity:
            lengthen(self._f.fileno(), capacity)


def lengthen(file: int, size: int) -> None:
    """Write zeros up to `size`, or leave the file as it was: what was written has its place on the disk."""
    before = os.fstat(file).st_size
    missing = size - before
    try:
        while missing > 0:
            missing -= os.write(file, bytes(min(missing, 1 << 20)))
    except OSError:
        os.ftruncate(file, before)
        raise


def room_in(folder: Path) -> None:
    """Raise OSError where not even the files of a few processes have room."""
    probe = folder / ".room"
    try:
        with probe.open("ab") as file:
            lengthen(file.fileno(), _FIRST_BYTES * 8)
    finally:
        probe.unlink(missing_ok=True)
