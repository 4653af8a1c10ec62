"""The channels through which a company can be reached: read from `contact:` in mkdocs.yml, and checked.

All problems are reported at once, each with file and line. An error is something that customers would see wrong; a
warning is something that the company should decide. `site/pages/contact_section.py` shows the channels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from handrail_kb.config.yaml_lines import YamlLines
from handrail_kb.contact.holidays import Day, check_country, read_closed, read_special
from handrail_kb.contact.hours import NEVER, WeekHours, read_week
from handrail_kb.contact.phones import is_phone_like, phone_fault
from handrail_kb.problems import Keys, Problem, Severity, nearest

ChannelKind = Literal["form", "email", "phone", "callback", "chat", "text", "relay", "video", "post"]
Unit = Literal["minutes", "hours", "working_hours", "days", "working_days"]

KINDS: tuple[ChannelKind, ...] = ("form", "email", "phone", "callback", "chat", "text", "relay", "video", "post")
# Channels whose value is an address on the web, and those whose value is a phone number.
LINKS: tuple[ChannelKind, ...] = ("chat", "relay", "video")
NUMBERS: tuple[ChannelKind, ...] = ("phone", "text")
# Channels on which somebody answers at once, the fastest first; on the others, later.
LIVE: tuple[ChannelKind, ...] = ("phone", "chat", "callback", "relay", "video")
CONTACT_KEYS = (
    "channels",
    "hours",
    "timezone",
    "country",
    "subdivision",
    "closed",
    "special_hours",
    "who",
    "languages",
    "promise",
    "product",
    "pages_without_link",
)
CHANNEL_KEYS = (*KINDS, "name", "note", "who", "languages", "promise", "hours", "open_on_holidays")

_EMAIL = re.compile(r"[^@\s,;<>()\"']{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z][\w-]{1,62}")
_PROMISE = re.compile(r"(\d{1,3}) (minute|hour|day|working hour|working day)s?")


@dataclass(frozen=True)
class Promise:
    """The time within which a person answers."""

    amount: int
    unit: Unit


@dataclass(frozen=True)
class Channel:
    """One channel to a person. `value` is the e-mail address, number, link or postal address; a form has none.

    `NEVER` as the week means that no hours are known. With `open_on_holidays` the hours hold on closed days, too.
    """

    kind: ChannelKind
    value: str = ""
    name: str = ""
    note: str = ""
    who: str = ""
    languages: tuple[str, ...] = ()
    promise: Promise | None = None
    hours: WeekHours = NEVER
    open_on_holidays: bool = False


@dataclass(frozen=True)
class Contact:
    """How and when a company can be reached. `days` are its own closed days and days with special hours."""

    channels: tuple[Channel, ...] = (Channel("form"),)
    timezone: str = ""
    country: str = ""
    subdivision: str = ""
    days: Mapping[date, Day] = field(default_factory=dict)
    product: str = ""
    pages_without_link: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the company's people: that of their hours, else UTC."""
        return ZoneInfo(self.timezone or "UTC")

    @property
    def domains(self) -> frozenset[str]:
        """The domains of the company's own e-mail addresses."""
        return frozenset(one.value.rpartition("@")[2].lower() for one in self.channels if one.kind == "email")

    def has(self, kind: ChannelKind) -> bool:
        """Whether the company offers this channel."""
        return any(channel.kind == kind for channel in self.channels)


def read_contact(raw: Any, *, places: YamlLines, email: str = "", phone: str = "") -> tuple[Contact, Sequence[Problem]]:
    """The channels in `contact:`, completed with the settings `contact_email` and `contact_phone`, and the problems.

    A faulty channel is left out. Without `contact:` the channels are the form and what those two settings name.
    """
    reader = _Reader(places)
    if raw is not None and not isinstance(raw, dict):
        reader.error((), f"'contact' should be fields such as 'channels:', but is '{raw}'.")
        raw = None
    contact = reader.contact(raw) if raw else Contact()
    if email and not _EMAIL.fullmatch(email):
        reader.old("contact_email", f"'{email}' is no e-mail address. Write one such as help@example.org.")
        email = ""
    # This setting has always accepted a number without its country code.
    of_one_country = not phone.startswith("+") and not contact.country and is_phone_like(phone)
    if phone and not of_one_country and (fault := phone_fault(phone, contact.country)):
        reader.old("contact_phone", fault)
        phone = ""
    old = (Channel("email", email), Channel("phone", phone))
    more = [channel for channel in old if channel.value and not contact.has(channel.kind)]
    return replace(contact, channels=(*contact.channels, *more)), tuple(reader.problems)


class _Reader:
    """Reads values from `contact:` and records those that are unusable."""

    def __init__(self, places: YamlLines) -> None:
        self.places = places
        self.problems: list[Problem] = []

    def old(self, setting: str, what: str) -> None:
        """Record what is wrong with one of the settings that are older than `contact:`."""
        line = self.places.line((setting,))
        self.problems.append(Problem(self.places.file.name, line, "error", f"{setting}: {what}"))

    def error(self, where: Keys, what: str) -> None:
        self._add(where, "error", what)

    def warn(self, where: Keys, what: str) -> None:
        self._add(where, "warning", what)

    def _add(self, where: Keys, severity: Severity, what: str) -> None:
        self.problems.append(Problem(self.places.file.name, self.places.line(("contact", *where)), severity, what))

    def contact(self, raw: dict[str, Any]) -> Contact:
        self._names(raw, CONTACT_KEYS, ())
        country, subdivision = self._text(raw, "country", ()).upper(), self._text(raw, "subdivision", ())
        if country and not check_country(country, subdivision, (), self.error):
            country = subdivision = ""
        days = read_closed(raw["closed"], ("closed",), self.error) if raw.get("closed") else {}
        if raw.get("special_hours"):
            days |= read_special(raw["special_hours"], ("special_hours",), self.error)
        channels = self._channels(raw, country)
        timezone = self._timezone(raw, channels)
        return Contact(
            channels,
            timezone,
            country,
            subdivision,
            days,
            self._text(raw, "product", ()),
            self._list(raw, "pages_without_link", ()),
        )

    def _timezone(self, raw: dict[str, Any], channels: tuple[Channel, ...]) -> str:
        name = self._text(raw, "timezone", ())
        known = available_timezones()
        if name and known and name not in known:
            close = nearest(name, sorted(known))
            self.error(("timezone",), f"'{name}' is no time zone.{close} Write one such as Europe/Berlin.")
            return ""
        if not name and any(channel.hours != NEVER for channel in channels):
            self.error(
                (),
                "there are hours, but no time zone that they are in. Add 'timezone: Europe/Berlin', or wherever it is.",
            )
        return name

    def _channels(self, raw: dict[str, Any], country: str) -> tuple[Channel, ...]:
        listed = raw.get("channels") or []
        if not isinstance(listed, list):
            self.error(("channels",), "'channels' should be a list: one '- ' for each, such as '- phone: +49 …'.")
            listed = []
        shared = Channel(
            "form",
            who=self._text(raw, "who", ()),
            languages=self._list(raw, "languages", ()),
            promise=self._promise(raw, ()),
            hours=read_week(raw["hours"], ("hours",), self.error) if raw.get("hours") else NEVER,
        )
        found: list[Channel] = []
        for number, item in enumerate(listed):
            channel = self._channel(item, ("channels", number), shared, found, country)
            if channel:
                found.append(channel)
        if not any(channel.kind == "form" for channel in found):
            found.insert(0, shared)
        return tuple(found)

    def _channel(
        self, item: Any, where: Keys, shared: Channel, before: Sequence[Channel], country: str
    ) -> Channel | None:
        item = {item: None} if isinstance(item, str) else item  # `- form` alone
        kinds = [kind for kind in KINDS if isinstance(item, dict) and kind in item]
        if len(kinds) != 1:
            close = nearest(str(next(iter(item))), KINDS) if isinstance(item, dict) and item else ""
            self.error(where, f"a channel should be one of {', '.join(KINDS)}.{close} Write '- phone: +49 …'.")
            return None
        kind = kinds[0]
        self._names(item, CHANNEL_KEYS, where)
        if kind in ("form", "callback") and any(channel.kind == kind for channel in before):
            self.error(where, f"there are two channels '{kind}'. Keep one.")
            return None
        value = self._text(item, kind, where) if kind not in ("form", "callback") else ""
        channel = Channel(
            kind,
            value,
            name=self._text(item, "name", where),
            note=self._text(item, "note", where),
            who=self._text(item, "who", where) if "who" in item else shared.who,
            languages=self._list(item, "languages", where) or shared.languages,
            promise=self._promise(item, where) or (shared.promise if kind in ("form", "email") else None),
            hours=self._hours(item, kind, where, shared, before),
            open_on_holidays=self._flag(item, "open_on_holidays", where),
        )
        return channel if self._fits(channel, where, country) else None

    def _hours(
        self, item: dict[str, Any], kind: ChannelKind, where: Keys, shared: Channel, before: Sequence[Channel]
    ) -> WeekHours:
        if item.get("hours"):
            return read_week(item["hours"], (*where, "hours"), self.error)
        phone = [channel.hours for channel in before if channel.kind == "phone"]
        week: WeekHours = phone[0] if kind == "callback" and phone else shared.hours
        return NEVER if kind == "post" else week

    def _fits(self, channel: Channel, where: Keys, country: str) -> bool:
        """Whether the channel can be shown. One that names no person is shown, with a warning."""
        place = (*where, channel.kind)
        before = len(self.problems)
        if channel.kind not in ("form", "callback") and not channel.value:
            self.error(place, f"'{channel.kind}' is empty. Write it after the colon, or take the line out.")
        elif channel.kind == "email" and not _EMAIL.fullmatch(channel.value):
            self.error(place, f"'{channel.value}' is no e-mail address. Write one such as help@example.org.")
        elif channel.kind in NUMBERS and (fault := phone_fault(channel.value, country)):
            self.error(place, fault)
        elif channel.kind in LINKS and not _is_https(channel.value):
            self.error(place, f"'{channel.value}' is no safe link. Write one that begins with https://.")
        elif channel.kind == "callback" and channel.hours == NEVER:
            self.error(place, "nobody can be called back without hours. Add 'hours:' to it, or to the phone before it.")
        elif channel.promise and "working" in channel.promise.unit and channel.hours == NEVER:
            self.error((*where, "promise"), "working time is promised, but there are no hours. Add 'hours:'.")
        fits = len(self.problems) == before
        if fits and not channel.who:
            self.warn(
                place,
                f"nobody is behind '{channel.kind}'. Say who answers: 'who: The support team', "
                "there or for all channels.",
            )
        return fits

    def _names(self, raw: dict[str, Any], known: tuple[str, ...], where: Keys) -> None:
        for name in map(str, raw):
            if name not in known:
                self.error(
                    (*where, name), f"'{name}' is not known here.{nearest(name, known)} There are: {', '.join(known)}."
                )

    def _promise(self, raw: dict[str, Any], where: Keys) -> Promise | None:
        text = self._text(raw, "promise", where)
        match = _PROMISE.fullmatch(" ".join(text.lower().split()))
        if match and int(match[1]):
            unit: Any = match[2].replace(" ", "_") + "s"
            return Promise(int(match[1]), unit)
        if text:
            self.error(
                (*where, "promise"),
                f"'{text}' is no time. Write '4 working hours', '1 working day', '30 minutes', '2 days'.",
            )
        return None

    def _text(self, raw: dict[str, Any], name: str, where: Keys) -> str:
        value = raw.get(name)
        if isinstance(value, str):
            return value.strip()
        if value is not None:  # YAML loses how a number was written: 0441234567 becomes 75839863
            self.error((*where, name), f"'{name}' should be text, but was read as {value}. Put it in quotes.")
        return ""

    def _list(self, raw: dict[str, Any], name: str, where: Keys) -> tuple[str, ...]:
        value = raw.get(name)
        items = value if isinstance(value, list) else str(value).split(",") if value else []
        return tuple(str(item).strip() for item in items if str(item).strip())

    def _flag(self, raw: dict[str, Any], name: str, where: Keys) -> bool:
        value = raw.get(name, False)
        if not isinstance(value, bool):
            self.error((*where, name), f"'{name}' should be yes or no.")
        return value is True


def _is_https(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", link)
