"""Connections to other machines with a hard deadline, and the certificates that they trust.

A time-out between two bytes is not enough: a machine that says one byte now and then would hold us for ever.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from functools import lru_cache
from types import TracebackType

from handrail_kb.errors import ConfigError

# For each address of a host, and between two bytes. The whole has the time that the Deadline was given.
_CONNECT = 10.0
_SILENCE = 30.0


def trust() -> ssl.SSLContext:
    """Whom we believe: the authorities of the system, or those that SSL_CERT_FILE or SSL_CERT_DIR name.

    Raises ConfigError when these cannot be read.
    """
    return _trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)
def _trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    # Reading the system's authorities takes longer than delivering a message. Python passes over a file that is not
    # there, and then nobody would be believed.
    for variable, place in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)):
        if place and not os.access(place, os.R_OK):
            raise ConfigError(f"{variable} is {place}, which cannot be read.", f"Mend it: ls -l {place}")
    try:
        context = ssl.create_default_context()
        if file:
            context.load_verify_locations(file)  # which says so when it holds none
        return context
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"The certificates that SSL_CERT_FILE names, {file}, cannot be read: {error}.",
            "Name a file of certificates in PEM, or leave it out: unset SSL_CERT_FILE",
        ) from error


class Deadline:
    """Breaks the connections that it watches once its seconds are over. To be used as a context, once."""

    def __init__(self, seconds: float) -> None:
        """Time runs from the moment the context is entered."""
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
            # A second handle: wrapping in TLS takes the first one away.
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
