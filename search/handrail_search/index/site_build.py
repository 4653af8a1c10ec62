"""Builds a site with MkDocs, then its index, and replaces the old site in one step."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from traceback import walk_tb

import click
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException

from handrail_kb.config.durable_files import NO_ROOM
from handrail_kb.config.generations import newest_written
from handrail_kb.config.not_installed import Missing, how_to_install, missing_parts, mkdocs_command, told
from handrail_kb.config.plain_files import no_folder
from handrail_kb.config.settings import Settings, docs_dir_of, refuse_no_articles
from handrail_kb.config.shown import as_typed
from handrail_kb.config.yaml_lines import line_of_key, yaml_lines
from handrail_kb.contact.sensitive_topics import GROUP, SensitiveTopics, read_sensitive
from handrail_kb.errors import ConfigError, SiteError
from handrail_kb.problems import Problem
from handrail_kb.site.built.passages import read_site
from handrail_kb.site.search_rules import read_rules
from handrail_kb.texts.installing import missing
from handrail_search.background import only_one
from handrail_search.index.build import Built, Progress, build_index
from handrail_search.index.generation import NO_TRANSACTION, Transaction, current_generation
from handrail_search.index.site_switch import switched, workplace

# What plugins meet as any program does: the system's words tell it best.
_OF_THE_DISK = {*NO_ROOM, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}


def how_to_build(settings: Settings) -> str:
    """What to do where there is no site or no index: to build, where there is something to build from."""
    if settings.config_file is not None and settings.config_file.is_file():
        return "Build it: handrail build"
    if settings.site_dir.is_dir():
        return f"Index it: handrail index {as_typed(settings.site_dir)}"
    return "Start a site: handrail new help, or name the one that you mean: --config PATH/mkdocs.yml"


def refuse_no_site(settings: Settings) -> None:
    """Raise HandrailError where there is no site to serve, with what keeps it away."""
    site = settings.served_site
    if site.is_dir():
        if not os.access(site, os.R_OK | os.X_OK):
            mend = f"Let the user of the service read it: ls -ld {as_typed(site.parent)} {as_typed(site)}"
            raise SiteError(f"{site} cannot be read.", mend)
        return
    if not settings.serves_folder and newest_written(settings.index_dir):
        current_generation(settings.index_dir)  # which tells why its site does not serve
    if known := no_folder(site, written=False):
        raise SiteError(*known)
    raise SiteError(f"There is no built site at {site}.", how_to_build(settings))


def encoder_of(settings: Settings) -> str:
    """The encoder that the settings name; a folder given relative to mkdocs.yml as its full path."""
    model = settings.text("encoder")
    return str(settings.root / model) if (settings.root / model).is_dir() else model


def sensitive_topics_of(settings: Settings) -> SensitiveTopics:
    """The sensitive topics that the settings define. Raises ConfigError naming the line that is wrong."""
    file = settings.config_file or settings.root / "mkdocs.yml"
    topics, problems = read_sensitive(settings.groups.get(GROUP), yaml_lines(file))
    if problems:
        raise ConfigError(str(problems[0]), "Mend that line, then run the command again.")
    return topics


@dataclass(frozen=True)
class SiteBuild:
    """The site and its index, with the seconds each took."""

    site_dir: Path
    index: Built
    site_seconds: float
    index_seconds: float


def build_site_and_index(
    settings: Settings, *, progress: Progress | None = None, strict: bool = False, full: bool = False
) -> SiteBuild:
    """Build the site of mkdocs.yml beside the existing one, index it, and put both in place.

    `progress` is told how many of how many passages are encoded. A build that fails, or finds another one running,
    leaves site and index as they were. Raises HandrailError, or MkDocs' own click errors.
    """
    with only_one(settings.state_dir / "build.lock"):
        beside = workplace(settings.site_dir)
        try:
            began = time.perf_counter()
            _build_site(settings, beside, strict=strict)
            built = time.perf_counter()
            within = switched(beside, settings.site_dir)
            index = index_site(settings, beside, progress=progress, full=full, within=within)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return SiteBuild(settings.site_dir, index, built - began, time.perf_counter() - built)


def _build_site(settings: Settings, site_dir: Path, *, strict: bool) -> None:
    """Build with MkDocs into `site_dir`."""
    config = _load(settings, site_dir, strict=strict)
    _refuse_empty(Path(config.docs_dir))
    try:
        with _parts_of_others(settings), _without_notices():
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

    Faults found by our own plugin are left out: `mkdocs_yml` reports them with more precise lines.
    """
    absent = missing_parts(config_file)
    faults = [_not_installed(config_file, list(parts)) for _, parts in groupby(absent, key=attrgetter("setting"))]
    config = MkDocsConfig(config_file_path=str(config_file))
    try:
        with _without_notices(), config_file.open("rb") as stream:
            config.load_file(stream)
            failed, warned = config.validate()
    except MkDocsException as error:
        return faults or [Problem(config_file.name, 1, "error", str(error), "settings")]
    except Exception as error:  # whatever a plugin or an extension raises while it is loaded
        return faults or [Problem(config_file.name, 1, "error", _broken_part(error), "settings")]
    reported = {part.setting for part in absent}
    faults += [
        Problem(config_file.name, line_of_key(config_file, name), "error", f"{name}: {error}", "settings")
        for name, error in failed
        if name not in reported and "Plugin 'handrail'" not in str(error)
    ]
    hints = [
        Problem(config_file.name, line_of_key(config_file, name), "warning", str(what), "settings-hint")
        for name, what in warned
    ]
    return faults + hints


def _not_installed(config_file: Path, parts: Sequence[Missing]) -> Problem:
    """The parts that one setting names."""
    names = ", ".join(dict.fromkeys(f"'{part.name}'" for part in parts))
    verb = "is" if len({part.name for part in parts}) == 1 else "are"
    file = os.path.relpath(parts[0].named.file, config_file.parent)
    what = f"{parts[0].setting}: {names} {verb} not installed. {how_to_install(config_file, parts)}"
    return Problem(file, parts[0].named.line, "error", what, "settings")


def _broken_part(error: Exception) -> str:
    return f"A plugin, hook or Markdown extension fails: {type(error).__name__}: {error}."


def index_site(
    settings: Settings,
    site_dir: Path,
    *,
    progress: Progress | None = None,
    full: bool = False,
    within: Transaction = NO_TRANSACTION,
) -> Built:
    """Index a folder of built HTML, with a copy of it; both are published inside the context `within`.

    `progress` is told how many of how many passages are encoded. Raises SiteError, EncoderUnavailable, IndexUnusable.
    """
    return build_index(
        list(read_site(site_dir, read_rules(settings.values))),
        settings.state_dir,
        encoder_of(settings),
        progress=progress,
        full=full,
        sensitive=sensitive_topics_of(settings),
        within=within,
        index_dir=settings.index_dir,
        site=site_dir,
    )


def _load(settings: Settings, site_dir: Path, *, strict: bool) -> MkDocsConfig:
    file = settings.config_file
    assert file is not None  # noqa: S101 (commands that build need the file)
    if absent := missing_parts(file):
        raise ConfigError(f"{file}: {told(absent)}.", how_to_install(file, absent))
    refuse_no_articles(docs_dir_of(file))
    with _parts_of_others(settings), _without_notices():
        try:
            config = load_config(str(file), site_dir=str(site_dir), strict=strict or None)
        except Abort as error:  # MkDocs has logged each
            check = f"See each with its line: handrail check{_named(file)}"
            raise ConfigError(f"MkDocs cannot use {file}; what it says above is why.", check) from error
        except MkDocsException as error:
            again = f"Mend it, then run it again: handrail build{_named(file)}"
            raise ConfigError(f"MkDocs cannot use {file}. {error}", again) from error
    if "handrail" not in config.plugins:
        raise ConfigError(f"{file} does not use Handrail's plugin.", "Add it there: plugins: [search, handrail]")
    return config


@contextlib.contextmanager
def _parts_of_others(settings: Settings) -> Iterator[None]:
    """Raise ConfigError for whatever a plugin, a hook or an extension of the site raises."""
    try:
        yield
    except (click.ClickException, UnicodeDecodeError):
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and missing("index"):  # Handrail lacks something itself
            raise
        where = mkdocs_command("build", "-d", "$(mktemp -d)", "-f", shlex.quote(str(settings.config_file)))
        what, mend = _broken_part(error), f"See where: {where}"
        if isinstance(error, OSError):
            part = "" if error.errno in _OF_THE_DISK else _part_in(error)
            if not part:
                raise
            what = f"{part} fails: {type(error).__name__}: {error}."
            mend = f"If it fetches something, see whether this machine reaches it. See where it fails: {where}"
        raise ConfigError(f"{settings.config_file}: {what}", mend) from error


def _part_in(error: BaseException) -> str:
    """The module of the plugin or hook in which an error arose; empty where it did in MkDocs or in Handrail."""
    frames = [str(frame.f_globals.get("__name__", "")) for frame, _ in walk_tb(error.__traceback__)]
    called = [module for caller, module in pairwise(frames) if caller == "mkdocs.plugins"]
    return next((module for module in reversed(called) if not module.startswith(("mkdocs.", "handrail_"))), "")


def _named(config_file: Path) -> str:
    """The flag that names this file; empty for those that commands take without it."""
    return "" if str(config_file) in ("mkdocs.yml", "mkdocs.yaml") else f" --config {shlex.quote(str(config_file))}"


def _refuse_empty(docs_dir: Path) -> None:
    if not any(docs_dir.rglob("*.md")):
        raise SiteError(
            f"{docs_dir} holds no Markdown article yet.", f"Write one: echo '# Welcome' > {as_typed(docs_dir)}/index.md"
        )


@contextlib.contextmanager
def _without_notices() -> Iterator[None]:
    """Hide the notice about MkDocs 2 that Material prints at every build, which does not concern users of MkDocs 1."""
    before = os.environ.get("NO_MKDOCS_2_WARNING")
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["NO_MKDOCS_2_WARNING"]
