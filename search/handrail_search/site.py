"""Builds a site with MkDocs and its index after it, and puts the new site in place of the old one at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException

from handrail_kb.articles import Problem
from handrail_kb.errors import ConfigError, SiteError
from handrail_kb.extras import install_theme
from handrail_kb.mkdocs_site import theme_that_is_missing
from handrail_kb.passages import Page, read_site
from handrail_kb.places import line_of_key
from handrail_kb.search_rules import read_rules
from handrail_kb.settings import Settings
from handrail_search.build import Built, build_index, only_one
from handrail_search.index import NOTHING_ELSE, Together
from handrail_search.options import encoder_of, matters_of, progress_bar
from handrail_search.switching import switched, workplace


@dataclass(frozen=True)
class BuiltSite:
    """A site and its index, with the seconds each took."""

    site_dir: Path
    index: Built
    site_seconds: float
    index_seconds: float


def build_site_and_index(settings: Settings, *, strict: bool = False, full: bool = False) -> BuiltSite:
    """Build the site of mkdocs.yml beside the one that stands, index it, and put both in place.

    A build that fails, or that is not the only one, leaves site and index as they were. Raises HandrailError, or
    MkDocs' own click errors.
    """
    with only_one(settings.state_dir / "build.lock"):
        beside = workplace(settings.site_dir)
        try:
            began = time.perf_counter()
            _build_site(settings, beside, strict=strict)
            built = time.perf_counter()
            index = index_site(settings, beside, full=full, together=switched(beside, settings.site_dir))
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return BuiltSite(settings.site_dir, index, built - began, time.perf_counter() - built)


def _build_site(settings: Settings, site_dir: Path, *, strict: bool) -> None:
    """Build with MkDocs into `site_dir`."""
    config = _load(settings, site_dir, strict=strict)
    _refuse_empty(Path(config.docs_dir))
    try:
        with _without_notices():
            config.plugins.on_startup(command="build", dirty=False)
            try:
                mkdocs_build(config)
            finally:
                config.plugins.on_shutdown()
    except UnicodeDecodeError as error:
        raise SiteError(
            "An article is not text in UTF-8; the warning above names it.", "Save it as UTF-8, then run this again."
        ) from error
    except Abort as error:
        raise SiteError(
            "MkDocs did not build the site; its warnings stand above.", "Mend what they name, then run this again."
        ) from error


def mkdocs_problems(config_file: Path) -> list[Problem]:
    """What MkDocs and its plugins find wrong with mkdocs.yml, each with the line of its setting.

    What our own plugin finds is left out: `site_file` names it with a line of its own.
    """
    config = MkDocsConfig(config_file_path=str(config_file))
    try:
        with _without_notices(), config_file.open("rb") as stream:
            config.load_file(stream)
            failed, warned = config.validate()
            absent = theme_that_is_missing(config_file)
    except MkDocsException as error:
        return [Problem(config_file.name, 1, "error", str(error), "settings")]
    file = config_file.name
    themeless = f"'{absent}' is not installed. {install_theme(absent)}" if absent else ""
    faults = [Problem(file, line_of_key(config_file, name), "error",
                      f"{name}: {themeless if themeless and name == 'theme' else error}", "settings")
              for name, error in failed if "Plugin 'handrail'" not in str(error)]  # fmt: skip
    hints = [Problem(file, line_of_key(config_file, name), "warning", str(what), "settings-hint")
             for name, what in warned]  # fmt: skip
    return faults + hints


def index_site(settings: Settings, site_dir: Path, *, full: bool = False, together: Together = NOTHING_ELSE) -> Built:
    """Index a folder of built HTML; the index is named within `together`.

    Raises SiteError, EncoderUnavailable, IndexUnusable.
    """
    return _with_bar(list(read_site(site_dir, read_rules(settings.values))), settings, full=full, together=together)


def _with_bar(pages: list[Page], settings: Settings, *, full: bool, together: Together) -> Built:
    matters = matters_of(settings)
    bar, advance = progress_bar("encoding passages")
    started = False

    def progress(done: int, total: int) -> None:
        nonlocal started
        if not started:
            bar.start()
            started = True
        advance(done, total)

    try:
        return build_index(
            pages, settings.state_dir, encoder_of(settings), progress=progress, full=full, looked_out_for=matters,
            together=together,
        )  # fmt: skip
    finally:
        if started:
            bar.stop()


def _load(settings: Settings, site_dir: Path, *, strict: bool) -> MkDocsConfig:
    assert settings.config_file is not None  # noqa: S101 (commands that build need the file)
    absent = theme_that_is_missing(settings.config_file)
    if absent:
        raise ConfigError(f"{settings.config_file}: the theme '{absent}' is not installed.", install_theme(absent))
    with _without_notices():
        config = load_config(str(settings.config_file), site_dir=str(site_dir), strict=strict or None)
    if "handrail" not in config.plugins:
        raise ConfigError(f"{settings.config_file} does not use Handrail's plugin.",
                          "Add it there: plugins: [search, handrail]")  # fmt: skip
    return config


def _refuse_empty(docs_dir: Path) -> None:
    if not any(docs_dir.rglob("*.md")):
        raise SiteError(f"{docs_dir} holds no Markdown article yet.",
                        f"Write one: echo '# Welcome' > {docs_dir}/index.md")  # fmt: skip


@contextlib.contextmanager
def _without_notices() -> Iterator[None]:
    """Material prints a notice about MkDocs 2 at every build, which is no news to who builds with MkDocs 1."""
    before = os.environ.get("NO_MKDOCS_2_WARNING")
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["NO_MKDOCS_2_WARNING"]
