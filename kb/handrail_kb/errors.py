"""The errors that Handrail raises on purpose; each says what happened, where, and what to do next.

HandrailError
├── ConfigError         mkdocs.yml, a flag or an environment variable is wrong
├── ArticleError        a Markdown article cannot be read
├── SiteError           the folder of built HTML is missing or is not what was expected
├── IndexUnusable       the index is missing, half-written, or does not fit what runs
│   └── LockHeld        another process does the same just now
├── EncoderUnavailable  the encoder is missing, or is not the one its digest promises
├── StoreUnavailable    the store of searches and messages cannot be used
│   └── StoreLost       it is gone or damaged, until a person puts a backup in its place
└── DeliveryFailed      a message was not handed over; it waits and is tried again

Each is a click exception: the command line prints one clear message and ends with exit code 1.
A message says what happened, where, and last the command that mends it.
"""

from __future__ import annotations

from pathlib import Path

import click


class HandrailError(click.ClickException):
    """A mistake or a fault that a person can mend; never shown as a traceback."""

    def __init__(self, what: str, mend: str = "") -> None:
        """Keep `what` happened (and where) and the command or step that mends it."""
        self.what = what
        self.mend = mend
        super().__init__(f"{what}\n  {mend}" if mend else what)


class ConfigError(HandrailError):
    """A setting in mkdocs.yml, a flag or the environment cannot be used."""


class ArticleError(HandrailError):
    """A Markdown article cannot be read."""


class SiteError(HandrailError):
    """The folder of built HTML is missing or is not what was expected."""


class IndexUnusable(HandrailError):
    """The index is missing, half-written, or does not fit this version or its settings."""


class LockHeld(IndexUnusable):
    """Another process is doing the same at the moment; nothing is wrong."""


class EncoderUnavailable(HandrailError):
    """Text cannot be turned into vectors; callers may continue with words only."""


class StoreUnavailable(HandrailError):
    """The store cannot be opened or written; callers must not claim that anything was kept.

    `passing` says that it may mend itself: a full disk, a lock, a server that is down.
    """

    def __init__(self, what: str, mend: str = "", *, passing: bool = False) -> None:
        """Keep what happened, what mends it, and whether it may pass."""
        super().__init__(what, mend)
        self.passing = passing


class StoreLost(StoreUnavailable):
    """What was kept is gone or damaged, until a person puts a backup in its place or begins anew.

    It may happen while nobody looks, such as by a power cut: pages and search go on, also after a restart.
    """


class DeliveryFailed(HandrailError):
    """A message was not handed over for certain; it waits and is tried again, so it may arrive twice.

    `final` says that the channel will never accept this message; `of_channel` that the channel itself fails, whatever
    the message; `wait` is how many seconds the other side asked to wait. `said` is the other side's own text: it
    may quote the message, and so are shown to operators and never logged.
    """

    def __init__(
        self,
        what: str,
        mend: str = "",
        *,
        said: str = "",
        final: bool = False,
        of_channel: bool = False,
        wait: float = 0.0,
    ) -> None:
        """Neither `what` nor `mend` may hold a customer's words."""
        self.said, self.final, self.of_channel, self.wait = said, final, of_channel, wait
        super().__init__(what, mend)


def place_of(error: BaseException) -> str:
    """A fault by its kind and place, for a log: its own words may be a customer's."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    place = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
    return f"{type(error).__name__} at {place}"
