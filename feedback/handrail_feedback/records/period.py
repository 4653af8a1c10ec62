"""A period of days, and the period it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_WEEK, _WEEKS_BESIDE_A_WEEK = timedelta(days=7), 4


@dataclass(frozen=True)
class Period:
    """From `since` to before `until`, and the period `before` that it is compared with.

    A week is compared with the four weeks before it: on most sites a single week differs by chance. Longer periods are
    compared with one of the same length.
    """

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def before(self) -> Period:
        """The period that ends where this one begins."""
        return Period(self.since - self.length * self.times, self.since)

    @property
    def as_long_before(self) -> Period:
        """The same time before it, for what is shown as it is, and not as more or less than expected."""
        return Period(self.since - self.length, self.since)

    @property
    def times(self) -> int:
        """How many times as long the period before is."""
        return _WEEKS_BESIDE_A_WEEK if self.length <= _WEEK else 1

    @property
    def in_words(self) -> str:
        """It as reports write it, to the minute."""
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"

    def holds(self, at: datetime) -> bool:
        """Whether a moment is in it."""
        return self.since <= at < self.until

    def is_comparable(self, known_since: datetime | None) -> bool:
        """Whether searches were kept for all of the period before it; else nothing can be called new or growing."""
        return known_since is not None and known_since <= self.before.since
