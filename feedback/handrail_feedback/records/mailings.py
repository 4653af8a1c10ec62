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
    """A receipt that its holder alone may send before the next try. `attempts` counts this one."""

    code: str
    address: str
    attempts: int


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Schedule:
    """A day of the week, Monday being 0, and an hour of it, in UTC."""

    day: int = 0
    hour: int = 7

    def last(self, at: datetime) -> datetime:
        """The latest moment at which a report was due."""
        today = at.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        due = today - timedelta(days=(at.weekday() - self.day) % 7)
        return due if due <= at else due - timedelta(days=7)


NotificationState = Literal["unconfirmed", "waiting", "answered"]
What = Literal["asked", "confirmed", "told", "withdrawn", "expired", "refused"]

LONGEST_NOTIFIED_QUESTION = 500
HOURS_TO_CONFIRM = 48


@dataclass(frozen=True)
class Wish:
    """What somebody wants to hear of, and where. `search_id` is the search that failed; empty when unknown."""

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
    """A question as it waits. `attempts` counts this one; `proof` and `answered_at` stand where it is answered."""

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
    """What the links of a question's mails carry. Nobody who has the store alone can make it."""
    digest = hmac.digest(key.encode(), f"handrail-tell {seed}".encode(), "sha256")
    return urlsafe_b64encode(digest[:24]).decode()


def notification_name(seed: str) -> str:
    """What identifies the mails about one question, without giving access to anything."""
    return hashlib.sha256(f"name {seed}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits for an answer to a search, whose words they may have changed into this question."""

    search_id: str
    question: str
