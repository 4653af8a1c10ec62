"""Hashes and checks passwords (Argon2id). Refusing a missing account takes as long as refusing a wrong password."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST = 200
# Of a first password: signs that nobody takes for one another when they read them to somebody; 99 bits.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _SIGNS_OF_A_GROUP = 4, 5

# OWASP's minimum of memory and time for Argon2id. Each process computes one hash at a time, so that many guesses at
# once need 19 MiB, not all memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_ONE_AT_A_TIME = threading.Lock()
# Each that waits for its turn holds a thread, which searches and messages need: no more than these do.
AT_ONCE = 6
_PLACES = threading.BoundedSemaphore(AT_ONCE)


class ManyAtOnce(Exception):
    """More passwords are to be checked at this moment than may wait for it."""


def new_first_password() -> str:
    """A random password such as `k7mqx-2vdta-9hnwb-c4rpe`, for somebody to sign in with once and choose their own."""
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(_SIGNS_OF_A_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def hashed(password: str) -> str:
    """The hash of a password, as stored. Raises ManyAtOnce."""
    with _turn():
        return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether a password fits a stored hash. Without a hash, returns False after the same time. Raises ManyAtOnce."""
    if len(password) > LONGEST:
        return False
    try:
        with _turn():
            return _HASHER.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than the current ones."""
    return _HASHER.check_needs_rehash(kept)


@contextmanager
def _turn() -> Iterator[None]:
    if not _PLACES.acquire(blocking=False):
        raise ManyAtOnce
    try:
        with _ONE_AT_A_TIME:
            yield
    finally:
        _PLACES.release()


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))
