"""Counts that hold over all nodes, in Valkey or Redis; while it cannot be reached, each process counts for itself.

Nothing a customer does depends on it: a request waits a quarter of a second for it at most, the first one to find it
gone says so, and from then on nobody waits. A thread of its own finds out when it is back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import g, has_request_context
from limits.storage import Storage, storage_from_string
from limits.storage.base import MovingWindowSupport

from handrail_feedback.accounts.sessions import given_key
from handrail_feedback.storage.database import weakly
from handrail_kb.config.secrets import read_secret
from handrail_kb.config.settings import Settings
from handrail_kb.errors import ConfigError, HandrailError
from handrail_kb.texts.installing import install_extra, missing
from handrail_kb.texts.log.logger import Log
from handrail_search.background import Watch
from handrail_search.service.rate_limits.steady_counts import SteadyCounts

log = Log(__name__)

PASSWORD = "HANDRAIL_LIMITS_PASSWORD"  # noqa: S105 (the name of the variable)
# Everything that one request waits for counts, together.
PATIENCE_SECONDS = 0.25
# As many as requests of a process at one time: what hangs holds one of these, and no request.
_THREADS = 16
_LOOK_EVERY_SECONDS = 2.0
# One client speaks to both: the protocol is the same.
_SCHEMES = {
    "valkey": "valkey",
    "redis": "valkey",
    "valkeys": "valkeys",
    "rediss": "valkeys",
    "valkey+unix": "valkey+unix",
    "redis+unix": "valkey+unix",
    "unix": "valkey+unix",
    "valkey+sentinel": "valkey+sentinel",
    "redis+sentinel": "valkey+sentinel",
}
_OPTIONS = ("db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_EXAMPLE = "Name it as valkey://HOST:6379/0, and put its password into " + PASSWORD + "."
_MEND = "See whether it runs, and what it says: valkey-cli -h HOST ping"


def shared_counts(settings: Settings, environ: Mapping[str, str] | None = None) -> SharedCounts | None:
    """Where `limits_store` says that counts are kept; None where each process counts for itself.

    Raises ConfigError when the setting cannot be used. That nobody answers there is no mistake of the settings.
    """
    address = settings.text("limits_store").strip()
    if not address:
        return None
    uri = client_uri(address)
    absent = missing("valkey")
    if absent:
        raise ConfigError(
            f"limits_store is set, but {', '.join(absent)} is missing or too old.",
            f"Install it: {install_extra('valkey')}",
        )
    environ = os.environ if environ is None else environ
    if not given_key(environ):
        raise ConfigError(
            "limits_store is set, but HANDRAIL_SECRET_KEY is not: addresses are counted under names that it makes, so "
            "nodes with keys of their own would not count together.",
            "Give every node the same one: openssl rand -hex 32",
        )
    return SharedCounts(uri, read_secret(PASSWORD, environ).strip())


def client_uri(address: str) -> str:
    """The address as the client wants it. Raises ConfigError, which never quotes it: it may hold a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port if "," not in parts.netloc else None
        scheme = _SCHEMES[parts.scheme]
    except (ValueError, KeyError):
        raise ConfigError("limits_store is not the address of a Valkey or Redis.", _EXAMPLE) from None
    if parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True):
        raise ConfigError("limits_store holds a password, which would be shown with the settings.", _EXAMPLE)
    unknown = sorted(set(parse_qs(parts.query, keep_blank_values=True)) - {*_OPTIONS})
    if unknown:
        raise ConfigError(
            f"limits_store: '{unknown[0][:40]}' cannot be set there.", f"It may name {', '.join(_OPTIONS)}."
        )
    socket = scheme == "valkey+unix"
    if not (parts.path.strip("/") if socket else parts.hostname):
        raise ConfigError("limits_store names no host and no socket.", _EXAMPLE)
    if scheme == "valkey+sentinel" and not parts.path.strip("/"):
        raise ConfigError(
            "limits_store names sentinels, but not the service they watch.",
            "Name it last: valkey+sentinel://HOST:26379,HOST:26379/SERVICE",
        )
    return f"{scheme}{address[len(parts.scheme) :]}"


class SharedCounts(Watch):
    """Asks the shared store; this process counts alone while that fails, until a look finds it well again."""

    rest = 0.0
    trouble = "limits.not_shared"
    log = log

    def __init__(self, uri: str, password: str = "", *, every: float = _LOOK_EVERY_SECONDS) -> None:
        """Nothing is asked yet. From the first call of `watch` on, a thread looks every `every` seconds."""
        super().__init__(every)
        options: dict[str, Any] = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        if password:
            options["password"] = password
        self._shared = storage_from_string(uri, **options)
        self._alone = SteadyCounts()
        self.reachable = True
        self._have_threads()
        os.register_at_fork(after_in_child=weakly(self._have_threads))  # threads do not survive a fork

    def ask(self, method: str, *args: Any) -> Any:
        """The answer of the shared store, or of this process where it comes too late or not at all."""
        spent = g.get("waited_for_limits", 0.0) if has_request_context() else 0.0
        if self.reachable and spent < PATIENCE_SECONDS:
            began = time.monotonic()
            try:
                return self._within(PATIENCE_SECONDS - spent, method, *args)
            except Exception as error:  # whatever is wrong there, the request goes on
                self.reachable = False
                self._complain(_trouble(error))
            finally:
                if has_request_context():
                    g.waited_for_limits = spent + time.monotonic() - began
        return getattr(self._alone, method)(*args)

    def look_once(self) -> None:
        """Count something, to know whether that works. Raises HandrailError with the reason when it does not."""
        try:
            # Counted as requests are: a server that answers but may not write is of no use.
            self._within(2 * PATIENCE_SECONDS, "acquire_entry", "handrail-looks", 1000, 1)
        except Exception as error:
            self.reachable = False
            raise _trouble(error) from None  # its own text could quote what it was given
        if not self.reachable:
            log("limits.shared")
        self.reachable = True

    def _within(self, seconds: float, method: str, *args: Any) -> Any:
        """What the store answers within so many seconds, whatever it waits for: a name, a connection or an answer."""
        return self._threads.submit(getattr(self._shared, method), *args).result(timeout=seconds)

    def _have_threads(self) -> None:
        """Threads to ask with; none is started before the first question."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="handrail-limits")


class CountsOfLimiter(Storage, MovingWindowSupport):
    """`SharedCounts` in the form that Flask-Limiter makes by its scheme, given as the option `counts`."""

    STORAGE_SCHEME = ["handrail"]  # noqa: RUF012 (as the library reads it)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._counts: SharedCounts = options["counts"]

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here: nothing, `SharedCounts` catches it all."""
        return HandrailError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether `amount` more fit into the window of `expiry` seconds; counted if they do."""
        return bool(self._counts.ask("acquire_entry", key, limit, expiry, amount))

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the window began, in seconds since 1970, and how many are in it."""
        began, count = self._counts.ask("get_moving_window", key, limit, expiry)
        return float(began), int(count)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a fixed window."""
        return int(self._counts.ask("incr", key, expiry, amount))

    def get(self, key: str) -> int:
        """The count of a fixed window."""
        return int(self._counts.ask("get", key))

    def get_expiry(self, key: str) -> float:
        """When a fixed window ends, in seconds since 1970."""
        return float(self._counts.ask("get_expiry", key))

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._counts.ask("clear", key)

    def reset(self) -> int | None:
        """Forget every count."""
        found = self._counts.ask("reset")
        return None if found is None else int(found)

    def check(self) -> bool:
        """Whether counts are shared now."""
        return self._counts.reachable


def _trouble(error: Exception) -> HandrailError:
    """What is wrong with the store, in words of ours alone."""
    if isinstance(error, TimeoutError) or type(error).__name__ == "TimeoutError":
        what = f"limits_store did not answer within {PATIENCE_SECONDS} seconds."
    elif type(error).__name__ in ("AuthenticationError", "AuthenticationWrongNumberOfArgsError", "NoPermissionError"):
        what = f"limits_store refuses the user or the password, which is taken from {PASSWORD}."
    elif isinstance(error, OSError) or type(error).__name__ in ("ConnectionError", "MasterNotFoundError"):
        what = "limits_store cannot be reached."
    else:
        what = f"limits_store cannot count ({type(error).__name__})."
    return HandrailError(what, _MEND)
