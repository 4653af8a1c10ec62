"""The commands that build, serve, ask and measure. Each is thin: the work is done in the modules it names."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from handrail_kb.errors import ConfigError
from handrail_kb.flags import config_option
from handrail_kb.settings import Value
from handrail_search.options import (
    find_settings,
    log_to_terminal,
    progress_bar,
    setting_options,
)

Flags = Value | None


@click.command()
@config_option
@click.option("--strict", is_flag=True, help="Fail on any warning.")
@click.option("--full", is_flag=True, help="Encode every passage again, not only changed ones.")
@setting_options("state_dir", "encoder")
def build(config_file: Path, strict: bool, full: bool, **flags: Flags) -> None:
    """Build the site and its index."""
    from handrail_search.site import BuiltSite, build_site_and_index

    log_to_terminal()
    settings = find_settings(config_file, flags)
    built: BuiltSite = build_site_and_index(settings, strict=strict, full=full)
    click.echo(f"Site: {built.site_dir} ({built.site_seconds:.1f} s)")
    click.echo(_told(built.index, built.index_seconds))


@click.command()
@click.argument("site_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@config_option
@click.option("--full", is_flag=True, help="Encode every passage again, not only changed ones.")
@setting_options("state_dir", "encoder")
def index(site_dir: Path, config_file: Path, full: bool, **flags: Flags) -> None:
    """Index a site that another generator built."""
    import time

    from handrail_search.site import index_site

    log_to_terminal()
    began = time.perf_counter()
    built = index_site(find_settings(config_file, flags, needs_file=False), site_dir, full=full)
    click.echo(_told(built, time.perf_counter() - began))


@click.command()
@config_option
@setting_options()
def serve(config_file: Path, **flags: Flags) -> None:
    """Write: build, index, answer, and rebuild on change, at one address."""
    from handrail_search.serving import serve_while_writing

    log_to_terminal()
    serve_while_writing(find_settings(config_file, flags))


@click.command()
@config_option
@click.option("--site", "site_dir", type=click.Path(file_okay=False, path_type=Path), help="The folder of built HTML.")
@setting_options()
def run(config_file: Path, site_dir: Path | None, **flags: Flags) -> None:
    """Serve the built site in production."""
    from handrail_search.serving import serve_in_production

    log_to_terminal(logging.INFO)
    serve_in_production(find_settings(config_file, flags, needs_file=False, site_dir=site_dir))


@click.command()
@click.argument("words", nargs=-1, required=True)
@config_option
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="Most results to show.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir")
def search(words: tuple[str, ...], config_file: Path, limit: int, as_json: bool, **flags: Flags) -> None:
    """Ask as a customer would; shows why each result is there."""
    from handrail_search.explain import as_text
    from handrail_search.index import current_generation
    from handrail_search.query import Searcher

    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    searcher = Searcher.open(current_generation(settings.index_dir))
    results = searcher.search(" ".join(words), limit=limit)
    if as_json:
        click.echo(json.dumps(asdict(results), indent=1, ensure_ascii=False))
    else:
        click.echo(as_text(results, searcher.index.manifest))


@click.command("evaluate")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir", "encoder")
def evaluate_folder(folder: Path, config_file: Path, as_json: bool, **flags: Flags) -> None:
    """Measure search on a folder of judged questions.

    The folder holds corpus.jsonl (_id, title, text), queries.jsonl (_id, text), qrels.tsv (query-id, corpus-id, score
    with a heading line) and, if there are any, oos_queries.jsonl: questions that no article answers.
    """
    from handrail_search.evaluate import evaluate, read_collection, to_table

    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    collection = read_collection(folder)
    if not collection.pages:
        raise ConfigError(f"{folder / 'corpus.jsonl'} holds no article.")
    bar, advance = progress_bar("encoding passages")
    with bar:
        figures = evaluate(collection, settings.state_dir, settings.text("encoder"), progress=advance)
    if as_json:
        click.echo(figures.to_json())
    else:
        click.echo(f"{collection.name}: {to_table(figures)}")


def _told(built: Any, seconds: float) -> str:
    """What became of the index, in a line."""
    return (
        f"Index: {built.folder} ({built.pages} articles, {built.passages} passages, "
        f"{built.encoded} encoded, {built.reused} as before, {seconds:.1f} s)"
    )
