"""`handrail articles`: what became of the readers of each article, and of one in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from handrail_feedback.article_list import ArticleList, place_of, read_article, read_list
from handrail_feedback.article_render import (
    article_as_json,
    article_as_markdown,
    article_as_text,
    list_as_csv,
    list_as_json,
    list_as_markdown,
    list_as_text,
)
from handrail_feedback.db import Store, now
from handrail_feedback.topic_facts import Period
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_kb.flags import config_option
from handrail_kb.passages import read_site_info
from handrail_kb.settings import Settings, load_settings

_LIST_WRITERS: Mapping[str, Callable[[ArticleList], str]] = {
    "text": list_as_text, "json": list_as_json, "csv": list_as_csv, "markdown": list_as_markdown,
}  # fmt: skip
_WRITERS = {"text": article_as_text, "json": article_as_json, "markdown": article_as_markdown}


@click.command()
@click.argument("article", required=False)
@config_option
@click.option(
    "--days", type=click.IntRange(1, 3660), default=28, show_default=True,
    help="Length of the period, and of the one before it.",
)  # fmt: skip
@click.option("--owner", help="List the articles of this owner alone.")
@click.option("--all", "everything", is_flag=True, help="List articles that nobody opened or voted on, too.")
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV; of the list alone.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown.")
def articles(
    article: str | None, config_file: Path, days: int, owner: str | None, everything: bool, form: str | None
) -> None:
    """Show who read which article, whether it helped, and what came next.

    With an ARTICLE, its file or its address, that one in full: from which searches its readers came, what they searched
    next, how many asked a person, reasons and sentences of votes.
    """
    settings, at = load_settings(config_file), now()
    store, site = _store(settings), read_site_info(settings.site_dir).articles
    period, least = Period(at - timedelta(days=days), at), settings.number("topic_people")
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
    found = read_article(store, site, place_of(article, site), period, least)
    if found is None:
        raise HandrailError(
            f"'{article}' is no article of this site, and nobody read one of that name.",
            "Name its file or its address, as they are listed: handrail articles --all",
        )
    return found


def _store(settings: Settings) -> Store:
    if not settings.store_file.exists():
        raise StoreUnavailable(
            f"There is no store at {settings.store_file}: no search and no vote was kept yet.",
            "Start the service, or name the right site: --config PATH/mkdocs.yml",
        )
    return Store(settings.store_file)
