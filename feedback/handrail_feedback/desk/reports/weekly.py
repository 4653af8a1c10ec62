"""The weekly report as a page of the desk, for the period in its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.answer_times import USUAL_SPAN, AnswerTimes
from handrail_feedback.desk.downloads import send_file
from handrail_feedback.desk.look import Look, words
from handrail_feedback.desk.reports.period import SPANS, RequestedPeriod, asked_of
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.weekly import WeeklyReport, build_weekly_report
from handrail_feedback.reports.weekly_pages import DeskLinks, body, to_html
from handrail_feedback.storage.database import Store
from handrail_kb.site.built.site_info import read_site_info
from handrail_kb.site.help_links import one_click


@dataclass(frozen=True)
class WeeklyReportPage:
    """The view of the report. Everybody at the desk may read it."""

    store: Store
    cache: TopicCache
    look: Look
    # The address of the desk for links from elsewhere; empty if it is not known.
    desk_url: str
    answers: AnswerTimes

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the report, as a page and as a file."""
        blueprint.add_url_rule(f"{self.look.home}report/", "report", self.show)
        blueprint.add_url_rule(f"{self.look.home}report.html", "report_file", self.file)

    def show(self) -> AnyResponse:
        """GET desk/report/, for the period in its address."""
        at, zone = now(), self.cache.zone
        asked = asked_of(request.args, USUAL_SPAN, at, zone)
        report = self._report(asked, at)
        # The list of topics has another usual period, so links to it always contain the period.
        period = asked.address("")
        return self.look.page(
            "report",
            words("desk.report"),
            main=body(report, DeskLinks(url_for("desk.home"), urlencode(period)), inside=True, words=words),
            asked=asked,
            time=period,
            first=report.period.first_day,
            last=report.period.last_day,
            spans=list(SPANS),
            **self.answers.shown(report.period.until, at),
        )

    def file(self) -> AnyResponse:
        """GET desk/report.html: the report as one file to hand on, without words that too few people typed."""
        at = now()
        report = self._report(asked_of(request.args, USUAL_SPAN, at, self.cache.zone), at)
        first, last = report.period.first_day, report.period.last_day
        site = read_site_info(self.look.site_dir)
        content = to_html(report, self.desk_url, site.name, site.lang)
        return send_file(self.store, f"report-{first}-to-{last}", "html", content)

    def _report(self, asked: RequestedPeriod, at: datetime) -> WeeklyReport:
        cached = self.cache.take()
        return build_weekly_report(
            self.store,
            cached.book,
            cached.between(asked.period(cached.reading.at, self.cache.zone), at),
            cached.reading.articles,
            at,
            one_click=one_click(self.look.site_dir),
        )
