"""Who delivers is noted in the store, so that nodes which do not deliver know whether anybody does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from handrail_feedback.storage.messages.attendance import last_attended, note_attendance

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_who_delivers_is_noted_by_one_process_and_not_again_at_once(store):
    assert last_attended(store) is None
    note_attendance(store, AT)
    note_attendance(store, AT + timedelta(seconds=5))
    assert last_attended(store) == AT
    note_attendance(store, AT + timedelta(seconds=20))
    assert last_attended(store) == AT + timedelta(seconds=20)
    note_attendance(store, AT)  # the clock was wrong
    assert last_attended(store) == AT
