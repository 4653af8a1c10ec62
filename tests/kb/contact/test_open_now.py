"""Which way to a person is open at a moment, in the company's own time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handrail_kb.contact.open_now import DirectChannel, OpenChannel, OpeningTimes, read_opening

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
