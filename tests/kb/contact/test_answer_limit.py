"""The time within which a law wants every message answered."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handrail_kb.config.settings import load_settings
from handrail_kb.contact.answer_limit import AnswerLimit, answer_limit_of
from handrail_kb.errors import ConfigError

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "limit, written, ends",
    [
        (AnswerLimit(24, "hour"), MONDAY, datetime(2026, 3, 3, 10, tzinfo=UTC)),
        (AnswerLimit(1, "day"), MONDAY, datetime(2026, 3, 4, tzinfo=UTC)),
        (AnswerLimit(1, "working day"), MONDAY, datetime(2026, 3, 4, tzinfo=UTC)),
        (AnswerLimit(15, "working day"), MONDAY, datetime(2026, 3, 24, tzinfo=UTC)),
        (AnswerLimit(1, "working day"), MONDAY + timedelta(days=4), datetime(2026, 3, 10, tzinfo=UTC)),  # Friday
        (AnswerLimit(1, "working day"), MONDAY + timedelta(days=5), datetime(2026, 3, 10, tzinfo=UTC)),  # Saturday
        # In Madrid it is Tuesday already, and the day ends an hour before that of UTC.
        (
            AnswerLimit(1, "working day", zone=ZoneInfo("Europe/Madrid")),
            MONDAY.replace(hour=23, minute=30),
            datetime(2026, 3, 4, 23, tzinfo=UTC),
        ),
    ],
)
def test_the_last_day_counts_until_its_end_and_the_day_of_the_message_not_at_all(limit, written, ends):
    assert limit.ends(written) == ends


def test_public_holidays_of_the_country_and_its_part_are_no_working_days():
    pytest.importorskip("holidays")
    before_easter = datetime(2026, 4, 1, 9, tzinfo=UTC)
    assert AnswerLimit(2, "working day").ends(before_easter) == datetime(2026, 4, 4, tzinfo=UTC)
    germany = AnswerLimit(2, "working day", "DE")
    assert germany.ends(before_easter) == datetime(2026, 4, 8, tzinfo=UTC)  # Good Friday and Easter Monday
    madrid = AnswerLimit(1, "working day", "ES", "MD")
    assert madrid.ends(datetime(2026, 4, 30, 9, tzinfo=UTC)) == datetime(2026, 5, 5, tzinfo=UTC)  # 1 May is a Friday
    over_new_year = germany.ends(datetime(2026, 12, 30, 9, tzinfo=UTC))
    assert over_new_year == datetime(2027, 1, 5, tzinfo=UTC)


def test_the_companys_own_closed_days_do_not_stop_the_time(tmp_path):
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: A\nplugins:\n  - handrail:\n      contact:\n        timezone: UTC\n        channels: [form]\n"
        "        closed: ['2026-03-03']\n"
    )
    limit = answer_limit_of(load_settings(tmp_path / "mkdocs.yml", environ={}))
    assert limit == AnswerLimit(15, "working day")
    assert limit.ends(MONDAY) == datetime(2026, 3, 24, tzinfo=UTC)


def test_the_limit_is_a_setting_that_may_be_empty_and_is_refused_when_it_is_no_time():
    def set_to(value):
        return answer_limit_of(load_settings(flags={"answer_within": value}, environ={}))

    assert set_to("") is None
    assert str(set_to("1 day")) == "1 day" and str(set_to("30 days")) == "30 days"
    for wrong in ("soon", "0 days", "15 working hours", "1000 days"):
        with pytest.raises(ConfigError):
            set_to(wrong)
