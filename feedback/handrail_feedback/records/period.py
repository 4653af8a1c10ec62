"""A period of whole days, and the periods it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from handrail_feedback.records.stamps import clock_time
from handrail_kb.texts.staff import ENGLISH, Say

_WEEK, _WEEKS_BESIDE_A_WEEK = timedelta(days=7), 4
# So many weeks that the same weekdays are compared.
_A_YEAR = timedelta(weeks=52)


@dataclass(frozen=True)
class Period:
    """The time from `since` up to, but not including, `until`; its days are those of `zone`.

    Numbers are shown beside those of `before`, which has as many days: those just before it or, with `year_before`, the
    same ones of last year.
    """

    since: datetime
    until: datetime
    year_before: bool = False
    zone: tzinfo = UTC

    @classmethod
    def last(cls, days: int, at: datetime, zone: tzinfo = UTC) -> Period:
        """The last so many days of a time zone up to a moment: that of the moment is the last of them."""
        today = at.astimezone(zone).date()
        return cls.of_days(today - timedelta(days=days - 1), today, zone).up_to(at)

    @classmethod
    def of_days(cls, first: date, last: date, zone: tzinfo = UTC) -> Period:
        """The whole days from `first` to `last`, both included."""
        begin, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
        return cls(begin.astimezone(UTC), end.astimezone(UTC), zone=zone)

    def up_to(self, at: datetime) -> Period:
        """The part of this period before a moment; empty where that is before its beginning."""
        return replace(self, until=max(self.since, min(self.until, at)))

    @property
    def first_day(self) -> date:
        """The day of its beginning."""
        return self.since.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The day of its last moment; of an empty period, that of its beginning."""
        last = max(self.since, self.until - timedelta(milliseconds=1))
        return last.astimezone(self.zone).date()

    @property
    def length(self) -> timedelta:
        """The length by the clocks of its zone: seven days are a week also when clocks change."""
        return self._here(self.until) - self._here(self.since)

    @property
    def before(self) -> Period:
        """The period whose numbers are shown beside those of this one. It has as many days."""
        if self.year_before:
            return Period(self._earlier(self.since, _A_YEAR), self._earlier(self.until, _A_YEAR), zone=self.zone)
        return Period(self._earlier(self.since, self.length), self.since, zone=self.zone)

    @property
    def baseline(self) -> Period:
        """The period by which chance is judged: four times as long for up to a week, since single weeks differ."""
        return Period(self._earlier(self.since, self.length * self.times), self.since, zone=self.zone)

    @property
    def times(self) -> int:
        """How many times as long `baseline` is."""
        return _WEEKS_BESIDE_A_WEEK if self.length <= _WEEK else 1

    def said(self, words: Say = ENGLISH) -> str:
        """The period as reports write it, to the minute; by default in English."""
        since, until = (clock_time(at, self.zone) for at in (self.since, self.until))
        name = f" {until.rpartition(' ')[2]}"
        return words("window.times", since=since.removesuffix(name), until=until)

    def holds(self, at: datetime) -> bool:
        """Whether a moment is in the period."""
        return self.since <= at < self.until

    def is_comparable(self, known_since: datetime | None) -> bool:
        """Whether searches were kept for all of `before`."""
        return known_since is not None and known_since <= self.before.since

    def has_baseline(self, known_since: datetime | None) -> bool:
        """Whether searches were kept for all of `baseline`; otherwise nothing can be called new or growing."""
        return known_since is not None and known_since <= self.baseline.since

    def _here(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None)

    def _earlier(self, at: datetime, by: timedelta) -> datetime:
        """The moment at which clocks showed so much less."""
        return (self._here(at) - by).replace(tzinfo=self.zone).astimezone(UTC)
