"""Mails the weekly report to the addresses in `report_to`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.message import EmailMessage
from pathlib import Path

from handrail_feedback.delivery.channels import ReportMail
from handrail_feedback.delivery.smtp import message_id, plain_mail
from handrail_feedback.records.period import Period
from handrail_feedback.reports.weekly import WeeklyReport, weekly_report_of
from handrail_feedback.reports.weekly_pages import to_mail
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.job_runs import note_success
from handrail_feedback.storage.messages.mailings import claim_report, note_report_sent
from handrail_kb.errors import DeliveryFailed
from handrail_kb.site.built.site_info import SiteInfo, read_site_info
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


@dataclass(frozen=True)
class Reporter:
    """Mails the report of a site when it is due, without topics and words of fewer than `least` people.

    `site_dir` returns the current folder of built HTML; days begin and end in `zone`.
    """

    mail: ReportMail
    site_dir: Callable[[], Path]
    least: int
    zone: tzinfo = UTC

    def step(self, store: Store, at: datetime) -> bool:
        """Mail the report if it is due and no other process does; False if there was nothing to do.

        Raises StoreUnavailable.
        """
        due = self.mail.schedule.last(at)
        attempt = claim_report(store, due, at)
        if not attempt:
            return False
        try:
            today = due.astimezone(self.zone).date()
            week = Period.of_days(today - timedelta(days=7), today - timedelta(days=1), self.zone)
            self.mail.send(self.letter(store, week, f"report-{due:%Y-%m-%d}", at))
        except DeliveryFailed as error:
            log("report.not_sent", attempt=attempt, reason=error)
            return True
        note_report_sent(store, due, at)
        note_success(store, "weekly_report", at)
        log("report.sent")
        return True

    def letter(self, store: Store, week: Period, name: str, at: datetime) -> EmailMessage:
        """The mail about a week. Mail programs recognise duplicates by `name`."""
        report = weekly_report_of(store, self.site_dir(), week, self.least, at)
        return report_mail(self.mail, report, read_site_info(self.site_dir()), name)


def report_mail(to: ReportMail, report: WeeklyReport, site: SiteInfo, name: str) -> EmailMessage:
    """The report as a mail with a part of plain text and one of HTML, in the site's language."""
    subject, text, html = to_mail(report, to.mail.desk, site.name, site.lang)
    mail = plain_mail(to.mail.sender, to.mail.recipients, subject, text, report.made_at)
    mail.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
    mail["Message-ID"] = message_id(name, to.mail.sender)
    mail["Auto-Submitted"] = "auto-generated"
    return mail
