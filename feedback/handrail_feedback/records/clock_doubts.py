"""Whether a clock is believed that says it is time to erase: one that is wrong for a moment must erase nothing.

The clock is compared with the time at which something was last erased, or written, and was right. When more has passed
than a service is usually stopped for, it is doubted, and believed a day later if it says then that a day has passed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# Looks are a day apart.
_LONGEST_GAP = timedelta(days=3)
_TRIAL = timedelta(hours=20)


def is_believed(at: datetime, last: datetime | None, doubted: datetime | None) -> bool:
    """Whether it is `at` for certain enough; `doubted` is what the clock said when it was doubted, if it is."""
    if last is None or at - last <= _LONGEST_GAP:
        return True
    return doubted is not None and _TRIAL <= at - doubted <= _LONGEST_GAP


def begins_doubt(at: datetime, doubted: datetime | None) -> bool:
    """Whether the trial of a clock begins now: there is none yet, or it jumped again since."""
    return doubted is None or not timedelta(0) <= at - doubted <= _LONGEST_GAP
