"""A period of days, and the period it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_WEEK, _WEEKS_BESIDE_A_WEEK = timedelta(days=7), 4


@dataclass(frozen=True)
class Period:
    """The time from `since` up to, but not including, `until`, and the period `before` that it is compared with.

    A period of up to a week is compared with one four times as long, because on most sites single weeks differ by
    chance. A longer period is compared with one of the same length.
    """

    since: datetime
    until: datetime

    @classmethod
    def last(cls, days: int, at: datetime) -> Period:
        """The last so many days before a moment."""
        return cls(at - timedelta(days=days), at)

    @property
    def length(self) -> timedelta:
        """The length of the period."""
        return self.until - self.since

    @property
    def before(self) -> Period:
        """The period to compare with, which ends where this one begins."""
        return Period(self.since - self.length * self.times, self.since)

    @property
    def as_long_before(self) -> Period:
        """The period of the same length before this one, for numbers that are shown side by side."""
        return Period(self.since - self.length, self.since)

    @property
    def times(self) -> int:
        """How many times as long `before` is."""
        return _WEEKS_BESIDE_A_WEEK if self.length <= _WEEK else 1

    @property
    def in_words(self) -> str:
        """The period as reports write it, to the minute, in UTC."""
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"

    def holds(self, at: datetime) -> bool:
        """Whether a moment is in the period."""
        return self.since <= at < self.until

    def is_comparable(self, known_since: datetime | None) -> bool:
        """Whether searches were kept for all of `before`; otherwise nothing can be called new or growing."""
        return known_since is not None and known_since <= self.before.since
