"""`handrail learn` and `handrail learned`: questions with known answers, on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

import click

from handrail_feedback.records.learned import LearnedSource, ListedQuestion, TaughtQuestion
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store, existing_store
from handrail_feedback.storage.searches import learned as book
from handrail_kb.articles.front_matter import add_questions
from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import bar_when_needed, console, log_to_terminal
from handrail_kb.config.settings import Settings, docs_dir_of
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import ConfigError, HandrailError
from handrail_kb.language.printable import printable
from handrail_kb.site.built.site_info import site_info_or_defaults
from handrail_kb.texts.amounts import counted, percent
from handrail_search.adapters.page_names import PageNames, names_of
from handrail_search.adapters.question_file import Fault, read_pairs
from handrail_search.adapters.teaching import encode_ahead, read_known
from handrail_search.commands.options import find_settings, setting_options
from handrail_search.evaluation.effect import EFFECT_DEPTH, ENOUGH_HELD_OUT, EVERY, Effect, measure_effect
from handrail_search.index.generation import Index, current_generation
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher

_FAULTS_SHOWN = 50


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.option("--skip-bad", is_flag=True, help="Skip lines that cannot be used, and import the others.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir")
def learn(file: Path, config_file: Path, skip_bad: bool, as_json: bool, **flags: Any) -> None:
    """Import questions with the articles that answer them.

    FILE is CSV with the columns question and url, or JSON lines with the same fields. Search uses them within
    seconds. To measure the effect, every fifth question is asked before and after the others are taught.
    """
    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    searcher = Searcher.open(current_generation(settings.index_dir))
    with console.status(f"reading {file}"):
        taught, faults = read_pairs(file, names_of((page.location for page in searcher.index.pages), settings), now())
    _refuse(file, taught, faults, skip_bad)
    store = Store(settings.store_place)
    try:
        effect = _prepare(searcher, settings, read_known(store), taught)
        kept = book.keep(store, taught)
    finally:
        store.close()
    if as_json:
        left_out = [asdict(fault) for fault in faults]
        click.echo(json.dumps({**asdict(kept), "left_out": left_out, "effect": effect and asdict(effect)}, indent=1))
        return
    stay = f", {kept.removed} that were removed stay so" if kept.removed else ""
    left_out_too = f", {counted(len(faults), 'line')} left out" if faults else ""
    new = counted(kept.new, "new question")
    click.echo(f"{file}: {new}, {kept.known} known before{stay}{left_out_too}.")
    click.echo(_effect_as_text(effect, searcher))
    click.echo("Search uses them within seconds. See them: handrail learned")


def _prepare(
    searcher: Searcher, settings: Settings, known: Sequence[KnownAnswer], taught: Sequence[TaughtQuestion]
) -> Effect | None:
    """Encode what is taught, so that the service need not, and measure the effect."""
    if searcher.missing:
        return None
    new = [KnownAnswer(one.question, one.location, one.source, one.at, f"{one.source}:{one.who}") for one in taught]
    # No more than this take effect.
    new = sorted(new, key=lambda one: one.at, reverse=True)[: book.MOST_KEPT]
    with bar_when_needed("encoding questions") as advance:
        vectors = encode_ahead(searcher.index, [*known, *new], settings, advance)
    with console.status("measuring what they change"):
        return measure_effect(searcher, known, new, vectors)


def _refuse(file: Path, taught: Sequence[TaughtQuestion], faults: Sequence[Fault], skip_bad: bool) -> None:
    """Name the lines that cannot be used; without --skip-bad nothing of the file is imported then."""
    for fault in faults[:_FAULTS_SHOWN]:
        click.echo(f"{file}:{fault.line}: {fault.what}", err=True)
    if len(faults) > _FAULTS_SHOWN:
        click.echo(f"… and {len(faults) - _FAULTS_SHOWN} lines more.", err=True)
    if faults and not skip_bad:
        raise ConfigError(
            f"{counted(len(faults), 'line')} of {file} cannot be used, so nothing was imported.",
            f"Mend them, or leave them out: handrail learn {as_typed(file)} --skip-bad",
        )
    if not taught:
        raise ConfigError(f"{file} holds no question.", "Write one a line: question,url")


def _effect_as_text(effect: Effect | None, searcher: Searcher) -> str:
    if searcher.missing:
        return "What they change was not measured: search works by words alone now. Ask: handrail doctor"
    if effect is None:
        return f"Too few to tell what they change: it takes {ENOUGH_HELD_OUT * EVERY} different questions."

    def row(name: str, before: int, after: int) -> str:
        shares = f"{percent(before / effect.asked)} → {percent(after / effect.asked)}"
        return f"  {name:<27} {before:>4} → {after:<4} ({shares})"

    return "\n".join(
        (
            f"Asked {effect.asked} of them, before and after the others were taught:",
            row("their article first", effect.first_before, effect.first_after),
            row(f"their article in the first {EFFECT_DEPTH}", effect.among_before, effect.among_after),
        )
    )


@click.command()
@click.argument("names", nargs=-1, metavar="[ARTICLE | ID...]")
@config_option
@click.option("--source", type=click.Choice(get_args(LearnedSource)), help="Only those of this source.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only those since this day, in UTC.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Maximum number of lines."
)
@click.option("--all", "removed", is_flag=True, help="List removed questions, too.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--remove", "task", flag_value="remove", help="Stop using the questions with these IDs.")
@click.option("--restore", "task", flag_value="restore", help="Use the removed questions with these IDs again.")
@click.option("--promote", "task", flag_value="promote", help="Write the questions with these IDs into their articles.")
@setting_options("state_dir")
def learned(
    names: tuple[str, ...],
    config_file: Path,
    source: LearnedSource | None,
    since: datetime | None,
    limit: int,
    removed: bool,
    as_json: bool,
    task: str | None,
    **flags: Any,
) -> None:
    """List the questions that search has learned, newest first.

    ARTICLE is an address or a Markdown file. With --remove, --restore or --promote, name the questions by ID.
    """
    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=task == "promote")
    store = _store(settings)
    if task:
        found = _by_id(store, names)
        {"remove": _remove, "restore": _restore, "promote": _promote}[task](store, settings, found)
        return
    begin = since.replace(tzinfo=UTC) if since else None
    pages = _pages(settings)
    location = _location(settings, pages, names)
    questions = book.list_questions(store, location=location, source=source, since=begin, removed=removed)
    if as_json:
        rows = [{**asdict(one), "used": _used(one, pages)} for one in questions[:limit]]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=lambda at: at.isoformat()))
        return
    for one in questions[:limit]:
        click.echo(f"{printable(one.question) or '(its words are erased)'}\n    {' · '.join(_facts(one, pages))}")
    more = f", {limit} of them shown; raise --limit to see more" if len(questions) > limit else ""
    click.echo(f"{counted(len(questions), 'learned question')}{more}." if questions else "No learned questions.")


def _facts(one: ListedQuestion, pages: frozenset[str] | None) -> Iterable[str]:
    people = f", {counted(one.people, 'person', 'people')}" if one.source == "customer" else ""
    yield one.id
    yield printable(one.location) or "(home)"
    yield f"{one.source}{people}{', ' if one.who else ''}{printable(one.who)}"
    yield f"{one.at:%Y-%m-%d}"
    if one.promoted_at:
        yield f"in the article since {one.promoted_at:%Y-%m-%d}"
    if one.removed_at:
        yield f"removed {one.removed_at:%Y-%m-%d}"
    elif pages is not None and one.location not in pages:
        yield "not used: the article is gone"


def _used(one: ListedQuestion, pages: frozenset[str] | None) -> bool | None:
    """Whether search uses a question now; None without an index."""
    return None if pages is None else one.removed_at is None and one.location in pages


def _remove(store: Store, _settings: Settings, questions: Sequence[ListedQuestion]) -> None:
    ids = [one.id for one in questions]
    book.remove(store, ids, now())
    click.echo(f"Removed {counted(len(questions), 'question')}. Search stops using them within seconds.")
    click.echo(f"Put them back: handrail learned --restore {' '.join(ids)}")


def _restore(store: Store, _settings: Settings, questions: Sequence[ListedQuestion]) -> None:
    erased = [one.id for one in questions if not one.question]
    if erased:
        raise HandrailError(f"The words of {', '.join(erased)} are erased.", "Teach them again: handrail learn FILE")
    book.restore(store, [one.id for one in questions])
    click.echo(f"Search uses {counted(len(questions), 'question')} again within seconds.")


def _promote(store: Store, settings: Settings, questions: Sequence[ListedQuestion]) -> None:
    """Write questions into articles; checks that all can be written before the first file is changed."""
    docs_dir = docs_dir_of(cast(Path, settings.config_file))
    sources = PageNames((), site_info_or_defaults(settings.served_site)).sources
    by_article: dict[str, list[ListedQuestion]] = {}
    for one in questions:
        if one.removed_at:
            raise HandrailError(f"{one.id} is removed.", f"Put it back first: handrail learned --restore {one.id}")
        if not sources.get(one.location):
            raise HandrailError(
                f"'{one.location}' comes from no Markdown file of this site, so {one.id} cannot be written there.",
                "Build the site, if it is an article: handrail build",
            )
        by_article.setdefault(sources[one.location], []).append(one)
    additions = [
        (add_questions(docs_dir, path, [one.question for one in asked]), asked) for path, asked in by_article.items()
    ]
    for addition, asked in additions:
        addition.write()
        book.mark_promoted(store, [one.id for one in asked], now())
        there = len(asked) - addition.added
        click.echo(f"{addition.shown}: {addition.added} added" + (f", {there} stood there before" if there else ""))
    click.echo("Look at the change, then build: handrail build")


def _by_id(store: Store, ids: Sequence[str]) -> list[ListedQuestion]:
    """The questions with these ids. Raises HandrailError naming those that do not exist."""
    listed = {one.id: one for one in book.list_questions(store, removed=True)}
    unknown = [one for one in ids if one not in listed]
    if unknown or not ids:
        what = f"There is no question {', '.join(unknown)}." if unknown else "No question is named."
        raise HandrailError(what, "See their IDs: handrail learned --all")
    return [listed[one] for one in dict.fromkeys(ids)]


def _location(settings: Settings, pages: frozenset[str] | None, names: Sequence[str]) -> str | None:
    """The page that was asked for; one that no longer exists by the name it was given."""
    if not names:
        return None
    if len(names) > 1:
        raise HandrailError("More than one article is named.", "Name one: handrail learned ARTICLE")
    places = names_of(pages or site_info_or_defaults(settings.served_site).articles, settings)
    try:
        return places.find(names[0])
    except LookupError:
        return names[0]


def _pages(settings: Settings) -> frozenset[str] | None:
    """The pages that search knows, under all their names; None without an index."""
    try:
        return frozenset(page.location for page in Index(current_generation(settings.index_dir), verify=False).pages)
    except HandrailError:
        return None


def _store(settings: Settings) -> Store:
    """The store of this site, which must be there."""
    return existing_store(settings.store_place, "nothing was learned yet", "Import questions: handrail learn FILE")
