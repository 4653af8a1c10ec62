"""Writes the channels as HTML for the contact page, with hours, holidays and reply times.

The HTML is correct without JavaScript, in the company's time zone. It includes data until the end of next year, from
which `handrail-hours.js` computes, without a service, whether somebody is there now, and the hours in the customer's
own time zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from handrail_kb.contact.channels import LINKS, LIVE, NUMBERS, Channel, Contact, Promise
from handrail_kb.contact.holidays import Day, last_day, public_holidays
from handrail_kb.contact.hours import ALWAYS, NEVER, Spans, WeekHours, group_days, show_span
from handrail_kb.contact.phones import dialled
from handrail_kb.contact.sensitive_topics import TopicChannels
from handrail_kb.site.patch import data_element
from handrail_kb.texts import html_text as _
from handrail_kb.texts import text, texts
from handrail_kb.texts.amounts import date_in_words

_SCHEMES = {"phone": "tel", "text": "sms"}
# The browser fills it, because it knows the time.
_STATUS = '<p class="handrail-status" hidden></p>'

_SCRIPT_WORDS = "status."  # of texts: what handrail-hours.js says
_TITLES = {
    "form": "channels.form",
    "email": "contact.email",
    "phone": "contact.phone",
    "callback": "channels.callback",
    "chat": "channels.chat",
    "text": "channels.text",
    "relay": "channels.relay",
    "video": "channels.video",
    "post": "channels.post",
}


def section(lang: str, contact: Contact, today: date) -> str:
    """All channels, the closed days, and the data for the browser, as HTML; empty if the form is the only channel.

    Placed outside `<handrail-main>`, so that the other channels stay whatever the service shows there.
    """
    shown = [pair for pair in enumerate(contact.channels) if pair[1].kind != "form" or pair[1].hours != NEVER]
    if not shown:
        return ""
    title = "contact.other_ways" if all(channel.kind != "form" for _, channel in shown) else "channels.all"
    days = _days(lang, contact, today) if any(channel.hours != NEVER for _, channel in shown) else {}
    shared = _shared(shown)
    together = {number for numbers in shared for number in numbers}
    cards = "\n".join(
        _card(lang, number, channel, contact, own_hours=number not in together) for number, channel in shown
    )
    return f"""<section class="handrail-channels" id="handrail-channels" aria-labelledby="handrail-channels-title">
<h2 id="handrail-channels-title">{_(lang, title)}</h2>
<ul class="handrail-ways">
{cards}
</ul>
{"".join(_shared_hours(lang, numbers, contact) for numbers in shared)}
{_closed(lang, contact, days, today)}
{data_element("handrail-hours", _data(lang, contact, days, today))}
</section>"""


def expectation(lang: str, contact: Contact) -> str:
    """When to expect an answer, and links to the other channels. It goes above the form; the service keeps it there."""
    form = _form_of(contact)
    promise = _promise(lang, form.promise)
    others = [(other, channel) for other, channel in enumerate(contact.channels) if channel.kind != "form"]
    lines = [f'<p class="handrail-promise">{promise}</p>'] if promise else []
    lines += [_sentence(escape(form.note))] if form.note else []
    if form.hours != NEVER:
        lines.append(_status(_id(contact.channels.index(form))))
    if people := _people(lang, form):
        lines.append(people)
    if others:
        links = " \u00b7 ".join(f'<a href="#{_id(other)}">{_title(lang, channel)}</a>' for other, channel in others)
        lines.append(f"<p>{_(lang, 'channels.jump')} {links}</p>")
    return f"<handrail-expect>{''.join(lines)}</handrail-expect>"


def reach(lang: str, contact: Contact, today: date, *, page: str, label: str = "") -> str:
    """The ways to a person for the home page, each with whether somebody is there now.

    `page` is the address of the contact page, and `label` the site's own words for the link to it.
    """
    shown = [(number, channel) for number, channel in enumerate(contact.channels) if channel.kind != "post"]
    timed = any(channel.hours != NEVER for _, channel in shown)
    data = _data(lang, contact, _days(lang, contact, today), today) if timed else None
    hours = data_element("handrail-hours", data) if data else ""
    cards = "\n".join(_short_card(lang, number, channel, contact, page, label) for number, channel in shown)
    return f"""<section class="handrail-channels" aria-labelledby="handrail-home-person">
<h2 id="handrail-home-person">{_(lang, "home.person")}</h2>
<ul class="handrail-ways">
{cards}
</ul>
{hours}
</section>"""


def _short_card(lang: str, number: int, channel: Channel, contact: Contact, page: str, label: str) -> str:
    value = _value(lang, channel, contact, page=page, label=label)
    status = "" if channel.hours == NEVER else _status(_id(number))
    return f'<li class="handrail-way"><h3>{_title(lang, channel)}</h3>{value}{status}</li>'


def _status(name: str) -> str:
    """The place for whether somebody is there now, of the channel with this id."""
    return f'<div class="handrail-hours" data-handrail-way="{name}">{_STATUS}</div>'


def as_line(lang: str, contact: Contact) -> str:
    """The channels as one line of text: for programs, and for a browser that could not send a message."""
    shown = [
        f"{text(lang, _TITLES[channel.kind])}: {' '.join(channel.value.split())}"
        for channel in contact.channels
        if channel.value
    ]
    return " \u00b7 ".join(shown)


def opening(lang: str, contact: Contact, today: date, topic_channels: TopicChannels | None = None) -> dict[str, Any]:
    """When somebody answers at once, for `contact.open_now`. An address without a scheme is on the contact page.

    Channels that the site names for a sensitive topic are among them whatever their kind. One with a name of its own
    is for a matter of its own, such as lost cards, and so not `general`.
    """
    topics_of = {
        number: sorted(topic for topic, named in (topic_channels or {}).items() if number in named)
        for number in range(len(contact.channels))
    }
    listed = [
        (number, channel)
        for number, channel in enumerate(contact.channels)
        if (channel.kind in LIVE and channel.hours != NEVER) or topics_of[number]
    ]
    if not listed:
        return {}
    return {
        "zone": contact.timezone,
        "until": last_day(today).isoformat(),
        "days": {day.isoformat(): what.spans for day, what in _days(lang, contact, today).items()},
        "ways": [
            {
                "kind": channel.kind,
                "title": _title_and_number(lang, channel),
                "address": _address(channel, number, contact),
                "week": channel.hours,
                "always": channel.open_on_holidays,
                "general": not channel.name,
                "topics": topics_of[number],
            }
            for number, channel in listed
        ],
    }


def _title_and_number(lang: str, channel: Channel) -> str:
    title = channel.name or text(lang, _TITLES[channel.kind])
    return f"{title} {channel.value}".rstrip() if channel.kind in NUMBERS else title


def _address(channel: Channel, number: int, contact: Contact) -> str:
    if channel.kind in NUMBERS:
        return f"{_SCHEMES[channel.kind]}:{dialled(channel.value, contact.country)}"
    if channel.kind == "email":
        return f"mailto:{channel.value}"
    return channel.value if channel.kind in LINKS else f"#{_id(number)}"


def _form_of(contact: Contact) -> Channel:
    return next(channel for channel in contact.channels if channel.kind == "form")


def _card(lang: str, number: int, channel: Channel, contact: Contact, *, own_hours: bool) -> str:
    """A channel. Without `own_hours`, its hours stand below the channels, together with those they are shared with."""
    name = _id(number)
    lines = [f"<h3>{_title(lang, channel)}</h3>", _value(lang, channel, contact)]
    if channel.note and channel.kind != "form":
        lines.append(f"<p>{escape(channel.note)}</p>")
    if channel.hours != NEVER and own_hours:
        lines.append(_hours(lang, name, channel, contact))
    elif channel.hours != NEVER and channel.kind in LIVE:
        lines.append(_status(name))
    if channel.kind != "form" and (promise := _promise(lang, channel.promise)):
        lines.append(_sentence(promise))
    # Leaves out what is the same for the form, since it is shown above the form.
    if (people := _people(lang, channel)) != _people(lang, _form_of(contact)):
        lines.append(people)
    # Links to the form, which the style hides once a message is sent.
    kind = " handrail-in-form" if channel.kind in ("form", "callback") else ""
    return f'<li class="handrail-way{kind}" id="{name}">{"".join(lines)}</li>'


def _shared(shown: Sequence[tuple[int, Channel]]) -> list[tuple[int, ...]]:
    """The numbers of channels that have the same hours, also on holidays, for each hours that several have."""
    groups: dict[tuple[WeekHours, bool], list[int]] = {}
    for number, channel in shown:
        if channel.hours != NEVER:
            groups.setdefault((channel.hours, channel.open_on_holidays), []).append(number)
    return [tuple(numbers) for numbers in groups.values() if len(numbers) > 1]


def _shared_hours(lang: str, numbers: Sequence[int], contact: Contact) -> str:
    """Hours that several channels share, said once, with the names of the channels."""
    channels = [contact.channels[number] for number in numbers]
    titles = ", ".join(_title(lang, channel) for channel in channels)
    live = next((channel for channel in channels if channel.kind in LIVE), channels[0])
    hours = _table(lang, live, contact)
    return (
        f'<div class="handrail-hours handrail-shared" data-handrail-way="{_id(numbers[0])}">'
        f"<h3>{_(lang, 'channels.hours')}: {titles}</h3>{hours}</div>"
    )


def _value(lang: str, channel: Channel, contact: Contact, *, page: str = "", label: str = "") -> str:
    """The number, address or link of a channel. Elsewhere, `page` is the contact page's address, `label` its name."""
    value = escape(channel.value)
    if channel.kind == "email":
        inside = f'<a href="mailto:{escape(quote(channel.value, safe="@"))}">{value}</a>'
    elif channel.kind in NUMBERS:
        inside = f'<a href="{_SCHEMES[channel.kind]}:{dialled(channel.value, contact.country)}">{value}</a>'
    elif channel.kind in LINKS:
        inside = f'<a href="{value}" rel="noopener">{_(lang, f"channels.{channel.kind}_open")}</a>'
    elif channel.kind == "callback":
        said = _(lang, "channels.callback_how" if not page else "channels.callback_choose")
        inside = f'<a href="{escape(page)}#handrail-callback">{said}</a>'
    elif channel.kind == "form":
        said = _(lang, "channels.form_how") if not page else escape(label) or _(lang, "contact.link")
        inside = f'<a href="{escape(page) or "#handrail-message"}">{said}</a>'
    else:
        inside = value.replace("\n", "<br>")
        return f"<address>{inside}</address>"
    return f'<p class="handrail-way-value">{inside}</p>'


def _people(lang: str, channel: Channel) -> str:
    parts = []
    if channel.who:
        parts.append(text(lang, "channels.who", who=channel.who))
    if channel.languages:
        parts.append(text(lang, "channels.languages", languages=", ".join(channel.languages)))
    people = escape(" \u00b7 ".join(parts))
    return f'<p class="handrail-hint">{people}</p>' if people else ""


def _promise(lang: str, promise: Promise | None) -> str:
    if not promise:
        return ""
    count = "one" if promise.amount == 1 else "many"
    time = text(lang, f"time.{promise.unit}_{count}", amount=promise.amount)
    return _(lang, "channels.promise", time=time)


def _hours(lang: str, name: str, channel: Channel, contact: Contact) -> str:
    """The hours, with an empty element for whether somebody is there now. The browser adds the customer's own time."""
    table = _table(lang, channel, contact)
    return f'<div class="handrail-hours" data-handrail-way="{name}">{_STATUS}{table}</div>'


def _table(lang: str, channel: Channel, contact: Contact) -> str:
    rows = "".join(f"<div><dt>{days}</dt><dd>{times}</dd></div>" for days, times in _rows(lang, channel))
    label = _(lang, "channels.open" if channel.kind in LIVE else "channels.answers", city=_city(contact))
    # A time zone does not matter for hours around the clock.
    hint = f'<p class="handrail-hint">{label}</p>' if channel.hours != ALWAYS else ""
    return f"{hint}<dl>{rows}</dl>"


def _rows(lang: str, channel: Channel) -> Iterator[tuple[str, str]]:
    """Days with their times; consecutive days with the same hours are one row."""
    if channel.hours == ALWAYS:
        yield _(lang, "channels.every_day"), _(lang, "channels.always")
        return
    names = text(lang, "calendar.days").split()
    for first, last, spans in group_days(channel.hours):
        days = names[first] if first == last else f"{names[first]}\u2013{names[last]}"
        yield escape(days), _times(lang, spans)


def _times(lang: str, spans: Spans) -> str:
    return ", ".join(map(show_span, spans)) or _(lang, "channels.closed")


def _city(contact: Contact) -> str:
    """The city that people name a time zone after: Buenos Aires for `America/Argentina/Buenos_Aires`."""
    return contact.timezone.rpartition("/")[2].replace("_", " ")


# ---- holidays and special days


def _days(lang: str, contact: Contact, today: date) -> dict[date, Day]:
    """The public holidays from today on, with the company's own days taking precedence."""
    public = public_holidays(contact.country, contact.subdivision, today, lang)
    days = {day: Day((), why) for day, why in public.items()} | dict(contact.days)
    return {day: days[day] for day in sorted(days) if day >= today - timedelta(days=1)}


def _closed(lang: str, contact: Contact, days: Mapping[date, Day], today: date) -> str:
    """A list of the days that would have hours if they were not holidays."""
    entries = [(day, what) for day, what in days.items() if day >= today and _would_be_open(contact, day, what)]
    stretches: list[tuple[date, date, Day]] = []
    for day, what in entries:
        if stretches and stretches[-1][2] == what and what.why and day - stretches[-1][1] == timedelta(days=1):
            stretches[-1] = (stretches[-1][0], day, what)
        else:
            stretches.append((day, day, what))
    if not stretches:
        return ""
    items = "".join(f"<li>{_stretch(lang, *stretch)}</li>" for stretch in stretches)
    return f'<details class="handrail-closed"><summary>{_(lang, "channels.days")}</summary><ul>{items}</ul></details>'


def _would_be_open(contact: Contact, day: date, what: Day) -> bool:
    return any(
        channel.hours != NEVER and (what.spans or channel.hours[day.weekday()]) and not channel.open_on_holidays
        for channel in contact.channels
    )


def _stretch(lang: str, first: date, last: date, what: Day) -> str:
    shown = "\u2013".join(_time(lang, day) for day in dict.fromkeys((first, last)))
    said = ", ".join(part for part in (escape(what.why), _times(lang, what.spans) if what.spans else "") if part)
    return f"{shown}: {said or _(lang, 'channels.closed')}"


def _time(lang: str, day: date) -> str:
    return f'<time datetime="{day.isoformat()}">{escape(date_in_words(lang, day))}</time>'


# ---- for the browser


def _data(lang: str, contact: Contact, days: Mapping[date, Day], today: date) -> dict[str, Any]:
    """The data for handrail-hours.js. Minutes and days are in the company's time zone."""
    return {
        "zone": contact.timezone,
        "until": last_day(today).isoformat(),
        "days": {day.isoformat(): {"spans": what.spans, "why": what.why} for day, what in days.items()},
        "ways": {
            _id(number): {
                "week": channel.hours,
                "live": channel.kind in LIVE,
                "always": channel.open_on_holidays,
                "promise": [channel.promise.amount, channel.promise.unit] if channel.promise else None,
            }
            for number, channel in enumerate(contact.channels)
            if channel.hours != NEVER
        },
        "callback": next((_id(n) for n, channel in enumerate(contact.channels) if channel.kind == "callback"), ""),
        "words": {
            key.removeprefix(_SCRIPT_WORDS): said for key, said in texts(lang).items() if key.startswith(_SCRIPT_WORDS)
        },
    }


def _id(number: int) -> str:
    return f"handrail-way-{number + 1}"


def _title(lang: str, channel: Channel) -> str:
    return escape(channel.name) or _(lang, _TITLES[channel.kind])


def _sentence(html: str) -> str:
    return f"<p>{html}</p>"
