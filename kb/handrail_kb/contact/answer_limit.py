"""The time within which every message is to be answered, as a law or a standard sets it (`answer_within`).

Unlike the promise on the contact page, it knows no hours. Working days are Monday to Friday without public holidays;
days that the company closes of its own accord count, since no law stops for them. The day of the message does not, and
the last day counts until its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from handrail_kb.config.settings import Settings
from handrail_kb.contact.holidays import holidays_in
from handrail_kb.contact.reply_due import contact_of

_FORM = re.compile(r"(\d{1,3}) (hour|day|working day)s?")
_SATURDAY = 5
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class AnswerLimit:
    """So many hours, days or working days (`unit` without its plural), in a country, by its time zone."""

    amount: int
    unit: str
    country: str = ""
    subdivision: str = ""
    zone: ZoneInfo = _UTC

    def ends(self, at: datetime) -> datetime:
        """Until when a message written at `at` is answered in time, in UTC."""
        if self.unit == "hour":
            return at + timedelta(hours=self.amount)
        return _end_of_day(self, at.astimezone(self.zone).date())

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


def answer_limit_of(settings: Settings) -> AnswerLimit | None:
    """The limit that is set, in the country of the contact page; None where none is set."""
    found = _FORM.fullmatch(settings.text("answer_within"))
    if found is None:
        return None
    contact = contact_of(settings)
    return AnswerLimit(int(found[1]), found[2], contact.country, contact.subdivision, contact.zone)


@lru_cache(maxsize=2000)  # by day: thousands of messages are written on a few hundred days
def _end_of_day(limit: AnswerLimit, day: date) -> datetime:
    left = limit.amount
    while left:
        day += timedelta(days=1)
        left -= limit.unit == "day" or _is_working_day(limit, day)
    return datetime.combine(day + timedelta(days=1), time(), limit.zone).astimezone(UTC)


def _is_working_day(limit: AnswerLimit, day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays_in(limit.country, limit.subdivision, day.year)
