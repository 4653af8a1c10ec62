"""The teller: mails whoever wants to hear of an answer, once search proves that there is one.

One step at a time, in the thread of the sender, after messages to people. Knows search only as something that can be
asked, and nothing of HTTP or SQL.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handrail_feedback.db import Store
from handrail_feedback.delivery_tell import TellMail
from handrail_feedback.tellings import (
    Proof,
    Telling,
    claim_telling,
    end_refused,
    end_told,
    note_answered,
    note_sent,
    note_unanswered,
    token_of,
)
from handrail_kb.errors import DeliveryFailed

log = logging.getLogger(__name__)


class Search(Protocol):
    """What search is asked."""

    def state(self) -> str:
        """A name for what it knows now: another one after every new index and every lesson; empty: ask later."""

    def prove(self, question: str, lang: str) -> Proof | None:
        """The article that answers the question for certain; None when there is none."""


@dataclass(frozen=True)
class Teller:
    """Does what is due. `key` gives the key that the links of mails are made with."""

    mail: TellMail
    search: Search
    key: Callable[[], str]

    def step(self, store: Store, at: datetime) -> bool:
        """Send one mail, or ask one question again; False when nothing is due. Raises StoreUnavailable."""
        state = self.search.state()
        telling = claim_telling(store, at, state)
        if telling is None:
            return False
        if telling.state == "waiting":
            self._ask(store, telling, state, at)
        else:
            self._mail(store, telling, at)
        return True

    def _ask(self, store: Store, telling: Telling, state: str, at: datetime) -> None:
        proof = self.search.prove(telling.question, telling.lang)
        if proof:
            note_answered(store, telling, proof, at)
        elif self.search.state() == state:  # else it was asked of neither the one nor the other
            note_unanswered(store, telling, state)

    def _mail(self, store: Store, telling: Telling, at: datetime) -> None:
        answered = telling.state == "answered"
        try:
            (self.mail.tell if answered else self.mail.ask)(telling, token_of(telling.seed, self.key()))
        except DeliveryFailed as error:
            kind = "that there is an answer" if answered else "to confirm"
            log.warning("a mail %s was not sent (attempt %d): %s", kind, telling.attempts, error.what)
            if error.final:
                end_refused(store, telling, at)
            return
        if answered:
            end_told(store, telling, at)
        else:
            note_sent(store, telling)
