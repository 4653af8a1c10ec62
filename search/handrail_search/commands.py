"""The commands that build, serve, ask and measure. Each is thin: the work is done in the modules it names."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from handrail_kb.flags import config_option
from handrail_kb.settings_table import Value
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

    from handrail_search.other_generators import fit_policy
    from handrail_search.site import index_site

    log_to_terminal()
    began = time.perf_counter()
    settings = find_settings(config_file, flags, needs_file=False)
    built = index_site(settings, site_dir, full=full)
    fit_policy(settings, site_dir)
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
@click.option("--lang", default="", help="The reader's language, such as de; the default is the site's own.")
@click.option("--explain", is_flag=True, help="Show what each kind of evidence added, and how the verdict was found.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir")
def search(
    words: tuple[str, ...], config_file: Path, limit: int, lang: str, explain: bool, as_json: bool, **flags: Flags
) -> None:
    """Ask as a customer would, and see why each result is there."""
    from handrail_kb.passages import read_site_info
    from handrail_search.explain import as_text
    from handrail_search.index import current_generation
    from handrail_search.query import Searcher
    from handrail_search.teaching import teach_from_store

    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    searcher = Searcher.open(current_generation(settings.index_dir))
    teach_from_store(searcher, settings)
    lang = lang or read_site_info(settings.site_dir).lang
    results = searcher.search(" ".join(words), limit=limit, lang=lang)
    if as_json:
        click.echo(json.dumps(asdict(results), indent=1, ensure_ascii=False))
    else:
        click.echo(as_text(results, searcher, in_full=explain))


@click.command("evaluate")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@config_option
@click.option(
    "--learn",
    "learn_from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Teach the answered questions of this folder before asking. Those asked here too are left out.",
)
@click.option(
    "--compare",
    "former_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Say what changed since this file, which --json wrote.",
)
@click.option("--site", "on_site", is_flag=True, help="Ask the site's own index; corpus.jsonl is not needed.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, to keep and to compare with later.")
@setting_options("state_dir", "encoder")
def evaluate_folder(
    folder: Path,
    config_file: Path,
    learn_from: Path | None,
    former_file: Path | None,
    on_site: bool,
    as_json: bool,
    **flags: Flags,
) -> None:
    """Measure search on a folder of judged questions.

    The folder holds corpus.jsonl (_id, title, text), queries.jsonl (_id, text), qrels.tsv (query-id, corpus-id, score
    with a heading line) and, if there are any, oos_queries.jsonl: questions that no article answers.

    With --site, corpus-id is an address of the built site, such as billing/vat/.
    """
    from handrail_search import comparing, judged, telling
    from handrail_search.evaluate import evaluate, indexed, to_json
    from handrail_search.index import current_generation
    from handrail_search.query import Searcher

    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    former = comparing.read_former(former_file) if former_file else None
    collection = judged.read_questions(folder) if on_site else judged.read_collection(folder)
    lesson = judged.read_lesson(learn_from) if learn_from else None
    if on_site:
        searcher = Searcher.open(current_generation(settings.index_dir))
    else:
        bar, advance = progress_bar("encoding passages")
        with bar:
            searcher = indexed(collection, settings.state_dir, settings.text("encoder"), progress=advance)
    measured = evaluate(searcher, collection, lesson)
    texts = [question.text for question in collection.questions]
    comparison = comparing.compare(former, measured, texts) if former else None
    if as_json:
        click.echo(to_json(measured, **({"comparison": comparing.for_json(comparison)} if comparison else {})))
        return
    click.echo(telling.to_table(measured))
    if comparison:
        click.echo(telling.to_differences(comparison, measured))


def _told(built: Any, seconds: float) -> str:
    """What became of the index, in a line; in another, that its encoder does not know the articles' language."""
    from handrail_search.index import TRUSTED
    from handrail_search.packaged import choose_another

    line = (
        f"Index: {built.folder} ({built.pages} articles, {built.passages} passages, "
        f"{built.encoded} encoded, {built.reused} as before, {seconds:.1f} s)"
    )
    if built.trust >= TRUSTED:
        return line
    return f"{line}\nNote: the encoder does not know the language of these articles. {choose_another()}"
