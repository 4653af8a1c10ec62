"""Whether a message that is kept here will reach a person: on a node that delivers nothing, another one has to."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.attendance import last_attended
from handrail_kb.config.settings import Settings
from handrail_kb.errors import StoreUnavailable

_LOOK_AGAIN_SECONDS = 5.0
# Those who deliver note it every half minute; one that is restarted needs longer.
_LEAST = timedelta(minutes=2)


class Attended:
    """Says whether this node takes messages. Asks the store every few seconds at most, and never fails."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """By the node's role: `all` delivers itself, `search` takes none, `answer` needs somebody who delivers."""
        self._store = store
        self._role = settings.text("role")
        self._within = longest_absence(settings)
        self._known, self._look_at = True, 0.0

    def __call__(self) -> bool:
        """Whether a message may be kept now."""
        if self._role != "answer":
            return self._role == "all"
        if time.monotonic() >= self._look_at:
            try:
                self._known = is_attended(last_attended(self._store), self._within, now())
            except StoreUnavailable:  # whoever sends a message is told that it was not kept
                self._known = True
            self._look_at = time.monotonic() + _LOOK_AGAIN_SECONDS
        return self._known


def longest_absence(settings: Settings) -> timedelta:
    """How long nobody may look after messages while nodes take them: as long as one may wait before an alarm."""
    return max(_LEAST, timedelta(minutes=settings.number("alarm_minutes")))


def is_attended(last: datetime | None, within: timedelta, at: datetime) -> bool:
    """Whether somebody looked after messages not long ago."""
    return last is not None and at - last <= within
