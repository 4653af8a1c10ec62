"""`handrail status`: says an outage or a delay on every page that searches or takes messages, within a minute."""

from __future__ import annotations

import json
import re
from datetime import MAXYEAR, datetime, timedelta, tzinfo
from pathlib import Path

import click

from handrail_feedback.records.stamps import now, stamp, stamp_or_none
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.notices import clear, last_said, say
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import load_settings
from handrail_kb.contact.reply_due import contact_of
from handrail_kb.contact.service_notice import LEVELS, NoticeLevel, ServiceNotice, read_languages, read_words
from handrail_kb.errors import ConfigError

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@click.command()
@click.argument("words", required=False)
@config_option
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="warning",
    show_default=True,
    help="How much it concerns customers: news, a disruption, or something that does not work at all.",
)
@click.option(
    "--until",
    metavar="TIME",
    help="When it ends by itself: 18:00, or '2026-11-30 18:00', in the time zone of `contact:`.",
)
@click.option("--in", "variants", nargs=2, multiple=True, metavar="LANGUAGE WORDS", help="The same in a language.")
@click.option("--clear", "ends", is_flag=True, help="Take the notice away.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def status(
    words: str | None,
    config_file: Path,
    level: NoticeLevel,
    until: str | None,
    variants: tuple[tuple[str, str], ...],
    ends: bool,
    as_json: bool,
) -> None:
    """Show customers a notice with these WORDS, for example during an outage; without words, say which one is shown.

    It appears within a minute on the home page, the contact page, the find page and in the search dialog, on every
    node, and replaces the one before.
    """
    if ends and words:
        raise ConfigError("A notice cannot be said and taken away at once.", "Leave out the words, or --clear.")
    settings = load_settings(config_file)
    zone = contact_of(settings).zone
    store = Store(settings.store_place)
    try:
        if ends:
            click.echo("The notice is taken away." if clear(store) else "There was no notice.")
            return
        if words:
            at = now()
            say(
                store,
                ServiceNotice(read_words(words), level, at, _moment(until, at, zone), read_languages(dict(variants))),
            )
        notice = last_said(store)
    finally:
        store.close()
    click.echo(_as_json(notice) if as_json else _as_text(notice, zone))


def _moment(until: str | None, at: datetime, zone: tzinfo) -> datetime | None:
    """When a notice ends; None if it is not said. Raises ConfigError."""
    if until is None:
        return None
    here = at.astimezone(zone)
    if clock := _CLOCK.fullmatch(until.strip()):
        found = here.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return found if found > here else found + timedelta(days=1)
    try:
        found = datetime.fromisoformat(until.strip())
    except ValueError as error:
        raise ConfigError(f"'{until}' is no time.", "Write 18:00, or '2026-11-30 18:00'.") from error
    if found.year == MAXYEAR:  # in another time zone, it may be past the last day there is
        raise ConfigError(f"'{until}' is too far away.", "Leave --until out: a notice stays until --clear.")
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    if found <= at:
        raise ConfigError(f"'{until}' is past.", "Write a time to come, or leave --until out and use --clear.")
    return found


def _as_text(notice: ServiceNotice | None, zone: tzinfo) -> str:
    if notice is None:
        return "Customers see no notice."
    lines = [f"{notice.level}: {notice.words}"]
    lines += [f"  {lang}: {words}" for lang, words in sorted(notice.in_languages.items())]
    lines.append(f"  said {notice.said_at.astimezone(zone):%Y-%m-%d %H:%M %Z}")
    if notice.until:
        over = "" if notice.shown_at(now()) else ", and is over"
        lines.append(f"  until {notice.until.astimezone(zone):%Y-%m-%d %H:%M %Z}{over}")
    return "\n".join(lines)


def _as_json(notice: ServiceNotice | None) -> str:
    if notice is None:
        return json.dumps({"notice": None})
    until = stamp_or_none(notice.until)
    told = {
        "words": notice.words,
        "level": notice.level,
        "said_at": stamp(notice.said_at),
        "until": until,
        "in_languages": dict(notice.in_languages),
        "shown": notice.shown_at(now()),
    }
    return json.dumps({"notice": told}, ensure_ascii=False)
