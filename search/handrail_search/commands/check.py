"""`handrail check`: reports faults of the articles and of mkdocs.yml, and questions that do not find their article."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import click

from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import log_to_terminal
from handrail_kb.config.settings import Settings, refuse_no_config
from handrail_kb.errors import ConfigError, HandrailError
from handrail_kb.problems import Problem, is_fault
from handrail_kb.texts.amounts import counted
from handrail_search.adapters.replay_base import built_at, is_index, open_index
from handrail_search.adapters.teaching import teach_from_store
from handrail_search.checking.findability import Before, Examiner
from handrail_search.checking.inspection import InspectionReport, Written, inspect, read_written
from handrail_search.checking.report_text import in_order, report_lines, summary_of
from handrail_search.commands.options import encoding_bar, find_settings
from handrail_search.index.site_build import mkdocs_problems


@click.command()
@config_option
@click.option(
    "--rank",
    "check_rank",
    type=click.IntRange(1, 10),
    help="Place in the results that a question's article must reach, instead of `check_rank`.",
)
@click.option(
    "--base", help="A git revision, or the folder of an index: questions that found their article there still have to."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def check(config_file: Path, check_rank: int | None, base: str | None, as_json: bool) -> None:
    """Find faults in articles, and check that their questions find them.

    Exit code 1 if there are faults; hints alone are fine. Build first: questions are asked of the built site. Without
    --base, the result of each question is compared with the last time it found its article.
    """
    log_to_terminal()
    refuse_no_config(config_file)
    written = read_written(config_file)
    written = replace(written, problems=(*written.problems, *mkdocs_problems(config_file)))
    try:
        settings = find_settings(config_file, {"check_rank": check_rank})
        report = _asked(written, settings, base)
    except HandrailError as error:
        if base is not None and not isinstance(error, ConfigError):
            raise
        report = _unasked(written, error)
    shown = in_order(report.problems)
    faults = sum(is_fault(problem.code) for problem in shown)
    if as_json:
        click.echo(json.dumps(_for_programs(shown, faults, report), indent=1))
    else:
        _print_report(shown, report)
    if faults:
        raise click.exceptions.Exit(1)


def _asked(written: Written, settings: Settings, base: str | None) -> InspectionReport:
    """The whole report, compared with the state at `base` where one is named."""
    rank = settings.number("check_rank")
    with ExitStack() as stack:
        before: Before | None = None
        if base is not None:
            progress = stack.enter_context(encoding_bar())
            searcher = open_index(base) if is_index(base) else stack.enter_context(built_at(base, settings, progress))
            teach_from_store(searcher, settings)
            before = Examiner(searcher, {}, rank).before
        return inspect(written, settings, rank, before)


def _unasked(written: Written, error: HandrailError) -> InspectionReport:
    """What can be said without an index. Raises the error again where it is about neither an index nor mkdocs.yml."""
    in_the_file = any(problem.code == "settings" for problem in written.problems)
    if isinstance(error, ConfigError) and not in_the_file:
        raise error
    what = "mend mkdocs.yml first." if isinstance(error, ConfigError) else error.format_message()
    left_out = f"Whether questions find their articles was not asked: {what}"
    return InspectionReport(written.problems, len(written.articles), left_out=left_out)


def _for_programs(shown: Sequence[Problem], faults: int, report: InspectionReport) -> dict[str, object]:
    rows = [{**asdict(one), "kind": "fault" if is_fault(one.code) else "hint"} for one in shown]
    return {
        "format": 1,
        "faults": faults,
        "hints": len(shown) - faults,
        "articles": report.articles,
        "questions": report.questions,
        "problems": rows,
        "left_out": report.left_out or None,
    }


def _print_report(shown: Sequence[Problem], report: InspectionReport) -> None:
    for line in report_lines(shown):
        click.echo(line)
    if shown:
        click.echo()
    questions = f" and {counted(report.questions, 'question')}" if report.questions else ""
    click.echo(f"{counted(report.articles, 'article')}{questions} checked: {summary_of(shown)}.")
    if report.left_out:
        click.echo(report.left_out, err=True)
