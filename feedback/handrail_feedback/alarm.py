"""Alarms about messages that wait too long: in the log, and by mail where that is set and works.

No word of a customer is in an alarm; codes neither, because a mail about trouble may be read by many.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from handrail_feedback.channels import Delivery
from handrail_feedback.db import Store
from handrail_feedback.outbox_state import Standing, claim_alarm, end_alarm, standing
from handrail_kb.errors import DeliveryFailed

log = logging.getLogger(__name__)

# While it lasts. One look at the log or the mailbox a working day has to be enough to see it.
AGAIN = timedelta(hours=6)


def trouble(stands: Standing, after: timedelta, at: datetime) -> list[str]:
    """What people have to know now, in sentences; nothing when all is well."""
    lines = []
    if stands.waiting and stands.age(at) >= after:
        lines.append(f"{count(stands.waiting)} for a person; the oldest since {stands.oldest:%Y-%m-%d %H:%M} UTC.")
    return lines + [
        f"{channel.name} has failed since {channel.failing_since:%Y-%m-%d %H:%M} UTC: {channel.last_error}"
        for channel in stands.channels
        if channel.failing_since and at - channel.failing_since >= after
    ]


def count(waiting: int) -> str:
    """`1 message waits`, `2 messages wait`."""
    return "1 message waits" if waiting == 1 else f"{waiting} messages wait"


def watch(store: Store, delivery: Delivery, at: datetime) -> None:
    """Tell people what is the matter: once for all processes, and again every six hours while it lasts."""
    lines = trouble(standing(store, at), delivery.alarm_after, at)
    if not lines:
        if end_alarm(store):
            log.warning("no message waits too long any more")
        return
    if not claim_alarm(store, at, AGAIN):
        return
    for line in lines:
        log.error("%s See: handrail outbox", line)
    if delivery.alarm_mail is None:
        return
    try:
        text = "\n".join([*lines, "", "Each with its reason and what mends it: handrail outbox", ""])
        delivery.alarm_mail.tell("Handrail: messages wait for a person", text, at)
    except DeliveryFailed as error:
        log.error("the alarm could not be mailed: %s", error.what)
