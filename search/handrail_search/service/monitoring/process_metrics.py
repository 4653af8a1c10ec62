"""Metrics of the processes of this service together, under the names that every Prometheus client uses.

gunicorn's first process and those that answer are one service: whichever of them is asked, the numbers are the same.
They are read from Linux's /proc; elsewhere there are none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass(frozen=True)
class _Process:
    """One process. CPU seconds are its own, and those of its children that have ended."""

    cpu: float
    cpu_of_ended: float
    started: float
    virtual: int
    resident: int
    files: int
    most_files: int


class ProcessMetrics(Collector):
    """This process, or all processes of the gunicorn that it belongs to."""

    def __init__(self, *, several: bool) -> None:
        """`several` says that this process is one of several, started by its parent."""
        self._several = several

    def collect(self) -> Iterator[Metric]:
        """Read them all."""
        first = os.getppid() if self._several else os.getpid()
        numbers = [first, *_children(first)] if self._several else [first]
        found = [process for number in numbers if (process := _read(number)) is not None]
        if not found:
            return
        # What ended processes used is added to their parent, so that the sum never falls.
        cpu = sum(process.cpu for process in found) + (found[0].cpu_of_ended if self._several else 0)
        yield CounterMetricFamily("process_cpu_seconds", "CPU seconds of all processes of the service.", value=cpu)
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Memory of all processes of the service; what they share is counted once.",
            value=sum(process.resident for process in found),
        )
        yield GaugeMetricFamily(
            "process_virtual_memory_bytes",
            "Address space of all processes of the service.",
            value=sum(process.virtual for process in found),
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds", "When the service was started, in seconds since 1970.", value=found[0].started
        )
        fullest = max(found, key=lambda process: process.files / process.most_files)
        yield GaugeMetricFamily(
            "process_open_fds", "Open files of the process that is nearest to its limit.", value=fullest.files
        )
        yield GaugeMetricFamily("process_max_fds", "The limit of that process.", value=fullest.most_files)
        yield GaugeMetricFamily(
            "handrail_processes", "Processes that answer.", value=len(found) - 1 if self._several else 1
        )


def _children(number: int) -> list[int]:
    """The processes that a process has started."""
    try:
        lists = [(task / "children").read_text() for task in (_PROC / str(number) / "task").iterdir()]
    except OSError:
        return [os.getpid()]
    return [int(child) for one in lists for child in one.split()]


def _read(number: int) -> _Process | None:
    """One process; None where it has ended or there is no /proc."""
    folder = _PROC / str(number)
    try:
        # The name, in brackets, may hold anything.
        values = (folder / "stat").read_text().rpartition(")")[2].split()
        user, system, user_ended, system_ended = (int(value) / _TICKS for value in values[11:15])
        return _Process(
            cpu=user + system,
            cpu_of_ended=user_ended + system_ended,
            started=_boot_time() + int(values[19]) / _TICKS,
            virtual=int(values[20]),
            resident=_resident(folder, int(values[21])),
            files=len(list((folder / "fd").iterdir())),
            most_files=_most_files(folder),
        )
    except (OSError, ValueError, IndexError):
        return None


def _resident(folder: Path, pages: int) -> int:
    """Bytes in memory, each page that others share counted by its share; all of them where Linux does not tell."""
    try:
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * _KIB
    except OSError:
        pass
    return pages * os.sysconf("SC_PAGE_SIZE")


def _most_files(folder: Path) -> int:
    for line in (folder / "limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdigit() else 1 << 30
    return 1 << 30


def _boot_time() -> float:
    for line in (_PROC / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    return 0.0
