"""Which way to a person is open at a moment, in the company's own time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from handrail_kb.contact.open_now import DirectChannel, OpenChannel, OpeningTimes, moment_of, read_opening

WEEK = [[[540, 720], [780, 1080]]] * 5 + [[], []]
PHONE = DirectChannel("phone", "Phone +49 30 901820", "tel:+4930901820", WEEK)
CHAT = DirectChannel("chat", "Chat", "https://chat.example.com/", [[[0, 1440]]] * 7, always=True)
BERLIN = OpeningTimes("Europe/Berlin", "2027-12-31", {"2026-12-24": [[540, 600]], "2026-12-25": []}, (CHAT, PHONE))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ("2026-11-23T09:00", OpenChannel("Phone +49 30 901820", "tel:+4930901820", "12:00")),  # 10 o'clock in Berlin
        ("2026-11-23T16:59", OpenChannel("Phone +49 30 901820", "tel:+4930901820", "18:00")),
        ("2026-11-23T11:30", OpenChannel("Chat", "https://chat.example.com/", "")),  # the noon break
        ("2026-11-22T12:00", OpenChannel("Chat", "https://chat.example.com/", "")),  # a Sunday
        ("2026-12-24T08:30", OpenChannel("Phone +49 30 901820", "tel:+4930901820", "10:00")),
        ("2026-12-25T09:00", OpenChannel("Chat", "https://chat.example.com/", "")),
        ("2026-07-01T07:30", OpenChannel("Phone +49 30 901820", "tel:+4930901820", "12:00")),  # summer time
    ],
)
def test_the_phone_is_named_while_somebody_is_there_and_else_what_is_open(now, found):
    assert BERLIN.fastest(at(now)) == found


@pytest.mark.parametrize(
    "opening",
    [
        OpeningTimes(),
        OpeningTimes("Europe/Berlin", "2027-12-31", {}, (PHONE,)),  # asked on a Sunday
        OpeningTimes(
            "Europe/Berlin", "2026-10-31", {}, (CHAT,)
        ),  # the site was built too long ago to know the holidays
        OpeningTimes("Nowhere/Land", "2027-12-31", {}, (CHAT,)),
    ],
)
def test_nothing_is_promised_where_nobody_is_there_or_nothing_is_known(opening):
    assert opening.fastest(at("2026-11-22T10:00")) is None


def test_what_the_plugin_wrote_is_read():
    way = {"kind": "phone", "title": "Phone +49 30 901820", "address": "tel:+4930901820", "week": WEEK, "always": False}
    data = {"zone": "Europe/Berlin", "until": "2027-12-31", "days": {}, "ways": [way, {**way, "kind": "pigeon"}]}
    assert read_opening(data).fastest(at("2026-11-23T09:00")).address == "tel:+4930901820"
    assert read_opening(None) == read_opening({}) == OpeningTimes()


LOST = DirectChannel("phone", "Cards lost +49 1", "tel:+491", [[[0, 1440]]] * 7, always=True, general=False)
ESTATES = DirectChannel("phone", "Estates +49 2", "tel:+492", WEEK, general=False, topics=("grief",))
LETTER = DirectChannel("email", "Estates by mail", "mailto:e@example.org", [[]] * 7, general=False, topics=("grief",))
NIGHT, MONDAY = "2026-11-23T23:00", "2026-11-23T09:00"


@pytest.mark.parametrize("topic", ["grief", "fraud", "anger", "unsure", "lost-key"])
def test_a_hotline_for_another_matter_is_never_shown(topic):
    opening = replace(BERLIN, channels=(LOST, PHONE))
    assert opening.fastest(at(NIGHT), topic) is None
    assert opening.fastest(at(MONDAY), topic).title == PHONE.title


def test_where_a_site_names_channels_for_a_matter_only_these_are_shown():
    opening = replace(BERLIN, channels=(LOST, PHONE, CHAT, ESTATES))
    assert opening.fastest(at(MONDAY), "grief").title == ESTATES.title
    assert opening.fastest(at(NIGHT), "grief") is None
    assert opening.fastest(at(MONDAY), "fraud").title == PHONE.title


def test_a_named_address_is_shown_while_nobody_answers_the_phone():
    opening = replace(BERLIN, channels=(PHONE, ESTATES, LETTER))
    assert opening.fastest(at(MONDAY), "grief").title == ESTATES.title
    assert opening.fastest(at(NIGHT), "grief") == OpenChannel(LETTER.title, LETTER.address, "", at_once=False)
    assert opening.fastest(at(NIGHT), "fraud") is None


@pytest.mark.parametrize("kind", ["relay", "video"])
def test_a_relay_service_or_sign_language_named_for_a_matter_is_offered_while_it_is_open(kind):
    named = DirectChannel(kind, "Signs", "https://signs.example.org/", WEEK, general=False, topics=("grief",))
    opening = replace(BERLIN, channels=(named, LETTER))
    assert opening.fastest(at(MONDAY), "grief") == OpenChannel("Signs", named.address, "12:00")
    assert opening.fastest(at(NIGHT), "grief").title == LETTER.title
    assert replace(opening, channels=(named,)).fastest(at(NIGHT), "grief") is None
    assert replace(opening, channels=(ESTATES, named)).fastest(at(MONDAY), "grief").title == ESTATES.title


@pytest.mark.parametrize("kind", ["relay", "video"])
def test_whoever_did_not_ask_for_a_relay_service_or_sign_language_is_not_sent_there(kind):
    opening = replace(BERLIN, channels=(DirectChannel(kind, "Signs", "https://s.example/", WEEK, topics=("grief",)),))
    assert opening.fastest(at(MONDAY), "fraud") is None


SHIFTS = DirectChannel("phone", "Phone", "tel:+49", [[[0, 150], [150, 300]]] * 7)  # until 02:30, and from then on
EARLY, LATE = replace(SHIFTS, week=[[[0, 150]]] * 7), replace(SHIFTS, week=[[[150, 300]]] * 7)


@pytest.mark.parametrize(
    ("channel", "now", "is_open"),
    [
        (EARLY, "2026-03-29T01:29", True),  # 03:29, an hour after 01:29: 02:30 was skipped
        (EARLY, "2026-03-29T01:30", False),
        (LATE, "2026-03-29T01:29", False),
        (LATE, "2026-03-29T01:30", True),
        (LATE, "2026-03-29T02:59", True),
        (LATE, "2026-03-29T03:00", False),  # 05:00
        (EARLY, "2026-10-25T00:29", True),  # 02:29 for the first time
        (EARLY, "2026-10-25T00:30", False),
        (EARLY, "2026-10-25T01:10", False),  # 02:10 for the second time
        (LATE, "2026-10-25T00:30", True),
        (LATE, "2026-10-25T01:10", True),
        (LATE, "2026-10-25T03:59", True),
        (LATE, "2026-10-25T04:00", False),
        *((SHIFTS, f"2026-{day}T0{hour}:30", True) for day in ("03-29", "10-25") for hour in (0, 1, 2)),
    ],
)
def test_somebody_is_there_once_and_without_a_gap_in_the_night_when_clocks_change(channel, now, is_open):
    opening = OpeningTimes("Europe/Berlin", "2027-12-31", {}, (channel,))
    assert (opening.fastest(at(now)) is not None) is is_open


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run the page's script")
def test_the_page_and_the_service_mean_the_same_moment_by_a_time_whatever_clocks_do():
    zones = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC")
    days = [date(2026, 3, 7) + timedelta(days=number) for number in (*range(32), *range(200, 250))]
    asked = [(day.isoformat(), minutes, zone) for zone in zones for day in days for minutes in range(0, 1441, 30)]
    script = (resources.files("handrail_kb") / "site" / "assets" / "contact" / "handrail-hours.js").read_text("utf-8")
    of_zones = re.search(r"const clocks = .*?(?=const later =)", script, re.S)[0]
    program = f"const MINUTE = 60000, DAY = 86400000\n{of_zones}\n" + (
        "const asked = JSON.parse(require('fs').readFileSync(0))\n"
        "console.log(JSON.stringify(asked.map(([day, minutes, zone]) => momentOf(day, minutes, zone) / 1000)))"
    )
    done = subprocess.run(["node", "-e", program], input=json.dumps(asked), text=True, capture_output=True, check=True)
    ours = [moment_of(date.fromisoformat(day), minutes, ZoneInfo(zone)).timestamp() for day, minutes, zone in asked]
    assert json.loads(done.stdout) == ours
