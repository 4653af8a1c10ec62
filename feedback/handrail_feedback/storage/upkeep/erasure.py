"""Whether what is past its time may be erased now, and that it was."""

from __future__ import annotations

from datetime import datetime

from handrail_feedback.records.stamps import begins_doubt, is_believed, moment_or_none
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.job_runs import last_successes, note_moment, note_success

_DOUBT = "clock_doubted"
_NEWEST = """SELECT max(at) AS at FROM (SELECT max(last_at) AS at FROM intents UNION ALL
  SELECT max(at) FROM votes UNION ALL SELECT max(at) FROM messages) AS newest"""


def may_erase(store: Store, at: datetime) -> bool:
    """Whether the clock is believed; a doubt is noted, and lasts until it is proven or others erase meanwhile.

    Raises StoreUnavailable.
    """
    noted = last_successes(store)
    # Before anything was ever erased, the newest entry says when somebody last looked at a clock.
    last = noted.get("erasure") or moment_or_none(store.read(_NEWEST)[0]["at"])
    doubted = noted.get(_DOUBT)
    if is_believed(at, last, doubted):
        return True
    if begins_doubt(at, doubted):
        note_moment(store, _DOUBT, at)
    return False


def note_erased(store: Store, at: datetime) -> None:
    """Note that all was erased that was past its time, so that no clock is in doubt. Raises StoreUnavailable."""
    note_success(store, "erasure", at)
    with store.transaction() as db:
        db.execute("DELETE FROM job_runs WHERE name = :name", {"name": _DOUBT})
