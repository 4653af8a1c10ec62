"""Files that survive a power cut: on the disk before they get their name; and folders of work that was killed.

A name that is on the disk before its file leads to an empty file after a power cut.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from handrail_kb.config.shown import as_typed

# Disks write many files down together faster than one after the other.
_AT_ONCE = 8
# What file systems answer that cannot write a folder down.
_NOT_FOR_FOLDERS = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}


def write_down(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError when the disk fails."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS or not path.is_dir():
            raise
    finally:
        os.close(opened)


def write_down_all(folder: Path) -> None:
    """Wait until everything below a folder, and its own names, are on the disk. Links are not followed."""
    files, folders = [], []
    for name, _, inside in os.walk(folder):
        folders.append(Path(name))
        files += [file for one in inside if not (file := Path(name, one)).is_symlink()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(write_down, files):
            pass
    for one in reversed(folders):
        write_down(one)


def put_in_place(new: Path, target: Path) -> None:
    """Give a finished file its name, in place of what has it now: whole, whenever the power is cut."""
    write_down(new)
    new.replace(target)
    write_down(target.parent)


def write_whole(file: Path, content: str) -> None:
    """Write a small file: after a power cut it holds the old content or the new one."""
    new = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        new.write_text(content, encoding="utf-8")
        put_in_place(new, file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


# What the system says where a disk, or what somebody may put there, is full.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def has_no_more_files(folder: Path) -> bool:
    """Whether the disk of a folder has no room for another file, however many bytes are free."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_files > 0 and found.f_favail == 0  # disks that count no files say that they hold 0


def is_read_only(folder: Path) -> bool:
    """Whether the disk of a folder lets nobody write, as one does after a fault of its own."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600))
    except OSError as error:
        return error.errno == errno.EROFS
    except AttributeError:  # Linux alone has such files
        return False
    return False


def show_room(folder: Path) -> str:
    """The command that shows what the disk of a folder has run out of: files, or else bytes.

    A folder that work was done in is gone when that is read: the one above it is on the same disk.
    """
    there = next((one for one in (folder, *folder.absolute().parents) if one.is_dir()), folder)
    return f"df -{'i' if has_no_more_files(there) else 'h'} {as_typed(there)}"


@contextmanager
def work_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder `parent`/`prefix`…, removed at the end; it may be moved away meanwhile. See `claim_folder`."""
    folder, lock = claim_folder(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def claim_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder `parent`/`prefix`…, and the open file that holds its lock, in this process and those it starts.

    Folders that killed processes left are removed first: the system lifts a lock, however a process ends.
    """
    with _locked(parent) as alone:
        if alone:
            remove_abandoned(parent, prefix)
        return _new_folder(parent, prefix)


def remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove folders of `claim_folder` whose process was killed. Never raises; one that cannot be opened stays."""
    found: list[Path] = []
    with contextlib.suppress(OSError):
        found = list(parent.glob(f"{prefix}*"))
    for folder in found:
        with contextlib.suppress(OSError), _locked(folder) as mine:
            if mine and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)


def _new_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder, and what holds its lock: to be closed at the end."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        with contextlib.suppress(FileNotFoundError):
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            _lock(opened)
            if folder.is_dir():
                return folder, opened
            os.close(opened)  # another process took it for a left one, in the moment before it was locked


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether this process alone holds a lock on the folder until the end of the block; never waits."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _lock(opened)
    finally:
        os.close(opened)


def _lock(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another, or a disk without locks, where nothing is taken for abandoned
        return False
    return True
