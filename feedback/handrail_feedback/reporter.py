"""The reporter: mails the weekly report to those whom `report_to` names, in the thread of the sender."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from handrail_feedback.channels import ReportMail
from handrail_feedback.db import Store
from handrail_feedback.delivery_mail import message_id, plain_mail
from handrail_feedback.monday import Monday, monday_of
from handrail_feedback.monday_render import to_mail
from handrail_feedback.report_mails import claim_report, note_report_sent
from handrail_feedback.topic_facts import Period
from handrail_kb.errors import DeliveryFailed
from handrail_kb.passages import read_site_info

log = logging.getLogger(__name__)

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Reporter:
    """Mails the report of a site when it is due. `least` people make a topic, and a word, be shown."""

    mail: ReportMail
    site_dir: Path
    least: int

    def step(self, store: Store, at: datetime) -> bool:
        """Mail the report if it is due and nobody else does; False when there was nothing to do.

        Raises StoreUnavailable.
        """
        due = self.mail.schedule.last(at)
        attempt = claim_report(store, due, at)
        if not attempt:
            return False
        try:
            self.mail.send(self.letter(store, due, f"report-{due:%Y-%m-%d}", at))
        except DeliveryFailed as error:
            log.error("the weekly report was not mailed (attempt %d): %s", attempt, error.what)
            return True
        note_report_sent(store, due, at)
        log.info("the weekly report was mailed")
        return True

    def letter(self, store: Store, until: datetime, name: str, at: datetime) -> EmailMessage:
        """The mail on the seven days until a moment; known by its name when it arrives twice."""
        monday = monday_of(store, self.site_dir, Period(until - _WEEK, until), self.least, at)
        return as_mail(self.mail, monday, read_site_info(self.site_dir).name, name)


def as_mail(to: ReportMail, monday: Monday, site: str, name: str) -> EmailMessage:
    """The report as a mail with a part of plain text and one of HTML."""
    subject, text, html = to_mail(monday, to.mail.desk, site)
    mail = plain_mail(to.mail.sender, to.mail.recipients, subject, text, monday.made_at)
    mail.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
    mail["Message-ID"] = message_id(name, to.mail.sender)
    mail["Auto-Submitted"] = "auto-generated"
    return mail
