"""Opens a file only where it is one: a pipe in its place would be waited for without end, a folder is told by name.

And says why a folder cannot be used: what stands in its place, or that its disk is read-only.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from handrail_kb.config.shown import as_typed

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def standing_at(path: Path) -> str:
    """What has the name of a file and is none, such as "a folder"; empty where there is a file, or nothing at all.

    Links are followed: one to a file is a file.
    """
    try:
        return _kind(path.stat().st_mode)
    except OSError:
        return "a link that leads nowhere" if path.is_symlink() else ""


def how_to_clear(path: Path) -> str:
    """The command that makes room where something else stands: a folder or a file may hold what is missed later."""
    at = as_typed(path)
    return f"mv {at} {at}.old" if path.is_dir() or path.is_file() else f"rm {at}"


def no_folder(folder: Path, *, written: bool = True) -> tuple[str, str] | None:
    """What keeps this from being a folder, or being made, and what helps; None where nothing is seen that does.

    A file or a link to nothing in its place or on the way there, or, where it is `written`, a disk that is read-only.
    """
    there = next((one for one in (folder, *folder.absolute().parents) if os.path.lexists(one)), Path("/"))
    if there.is_dir():
        if not written or not _is_read_only(there):
            return None
        mend = f"Mend that disk, or name a folder on another. See which it is: findmnt --target {as_typed(there)}"
        return f"The disk of {there} is read-only.", mend
    if there.is_symlink() and not there.exists():
        leads = f"{there} is a link to {there.readlink()}, which is not there."
        return leads, f"Bring back the disk or folder that it leads to, or remove the link: rm {as_typed(there)}"
    return f"{there} is {standing_at(there) or 'a file'}, not a folder.", f"Move it away: {how_to_clear(there)}"


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are missing. Raises OSError; see `no_folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # the system says the same of a file that should not be there
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error


def open_plain(file: Path, flags: int = os.O_RDONLY) -> int:
    """A file, opened, for `os` to work with. Raises OSError, with what else it is where it is no file."""
    opened = os.open(file, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if kind := _kind(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(file))
    return opened


def reading(file: Path) -> BufferedReader:
    """A file, opened for reading. Raises OSError as `open_plain` does."""
    return os.fdopen(open_plain(file), "rb")


def plain_bytes(file: Path) -> bytes:
    """The content of a file. Raises OSError as `open_plain` does."""
    with reading(file) as stream:
        return stream.read()


def plain_text(file: Path, errors: str = "strict") -> str:
    """The content of a file in UTF-8. Raises OSError as `open_plain` does, and UnicodeDecodeError."""
    return plain_bytes(file).decode("utf-8", errors)


def _is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "")
