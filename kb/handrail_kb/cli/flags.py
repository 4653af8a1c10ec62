"""Flags that every command shares."""

from __future__ import annotations

from pathlib import Path

import click


def _usual(_context: click.Context, _flag: click.Parameter, named: Path) -> Path:
    """MkDocs takes `mkdocs.yaml`, too, where there is no `mkdocs.yml`."""
    other = named.with_suffix(".yaml")
    return other if named == Path("mkdocs.yml") and not named.exists() and other.is_file() else named


config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, readable=False),  # what stands there is told in our own words
    metavar="FILE",
    default=Path("mkdocs.yml"),
    show_default=True,
    callback=_usual,
    help="The site's mkdocs.yml.",
)
