"""Raises alarms when messages wait too long, are returned, or cannot be stored: in the log, and by mail if possible.

Alarms contain neither customers' words nor reference codes, because many people may read a mail about trouble.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.delivery.smtp import Mail
from handrail_feedback.records.outbox import OutboxStatus
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox_status import claim_alarm, end_alarm, outbox_status
from handrail_kb.errors import DeliveryFailed
from handrail_kb.texts.amounts import counted
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


# The time between alarms while the trouble lasts, so that one look at the log or the mailbox a day is enough.
AGAIN = timedelta(hours=6)


def trouble(status: OutboxStatus, after: timedelta, at: datetime) -> list[str]:
    """Sentences about what people must know now; empty if all is well. `after` is how long things may wait or fail."""
    lines = []
    if status.waiting and status.age(at) >= after:
        lines.append(f"{count(status.waiting)} for a person; the oldest since {status.oldest:%Y-%m-%d %H:%M} UTC.")
    if status.came_back:
        those = counted(status.came_back, "answer to a customer", "answers to customers")
        lines.append(f"{those} bounced; their messages are open at the desk.")
    return lines + [
        f"{channel.name} has failed since {channel.failing_since:%Y-%m-%d %H:%M} UTC: {channel.last_error}"
        for channel in status.channels
        if channel.failing_since and at - channel.failing_since >= after
    ]


def count(waiting: int) -> str:
    """`1 message waits`, `2 messages wait`."""
    return counted(waiting, "message waits", "messages wait")


class FormAlarm:
    """Counts messages that could not be stored. Each process counts its own, because the store may be unavailable.

    Customers see that at once, with the other ways to reach a person; this alarm informs those who run the service.
    """

    def __init__(self) -> None:
        self._failed = 0
        self._told_at: datetime | None = None

    def note(self) -> None:
        """Count a message that was not stored. Never fails."""
        self._failed += 1

    def tell(self, mail: Mail | None, at: datetime) -> None:
        """Mail the number of failures since the last alarm, at most once in six hours."""
        if not self._failed or (self._told_at and at - self._told_at < AGAIN):
            return
        failed, self._failed, self._told_at = self._failed, 0, at
        line = f"The contact form could not keep {counted(failed, 'message')}."
        log("alarm.contact_form", messages=failed)
        text = f"{line}\nThose who wrote were told so. What is the matter: handrail doctor\n"
        _mail(mail, "Handrail: the contact form fails", text, at)


def watch(store: Store, delivery: Delivery, at: datetime) -> None:
    """Raise the alarm about what is wrong: once for all processes, and every six hours while it lasts."""
    lines = trouble(outbox_status(store, at), delivery.alarm_after, at)
    if not lines:
        if end_alarm(store):
            log("alarm.ended")
        return
    if not claim_alarm(store, at, AGAIN):
        return
    for line in lines:
        log("alarm.raised", told=line)
    text = "\n".join([*lines, "", "Each with its reason and what mends it: handrail outbox", ""])
    _mail(delivery.alarm_mail, "Handrail: messages wait for a person", text, at)


def _mail(mail: Mail | None, subject: str, text: str, at: datetime) -> None:
    if mail is None:
        return
    try:
        mail.tell(subject, text, at)
    except DeliveryFailed as error:
        log("alarm.not_sent", reason=error)
