"""The words of SQLite: what its errors mean for a person, and which of them a new connection mends."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handrail_feedback.storage.engines.connection import Trigger
from handrail_feedback.storage.engines.known_files import StoreNote
from handrail_kb.config.durable_files import NO_ROOM, is_read_only, show_room
from handrail_kb.config.plain_files import how_to_clear, no_folder, standing_at
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import StoreLost, StoreUnavailable

# How often it is tried again where another program keeps one from a file: SQLite tells nobody when it is done.
TRY_SECONDS = 0.02
# Of a disk with less room than one message takes, it is said that it is full.
LEAST_ROOM = 64 * 1024

_NOT_THE_FILE = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InternalError)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say of the file, the disk or a lock into a StoreUnavailable."""
    try:
        yield
    except _NOT_THE_FILE:
        raise
    except sqlite3.DatabaseError as error:
        raise unavailable(path, getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error)) from error
    except UnicodeDecodeError as error:  # SQLite quotes what is damaged
        raise unavailable(path, sqlite3.SQLITE_CORRUPT, "what it holds is no text") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise unavailable(path, sqlite3.SQLITE_FULL, "") from error
        if known := no_folder(path.parent):
            raise StoreUnavailable(*known) from error
        raise StoreUnavailable(
            f"The store {path} cannot be opened: {error.strerror or error}.",
            f"Run this as the user of the service, who has to own the folder: ls -ld {as_typed(path.parent)}",
        ) from error


def refuse_no_file(path: Path, then: str = ". If it should be the store, then: handrail restore FILE") -> None:
    """Raise StoreUnavailable where a folder or a pipe has the name of a file of the store.

    With a link that leads nowhere there is nothing yet, or what was there is gone.
    """
    if path.exists() and (kind := standing_at(path)):
        if kind == "a device":  # everybody needs it
            raise StoreUnavailable(f"{path} is {kind}, not a file.", "Name a file: --store .handrail/store.db")
        raise StoreUnavailable(
            f"{path} is {kind}, not a file.",
            f"Move it away: {how_to_clear(path)}{then}",
        )


def refuse_full(path: Path) -> None:
    """Raise StoreUnavailable where the disk has no room for a message."""
    with explained(path):
        if shutil.disk_usage(path.parent).free < LEAST_ROOM:
            raise unavailable(path, sqlite3.SQLITE_FULL, "")


_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def restored_by(path: Path) -> str:
    """The command that puts a backup in the place of a store: the newest one at hand, if there is any."""
    with contextlib.suppress(OSError):
        found = max(path.parent.glob("backups/store-*.db"), key=lambda file: file.stat().st_mtime, default=None)
        return f"handrail restore {as_typed(found)}" if found else "handrail restore FILE"
    return "handrail restore FILE"


def how_to_save(path: Path) -> str:
    """What to do about a store that is damaged."""
    at = as_typed(path)
    by_hand = f"sqlite3 {at} .recover | sqlite3 {at}.recovered"
    return f"Save what can be read of it ({by_hand}), then put a backup in its place: {restored_by(path)} --yes"


_OF_ITS_PLACE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)


def unavailable(path: Path, code: int, said: str) -> StoreUnavailable:
    """What to say of a store where SQLite failed with this code, in these words."""
    if code == sqlite3.SQLITE_IOERR and _is_full(path.parent):
        code = sqlite3.SQLITE_FULL  # where a file beside the store has no room, SQLite says less
    if code in _OF_ITS_PLACE and (known := no_folder(path.parent)):
        return StoreUnavailable(*known)
    at, folder = as_typed(path), as_typed(path.parent)
    if code in _OF_ITS_PLACE and is_read_only(path.parent):
        return StoreUnavailable(
            f"The disk of {path} can only be read.",
            f"See why (dmesg | tail), then check it and mount it for writing: findmnt --target {folder}",
        )
    reasons = {
        sqlite3.SQLITE_NOTADB: (
            f"{path} is not a store of Handrail: {said}.",
            f"Move it away, and put a backup in its place: mv {at} {at}.broken; {restored_by(path)}",
        ),
        sqlite3.SQLITE_CORRUPT: (
            f"The store {path} is damaged: {said}.",
            how_to_save(path),
        ),
        sqlite3.SQLITE_FULL: (f"The disk is full: {path} cannot grow.", f"Make room: {show_room(path.parent)}"),
        sqlite3.SQLITE_READONLY: (
            f"The store {path} cannot be written.",
            f"Let the service write to the file and its folder: chmod u+rw {at} && chmod u+rwx {folder}",
        ),
        sqlite3.SQLITE_CANTOPEN: (
            f"The store {path} cannot be opened.",
            f"Give the service a folder it may write to: ls -ld {folder} {at}",
        ),
        sqlite3.SQLITE_BUSY: (
            f"The store {path} is held by another program.",
            f"See which one, and end it: fuser -v {path}",
        ),
    }
    what, mend = reasons.get(code, (f"The store {path} cannot be used: {said}.", "Ask: handrail doctor"))
    # A file that never was a store is a mistake of whoever named it.
    if code == sqlite3.SQLITE_CORRUPT or (code == sqlite3.SQLITE_NOTADB and StoreNote(path).was_made()):
        return StoreLost(what, mend)
    return StoreUnavailable(what, mend, passing=code in _PASSING)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < LEAST_ROOM
    except OSError:
        return False


def defined(one: str | Trigger) -> str:
    """The statement of a definition."""
    if isinstance(one, str):
        return one
    when = f"WHEN {one.when} " if one.when else ""
    return f"CREATE TRIGGER {one.name} AFTER {one.event} ON {one.table} {when}BEGIN {one.action}; END"


class LogCutShort(StoreUnavailable):
    """The write-ahead log is shorter than it was written."""


def log_cut_short(path: Path) -> LogCutShort:
    """What to say of a log that was cut short: no connection goes on with it, and it is read afresh."""
    return LogCutShort(
        f"The log {path}-wal was cut short while it was used: what was last written may be lost.",
        "It is read afresh in a moment. See what the disk says: dmesg | tail; handrail doctor",
        passing=True,
    )


# What a connection says for ever once a file beside the store was cut short or replaced under it.
_OF_CONNECTION = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PROTOCOL)


def is_of_connection(error: StoreUnavailable) -> bool:
    """Whether this may be the fault of open connections, and pass with them."""
    return is_of_log(error) or _code(error) in _OF_CONNECTION


def is_held(error: StoreUnavailable) -> bool:
    """Whether another program writes, or keeps everybody out."""
    return _code(error) == sqlite3.SQLITE_BUSY


def is_of_log(error: StoreUnavailable) -> bool:
    """Whether this may be a log that does not fit its index, which all processes must let go of."""
    return isinstance(error, LogCutShort) or _code(error) == sqlite3.SQLITE_IOERR


def _code(error: StoreUnavailable) -> int:
    return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF


def use_wal(raw: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to the write-ahead log. SQLite does not wait by itself when two processes do so at once."""
    until = time.monotonic() + busy_seconds
    while True:
        try:
            return raw.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(TRY_SECONDS)
