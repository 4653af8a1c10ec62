"""A thread that looks again and again, beside requests: in each process once, for as long as anybody uses its owner."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from abc import ABC, abstractmethod

from handrail_kb.errors import HandrailError


class Watch(ABC):
    """Looks every `every` seconds, from the first call of `watch` on. Whatever is the matter, the service goes on.

    A look that took long is followed by a rest `rest` times as long. What is the matter is logged once, as `trouble`
    and without words of customers.
    """

    every: float
    rest: float
    trouble: str
    log: logging.Logger

    def __init__(self, every: float) -> None:
        """Nothing looks before `watch` is called."""
        self.every = every
        self.stopped = threading.Event()
        self._problem = ""
        self._watched_by = 0

    @abstractmethod
    def look_once(self) -> None:
        """Look. Raises whatever it meets."""

    def first_after(self) -> float:
        """Seconds until the first look."""
        return 0.0

    def watch(self) -> None:
        """Begin to look, unless this process does already: at the start, and anew after a fork."""
        if self._watched_by != os.getpid():
            self._watched_by = os.getpid()
            self.stopped = threading.Event()
            weakref.finalize(self, self.stopped.set)
            arguments = (weakref.ref(self), self.stopped, self.first_after())
            threading.Thread(target=_watch, args=arguments, name=type(self).__name__, daemon=True).start()

    def stop(self) -> None:
        """End the thread, for good."""
        self.stopped.set()

    def look(self) -> None:
        """Look, and never raise."""
        try:
            self.look_once()
            self._problem = ""
        except HandrailError as error:
            self._complain(error.what)
        except Exception as error:  # whatever is wrong, the service goes on
            self._complain(type(error).__name__)

    def _complain(self, what: str) -> None:
        if what != self._problem:
            self._problem = what
            self.log.error("%s: %s", self.trouble, what)


def _watch(reference: weakref.ref[Watch], stopped: threading.Event, wait: float) -> None:
    while not stopped.wait(wait):
        one = reference()
        if one is None:
            return
        began = time.monotonic()
        one.look()
        wait = max(one.every, one.rest * (time.monotonic() - began))
        del one
