"""The files in which the processes of a node add up what they count: one of each that lives, one of all that ended.

The library leaves those of ended processes for ever, and every reload would make each scrape longer.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from handrail_search.service.monitoring.allocated_counts import BESIDE_KEY, lengthen

# Of the library's files, those whose numbers are added up; gauges of this service are of living processes alone.
_ADDED_UP = ("counter", "histogram")
_BEFORE_ENTRIES = 8
_LOCK = "lock"
# A read takes milliseconds; whoever merges also sees to it that processes that hang are ended, and must not wait.
_PAUSES = (0.01, 0.03, 0.1, 0.3)


def shared_folder() -> Path | None:
    """Where the processes of this service have these files; None where this process is alone."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder and Path(folder).is_dir() else None


class ProcessFiles(MultiProcessCollector):
    """What all processes have counted, those that have ended too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None, str(folder))  # type: ignore[no-untyped-call]
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Read all files, while none is merged: else a counter could jump up and fall."""
        with _held(self._folder, fcntl.LOCK_SH):
            found: Iterable[Metric] = super().collect()  # type: ignore[no-untyped-call]
            return found


def merge_ended(folder: Path, living: Set[int]) -> None:
    """Add what processes that no longer live have counted to what all ended ones have, and remove their files.

    Raises OSError, for example on a full disk, or while somebody reads for too long; then they stay as they are.
    """
    with _held(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for own in list(folder.glob("*.db")):
            kind, pid = own.name.split("_")[0], own.stem.rpartition("_")[2]
            if not pid.isdigit() or int(pid) in living:
                continue
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]
            if kind in _ADDED_UP and own.exists():
                _add(own, folder / f"{kind}_ended.db")


def _add(own: Path, to: Path) -> None:
    """Add the numbers of a file to those of another, which is replaced in one step; remove the first."""
    total: dict[str, float] = {}
    for file in (to, own):
        for key, value in _read(file):
            total[key] = total.get(key, 0.0) + value
    part = to.with_suffix(".part")
    try:
        with part.open("wb") as made:
            # All room is had before: a write to mapped memory that finds the disk full kills the process.
            lengthen(made.fileno(), _BEFORE_ENTRIES + sum(len(key.encode()) + BESIDE_KEY for key in total))
        written = MmapedDict(str(part))  # type: ignore[no-untyped-call]
        for key, value in total.items():
            written.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
        written.close()  # type: ignore[no-untyped-call]
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    own.unlink()


def _read(file: Path) -> Iterator[tuple[str, float]]:
    """The numbers of a file by their keys. Of one that its process did not finish, those before the damage."""
    if not file.exists():
        return
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
            yield key, value
    except (RuntimeError, ValueError, struct.error):
        return


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """Hold the lock of the files. With LOCK_NB, raises BlockingIOError where it cannot be had soon."""
    opened = os.open(folder / _LOCK, os.O_RDONLY | os.O_CREAT, 0o600)  # that of the folder is its service's
    try:
        for pause in _PAUSES if how & fcntl.LOCK_NB else ():
            with suppress(BlockingIOError):
                fcntl.flock(opened, how)
                break
            time.sleep(pause)
        else:
            fcntl.flock(opened, how)
        yield
    finally:
        os.close(opened)
