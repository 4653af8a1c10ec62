"""The thread that delivers what is due in the outbox for as long as the service runs.

Each process has one. It handles one message at a time, and never locks the store while it talks to another machine. If
it is killed at any moment, its claim ends by itself, and at worst a message arrives twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from handrail_feedback.delivery import alarm
from handrail_feedback.delivery.answer_notices import AnswerNotifier
from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.records.messages import KeptMessage
from handrail_feedback.records.outbox import Job
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.answers import find_answer, note_bounce
from handrail_feedback.storage.messages.attendance import note_attendance
from handrail_feedback.storage.messages.mail_quota import forget_refusals
from handrail_feedback.storage.messages.mailings import claim_receipt, end_receipt, expire
from handrail_feedback.storage.messages.messages import find_message
from handrail_feedback.storage.upkeep.erasure import may_erase
from handrail_kb.errors import DeliveryFailed, StoreUnavailable, place_of
from handrail_kb.texts.log.logger import Log, reason_of

log = Log(__name__)


NoteResult = Callable[[Job, DeliveryFailed | None], None]
_LOOK_AFTER_SECONDS = 30.0


class Errand(Protocol):
    """Something else that is mailed from time to time."""

    def step(self, store: Store, at: datetime) -> bool:
        """Do it if it is due; False if it is not. Raises StoreUnavailable."""


class Sender:
    """Delivers messages, alone or together with the senders of other processes."""

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        *,
        clock: Callable[[], datetime] = now,
        every: float = 1.0,
        form: alarm.FormAlarm | None = None,
        notifier: AnswerNotifier | None = None,
        reporter: Errand | None = None,
    ) -> None:
        """`store` should be a separate object, so that nobody who writes a message waits for the sender.

        Once started, it looks every `every` seconds. `form` counts what this process could not store, for the alarm.
        `notifier` mails those who asked for an answer, `reporter` mails the weekly report.
        """
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._every = every
        self._form = form
        self._notifier = notifier
        self._reporter = reporter
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem = ""

    def start(self) -> None:
        """Begin to deliver, in a thread. Without any channel, the thread only records that this node is present."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="handrail-sender", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 20.0) -> bool:
        """Begin no other delivery, and wait for the current one; False if it takes longer than `seconds`."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def send_next(self, told: NoteResult | None = None) -> bool:
        """Deliver one message that is due, and pass the result to `told`; False if none is. Raises StoreUnavailable."""
        answers = self._delivery.answers is not None
        job = outbox.claim(self._store, self._delivery.routes, self._clock(), self._delivery.patience, answers=answers)
        if job is None:
            return False
        message = find_message(self._store, job.code, contents=True)
        if message is None:  # erased meanwhile, together with its row
            return True
        failure: DeliveryFailed | None = None
        try:
            self._deliver(job, message)
        except DeliveryFailed as error:
            failure = error
        except Exception as error:  # a bug must neither end the thread nor lose the message
            failure = _our_fault(error)
        self._note(job, failure)
        if told:
            told(job, failure)
        return True

    def _deliver(self, job: Job, message: KeptMessage) -> None:
        """Deliver a message to the team, or an answer to a customer. Raises DeliveryFailed."""
        if not job.route.answer:
            self._delivery.channels[job.channel].deliver(message)
            return
        answer = find_answer(self._store, job.route.answer)
        if answer and answer.code == job.code and self._delivery.answers:
            self._delivery.answers.deliver(answer, message)

    def send_receipt(self) -> bool:
        """Mail one customer the code of their message; False if nobody waits for one. Raises StoreUnavailable."""
        receipt = claim_receipt(self._store, self._clock()) if self._delivery.receipts else None
        if receipt is None or self._delivery.receipts is None:
            return False
        message = find_message(self._store, receipt.code)
        try:
            if message:
                self._delivery.receipts.confirm(message, receipt.address)
        except DeliveryFailed as error:
            log("receipt.not_sent", attempt=receipt.attempts, reason=error)
            if not error.final:
                return True
        end_receipt(self._store, receipt)
        return True

    def tell(self) -> bool:
        """Do one step for those who asked for an answer; False if nothing is due. Raises StoreUnavailable."""
        return self._notifier is not None and self._notifier.step(self._store, self._clock())

    def look_after(self) -> None:
        """Adopt messages without a route, raise alarms, and erase what has expired. Raises StoreUnavailable."""
        if self._form:
            self._form.tell(self._delivery.alarm_mail, self._clock())
        taken = outbox.adopt(self._store, self._delivery.routes, self._clock())
        if taken:
            log("messages.adopted", messages=taken)
        alarm.watch(self._store, self._delivery, self._clock())
        if may_erase(self._store, self._clock()):
            expire(self._store, self._clock())
            forget_refusals(self._store, self._clock())

    def report(self) -> bool:
        """Mail the weekly report if it is due; False if it is not. Raises StoreUnavailable."""
        return self._reporter is not None and self._reporter.step(self._store, self._clock())

    def _note(self, job: Job, failure: DeliveryFailed | None) -> None:
        """Record the result, and retry until that works, because a message without one is delivered again."""
        _log(job, failure)
        while True:
            try:
                if failure is None:
                    outbox.delivered(self._store, job, self._clock())
                else:
                    if failure.final and job.route.answer:
                        note_bounce(self._store, job.route.answer, job.code, self._clock())
                    outbox.failed(self._store, job, failure, self._clock(), self._delivery.patience)
            except StoreUnavailable as error:
                self._complain(error)
                if self._stopped.wait(1.0):
                    return
            else:
                return

    def _run(self) -> None:
        look_at, delivery = 0.0, self._delivery
        works = (delivery.routes, delivery.answers, delivery.alarm_mail, self._notifier, self._reporter)
        while not self._stopped.is_set():
            try:
                if time.monotonic() >= look_at:
                    look_at = time.monotonic() + _LOOK_AFTER_SECONDS
                    note_attendance(self._store, self._clock())
                    if any(works):
                        self.look_after()
                        self.report()
                busy = any(works) and (self.send_next() or self.send_receipt() or self.tell())
                self._problem = ""
            except Exception as error:  # from the store, or a bug
                busy = False
                self._complain(error)
            if not busy:
                self._stopped.wait(self._every)
        self._store.close()

    def _complain(self, error: Exception) -> None:
        what = reason_of(error)
        if what != self._problem:
            self._problem = what
            log("delivery.stopped", reason=error)


def _log(job: Job, failure: DeliveryFailed | None) -> None:
    """Log the result of an attempt, without the other side's words, which may quote the message."""
    if failure is None:
        log("message.delivered", outbox=job.id, channel=job.channel)
    else:
        attempt = job.attempts + 1
        log("message.not_delivered", outbox=job.id, channel=job.channel, attempt=attempt, reason=failure)


def _our_fault(error: Exception) -> DeliveryFailed:
    return DeliveryFailed(f"Handrail failed: {place_of(error)}.", "Report it; the message is kept and tried again.")
