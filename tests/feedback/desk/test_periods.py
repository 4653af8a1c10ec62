"""Periods at the desk are what they say: whole days, in the site's time zone, beside days that are as many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handrail_feedback.desk.reports.period import SPANS, RequestedPeriod, asked_of

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
