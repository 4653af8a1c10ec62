"""Renders pages of the desk: a layout of its own in the site's colours, kept out of search engines and caches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from flask import Response, make_response, render_template, request

from handrail_feedback.records.stamps import clock_time
from handrail_kb.site.shell import appearance
from handrail_kb.texts import FALLBACK_LANGUAGE
from handrail_kb.texts.amounts import exactly
from handrail_kb.texts.staff import STAFF_WORDS

DESK_STYLES = ("desk", "weekly")

# Behind the sign-in numbers are exact: `topic_people` is for what leaves the desk.
EXACT = 1


@dataclass(frozen=True)
class Look:
    """Renders the desk's templates as whole pages."""

    site_folder: Callable[[], Path]
    base_path: str
    site_name: Callable[[], str]
    # Where the site's days begin and end.
    zone: tzinfo = UTC

    @property
    def site_dir(self) -> Path:
        """The folder of built HTML for this request."""
        return self.site_folder()

    @property
    def home(self) -> str:
        """The address of the desk's first page, below which all its addresses are."""
        return f"{self.base_path}desk/"

    def clock(self, at: datetime) -> str:
        """A moment as the desk shows it: in the site's time zone, to the minute."""
        return clock_time(at, self.zone)

    def day(self, at: datetime) -> date:
        """The day of a moment, in the site's time zone."""
        return at.astimezone(self.zone).date()

    def page(self, template: str, title: str, status: int = 200, **values: Any) -> Response:
        """A page of the desk, in the language of whoever reads it.

        In templates `t` gives the words of a key, as `text` in `handrail_kb.texts` does.
        """
        lang = language()
        html = render_template(
            f"desk/{template}.html",
            lang=lang,
            t=partial(STAFF_WORDS.text, lang),
            title=title,
            base=self.base_path,
            site_name=self.site_name(),
            appearance=appearance(self.site_dir, "find", base_path=self.base_path),
            styles=DESK_STYLES,
            **values,
        )
        return make_response(html, status)


def language() -> str:
    """The language of the desk for this request: the first that the browser asks for, among those it speaks."""
    found = (STAFF_WORDS.known(asked, "") for asked in request.accept_languages.values())
    return next(filter(None, found), FALLBACK_LANGUAGE)


def words(key: str, **values: object) -> str:
    """The words of a key, in the language of whoever reads this page of the desk."""
    return STAFF_WORDS.text(language(), key, **values)


def waiting(span: timedelta) -> str:
    """A time to the minute or hour, rounded down: `12 min`, `3 h 5 min`, `2 days 4 h`."""
    return exactly(span, words)
