"""Whether a message stored by this node will reach a person: if the node does not deliver, another one must."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.attendance import last_attended
from handrail_kb.config.settings import Settings
from handrail_kb.errors import StoreUnavailable

_LOOK_AGAIN_SECONDS = 5.0
# Delivering nodes record their presence every half minute; a restart takes longer.
_LEAST = timedelta(minutes=2)


class Attended:
    """Says whether this node accepts messages. Reads the store every few seconds at most, and never fails."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """The node's role decides: `all` delivers itself, `search` accepts none, `answer` needs a delivering node."""
        self._store = store
        self._role = settings.text("role")
        self._within = longest_absence(settings)
        self._known, self._look_at = True, 0.0

    def __call__(self) -> bool:
        """Whether this node may accept a message now."""
        if self._role != "answer":
            return self._role == "all"
        if time.monotonic() >= self._look_at:
            try:
                self._known = is_attended(last_attended(self._store), self._within, now())
            except StoreUnavailable:  # whoever sends a message will see that it was not stored
                self._known = True
            self._look_at = time.monotonic() + _LOOK_AGAIN_SECONDS
        return self._known


def longest_absence(settings: Settings) -> timedelta:
    """How long no node may deliver while others still accept messages: as long as one may wait before an alarm."""
    return max(_LEAST, timedelta(minutes=settings.number("alarm_minutes")))


def is_attended(last: datetime | None, within: timedelta, at: datetime) -> bool:
    """Whether a node was ready to deliver within this time before `at`."""
    return last is not None and at - last <= within
