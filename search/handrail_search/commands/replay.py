"""`handrail replay`: past searches against the site as built now and as it was before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from handrail_feedback.contracts import Past, PastAnswer
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import existing_store
from handrail_feedback.topics.replay import Ask, decided_articles, from_lines, past_questions, replay, to_lines
from handrail_feedback.topics.replay_text import replay_as_json, replay_as_markdown, replay_as_text
from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import log_to_terminal, progress_bar
from handrail_kb.config.settings import Settings
from handrail_kb.errors import HandrailError
from handrail_search.adapters.page_names import names_of
from handrail_search.adapters.proofs import asking
from handrail_search.adapters.replay_base import built_at, is_index, open_index
from handrail_search.adapters.teaching import teach_from_store
from handrail_search.commands.options import encoding_bar, find_settings, setting_options
from handrail_search.index.generation import current_generation, open_current
from handrail_search.ranking.searcher import Searcher

_WRITERS = {"text": replay_as_text, "json": replay_as_json, "markdown": replay_as_markdown}
_MOST = 1000


@click.command("replay")
@config_option
@click.option("--base", help="A git revision, or the folder of an index; by default, what customers got then.")
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=30,
    show_default=True,
    help="How many days of searches to ask again.",
)
@click.option(
    "--most",
    type=click.IntRange(1, 100_000),
    default=_MOST,
    show_default=True,
    help="Maximum number of questions, most people first.",
)
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ask the questions of a file that --export wrote.",
)
@click.option(
    "--export",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write the questions of enough people to a file for a machine without the store, or to the output for `-`; "
    "ask nothing.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 when a question breaks.")
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown, for a comment on a merge request.")
@setting_options("state_dir", "topic_people")
def replay_command(
    config_file: Path,
    base: str | None,
    days: int,
    most: int,
    questions: Path | None,
    export: Path | None,
    strict: bool,
    form: str | None,
    **flags: Any,
) -> None:
    """Ask past searches again, and say what a change fixes and what it breaks.

    Build first: the searches are asked of the built site. Questions of fewer than topic_people people are counted, not
    named.
    """
    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=bool(base) and not is_index(base or ""))
    until = now()
    since = until - timedelta(days=days)
    least = settings.number("topic_people")
    asked = _read(settings, questions, since, until, most)
    if export:
        with click.open_file(str(export), "w", encoding="utf-8") as out:
            out.write(to_lines(asked, least))
        known = sum(past.people >= least for past in asked)
        click.echo(f"{export}: {known} questions of {least} people or more.", err=str(export) == "-")
        return
    with ExitStack() as stack:
        before, name = _before(base, settings, stack)
        bar, advance = progress_bar("asking")
        after = _counting(
            asking(_taught(Searcher.open(current_generation(settings.index_dir)), settings)), len(asked), advance
        )
        stack.enter_context(bar)
        found = replay(asked, before, after, name, since, until, least)
    click.echo(_WRITERS[form or "text"](found), nl=False)
    if strict and found.breaks:
        raise click.exceptions.Exit(1)


def _read(settings: Settings, file: Path | None, since: datetime, until: datetime, most: int) -> list[Past]:
    if file:
        try:
            return from_lines(file.read_text(encoding="utf-8"), str(file))[:most]
        except (OSError, UnicodeDecodeError) as error:
            raise HandrailError(f"{file} cannot be read.", f"Write it anew: handrail replay --export {file}") from error
    store = existing_store(
        settings.store_place,
        "no search was kept yet",
        "Name an export of the machine that has it: handrail replay --questions FILE",
    )
    names = names_of((page.location for page in open_current(settings.index_dir).pages), settings)
    return past_questions(store, since, until, most, decided_articles(store, names.find))


def _before(base: str | None, settings: Settings, stack: ExitStack) -> tuple[Ask, str]:
    """How a question was answered before, and how to describe that."""
    if base is None:
        return _as_then, "compared with how they were answered then"
    if is_index(base):
        return asking(_taught(open_index(base), settings)), f"compared with the index {base}"
    progress = stack.enter_context(encoding_bar())
    searcher = stack.enter_context(built_at(base, settings, progress))
    return asking(_taught(searcher, settings)), f"compared with the site at {base}"


def _as_then(past: Past) -> PastAnswer:
    return past.then


def _taught(searcher: Searcher, settings: Settings) -> Searcher:
    """Both sides know the same learned questions, so that only the articles differ."""
    teach_from_store(searcher, settings)
    return searcher


def _counting(ask: Ask, total: int, advance: Callable[[int, int], None]) -> Ask:
    """The same search, which moves a progress bar with each question."""
    done = 0

    def counted(past: Past) -> PastAnswer:
        nonlocal done
        done += 1
        advance(done, total)
        return ask(past)

    return counted
