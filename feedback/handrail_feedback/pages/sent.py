"""What a customer reads once a message is sent: the code, to whom the answer goes, and by when.

The page says it without JavaScript, in the company's time. The script of the contact page says the same in the
customer's time, and keeps it for the tab.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from handrail_feedback.delivery.letters import spelled
from handrail_feedback.pages.contact_form import FilledForm
from handrail_feedback.records.stamps import stamp_or_none
from handrail_kb.contact.channels import Contact
from handrail_kb.contact.reply_due import due
from handrail_kb.language.printable import one_line
from handrail_kb.texts import text
from handrail_kb.texts.amounts import date_in_words


@dataclass(frozen=True)
class Sent:
    """A message that is kept. `answer_by` is when the promise ends, None if nothing is promised.

    `mailed` says whether the code goes to the customer by mail.
    """

    code: str
    reply_to: str
    callback: str
    answer_by: datetime | None
    mailed: bool

    def as_data(self, lang: str) -> dict[str, object]:
        """For programs, such as the page's own script."""
        answer_by = stamp_or_none(self.answer_by)
        return {
            "code": self.code,
            "spoken": spelled(lang, self.code),
            "answer_by": answer_by,
            "mailed": self.mailed,
        }

    def answer(self, lang: str, at: datetime, timezone: str) -> str:
        """A sentence with the customer's address and the end of the promise by the company's clock."""
        if not self.reply_to:
            return text(lang, "contact.sent_no_reply_to")
        if self.answer_by is None:
            return text(lang, "sent.answer", address=self.reply_to)
        zone = ZoneInfo(timezone or "UTC")
        by, today = self.answer_by.astimezone(zone), at.astimezone(zone).date()
        city = timezone.rpartition("/")[2].replace("_", " ") or "UTC"
        key = "sent.answer_today" if by.date() == today else "sent.answer_by"
        said = text(lang, key, address=self.reply_to, day=_day(lang, by), time=f"{by:%H:%M}")
        return f"{said} {text(lang, 'sent.zone', city=city)}"


def sent(code: str, form: FilledForm, contact: Contact, at: datetime, *, mailed: bool) -> Sent:
    """What there is to say about a message that was kept at `at`."""
    address = one_line(form.reply_to)
    return Sent(code, address, one_line(form.callback), due(contact, at) if address else None, mailed)


def _day(lang: str, at: datetime) -> str:
    weekday = text(lang, "calendar.days").split()[at.weekday()]
    return text(lang, "calendar.weekday_date", weekday=weekday, date=date_in_words(lang, at))
