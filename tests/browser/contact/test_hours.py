"""Is somebody there now? Worked out in the browser from the page's own data, in the customer's time zone."""

from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.browser

PHONE, CARDS = "#handrail-way-2", "#handrail-way-3"
HOURS = ".handrail-shared"  # of phone and call back, which are the same


def said_in(page, place):
    return " ".join(page.inner_text(place).split())


def status(page, way):
    place = page.locator(f"{way} .handrail-status")
    return place.inner_text() if place.is_visible() else ""


MOMENTS = {
    "2026-11-23T08:00": "Open now, closes at 12:00.",  # Monday, 09:00 in Berlin, to the minute
    "2026-11-23T07:59": "Closed now, opens today at 09:00.",
    "2026-11-23T11:00": "Closed now, opens today at 13:00.",
    "2026-11-23T16:59": "Open now, closes at 18:00.",
    "2026-11-23T17:00": "Closed now, opens Tuesday at 09:00.",
    "2026-11-27T14:30": "Closed now, opens Monday at 09:00.",  # Friday afternoon
    "2026-12-24T10:30": "Open now, closes at 12:00.",  # special hours
    "2026-12-24T11:30": "Closed now, opens Monday at 09:00.",
    "2026-12-25T10:00": "Closed today: Christmas Day. Closed now, opens Monday at 09:00.",
    "2027-06-07T07:00": "Open now, closes at 12:00.",  # in summer 09:00 in Berlin is an hour earlier
    "2027-06-07T06:59": "Closed now, opens today at 09:00.",
}


@pytest.mark.long
def test_a_customer_in_the_companys_town_is_told_whether_it_is_open(at):
    page = at("Europe/Berlin", "2026-11-23T08:00")
    said = {}
    for moment in MOMENTS:
        page.clock.set_fixed_time(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        page.reload()
        said[moment] = status(page, PHONE)
    assert said == MOMENTS
    assert page.complaints == []


@pytest.mark.parametrize(
    ("place", "moment", "said"),
    [
        ("America/New_York", "2026-11-23T12:30", "Open now, closes at 12:00."),
        ("Pacific/Auckland", "2026-11-23T07:00", "Closed now, opens today at 21:00."),
        ("Pacific/Auckland", "2026-11-23T16:30", "Open now, closes at 06:00."),
        ("Asia/Kathmandu", "2026-11-23T08:30", "Open now, closes at 16:45."),
    ],
)
def test_a_customer_far_away_is_told_in_their_own_time(at, place, moment, said):
    assert status(at(place, moment), PHONE) == said


def test_day_and_night_stays_so_on_holidays_and_everywhere(at):
    page = at("Pacific/Auckland", "2026-12-25T10:00")
    assert status(page, CARDS) == "Open now, day and night."
    assert "Your time" not in page.inner_text(CARDS)


def test_where_clocks_differ_both_places_are_named_with_their_hours(at):
    said = said_in(at("Europe/Lisbon", "2026-11-23T10:00"), HOURS)
    assert "Your time (Lisbon) Monday–Thursday 08:00–11:00, 12:00–17:00 Friday 08:00–14:00" in said
    assert "Our time (Berlin) Monday–Thursday 09:00–12:00, 13:00–18:00" in said


def test_where_clocks_are_alike_there_is_one_table(at):
    said = said_in(at("Europe/Paris", "2026-11-23T10:00"), HOURS)
    assert "Your time" not in said
    assert "Open (local time in Berlin) Monday–Thursday" in said


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        ("2027-03-08T12:00", "03:00–12:00"),  # both still have winter
        ("2027-03-15T12:00", "04:00–13:00"),  # New York has put its clocks forward, Berlin has not
        ("2027-04-05T12:00", "03:00–12:00"),
    ],
)
def test_between_two_changes_of_the_clock_hours_are_right(at, moment, hours):
    assert f"Monday–Friday {hours}" in said_in(at("America/New_York", moment), "#handrail-way-1")


def test_hours_over_the_customers_midnight_stand_at_the_day_they_begin(at):
    said = said_in(at("Pacific/Auckland", "2026-11-23T07:00"), "#handrail-way-1")
    assert "Monday–Friday 21:00–06:00" in said


def test_an_answer_is_promised_for_a_moment_of_working_time(at):
    assert "answer today by 16:00." in status(at("Europe/Berlin", "2026-11-23T11:00"), "handrail-expect")
    late = status(at("Europe/Berlin", "2026-11-27T15:00"), "handrail-expect")  # Friday, 16:00: two hours are left
    assert "by Monday 30 November, 11:00." in late
    far = status(at("America/New_York", "2026-11-27T15:00"), "handrail-expect")
    assert "by Monday 30 November, 05:00." in far


def test_days_of_this_week_that_differ_are_told_above_the_channels(at):
    page = at("Europe/Berlin", "2026-12-21T10:00")
    assert page.locator(".handrail-exceptions li").all_inner_texts() == [
        "Thursday 24 December: 09:00–12:00",
        "Friday 25 December: closed (Christmas Day)",
    ]
    assert at("Europe/Berlin", "2026-11-23T10:00").locator(".handrail-exceptions").count() == 0


def test_a_page_that_is_older_than_its_holidays_claims_nothing(at):
    page = at("Europe/Berlin", "2028-01-10T10:00")
    assert status(page, PHONE) == ""
    assert "Monday–Thursday" in page.inner_text(HOURS)


def test_hours_are_right_after_instant_navigation(at):
    page = at("Europe/Lisbon", "2026-11-23T10:00", path="")
    page.locator("header").get_by_role("link", name="Contact a person").click()
    page.wait_for_selector(f"{PHONE} .handrail-status:visible")
    assert "Your time (Lisbon)" in page.inner_text(HOURS)
    assert page.inner_text(HOURS).count("Your time") == 1


def test_what_is_said_changes_with_the_clock(at):
    page = at("Europe/Berlin", "2026-11-23T07:59", ticking=True)
    assert status(page, PHONE).startswith("Closed now")
    page.clock.fast_forward("02:00")
    assert status(page, PHONE).startswith("Open now")


def test_a_call_can_be_asked_for_at_an_open_hour(at):
    page = at("Europe/Lisbon", "2026-11-23T15:30")  # 16:30 in Berlin
    choice = page.get_by_label("When shall we call you?")
    assert choice.evaluate("field => field.tagName") == "SELECT"
    options = choice.locator("option").all_inner_texts()
    assert options[:2] == ["Do not call, write to me", "08:00–09:00"]  # at least an hour ahead: tomorrow
    first = choice.locator("option").nth(1).get_attribute("value")
    assert first == "2026-11-24 09:00–10:00 Europe/Berlin (2026-11-24 08:00–09:00 Europe/Lisbon)"
    assert choice.locator("optgroup").count() == 5


def test_without_javascript_hours_stand_there_in_the_companys_time(at):
    page = at("Pacific/Auckland", "2026-11-23T10:00", java_script_enabled=False)
    said = page.inner_text(HOURS)
    assert "Open (local time in Berlin)" in said
    assert "09:00–12:00, 13:00–18:00" in said
    assert "Open now" not in said
    page.get_by_label("When shall we call you?").fill("Tuesday")


def test_the_product_that_the_site_names_could_go_along(at):
    page = at("Europe/Berlin", "2026-11-23T10:00")
    assert not page.get_by_label("Product: Acme Cloud").is_checked()
