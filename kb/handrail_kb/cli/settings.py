"""`handrail settings`: every setting, its value, and where the value comes from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import load_settings, shown_value
from handrail_kb.config.table import GROUPS, SETTINGS


@click.command()
@config_option
@click.option("--defaults", is_flag=True, help="Show the defaults, whatever mkdocs.yml and the environment have.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def settings(config_file: Path, defaults: bool, as_json: bool) -> None:
    """Show every setting, its value, and where the value comes from."""
    # Whoever mistyped a setting finds its name here: what is refused is not even read.
    found = load_settings(environ={}) if defaults else load_settings(config_file)
    from_file = found if defaults else load_settings(config_file, environ={})
    shown = {name: shown_value(value) for name, value in found.values.items()}
    if as_json:
        click.echo(json.dumps({**shown, **found.groups}, indent=1, default=str))
        return
    for setting in SETTINGS:
        value = found[setting.name]
        origin = "default" if value == setting.default else f"from {config_file}"
        if value != from_file[setting.name]:
            origin = f"from {setting.variable}"
        click.echo(f"{setting.name} = {shown[setting.name]!r}  ({origin})\n    {setting.help}")
    for name, told in GROUPS.items():
        keys = ", ".join(map(str, found.groups.get(name) or {}))
        click.echo(f"{name}: {keys or 'empty'}  ({f'from {config_file}' if keys else 'default'})\n    {told}")
