"""What the system says of a disk or a file while a command runs, as a message for a person instead of a traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from handrail_kb.config.durable_files import NO_ROOM, show_room
from handrail_kb.config.plain_files import how_to_clear, no_folder, standing_at
from handrail_kb.errors import HandrailError

FULL = (*NO_ROOM, errno.EFBIG)
_NO_FILE = (errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.ENXIO)
_NO_FOLDER = (errno.ENOTDIR, errno.ENOENT, errno.EROFS)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
# Libraries in C say it in their own words.
_WORDS_FOR_FULL = ("disk is full", "No space left", "disk quota", "write error")


@contextmanager
def told() -> Iterator[None]:
    """Raise HandrailError for what the system or a library says of files; what is printed is out before the end."""
    _open_streams()
    try:
        try:
            yield
        except click.exceptions.Exit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever reads has enough
            raise
        _print_no_more()
        raise of_system(error) from error
    except Exception as error:
        if isinstance(error, HandrailError) or not _is_of_full_disk(error):
            raise
        raise _full("The disk is full.", _here() or Path()) from error


def _open_streams() -> None:
    """Give a program that was started without input or output an empty one.

    The next file that is opened would take its place otherwise, such as the store, and get what libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is that of this stream
            os.set_inheritable(opened, True)
            setattr(sys, name, os.fdopen(opened, mode, encoding="utf-8", errors="backslashreplace"))


def _here() -> Path | None:
    """The current folder; None if it is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def of_system(error: OSError) -> HandrailError:
    """What the system says of a file, with the command that helps."""
    here = _here()
    if here is None:
        return HandrailError("The folder that this was started in is gone.", "Go to one that is there: cd ~")
    named = error.filename2 or error.filename  # of two, the one that is written
    file = Path(os.fsdecode(named)) if isinstance(named, str | bytes) else None
    where, why = file or "The output", error.strerror or str(error)
    folder = file.parent if file else here
    if error.errno in FULL:
        return _full(f"{where} cannot be written: {why}.", folder)
    if file and error.errno in _NO_FOLDER and (known := no_folder(folder if error.errno == errno.EROFS else file)):
        return HandrailError(*known)
    if error.errno in _REFUSED:
        look = shlex.join(["ls", "-ld", *map(str, filter(None, (file, folder)))])
        return HandrailError(f"{where} cannot be read or written: {why}.", f"See whose it is: {look}")
    if file and error.errno in _NO_FILE and (kind := standing_at(file)) and kind != "a device":  # everybody needs it
        return HandrailError(f"{where} is {kind}, not a file.", f"Move it away, then try again: {how_to_clear(file)}")
    return HandrailError(f"{where}: {why}.", "See what is there, and what the disk says: handrail doctor; dmesg | tail")


def _full(what: str, folder: Path) -> HandrailError:
    return HandrailError(what, f"Make room, then run this again; nothing was left by half: {show_room(folder)}")


def _is_of_full_disk(error: Exception) -> bool:
    of_library = type(error).__module__ == "sqlite3" or isinstance(error, RuntimeError)
    return of_library and any(words in str(error) for words in _WORDS_FOR_FULL)


def _print_no_more() -> None:
    """Let Python end without a second complaint about output that cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
