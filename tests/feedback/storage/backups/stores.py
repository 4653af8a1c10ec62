"""A store that tests write to, back up and look into."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from handrail_feedback.records.messages import Message
from handrail_feedback.storage import backups
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message, list_messages

from ...conftest import NOON

Place = Path | str


def write(store: Store, words: str) -> None:
    keep_message(store, Message(words, "", "", "en", NOON))


def words_in(store: Store) -> set[str]:
    return {one.message for one in list_messages(store)}


def backed_up(store: Store, where: Path, keep: int = 14, days: float = 0) -> Path:
    return backups.back_up(store.at, where, keep, NOON + timedelta(days=days)).file
