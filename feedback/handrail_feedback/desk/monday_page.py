"""This Monday's page at the desk: the report for support leads, for the time that its address names."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request, url_for
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.db import Store, now
from handrail_feedback.desk.pages import Look
from handrail_feedback.desk.shelf import TopicShelf
from handrail_feedback.desk.spans import PERIODS, asked_of
from handrail_feedback.monday import build_monday
from handrail_feedback.monday_render import Links, body, last_day
from handrail_kb.reach import one_click

_USUAL_DAYS = 7


@dataclass(frozen=True)
class MondayPage:
    """The view of the report. Everybody at the desk may read it."""

    store: Store
    shelf: TopicShelf
    look: Look

    def show(self) -> AnyResponse:
        """GET desk/report/, of the time that its address names."""
        at, shelved = now(), self.shelf.take()
        asked = asked_of(request.args, _USUAL_DAYS, at)
        found = shelved.between(asked.period(shelved.reading.at), at)
        monday = build_monday(
            self.store, shelved.book, found, shelved.reading.articles, at, one_click=one_click(self.look.site_dir)
        )  # fmt: skip
        # The topics' own usual time is another one, so it is always named.
        period = asked.address(0)
        return self.look.page(
            "monday",
            "This week" if asked == asked_of({}, _USUAL_DAYS, at) else "Report",
            main=body(monday, Links(url_for("desk.home")), period=urlencode(period), inside=True),
            asked=asked,
            time=period,
            first=found.period.since.date(),
            last=last_day(found.period),
            periods=PERIODS,
        )
