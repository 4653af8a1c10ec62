"""A disk of a few megabytes, to be filled: a file system in memory, which only root may mount."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, kib: int, read_only: bool = False) -> Iterator[Path]:
    """`folder` as a disk of so many KiB."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={kib}k{',ro' if read_only else ''}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("a disk can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free; returns the file that has to go to make room."""
    file = folder / "filling"
    with file.open("ab", buffering=0) as opened:
        for size in (1 << 16, 1 << 12, 1 << 6, 1):
            try:
                while True:
                    opened.write(os.urandom(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return file
