"""Makes connections to other machines with a hard deadline, and loads the certificates that they trust.

A time-out between two bytes is not enough: a machine that sends a byte now and then would block the sender forever.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from functools import lru_cache
from types import TracebackType

from handrail_kb.config.shown import as_typed
from handrail_kb.errors import ConfigError

# Seconds to connect to each address of a host, and between two bytes. The Deadline limits the total.
_CONNECT = 10.0
_SILENCE = 30.0


def trust() -> ssl.SSLContext:
    """The trusted authorities: those of the system, or those that SSL_CERT_FILE or SSL_CERT_DIR name.

    Raises ConfigError if these cannot be read.
    """
    return _trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)
def _trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    # Reading the system's authorities takes longer than delivering a message. Python ignores a missing file, and would
    # then trust nobody.
    for variable, place in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)):
        if place and not os.access(place, os.R_OK):
            raise ConfigError(f"{variable} is {place}, which cannot be read.", f"Mend it: ls -l {as_typed(place)}")
    try:
        context = ssl.create_default_context()
        if file:
            context.load_verify_locations(file)  # raises an error if it contains none
        return context
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"The certificates that SSL_CERT_FILE names, {file}, cannot be read: {error}.",
            "Name a file of certificates in PEM, or leave it out: unset SSL_CERT_FILE",
        ) from error


class Deadline:
    """Breaks its connections when its seconds are over. Use it as a context manager, once."""

    def __init__(self, seconds: float) -> None:
        """The time starts when the context is entered."""
        self.seconds = seconds
        self.passed = False
        self._guards: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for guard in self._guards:
                guard.close()
            self._guards = []

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection that ends with the deadline, whatever is wrapped around it. Raises OSError."""
        connection = socket.create_connection((host, port), min(self.seconds, _CONNECT))
        connection.settimeout(min(self.seconds, _SILENCE))
        with self._lock:
            # Keep a second handle, because wrapping in TLS detaches the first one.
            self._guards.append(connection.dup())
            if self.passed:
                self._break()
        return connection

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            self._break()

    def _break(self) -> None:
        for guard in self._guards:
            with contextlib.suppress(OSError):
                guard.shutdown(socket.SHUT_RDWR)
