"""An earlier state of the site: a revision of its repository, built again, or an index that was kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from handrail_kb.config.settings import Settings
from handrail_kb.errors import ConfigError, HandrailError
from handrail_search.index.build import Progress
from handrail_search.index.generation import Index, current_generation
from handrail_search.index.site_build import build_site_and_index
from handrail_search.ranking.searcher import Searcher

_GIT_SECONDS = 60
_SHARED = ("encoder", "tuned")


def is_index(base: str) -> bool:
    """Whether a base is a folder of an index, and not a revision."""
    folder = Path(base)
    return (folder / "CURRENT").is_file() or (folder / "manifest.json").is_file()


def open_index(base: str) -> Searcher:
    """Search over an index that was kept: its folder, or one generation in it. Raises IndexUnusable."""
    folder = Path(base)
    return Searcher.open(folder if (folder / "manifest.json").is_file() else current_generation(folder))


@contextmanager
def built_at(revision: str, settings: Settings, progress: Progress | None = None) -> Iterator[Searcher]:
    """Search over the site as it stands in a revision, built in a folder that is gone afterwards.

    Leaves the working tree alone, and encodes only passages that differ from today's index; `progress` gets how many of
    how many are done. Raises HandrailError.
    """
    assert settings.config_file is not None  # noqa: S101 (the command needs the file)
    top = Path(_git(settings.root, "rev-parse", "--show-toplevel").decode().strip())
    commit = _commit(settings.root, revision)
    with tempfile.TemporaryDirectory(prefix="handrail-base-") as name:
        folder = Path(name).resolve() / "tree"
        _unpack(_git(top, "archive", "--format=zip", commit), folder)
        config = folder / settings.config_file.resolve().relative_to(top.resolve())
        if not config.is_file():
            raise ConfigError(f"{revision} has no {config.relative_to(folder)}.", "Name a later one: --base REV")
        state = Path(name) / "state"
        _copy_state(settings, state)
        values = {**settings.values, "state_dir": str(state), "index_dir": ""}
        there = replace(settings, values=values, root=config.parent, site_dir=Path(name) / "site", config_file=config)
        yield Searcher.open(build_site_and_index(there, progress=progress).index.folder)


def _copy_state(settings: Settings, state: Path) -> None:
    """A state folder with the current encoder, and the current vectors for all passages that have not changed."""
    state.mkdir()
    for name in _SHARED:
        if (settings.state_dir / name).exists():
            (state / name).symlink_to((settings.state_dir / name).resolve())
    current = current_generation(settings.index_dir)
    shutil.copytree(current, state / "index" / current.name, copy_function=_link_or_copy)
    (state / "index" / "CURRENT").write_text(current.name + "\n", encoding="utf-8")
    Index(state / "index" / current.name)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _unpack(archive: bytes, folder: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(BytesIO(archive)) as packed:  # extractall writes nothing outside of the folder, and no links
        packed.extractall(folder)


def _commit(root: Path, revision: str) -> str:
    """The commit that a revision names. Refuses a leading dash, which git would read as an option."""
    try:
        if revision.startswith("-"):
            raise HandrailError("")
        return _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    except HandrailError as error:
        raise HandrailError(
            f"'{revision}' is neither a revision of this repository nor the folder of an index.",
            "Name one: handrail replay --base origin/main, or --base FOLDER",
        ) from error


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, check=True, timeout=_GIT_SECONDS, env=_environment()
        )
    except FileNotFoundError as error:
        raise HandrailError(
            "git is not installed.", "Install it, or name the folder of an index: --base FOLDER"
        ) from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise HandrailError(
            f"{root} is not in a git repository, or git failed.", "Name the folder of an index: --base FOLDER"
        ) from error
    return done.stdout


def _environment() -> dict[str, str]:
    """The environment without variables set by a git hook, so that git uses the repository of this folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
