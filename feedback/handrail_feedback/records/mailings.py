"""Mails to customers and leads: receipts, notifications, and the weekly report."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True)
class Receipt:
    """A receipt that only its holder may send until the next attempt. `attempts` includes this one."""

    code: str
    address: str
    attempts: int


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Schedule:
    """A weekday (0 is Monday) and an hour of that day, in UTC."""

    day: int = 0
    hour: int = 7

    def last(self, at: datetime) -> datetime:
        """The latest moment, not after `at`, at which a report was due."""
        today = at.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        due = today - timedelta(days=(at.weekday() - self.day) % 7)
        return due if due <= at else due - timedelta(days=7)


NotificationState = Literal["unconfirmed", "waiting", "answered"]
What = Literal["asked", "confirmed", "told", "withdrawn", "expired", "refused"]

LONGEST_NOTIFIED_QUESTION = 500
HOURS_TO_CONFIRM = 48


@dataclass(frozen=True)
class Wish:
    """A question to which somebody wants to be mailed an answer. `search_id` is the failed search; empty if unknown."""

    question: str
    address: str
    lang: str
    at: datetime
    search_id: str = ""


@dataclass(frozen=True)
class AnsweringArticle:
    """The article that answers a question. `location` is relative to the site."""

    location: str
    title: str


@dataclass(frozen=True)
class Notification:
    """A question to answer by mail. `attempts` includes this one; `proof` and `answered_at` are set once answered."""

    id: int
    question: str
    address: str
    lang: str
    at: datetime
    state: NotificationState
    seed: str
    attempts: int
    proof: AnsweringArticle | None = None
    answered_at: datetime | None = None


def token_of(seed: str, key: str) -> str:
    """The token in the links of a question's mails. Nobody can compute it from the store alone, without the key."""
    digest = hmac.digest(key.encode(), f"handrail-tell {seed}".encode(), "sha256")
    return urlsafe_b64encode(digest[:24]).decode()


def notification_name(seed: str) -> str:
    """An identifier for the mails about one question that gives access to nothing."""
    return hashlib.sha256(f"name {seed}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Waiting:
    """A request for an answer to a search; its `question` may differ from the words of the search."""

    search_id: str
    question: str
