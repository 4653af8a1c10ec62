"""`handrail report` and `handrail forget`: the store at the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from handrail_feedback.contact import forget_message, normalise
from handrail_feedback.db import Store, now
from handrail_feedback.report import build_report, to_csv, to_json, to_markdown, to_text
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_kb.settings import load_settings

_WRITERS = {"text": to_text, "json": to_json, "csv": to_csv, "markdown": to_markdown}

_config = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("mkdocs.yml"),
    show_default=True,
    help="The site's mkdocs.yml.",
)


@click.command()
@_config
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day, in UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day, in UTC; today by default.")
@click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="Days, when --since is not given."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Most lines to show.")
@click.option(
    "--all", "include_degraded", is_flag=True, help="Count searches answered while a part of search was down, too."
)
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown.")
def report(
    config_file: Path,
    since: datetime | None,
    until: datetime | None,
    days: int,
    limit: int,
    include_degraded: bool,
    form: str | None,
) -> None:
    """Show what customers looked for and did not find, most people first."""
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else now()
    start = since.replace(tzinfo=UTC) if since else end - timedelta(days=days)
    if start >= end:
        raise HandrailError(
            f"--since {start:%Y-%m-%d} is after the last day.", "Give an earlier day: --since YYYY-MM-DD"
        )
    found = build_report(_store(config_file), start, end, include_degraded=include_degraded, limit=limit)
    click.echo(_WRITERS[form or "text"](found), nl=False)


@click.command()
@_config
@click.argument("code")
def forget(config_file: Path, code: str) -> None:
    """Erase the message with the reference CODE, for good."""
    known = normalise(code)
    if known is None:
        raise HandrailError(
            f"'{code}' is not a reference code: it has nine letters and digits, such as K7M-4PX-2R4, "
            "and the last one tells whether the others are right.",
            "Read it again from the customer's page, then: handrail forget CODE",
        )
    if not forget_message(_store(config_file), known):
        raise HandrailError(f"There is no message {known}.", "It may have been erased already.")
    click.echo(f"Erased the message {known}. Back-ups made before still hold it.")


def _store(config_file: Path) -> Store:
    """The store of this site. A mistyped folder must not leave an empty store behind."""
    store = Store(load_settings(config_file).store_file)
    if not store.path.exists():
        raise StoreUnavailable(
            f"There is no store at {store.path}: no search and no message was kept yet.",
            "Start the service, or name the right site: --config PATH/mkdocs.yml",
        )
    return store
