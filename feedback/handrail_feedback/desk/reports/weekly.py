"""The weekly report as a page of the desk, for the period in its address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.look import Look
from handrail_feedback.desk.reports.period import SPANS, asked_of
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.weekly import build_weekly_report
from handrail_feedback.reports.weekly_pages import DeskLinks, body, last_day_of
from handrail_feedback.storage.database import Store
from handrail_kb.site.help_links import one_click

_USUAL_SPAN = "7"


@dataclass(frozen=True)
class WeeklyReportPage:
    """The view of the report. Everybody at the desk may read it."""

    store: Store
    cache: TopicCache
    look: Look

    def register(self, blueprint: Blueprint) -> None:
        """Add the address of the report."""
        blueprint.add_url_rule(f"{self.look.home}report/", "report", self.show)

    def show(self) -> AnyResponse:
        """GET desk/report/, for the period in its address."""
        at, cached = now(), self.cache.take()
        zone = self.cache.zone
        asked = asked_of(request.args, _USUAL_SPAN, at, zone)
        found = cached.between(asked.period(cached.reading.at, zone), at)
        report = build_weekly_report(
            self.store, cached.book, found, cached.reading.articles, at, one_click=one_click(self.look.site_dir)
        )
        # The list of topics has another usual period, so links to it always contain the period.
        period = asked.address("")
        return self.look.page(
            "report",
            "Report",
            main=body(report, DeskLinks(url_for("desk.home")), period=urlencode(period), inside=True),
            asked=asked,
            time=period,
            first=found.period.since.astimezone(zone).date(),
            last=last_day_of(found.period),
            spans=list(SPANS),
        )
