"""What customers type and do, as the service records it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from handrail_feedback.records.searches import SearchEvent
from handrail_feedback.search_log import SearchLog

from ...conftest import NOON, search

Kept = Callable[[], list[dict[str, object]]]


def typed(log: SearchLog, texts: list[str], start: float = 0, pause: float = 0.3, **more: Any) -> list[str]:
    """Send one search for each text, as a search box does; their ids."""
    searches = [search(text, start + pause * number, **more) for number, text in enumerate(texts)]
    for one in searches:
        log.record(one)
    return [one.search_id for one in searches]


def event(search_id: str, kind: str, seconds: float = 5, **more: object) -> SearchEvent:
    return SearchEvent(search_id, kind, NOON + timedelta(seconds=seconds), **more)  # type: ignore[arg-type]


def steps(text: str) -> list[str]:
    return [text[: end + 1] for end in range(len(text))]
