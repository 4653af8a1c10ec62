"""The thread that mails and delivers what is due in the outbox, for as long as the service runs.

A thread in each process. One message at a time is in its hands, and the store is never held while it talks to another
machine. Killed at any moment it leaves a claim that ends by itself, and at worst a message that arrives twice.
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
from handrail_feedback.storage.messages.mailings import claim_receipt, end_receipt, expire
from handrail_feedback.storage.messages.messages import find_message
from handrail_kb.errors import DeliveryFailed, StoreUnavailable, place_of
from handrail_kb.texts.log.logger import Log, reason_of

log = Log(__name__)


NoteResult = Callable[[Job, DeliveryFailed | None], None]
_LOOK_AFTER_SECONDS = 30.0


class Errand(Protocol):
    """Something else that is mailed now and then."""

    def step(self, store: Store, at: datetime) -> bool:
        """Do it if it is due; False when it is not. Raises StoreUnavailable."""


class Sender:
    """Delivers messages, alone or along with the senders of other processes."""

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
        """`store` should be an object of its own, so that nobody who writes a message waits for the sender.

        Looks every `every` seconds once it was started. `form` counts what this process could not keep, for the alarm.
        `notifier` mails those who want to hear of an answer, `reporter` the weekly report.
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
        """Begin to deliver, in a thread; where there is no way to, it notes alone that this node is there to do so."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="handrail-sender", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 20.0) -> bool:
        """Begin no other delivery, and wait for the one under way; False when it took longer than `seconds`."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def send_next(self, told: NoteResult | None = None) -> bool:
        """Deliver one message that is due; False when none is. Raises StoreUnavailable."""
        answers = self._delivery.answers is not None
        job = outbox.claim(self._store, self._delivery.routes, self._clock(), self._delivery.patience, answers=answers)
        if job is None:
            return False
        message = find_message(self._store, job.code, contents=True)
        if message is None:  # forgotten meanwhile, and its row with it
            return True
        failure: DeliveryFailed | None = None
        try:
            self._deliver(job, message)
        except DeliveryFailed as error:
            failure = error
        except Exception as error:  # a fault of ours must not end the thread, nor lose the message
            failure = _our_fault(error)
        self._note(job, failure)
        if told:
            told(job, failure)
        return True

    def _deliver(self, job: Job, message: KeptMessage) -> None:
        """Hand over a message to a person, or an answer to a customer. Raises DeliveryFailed."""
        if not job.route.answer:
            self._delivery.channels[job.channel].deliver(message)
            return
        answer = find_answer(self._store, job.route.answer)
        if answer and answer.code == job.code and self._delivery.answers:
            self._delivery.answers.deliver(answer, message)

    def send_receipt(self) -> bool:
        """Mail one customer the code of their message; False when none waits for it. Raises StoreUnavailable."""
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
        """Do one thing for those who want to hear of an answer; False when nothing is due. Raises StoreUnavailable."""
        return self._notifier is not None and self._notifier.step(self._store, self._clock())

    def look_after(self) -> None:
        """Adopt messages without a channel, raise the alarm where messages wait too long, erase what is expired."""
        if self._form:
            self._form.tell(self._delivery.alarm_mail, self._clock())
        taken = outbox.adopt(self._store, self._delivery.routes, self._clock())
        if taken:
            log("messages.adopted", messages=taken)
        alarm.watch(self._store, self._delivery, self._clock())
        expire(self._store, self._clock())

    def report(self) -> bool:
        """Mail the weekly report if it is due; False when it is not. Raises StoreUnavailable."""
        return self._reporter is not None and self._reporter.step(self._store, self._clock())

    def _note(self, job: Job, failure: DeliveryFailed | None) -> None:
        """Write down what came of it; for as long as it takes, because what is not noted is delivered again."""
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
            except Exception as error:  # of the store, or a fault of ours
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
    """Say what came of an attempt, without what the other side said: it may quote the message."""
    if failure is None:
        log("message.delivered", outbox=job.id, channel=job.channel)
    else:
        attempt = job.attempts + 1
        log("message.not_delivered", outbox=job.id, channel=job.channel, attempt=attempt, reason=failure)


def _our_fault(error: Exception) -> DeliveryFailed:
    return DeliveryFailed(f"Handrail failed: {place_of(error)}.", "Report it; the message is kept and tried again.")
