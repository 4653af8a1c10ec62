"""`handrail new`: writes the first files of a help site into a folder, and overwrites nothing."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from handrail_kb.cli.system_errors import FULL
from handrail_kb.config.durable_files import show_room
from handrail_kb.config.settings import docs_dir_of
from handrail_kb.errors import ConfigError
from handrail_kb.texts.installing import install_extra, missing

_STATEMENT = Path(__file__).with_name("accessibility.md")
_MKDOCS = """site_name: Help
site_url: http://127.0.0.1:8000/
theme:
  name: material
  font: false
  features: [navigation.instant, navigation.footer, search.highlight, search.suggest, search.share]
  palette:
    - media: "(prefers-color-scheme: light)"
      toggle: {icon: material/brightness-7, name: Dark}
    - media: "(prefers-color-scheme: dark)"
      scheme: slate
      toggle: {icon: material/brightness-4, name: Light}
plugins:
  - search
  - handrail:
      contact_email: ""
markdown_extensions:
  - admonition
  - attr_list
  - tables
  - toc: {permalink: true}
  - pymdownx.details
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
validation:
  links: {anchors: warn}
"""
_INDEX = """---
title: How can we help?
description: Answers to what customers ask most.
home: true
most_asked:
  - I forgot my password: reset-password.md
---

# How can we help?

Search in your own words, or write to a person: the link is on every page.
"""
_ARTICLE = """---
title: Reset your password
description: What to do when you forgot your password.
questions:
  - I forgot my password
  - how do I get a new password
  - can't log in any more
owner: support
---

# Reset your password

1. Open the sign-in page and choose **Forgot password**.
2. Enter the address you signed up with.
3. Follow the link in the mail. It is good for one hour.

## The mail does not arrive

Look into the folder for spam. If it is not there after ten minutes, write to us.
"""
_FILES = {
    "mkdocs.yml": _MKDOCS,
    "docs/index.md": _INDEX,
    "docs/reset-password.md": _ARTICLE,
    ".gitignore": "site/\n.handrail/\n",
}


@click.command()
@click.option(
    "--accessibility", is_flag=True, help="Only add an accessibility statement, to fill in, to the articles of a site."
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def new(folder: Path, accessibility: bool) -> None:
    """Start a new help site in a folder."""
    if accessibility:
        add_statement(folder)
        return
    make_site(folder)
    click.echo(f"Created a help site in {folder}, with a home page and one article.")
    if missing("index") and missing("multilingual"):
        click.echo(f"  Install what shows it, with the theme and search: {install_extra('index')}")
    click.echo(f"  See it: cd {shlex.quote(str(folder))} && handrail serve")


def add_statement(folder: Path) -> None:
    """Write an accessibility statement among the articles of a site. Raises ConfigError where there is no site."""
    config = folder / "mkdocs.yml"
    if not config.exists():
        raise ConfigError(
            f"There is no {config}, so no help site to write a statement for.",
            "Name the folder of your mkdocs.yml, or begin a site first: handrail new help",
        )
    file = Path(os.path.relpath(docs_dir_of(config), folder.resolve())) / _STATEMENT.name
    statement = {str(file): _STATEMENT.read_text(encoding="utf-8")}
    _write(folder, statement, "Edit that one, or write a new one elsewhere: handrail new --accessibility FOLDER")
    click.echo(f"Wrote {folder / file}: fill in what stands in square brackets.")
    click.echo(f"  With a nav: in {config}, add it there: {file.name}")


def make_site(folder: Path) -> None:
    """Write the first files of a site. Raises ConfigError when one of them is there already."""
    _write(folder, _FILES, "Name a new folder: handrail new help")


def _write(folder: Path, files: Mapping[str, str], where_there: str) -> None:
    """Write all files, or none and raise ConfigError with what to do, `where_there`, if one is there already."""
    present = [name for name in files if name != ".gitignore" and (folder / name).exists()]
    if present:
        raise ConfigError(f"{folder} already has {', '.join(present)}; nothing was written.", where_there)
    try:
        for name, content in files.items():
            file = folder / name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
    except OSError as error:
        mend = f"Make room: {show_room(Path())}" if error.errno in FULL else "Name a folder of yours: handrail new help"
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.", mend) from error
