"""`handrail evaluate`: how good search is on a folder of judged questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import log_to_terminal
from handrail_search.commands.build import Flags
from handrail_search.commands.options import encoding_bar, find_settings, setting_options

if TYPE_CHECKING:
    from handrail_kb.config.settings import Settings
    from handrail_search.evaluation.judged import Collection
    from handrail_search.ranking.searcher import Searcher


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
    help="Compare with this file, which --json wrote.",
)
@click.option("--site", "on_site", is_flag=True, help="Ask the site's own index; corpus.jsonl is not needed.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, which --compare can read later.")
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

    The folder holds corpus.jsonl (_id, title, text), queries.jsonl (_id, text), qrels.tsv (query-id, corpus-id, score,
    below a header line) and, optionally, oos_queries.jsonl: questions that no article answers, and
    broad_queries.jsonl: questions too broad for one answer.

    With --site, corpus-id is an address of the built site, such as billing/vat/. A corpus-id may name the section that
    answers: billing/vat/#refund. An optional answers.jsonl (_id, answer) has the words that answer a question, as they
    stand in the article.
    """
    from handrail_search.evaluation import judged, report_text
    from handrail_search.evaluation.compare import compare, for_json, read_former
    from handrail_search.evaluation.evaluate import evaluate, evaluation_as_json

    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    former = read_former(former_file) if former_file else None
    collection = judged.read_questions(folder) if on_site else judged.read_collection(folder)
    lesson = judged.read_lesson(learn_from) if learn_from else None
    measured = evaluate(_searcher(settings, collection, on_site=on_site), collection, lesson)
    texts = [question.text for question in collection.questions]
    comparison = compare(former, measured, texts) if former else None
    if as_json:
        click.echo(evaluation_as_json(measured, **({"comparison": for_json(comparison)} if comparison else {})))
        return
    click.echo(report_text.to_table(measured))
    if comparison:
        click.echo(report_text.to_differences(comparison, measured))


def _searcher(settings: Settings, collection: Collection, *, on_site: bool) -> Searcher:
    """Search over the site's own index, or over one made of the collection's articles."""
    from handrail_search.evaluation.evaluate import indexed
    from handrail_search.index.generation import current_generation
    from handrail_search.ranking.searcher import Searcher

    if on_site:
        return Searcher.open(current_generation(settings.index_dir))
    with encoding_bar() as advance:
        return indexed(collection, settings.state_dir, settings.text("encoder"), progress=advance)
