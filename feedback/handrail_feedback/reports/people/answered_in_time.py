"""How many messages were answered within the time that a law or a standard sets, by month and channel. Pure.

A message is counted once its time is over, answered or not: counting early answers at once would make the last weeks
look better than they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

from handrail_feedback.records.messages import CHANNELS, AnsweredMessage, MessageChannel
from handrail_kb.contact.answer_limit import AnswerLimit
from handrail_kb.language.spoken_language import spoken_language

MONTHS_SHOWN = 13
Answered = Literal["in time", "late", "not answered", "not due yet"]


@dataclass
class AnswerCount:
    """How many messages of one kind were answered in time, late or not at all, and whose time is not over yet."""

    in_time: int = 0
    late: int = 0
    not_answered: int = 0
    not_due_yet: int = 0

    @property
    def due(self) -> int:
        """How many the share is of."""
        return self.in_time + self.late + self.not_answered

    @property
    def share(self) -> float | None:
        """The share answered in time, from 0 to 1; None if no message's time is over."""
        return self.in_time / self.due if self.due else None

    def add(self, outcome: Answered) -> None:
        """Count one message."""
        name = outcome.replace(" ", "_")
        setattr(self, name, getattr(self, name) + 1)


@dataclass(frozen=True)
class MonthOfAnswers:
    """The messages written in one month, all of them and by channel; the month by its first day."""

    month: date
    all: AnswerCount
    by_channel: dict[MessageChannel, AnswerCount]


def outcome(message: AnsweredMessage, limit: AnswerLimit, at: datetime) -> Answered:
    """What became of a message until `at`."""
    ends = limit.ends(message.at)
    if at < ends:
        return "not due yet"
    if message.answered_at is None or message.answered_at > at:
        return "not answered"
    return "in time" if message.answered_at < ends else "late"


def first_month(until: datetime, zone: tzinfo) -> datetime:
    """The beginning of the first of the months that are shown up to a moment."""
    last = (until - timedelta(milliseconds=1)).astimezone(zone).date().replace(day=1)
    number = last.year * 12 + last.month - MONTHS_SHOWN
    return datetime.combine(date(number // 12, number % 12 + 1, 1), time(), zone)


def by_month(
    messages: Iterable[AnsweredMessage], limit: AnswerLimit, at: datetime, zone: tzinfo
) -> list[MonthOfAnswers]:
    """The months in which messages were written, the last first; `at` is when they are judged."""
    found: dict[date, MonthOfAnswers] = {}
    for message in messages:
        first = message.at.astimezone(zone).date().replace(day=1)
        month = found.setdefault(first, MonthOfAnswers(first, AnswerCount(), {}))
        became = outcome(message, limit, at)
        month.all.add(became)
        month.by_channel.setdefault(message.channel, AnswerCount()).add(became)
    return [found[month] for month in sorted(found, reverse=True)]


def lines_of(months: Iterable[MonthOfAnswers]) -> list[tuple[date, str, AnswerCount]]:
    """For each month all messages, named `all`, then those of each channel that there were."""
    return [
        (one.month, name, count)
        for one in months
        for name, count in (
            ("all", one.all),
            *((each, one.by_channel[each]) for each in CHANNELS if each in one.by_channel),
        )
    ]


def message_language(message: AnsweredMessage) -> str:
    """The language of a message: that of its words or, where they are too few to be sure, that of the page."""
    return spoken_language(message.words) or message.lang


def answer_language(message: AnsweredMessage) -> str:
    """The language of the answer's words; empty where they are not known, as of a call, or too few to be sure."""
    return spoken_language(message.answer)
