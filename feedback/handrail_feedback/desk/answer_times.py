"""How many messages were answered within the time that is set, for the report and, as files, for auditors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.downloads import AS_FILE, MOST_ROWS, Columns, send_list
from handrail_feedback.desk.look import Look, words
from handrail_feedback.desk.reports.period import asked_of
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.records.messages import CHANNELS, AnsweredMessage
from handrail_feedback.records.stamps import now, stamp, stamp_or_none
from handrail_feedback.reports.people.answered_in_time import (
    AnswerCount,
    MonthOfAnswers,
    answer_language,
    by_month,
    first_month,
    lines_of,
    message_language,
    outcome,
)
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answer_times import answer_times, answers_with_words, count_answers
from handrail_kb.contact.answer_limit import AnswerLimit

# The usual period of the report.
USUAL_SPAN = "7"


@dataclass(frozen=True)
class AnswerTimes:
    """The part of the report about the time within which messages are answered; without a `limit` there is none."""

    store: Store
    cache: TopicCache
    look: Look
    limit: AnswerLimit | None

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the files."""
        home = self.look.home
        blueprint.add_url_rule(f"{home}answer-times.{AS_FILE}", "answer_times_file", self.counts)
        blueprint.add_url_rule(f"{home}answers.{AS_FILE}", "answers_file", self.each)

    def shown(self, until: datetime, at: datetime) -> dict[str, Any]:
        """What the page of the report shows: the months up to `until`, judged at `at`."""
        if self.limit is None:
            return {"limit": ""}
        months = self._months(self.limit, until, at)
        return {"limit": _in_words(self.limit), "months": months, "channels": CHANNELS}

    def counts(self, kind: str) -> AnyResponse:
        """GET desk/answer-times.csv and .json: how many were answered in time, by month and channel."""
        limit, at = self._limit(), now()
        lines = lines_of(self._months(limit, self._until(at), at))
        content = _count_columns(limit).write(kind, lines, len(lines))
        return send_list(self.store, "answer-times", kind, content, of=len(lines))

    def each(self, kind: str) -> AnyResponse:
        """GET desk/answers.csv and .json: each message that is counted, without its words, the last first."""
        limit, at = self._limit(), now()
        until = self._until(at)
        since = first_month(until, self.cache.zone)
        found = answers_with_words(self.store, since, until, limit=MOST_ROWS)
        of = max(count_answers(self.store, since, until), len(found))
        content = _answer_columns(limit, at).write(kind, found, of)
        return send_list(self.store, "answers", kind, content, of=of)

    def _limit(self) -> AnswerLimit:
        if self.limit is None:
            raise NotFound
        return self.limit

    def _until(self, at: datetime) -> datetime:
        zone = self.cache.zone
        return asked_of(request.args, USUAL_SPAN, at, zone).period(at, zone).until

    def _months(self, limit: AnswerLimit, until: datetime, at: datetime) -> list[MonthOfAnswers]:
        messages = answer_times(self.store, first_month(until, self.cache.zone), until)
        return by_month(messages, limit, at, self.cache.zone)


def _in_words(limit: AnswerLimit) -> str:
    unit = limit.unit.replace(" ", "_")
    return words(f"answers.limit.{unit}" if limit.amount == 1 else f"answers.limit.{unit}s", number=limit.amount)


def _count_columns(limit: AnswerLimit) -> Columns[tuple[date, str, AnswerCount]]:
    return Columns(
        "months",
        {
            "month": lambda line: f"{line[0]:%Y-%m}",
            "channel": lambda line: line[1],
            "answer_within": lambda _line: str(limit),
            "due": lambda line: line[2].due,
            "in_time": lambda line: line[2].in_time,
            "late": lambda line: line[2].late,
            "not_answered": lambda line: line[2].not_answered,
            "not_due_yet": lambda line: line[2].not_due_yet,
            "share": lambda line: None if line[2].share is None else round(line[2].share, 4),
        },
    )


def _answer_columns(limit: AnswerLimit, at: datetime) -> Columns[AnsweredMessage]:
    return Columns(
        "answers",
        {
            "code": lambda one: one.code,
            "at": lambda one: stamp(one.at),
            "channel": lambda one: one.channel,
            "answer_within": lambda _one: str(limit),
            "due": lambda one: stamp(limit.ends(one.at)),
            "answered_at": lambda one: stamp_or_none(one.answered_at),
            "answered_way": lambda one: one.way or None,
            "outcome": lambda one: outcome(one, limit, at),
            "lang": message_language,
            "answer_lang": lambda one: answer_language(one) or None,
        },
    )
