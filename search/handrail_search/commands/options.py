"""What the commands share: settings as flags, logging to the terminal, progress. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import click

from handrail_kb.cli.terminal import bar_when_needed
from handrail_kb.config.settings import Settings, load_settings, refuse_no_config
from handrail_kb.config.table import SETTINGS, SettingValue

F = TypeVar("F", bound=Callable[..., Any])


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


def encoding_bar() -> AbstractContextManager[Callable[[int, int], None]]:
    """The progress bar of an index that is being made."""
    return bar_when_needed("encoding passages")


def find_settings(
    config_file: Path,
    flags: Mapping[str, SettingValue | None],
    *,
    needs_file: bool = True,
    site_dir: Path | None = None,
) -> Settings:
    """The settings in force. Raises ConfigError when mkdocs.yml is needed and missing."""
    if needs_file:
        refuse_no_config(config_file)
    return load_settings(config_file, site_dir=site_dir, flags=flags)
