"""`handrail build` and `handrail index`: build the site and its index, or the index of another generator's site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import log_to_terminal
from handrail_kb.config.table import SettingValue
from handrail_kb.texts.amounts import counted
from handrail_search.commands.options import encoding_bar, find_settings, setting_options

Flags = SettingValue | None


@click.command()
@config_option
@click.option("--strict", is_flag=True, help="Fail on any warning.")
@click.option("--full", is_flag=True, help="Encode every passage again, not only changed ones.")
@setting_options("state_dir", "encoder")
def build(config_file: Path, strict: bool, full: bool, **flags: Flags) -> None:
    """Build the site and its index."""
    from handrail_search.index.site_build import SiteBuild, build_site_and_index

    log_to_terminal()
    settings = find_settings(config_file, flags)
    with encoding_bar() as progress:
        built: SiteBuild = build_site_and_index(settings, progress=progress, strict=strict, full=full)
    click.echo(f"Site: {built.site_dir} ({built.site_seconds:.1f} s)")
    click.echo(summary(built.index, built.index_seconds))


@click.command()
@click.argument("site_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@config_option
@click.option("--full", is_flag=True, help="Encode every passage again, not only changed ones.")
@setting_options("state_dir", "encoder")
def index(site_dir: Path, config_file: Path, full: bool, **flags: Flags) -> None:
    """Index a site that another generator built."""
    import time

    from handrail_search.index.other_generators import fit_policy
    from handrail_search.index.site_build import index_site

    log_to_terminal()
    began = time.perf_counter()
    settings = find_settings(config_file, flags, needs_file=False)
    fit_policy(settings, site_dir)  # first: it belongs to the site that is indexed
    with encoding_bar() as progress:
        built = index_site(settings, site_dir, progress=progress, full=full)
    click.echo(summary(built, time.perf_counter() - began))


def summary(built: Any, seconds: float) -> str:
    """What became of the index, in a line; in another, that its encoder does not know the articles' language."""
    from handrail_search.embedding.weights import choose_another
    from handrail_search.index.manifest import TRUSTED

    line = f"Index: {built.folder} ({counted(built.pages, 'article')}, {what_was_encoded(built)}, {seconds:.1f} s)"
    if built.trust >= TRUSTED:
        return line
    return f"{line}\nNote: the encoder does not know the language of these articles. {choose_another()}"


def what_was_encoded(built: Any) -> str:
    """How much of the index was encoded: `3 of 10 passages and questions encoded`, or all of it, or nothing."""
    every = counted(built.encoded + built.reused, "passage", "passages and questions")
    if not built.encoded and built.reused:
        return f"{every} unchanged"
    return f"{built.encoded} of {every} encoded" if built.reused else f"{every} encoded"
