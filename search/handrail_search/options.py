"""What the commands share: settings as flags, the log on the terminal, progress. Knows nothing of what they do."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from handrail_kb.errors import ConfigError
from handrail_kb.matters import GROUP, Matters, read_matters
from handrail_kb.places import places_of
from handrail_kb.settings import Settings, load_settings
from handrail_kb.settings_table import SETTINGS, Value

F = TypeVar("F", bound=Callable[..., Any])

console = Console(stderr=True, highlight=False)


def setting_options(*names: str) -> Callable[[F], F]:
    """Flags for the named settings, or for all of the service's: `--search-rate` sets `search_rate`."""

    def add(command: F) -> F:
        for setting in reversed(SETTINGS):
            if setting.name in names or (not names and setting.scope == "service"):
                flag = setting.name.replace("_", "-")
                kind = type(setting.default)
                form = f"--{flag}/--no-{flag}" if kind is bool else f"--{flag}"
                command = click.option(form, setting.name, type=kind, default=None, help=setting.help)(command)
        return command

    return add


def find_settings(
    config_file: Path, flags: Mapping[str, Value | None], *, needs_file: bool = True, site_dir: Path | None = None
) -> Settings:
    """The settings in force. Raises ConfigError when mkdocs.yml is needed and missing."""
    if needs_file and not config_file.is_file():
        raise ConfigError(f"There is no {config_file}.", "Start a site: handrail new help, or name one with --config")
    return load_settings(config_file, site_dir=site_dir, flags=flags)


def how_to_build(settings: Settings) -> str:
    """What to do where there is no site or no index: to build, where there is something to build from."""
    if settings.config_file is not None and settings.config_file.is_file():
        return "Build it: handrail build"
    if settings.site_dir.is_dir():
        return f"Index it: handrail index {settings.site_dir}"
    return "Start a site: handrail new help, or name the one that you mean: --config PATH/mkdocs.yml"


def encoder_of(settings: Settings) -> str:
    """The encoder that the settings name; a folder beside mkdocs.yml by its whole path."""
    model = settings.text("encoder")
    return str(settings.root / model) if (settings.root / model).is_dir() else model


def matters_of(settings: Settings) -> Matters:
    """The matters that the settings say should stay with people. Raises ConfigError naming the line that is wrong."""
    file = settings.config_file or settings.root / "mkdocs.yml"
    matters, problems = read_matters(settings.groups.get(GROUP), places_of(file))
    if problems:
        raise ConfigError(str(problems[0]), "Mend that line, then run the command again.")
    return matters


def log_to_terminal(level: int = logging.WARNING) -> None:
    """Warnings of MkDocs and ours, one line each, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    for name in ("mkdocs", "handrail_search", "handrail_feedback", "handrail_kb"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)
    # The one thing of a build that takes long and happens before there is anything to count.
    logging.getLogger("handrail_search.exporting").setLevel(logging.INFO)


@contextmanager
def bar_when_needed(what: str) -> Iterator[Callable[[int, int], None]]:
    """The function that moves a bar, which is shown once there is progress: mostly there is nothing to do."""
    bar, advance = progress_bar(what)

    def move(done: int, total: int) -> None:
        bar.start()
        advance(done, total)

    try:
        yield move
    finally:
        if bar.live.is_started:  # else it would end a line that it never began
            bar.stop()


def progress_bar(what: str) -> tuple[Progress, Callable[[int, int], None]]:
    """A bar to use as a context, and the function that moves it."""
    bar = Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return bar, advance
