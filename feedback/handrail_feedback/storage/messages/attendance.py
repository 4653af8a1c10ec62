"""When somebody last looked after what waits in this store: a node whose role is to deliver notes it as a job."""

from __future__ import annotations

from datetime import datetime, timedelta

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.job_runs import last_successes, note_success

# Several processes look; one of them writes.
_NOTED_AGAIN = timedelta(seconds=15)


def note_attendance(store: Store, at: datetime) -> None:
    """Note that messages in this store are looked after. Raises StoreUnavailable."""
    last = last_attended(store)
    if last is None or not at - _NOTED_AGAIN < last <= at:
        note_success(store, "delivery", at)


def last_attended(store: Store) -> datetime | None:
    """When that was; None where it never was. Raises StoreUnavailable."""
    return last_successes(store).get("delivery")
