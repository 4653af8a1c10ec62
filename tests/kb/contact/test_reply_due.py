from datetime import UTC, date, datetime, timedelta

import pytest

from handrail_kb.contact.channels import Channel, Contact, Promise
from handrail_kb.contact.holidays import Day
from handrail_kb.contact.reply_due import due

OFFICE = (((540, 720), (780, 1080)),) * 5 + ((), ())  # Monday to Friday, 9 to 12 and 13 to 18
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def promised(amount, unit, zone="UTC", days=None, hours=OFFICE, **more):
    form = Channel("form", promise=Promise(amount, unit), hours=hours, **more)
    return Contact((form,), zone, days=days or {})


def at(day=0, hour=0, minute=0):
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    "amount, unit, written, until",
    [
        (30, "minutes", at(5, 3), at(5, 3, 30)),
        (2, "days", at(5), at(7)),
        (4, "working_hours", at(0, 9), at(0, 14)),  # over lunch
        (4, "working_hours", at(0, 17), at(1, 12)),  # into the next day; the last minute of its morning
        (1, "working_hours", at(4, 18), at(7, 10)),  # over the weekend
        (1, "working_hours", at(0, 3), at(0, 10)),  # before anybody is there
        (1, "working_days", at(0, 10), at(1, 18)),  # the end of the next day with somebody there
        (1, "working_days", at(4, 10), at(7, 18)),
    ],
)
def test_the_promise_is_reckoned_as_the_contact_page_says_it(amount, unit, written, until):
    assert due(promised(amount, unit), written) == until


def test_hours_are_those_of_the_companys_own_clock_also_when_it_changes():
    berlin = promised(1, "working_hours", "Europe/Berlin")
    assert due(berlin, datetime(2026, 3, 27, 17, 30, tzinfo=UTC)) == datetime(2026, 3, 30, 8, 0, tzinfo=UTC)
    assert due(berlin, datetime(2026, 3, 26, 16, 30, tzinfo=UTC)) == datetime(2026, 3, 27, 8, 30, tzinfo=UTC)


def test_closed_days_and_public_holidays_are_no_working_days():
    pytest.importorskip("holidays")
    closed = promised(1, "working_hours", days={date(2026, 3, 2): Day(()), date(2026, 3, 3): Day(((600, 660),))})
    assert due(closed, at(0, 9)) == at(1, 11)
    form = Channel("form", promise=Promise(1, "working_hours"), hours=OFFICE)
    easter = Contact((form,), "UTC", "DE")
    assert due(easter, datetime(2026, 4, 2, 18, tzinfo=UTC)) == datetime(2026, 4, 7, 10, tzinfo=UTC)


def test_where_nothing_is_promised_or_nobody_is_ever_there_nothing_is_due():
    assert due(Contact(), at()) is None
    assert due(promised(1, "working_hours", hours=((),) * 7), at()) is None


class CountedDays(dict):
    """The company's own days, with the number of times that one was looked up."""

    looked_up = 0

    def __contains__(self, day):
        self.looked_up += 1
        return super().__contains__(day)


@pytest.mark.parametrize("unit", ["working_hours", "working_days"])
def test_no_more_days_are_looked_at_than_a_promise_needs(unit):
    days = CountedDays({date(2026, 12, 24): Day(())})
    assert due(promised(2, unit, days=days), at(0, 10))
    assert 0 < days.looked_up <= 5


def test_hours_past_midnight_end_on_the_day_after():
    late = promised(1, "working_days", hours=(((1200, 1440),), ((0, 120), (1200, 1440))) + ((),) * 5)
    assert due(late, at(0, 21)) == at(2, 0)
