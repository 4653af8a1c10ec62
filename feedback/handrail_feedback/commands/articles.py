"""`handrail articles`: how many people read each article, whether it helped, and what they did next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from handrail_feedback.commands.common import open_store
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.articles import ArticleList, find_article_facts, place_of, read_list
from handrail_feedback.reports.articles_text import (
    article_as_json,
    article_as_markdown,
    article_as_text,
    articles_as_json,
    articles_as_markdown,
    articles_as_text,
    list_as_csv,
)
from handrail_feedback.storage.database import Store
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import load_settings
from handrail_kb.contact.reply_due import contact_of
from handrail_kb.errors import HandrailError
from handrail_kb.site.built.site_info import read_site_info

_LIST_WRITERS: Mapping[str, Callable[[ArticleList], str]] = {
    "text": articles_as_text,
    "json": articles_as_json,
    "csv": list_as_csv,
    "markdown": articles_as_markdown,
}
_WRITERS = {"text": article_as_text, "json": article_as_json, "markdown": article_as_markdown}


@click.command()
@click.argument("article", required=False)
@config_option
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=28,
    show_default=True,
    help="Length of the period, and of the one before it.",
)
@click.option("--owner", help="List only articles of this owner.")
@click.option("--all", "everything", is_flag=True, help="List articles that nobody opened or voted on, too.")
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV; only for the list.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown.")
def articles(
    article: str | None, config_file: Path, days: int, owner: str | None, everything: bool, form: str | None
) -> None:
    """Show who read which article, whether it helped, and what came next.

    With ARTICLE, a file or an address, show that one in full: which searches its readers came from, what they searched
    next, how many asked a person, and the reasons and comments of votes.
    """
    settings, at = load_settings(config_file), now()
    store = open_store(settings, "no search and no vote was kept yet")
    site = read_site_info(settings.served_site).articles
    period, least = Period.last(days, at, contact_of(settings).zone), settings.number("topic_people")
    if article is None:
        found = read_list(store, site, period, least)
        chosen = (one for one in found.articles if everything or one.facts.known)
        found = found.only(one for one in chosen if owner is None or one.about.owner == owner)
        click.echo(_LIST_WRITERS[form or "text"](found), nl=False)
        return
    if form == "csv":
        raise HandrailError(
            "One article is no table.", f"Leave out --csv, or write JSON: handrail articles {article} --json"
        )
    click.echo(_WRITERS[form or "text"](_one(store, site, article, period, least)), nl=False)


def _one(store: Store, site: Mapping[str, Mapping[str, Any]], article: str, period: Period, least: int) -> Any:
    found = find_article_facts(store, site, place_of(article, site), period, least)
    if found is None:
        raise HandrailError(
            f"'{article}' is no article of this site, and nobody read one of that name.",
            "Name its file or its address, as they are listed: handrail articles --all",
        )
    return found
