"""`handrail check`: faults of the articles, and whether each article is found by the questions it says it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from handrail_kb.articles import Article, Problem, read_articles
from handrail_kb.checks import check_articles
from handrail_kb.errors import ConfigError, HandrailError
from handrail_kb.flags import config_option
from handrail_kb.passages import read_site_info
from handrail_kb.settings import Settings, docs_dir_of
from handrail_search.index import current_generation
from handrail_search.options import find_settings, log_to_terminal
from handrail_search.query import Searcher
from handrail_search.teaching import teach_from_store


@click.command()
@config_option
@click.option("--rank", type=click.IntRange(1, 10), default=3, show_default=True, help="Rank a question must reach.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def check(config_file: Path, rank: int, as_json: bool) -> None:
    """Find what is wrong with articles, and whether questions find them."""
    log_to_terminal()
    settings = find_settings(config_file, {})
    docs_dir = docs_dir_of(config_file)
    if not docs_dir.is_dir():
        raise ConfigError(f"There is no docs folder at {docs_dir}.", "Set docs_dir in mkdocs.yml, or make the folder.")
    articles, faults = read_articles(docs_dir)
    problems = check_articles(articles, datetime.now(UTC).date())
    unasked = ""
    try:
        searcher = Searcher.open(current_generation(settings.index_dir))
        teach_from_store(searcher, settings)
        problems += lost_questions(articles, searcher, locations(settings), rank)
    except HandrailError as error:
        unasked = f"Whether questions find their articles was not asked: {error.format_message()}"
    problems = [replace(problem, file=f"{docs_dir.name}/{problem.file}") for problem in problems]
    shown = sorted(
        {problem for problem in (*faults, *problems) if problem.severity != "note"},
        key=lambda problem: (problem.file, problem.line, problem.what),
    )
    if as_json:
        click.echo(json.dumps({"problems": [asdict(p) for p in shown], "left_out": unasked or None}, indent=1))
    else:
        _tell(shown, articles, unasked)
    if shown:
        raise click.exceptions.Exit(1)


def locations(settings: Settings) -> dict[str, str]:
    """Where each Markdown file was built to."""
    articles = read_site_info(settings.site_dir).articles
    return {str(facts.get("source", "")): location for location, facts in articles.items()}


def lost_questions(
    articles: Sequence[Article], searcher: Searcher, built: dict[str, str], rank: int
) -> Iterator[Problem]:
    """Questions that do not find the article that says it answers them among the first `rank` results."""
    known = {page.location for page in searcher.index.pages}
    for article in articles:
        location = built.get(article.path)
        if location not in known:
            continue
        for question in article.questions:
            found = [hit.location.partition("#")[0] for hit in searcher.search(question, limit=10).hits]
            if location not in found[:rank]:
                yield _lost(article, question, searcher, found, location, rank)


def _lost(
    article: Article, question: str, searcher: Searcher, found: list[str], location: str | None, rank: int
) -> Problem:
    titles = {page.location: page.title for page in searcher.index.pages}
    place = f"is at rank {found.index(location) + 1}" if location in found else "is not among the first ten"
    first = f", behind '{titles[found[0]]}'" if found else ""
    return Problem(
        article.path,
        article.lines.get("questions", 1),
        "error",
        f"'{question}' does not find this article in the first {rank}: it {place}{first}. "
        "Use these words in a heading or the first sentence.",
    )


def _tell(shown: Sequence[Problem], articles: Sequence[Article], unasked: str) -> None:
    for problem in shown:
        click.echo(str(problem))
    questions = sum(len(article.questions) for article in articles)
    asked = "" if unasked else f" and {questions} questions"
    click.echo(f"{len(articles)} articles{asked} checked: {len(shown) or 'nothing'} to mend.")
    if unasked:
        click.echo(unasked, err=True)
