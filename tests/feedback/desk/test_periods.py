"""Periods at the desk are what they say: whole days, in the site's time zone, beside days that are as many."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("selectolax", reason="the service is not installed")

from selectolax.lexbor import LexborHTMLParser

from handrail_feedback.desk.reports.period import SPANS, RequestedPeriod, asked_of
from handrail_feedback.records.messages import Message
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages.messages import keep_message

from .desks import failing, hire, service, signed_in, texts

# A Wednesday; in Auckland it is Thursday already, and the next month.
AT = datetime(2026, 9, 30, 18, 30, tzinfo=UTC)
AUCKLAND = ZoneInfo("Pacific/Auckland")


def days(span, zone=UTC):
    first, last = RequestedPeriod(span).days(AT.astimezone(zone).date())
    return first.isoformat(), last.isoformat()


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("7", "2026-09-24", "2026-09-30"),
        ("28", "2026-09-03", "2026-09-30"),
        ("this-week", "2026-09-28", "2026-09-30"),
        ("last-week", "2026-09-21", "2026-09-27"),
        ("this-month", "2026-09-01", "2026-09-30"),
        ("last-month", "2026-08-01", "2026-08-31"),
        ("this-quarter", "2026-07-01", "2026-09-30"),
        ("last-quarter", "2026-04-01", "2026-06-30"),
    ],
)
def test_a_span_has_the_days_that_its_name_says(span, first, last):
    assert days(span) == (first, last)


def test_days_begin_and_end_where_the_site_is():
    assert days("this-month", AUCKLAND) == ("2026-10-01", "2026-10-01")
    week = RequestedPeriod("last-week").period(AT, AUCKLAND)
    # Clocks go forward in Auckland on Sunday, 27 September 2026: this week is an hour shorter.
    assert week.since == datetime(2026, 9, 21, tzinfo=AUCKLAND)
    assert week.until == datetime(2026, 9, 28, tzinfo=AUCKLAND)
    assert week.until.astimezone(UTC) - week.since.astimezone(UTC) == timedelta(days=7, hours=-1)


@pytest.mark.parametrize("span", SPANS)
def test_showing_the_same_days_by_their_dates_changes_no_number(span):
    named = RequestedPeriod(span)
    first, last = named.days(AT.date())
    dated = asked_of({"since": first.isoformat(), "until": last.isoformat()}, "7", AT)
    assert dated.period(AT) == named.period(AT)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"since": "2026-02-30"}, "no_date"),
        ({"since": "yesterday", "until": "2026-09-01"}, "no_date"),
        ({"until": "2026-09-01"}, "no_date"),
        ({"since": "2026-09-02", "until": "2026-09-01"}, "reversed"),
        ({"since": "2026-10-01", "until": "2026-10-02"}, "in_future"),
        ({"since": "2012-01-01", "until": "2026-09-01"}, "too_long"),
        ({"since": "2026-09-01"}, ""),
        ({}, ""),
    ],
)
def test_dates_that_make_no_sense_are_said(asked, fault):
    found = asked_of(asked, "28", AT)
    assert found.fault == fault
    if fault:
        assert found.days(AT.date()) == RequestedPeriod("28").days(AT.date())


def test_an_address_says_everything_about_its_period():
    for asked in ({}, {"span": "last-month"}, {"since": "2026-09-01", "until": "2026-09-10", "beside": "year"}):
        found = asked_of(asked, "28", AT)
        assert asked_of({name: str(value) for name, value in found.address("28").items()}, "28", AT) == found
    assert asked_of({"days": "364"}, "28", AT).span == "364"


def test_a_span_that_is_chosen_goes_before_the_dates_of_the_page_it_was_chosen_on():
    assert asked_of({"span": "7", "since": "2026-09-01", "until": "2026-09-02"}, "28", AT).since is None
    assert asked_of({"span": "dates", "since": "2026-09-01", "until": "2026-09-02"}, "28", AT).since == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("zone", "first", "last", "before"),
    [
        ("UTC", "2026-03-02", "2026-03-08", ("2026-02-23", "2026-03-01")),
        ("Europe/Berlin", "2026-10-19", "2026-10-25", ("2026-10-12", "2026-10-18")),  # an hour longer
        ("Europe/Berlin", "2026-10-26", "2026-11-01", ("2026-10-19", "2026-10-25")),
        ("America/New_York", "2026-03-02", "2026-03-08", ("2026-02-23", "2026-03-01")),  # an hour shorter
        ("Pacific/Auckland", "2025-12-29", "2026-01-04", ("2025-12-22", "2025-12-28")),
        ("Asia/Kolkata", "2025-12-01", "2025-12-31", ("2025-10-31", "2025-11-30")),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-05", ("2026-04-04", "2026-04-04")),  # half an hour longer
    ],
)
def test_days_stand_beside_as_many_whole_days_in_every_time_zone(zone, first, last, before):
    here, now = ZoneInfo(zone), datetime(2027, 1, 1, tzinfo=UTC)
    period = RequestedPeriod("7", date.fromisoformat(first), date.fromisoformat(last)).period(now, here)
    assert (str(period.first_day), str(period.last_day)) == (first, last)
    assert (str(period.before.first_day), str(period.before.last_day)) == before
    assert period.before.until == period.since and period.before.length == period.length
    for moment in (period.since, period.before.since, period.baseline.since, period.until):
        assert moment.astimezone(here).time() == time()
    assert period.times == (4 if period.length <= timedelta(days=7) else 1)
    last_year = replace(period, year_before=True).before
    assert last_year.first_day == period.first_day - timedelta(weeks=52)
    assert last_year.last_day == period.last_day - timedelta(weeks=52)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Berlin", "2026-10-19 00:00 CEST to 2026-10-26 00:00 CET"),
        ("America/Sao_Paulo", "2026-10-19 00:00 to 2026-10-26 00:00 UTC-03"),
        ("UTC", "2026-10-19 00:00 to 2026-10-26 00:00 UTC"),
    ],
)
def test_a_period_is_said_in_the_clock_of_its_place(zone, said):
    assert Period.of_days(date(2026, 10, 19), date(2026, 10, 25), ZoneInfo(zone)).said() == said


@pytest.fixture
def in_auckland(tmp_path, store_place):
    groups = {"contact": {"timezone": "Pacific/Auckland"}}
    with service(tmp_path, groups, store=str(store_place)) as app:
        yield app


def test_every_page_of_the_desk_says_days_and_times_of_where_the_site_is(in_auckland):
    store = in_auckland.extensions["handrail"].store
    hire(store, "ana", "lead")
    desk = signed_in(in_auckland, "ana")
    failing(in_auckland)(*["open the walrus"] * 3, ago=2)
    keep_message(store, Message("Help", "Open it", "anna@acme.test", "en", now()))
    today = now().astimezone(AUCKLAND).date()
    monday = today - timedelta(days=today.weekday() + 7)
    asked = f"since={monday}&until={monday + timedelta(days=6)}"
    desk.get(f"report/?{asked}")
    assert f"{monday} to {monday + timedelta(days=6)}, compared with" in texts(desk.page)
    assert (
        f'filename="report-{monday}-to-{monday + timedelta(days=6)}.html"'
        in desk.get(f"report.html?{asked}").headers["Content-Disposition"]
    )
    desk.get(f"topics/?stands=all&{asked}")
    assert f"{monday} – {monday + timedelta(days=7)} 00:00 NZ" in texts(desk.page)
    desk.get("topics/?stands=all")
    [topic] = re.findall(r"topics/(\d+)/", desk.page)[:1]
    searched = (now() - timedelta(days=2)).astimezone(AUCKLAND).date()
    desk.get(f"topics/{topic}/")
    assert f"{searched}" in texts(desk.page)
    pages = ["", "articles/", "report/", "report/counted/?number=searches", f"topics/{topic}/", "account/", "accounts/"]
    for path in pages:
        assert desk.get(path).status_code == 200, path
        # Of those who were notified only the days are kept, and they are those of UTC.
        assert "UTC" not in texts(desk.page).replace("whole days, UTC", ""), path


def test_the_last_week_of_a_chart_counts_the_same_as_the_last_seven_days(in_auckland):
    hire(in_auckland.extensions["handrail"].store, "ana", "lead")
    desk, fail = signed_in(in_auckland, "ana"), failing(in_auckland)
    for ago in range(60):
        fail("open the walrus", ago=ago / 3)
    desk.get("report/")
    chart = LexborHTMLParser(desk.page).css_first("#verdicts-title").parent
    rows = [(row.css_first("th a"), row.css("td")[-1].text()) for row in chart.css("tbody tr")][:3]
    drawn = [link.attributes["href"] for link in chart.css(".weekly-open a")]
    assert [link.attributes["href"] for link, _ in rows] == drawn[:-4:-1]
    assert rows[0][1] == counted(desk.page)
    for link, number in rows:
        desk.get(unescape(link.attributes["href"]))
        assert counted(desk.page) == number


def counted(report: str) -> str:
    """The number of searches that a report says."""
    return re.search(r"Searches (\d+)", texts(report[report.index('class="weekly-numbers"') :]))[1]
