"""Mails customers who asked to be notified of an answer, once search proves that there is one.

Runs in the sender's thread, one step at a time, after messages to people. Knows search only as something that can be
asked, and nothing of HTTP or SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from handrail_feedback.contracts import FindsAnswers
from handrail_feedback.delivery.customer_mail import NotificationMail
from handrail_feedback.records.mailings import Notification, token_of
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import (
    claim_notification,
    end_refused,
    end_told,
    note_answered,
    note_sent,
    note_unanswered,
)
from handrail_kb.errors import DeliveryFailed
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


@dataclass(frozen=True)
class AnswerNotifier:
    """Sends the notices that are due. `key` returns the key with which links in mails are made."""

    mail: NotificationMail
    search: FindsAnswers
    key: Callable[[], str]

    def step(self, store: Store, at: datetime) -> bool:
        """Send one mail, or ask one question again; False if nothing is due. Raises StoreUnavailable."""
        state = self.search.state()
        notification = claim_notification(store, at, state)
        if notification is None:
            return False
        if notification.state == "waiting":
            self._ask(store, notification, state, at)
        else:
            self._mail(store, notification, at)
        return True

    def _ask(self, store: Store, notification: Notification, state: str, at: datetime) -> None:
        proof = self.search.prove(notification.question, notification.lang)
        if proof:
            note_answered(store, notification, proof, at)
        elif self.search.state() == state:  # else the index changed while it was asked
            note_unanswered(store, notification, state)

    def _mail(self, store: Store, notification: Notification, at: datetime) -> None:
        answered = notification.state == "answered"
        try:
            (self.mail.tell if answered else self.mail.ask)(notification, token_of(notification.seed, self.key()))
        except DeliveryFailed as error:
            about = "that there is an answer" if answered else "to confirm"
            log("notice.not_sent", about=about, attempt=notification.attempts, reason=error)
            if error.final:
                end_refused(store, notification, at)
            return
        if answered:
            end_told(store, notification, at)
        else:
            note_sent(store, notification)
