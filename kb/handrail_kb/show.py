"""`handrail settings`: every setting, its value, and where the value comes from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from handrail_kb.flags import config_option
from handrail_kb.settings import SETTINGS, load_settings


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def settings(config_file: Path, as_json: bool) -> None:
    """Show every setting, its value, and where the value comes from."""
    found = load_settings(config_file)
    from_file = load_settings(config_file, environ={})
    if as_json:
        click.echo(json.dumps(dict(found.values), indent=1))
        return
    for setting in SETTINGS:
        value = found[setting.name]
        origin = (
            f"from {setting.variable}" if value != from_file[setting.name]
            else f"from {config_file}" if value != setting.default
            else "default"
        )  # fmt: skip
        click.echo(f"{setting.name} = {value!r}  ({origin})\n    {setting.help}")
