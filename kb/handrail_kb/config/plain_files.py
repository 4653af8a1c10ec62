"""Opens a file only where it is one: a pipe in its place would be waited for without end, a folder is told by name."""

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


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "")
