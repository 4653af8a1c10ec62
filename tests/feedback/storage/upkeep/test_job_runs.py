"""When jobs last succeeded, as the store keeps it."""

from __future__ import annotations

from datetime import timedelta

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.job_runs import last_successes, note_success


def test_only_the_last_success_of_each_job_is_kept(store):
    at = now().replace(microsecond=0)
    assert last_successes(store) == {}
    note_success(store, "backup", at - timedelta(days=1))
    note_success(store, "topics", at)
    note_success(store, "backup", at)
    assert last_successes(store) == {"backup": at, "topics": at}
