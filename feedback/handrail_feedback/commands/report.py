"""`handrail report`: failed searches of a period, as text, Markdown, CSV, JSON, HTML or mail."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import click

from handrail_feedback.commands.common import open_store
from handrail_feedback.delivery.channels import desk_of, read_report_mail
from handrail_feedback.delivery.weekly_mail import Reporter
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.failed_searches import build_report
from handrail_feedback.reports.failed_searches_text import report_as_json, report_as_markdown, report_as_text, to_csv
from handrail_feedback.reports.weekly import weekly_report_of
from handrail_feedback.reports.weekly_pages import to_html
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import Settings, load_settings
from handrail_kb.contact.reply_due import contact_of
from handrail_kb.errors import HandrailError
from handrail_kb.site.built.site_info import read_site_info
from handrail_kb.site.help_links import one_click

_WRITERS = {"text": report_as_text, "json": report_as_json, "csv": to_csv, "markdown": report_as_markdown}
_FORMS = [*_WRITERS, "html"]
# Before any search was kept.
_FIRST_DAY = date(2000, 1, 1)


@click.command()
@config_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; today by default.")
@click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="Days, if --since is not given."
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Maximum number of lines."
)
@click.option(
    "--all", "include_degraded", is_flag=True, help="Count searches answered while a part of search was down, too."
)
@click.option("--format", "form", type=click.Choice(_FORMS), help="Output format; html is one file with charts.")
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown.")
@click.option("--mail", "by_mail", is_flag=True, help="Mail the report of the last seven days now, to `report_to`.")
def report(
    config_file: Path,
    since: datetime | None,
    until: datetime | None,
    days: int,
    limit: int,
    include_degraded: bool,
    form: str | None,
    by_mail: bool,
) -> None:
    """Show what customers looked for and did not find, most people first.

    --format html writes the page that leads see at the desk to one file; it ignores --limit and --all.
    """
    if by_mail:
        _mail_report(config_file)
        return
    settings = load_settings(config_file)
    period = _period(since, until, days, contact_of(settings).zone)
    if form == "html":
        click.echo(_as_page(settings, period), nl=False)
        return
    near = one_click(settings.served_site)
    found = build_report(
        open_store(settings),
        period,
        include_degraded=include_degraded,
        limit=limit,
        one_click=near,
    )
    click.echo(_WRITERS[form or "text"](found), nl=False)


def _period(since: datetime | None, until: datetime | None, days: int, zone: tzinfo) -> Period:
    """The whole days that are asked for, up to now. Raises HandrailError."""
    at = now()
    today = at.astimezone(zone).date()
    last = min(until.date(), today) if until else today
    if last < _FIRST_DAY:
        raise HandrailError(f"No search was kept before {_FIRST_DAY}.", "Give a later day: --until YYYY-MM-DD")
    first = since.date() if since else last - timedelta(days=days - 1)
    if first > last:
        raise HandrailError(f"--since {first} is after the last day.", "Give an earlier day: --since YYYY-MM-DD")
    return Period.of_days(max(first, _FIRST_DAY), last, zone).up_to(at)


def _as_page(settings: Settings, period: Period) -> str:
    store = open_store(settings)
    report = weekly_report_of(store, settings.served_site, period, settings.number("topic_people"), now())
    site = read_site_info(settings.served_site)
    return to_html(report, desk_of(settings), site.name, site.lang)


def _mail_report(config_file: Path) -> None:
    """Mail it, whenever it was mailed before. The weekly mail comes all the same."""
    settings, at = load_settings(config_file), now()
    store = open_store(settings)
    to = read_report_mail(settings)
    reporter = Reporter(to, lambda: settings.served_site, settings.number("topic_people"))
    week = Period.last(7, at, contact_of(settings).zone)
    to.send(reporter.letter(store, week, f"report-{at:%Y-%m-%d-%H%M%S}", at))
    click.echo(f"Mailed the report to {', '.join(address.addr_spec for address in to.mail.recipients)}.")
