"""The time by which a message has to be answered so that the promise on the contact page is kept.

The same computation as in the browser (`handrail-hours.js`), for the people who have to keep the promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path

from handrail_kb.config.settings import Settings
from handrail_kb.config.yaml_lines import YamlLines
from handrail_kb.contact.channels import Channel, Contact, read_contact
from handrail_kb.contact.holidays import holidays_in
from handrail_kb.contact.hours import Spans
from handrail_kb.contact.open_now import moment_of

_FAR_DAYS = 120
_FIXED = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
Stretch = tuple[datetime, datetime]


def due(contact: Contact, at: datetime) -> datetime | None:
    """The time by which a message written at `at` is to be answered; None if nothing is promised."""
    form = next((channel for channel in contact.channels if channel.kind == "form"), None)
    if form is None or form.promise is None:
        return None
    amount, unit = form.promise.amount, form.promise.unit
    if unit in _FIXED:
        return at + amount * _FIXED[unit]
    # Days are looked at one by one, and no further than is needed: the inbox asks this about thousands of messages.
    found = (stretch for stretch in _stretches(contact, form, at) if stretch[1] > at)
    return _after_hours(found, at, amount) if unit == "working_hours" else _after_days(found, contact, at, amount)


def _after_hours(stretches: Iterable[Stretch], at: datetime, hours: int) -> datetime | None:
    left = timedelta(hours=hours)
    for begins, ends in stretches:
        begins = max(begins, at)
        if ends - begins >= left:
            return begins + left
        left -= ends - begins
    return None


def _after_days(stretches: Iterable[Stretch], contact: Contact, at: datetime, days: int) -> datetime | None:
    """The end of the hours on the last of so many working days; the day of the message itself does not count."""
    zone = contact.zone
    ends = (end for _, end in stretches)
    by_day = groupby(ends, key=lambda end: (end - timedelta(minutes=1)).astimezone(zone).date())
    later = (max(group) for day, group in by_day if day > at.astimezone(zone).date())
    return next(islice(later, days - 1, None), None)


def _stretches(contact: Contact, channel: Channel, at: datetime) -> Iterator[Stretch]:
    """The stretches of time when somebody is there, from the day before `at` on."""
    zone = contact.zone
    today = at.astimezone(zone).date()
    for number in range(-1, _FAR_DAYS):
        day = today + timedelta(days=number)
        for begins, ends in _spans(contact, channel, day):
            yield moment_of(day, begins, zone), moment_of(day, ends, zone)


def _spans(contact: Contact, channel: Channel, day: date) -> Spans:
    if not channel.open_on_holidays:
        if day in contact.days:
            return contact.days[day].spans
        if day in holidays_in(contact.country, contact.subdivision, day.year):
            return ()
    return channel.hours[day.weekday()]


def contact_of(settings: Settings) -> Contact:
    """The channels in mkdocs.yml, if there is one. The build reports what is wrong with them."""
    places = YamlLines(settings.config_file or Path("mkdocs.yml"))
    email, phone = settings.text("contact_email"), settings.text("contact_phone")
    return read_contact(settings.groups.get("contact"), places=places, email=email, phone=phone)[0]
