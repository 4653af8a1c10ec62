"""A period of whole days, and the periods it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from handrail_kb.texts.staff import ENGLISH, Say

_WEEK, _WEEKS_BESIDE_A_WEEK = timedelta(days=7), 4
# So many weeks that the same weekdays are compared.
_A_YEAR = timedelta(weeks=52)


@dataclass(frozen=True)
class Period:
    """The time from `since` up to, but not including, `until`.

    Numbers are shown beside those of `before`, which is as long: the time just before it or, with `year_before`, the
    same days of last year.
    """

    since: datetime
    until: datetime
    year_before: bool = False

    @classmethod
    def last(cls, days: int, at: datetime, zone: tzinfo = UTC) -> Period:
        """The last so many days of a time zone up to a moment: that of the moment is the last of them."""
        first = at.astimezone(zone).date() - timedelta(days=days - 1)
        return cls(datetime.combine(first, time(), zone).astimezone(UTC), at)

    @property
    def length(self) -> timedelta:
        """The length of the period."""
        return self.until - self.since

    @property
    def before(self) -> Period:
        """The period whose numbers are shown beside those of this one. It is as long."""
        ago = _A_YEAR if self.year_before else self.length
        return Period(self.since - ago, self.until - ago)

    @property
    def baseline(self) -> Period:
        """The period by which chance is judged: four times as long for up to a week, since single weeks differ."""
        return Period(self.since - self.length * self.times, self.since)

    @property
    def times(self) -> int:
        """How many times as long `baseline` is."""
        return _WEEKS_BESIDE_A_WEEK if self.length <= _WEEK else 1

    def said(self, words: Say = ENGLISH) -> str:
        """The period as reports write it, to the minute, in UTC; by default in English."""
        return words("window.times", since=f"{self.since:%Y-%m-%d %H:%M}", until=f"{self.until:%Y-%m-%d %H:%M}")

    def holds(self, at: datetime) -> bool:
        """Whether a moment is in the period."""
        return self.since <= at < self.until

    def is_comparable(self, known_since: datetime | None) -> bool:
        """Whether searches were kept for all of `before`."""
        return known_since is not None and known_since <= self.before.since

    def has_baseline(self, known_since: datetime | None) -> bool:
        """Whether searches were kept for all of `baseline`; otherwise nothing can be called new or growing."""
        return known_since is not None and known_since <= self.baseline.since
