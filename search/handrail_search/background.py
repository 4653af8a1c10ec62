"""A thread that checks for changes at intervals, and a file lock.

Also: memory given back to the system. There is one such thread in each process, for as long as its owner is in use.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import socket
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from handrail_kb.config.plain_files import how_to_clear, no_folder, open_plain, standing_at
from handrail_kb.config.shown import as_typed
from handrail_kb.config.state_folder import made
from handrail_kb.errors import IndexUnusable, LockHeld
from handrail_kb.texts.log.logger import Log, reason_of

# What the file of a lock says of its holder.
_LONGEST_HOLDER = 300
# A reason may hold what differs each time, such as a number: neither the log nor memory may grow with it.
_MOST_REASONS = 10


@contextmanager
def only_one(lock_file: Path, work: str = "build") -> Iterator[None]:
    """Hold a lock. Of two builds at once, one would overwrite the other: the second gets LockHeld.

    `work` is what it is held for. The file says by whom, for whoever finds it held.
    Raises IndexUnusable where nothing can be locked.
    """
    try:
        made(lock_file.parent)
        lock = os.fdopen(open_plain(lock_file, os.O_RDWR | os.O_CREAT), "r+b")
    except OSError as error:
        raise _no_lock(lock_file, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(lock_file, work, lock.read(_LONGEST_HOLDER).decode("utf-8", "replace")) from error
        except OSError as error:
            raise _no_lock(lock_file, error) from error
        with suppress(OSError):  # a full disk: then the file names nobody
            os.truncate(lock.fileno(), 0)
            os.write(lock.fileno(), f"{os.getpid()} {socket.gethostname()}\n".encode())
        yield


def _held(lock_file: Path, work: str, holder: str) -> LockHeld:
    """What to say of a lock that another process holds, whose number and machine it wrote."""
    known = re.match(r"(\d{1,9}) (\S+)\n", holder)
    if not known:
        see, by = f"See which process: fuser -v {as_typed(lock_file)}", ""
    elif known[2] == socket.gethostname():
        see, by = f"See it: ps -o pid,etime,args -p {known[1]}", f" as process {known[1]}"
    else:
        see, by = f"See it there: ps -o pid,etime,args -p {known[1]}", f" as process {known[1]} on {known[2]}"
    return LockHeld(f"Another {work} is running{by}: it holds {lock_file}.", f"Wait for it, then run this again. {see}")


def _no_lock(lock_file: Path, error: OSError) -> IndexUnusable:
    if kind := standing_at(lock_file):
        return IndexUnusable(f"{lock_file} is {kind}, not a file.", f"Move it away: {how_to_clear(lock_file)}")
    if known := no_folder(lock_file.parent):
        return IndexUnusable(*known)
    return IndexUnusable(
        f"{lock_file} cannot be locked: {error.strerror or error}.",
        f"Give whoever runs this a folder on a local disk to write to: ls -ld {as_typed(lock_file.parent)}",
    )


def release_memory() -> None:
    """Give memory that is not used any more back to the system, where the C library would keep it for later.

    For after work that needed much for a moment: an index that was opened, searches that were grouped.
    """
    with suppress(OSError, AttributeError):  # only the library of GNU has it
        ctypes.CDLL(None).malloc_trim(0)


class Watch(ABC):
    """Looks every `every` seconds, from the first call of `watch` on. Whatever goes wrong, the service goes on.

    A look that took long is followed by a pause `rest` times as long. A problem is logged once, as the event `trouble`;
    until all is well again, only so many different ones are.
    """

    every: float
    rest: float
    trouble: str
    log: Log

    def __init__(self, every: float) -> None:
        """Nothing looks before `watch` is called."""
        self.every = every
        self.stopped = threading.Event()
        self._problems: set[str] = set()
        self._watched_by = 0

    @abstractmethod
    def look_once(self) -> None:
        """Look once. May raise any error."""

    def first_after(self) -> float:
        """Seconds until the first look."""
        return 0.0

    def watch(self) -> None:
        """Start looking, unless this process does already: at the start, and again after a fork."""
        if self._watched_by != os.getpid():
            self._watched_by = os.getpid()
            self.stopped = threading.Event()
            weakref.finalize(self, self.stopped.set)
            arguments = (weakref.ref(self), self.stopped, self.first_after())
            threading.Thread(target=_watch, args=arguments, name=type(self).__name__, daemon=True).start()

    def stop(self) -> None:
        """End the thread permanently."""
        self.stopped.set()

    def look(self) -> bool:
        """Look, and never raise. Whether all went well."""
        try:
            self.look_once()
            self._problems.clear()
            return True
        except Exception as error:  # whatever is wrong, the service goes on
            self._complain(error)
            return False

    def _complain(self, error: Exception) -> None:
        what = reason_of(error)
        if what not in self._problems and len(self._problems) < _MOST_REASONS:  # two reasons in turn are told once each
            self._problems.add(what)
            self.log(self.trouble, reason=error)


def _watch(reference: weakref.ref[Watch], stopped: threading.Event, wait: float) -> None:
    while not stopped.wait(wait):
        one = reference()
        if one is None:
            return
        began = time.monotonic()
        # A look that waited in vain was no work to rest from, and what it looks at may be well again.
        rest = one.rest if one.look() else 0.0
        wait = max(one.every, rest * (time.monotonic() - began))
        del one
