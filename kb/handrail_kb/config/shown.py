"""Paths as they are named in a terminal: what a message says can be opened and typed from there."""

from __future__ import annotations

import os
import shlex
from functools import lru_cache
from pathlib import Path

_CONFIGS = ("mkdocs.yml", "mkdocs.yaml")


def shown_folder(docs_dir: Path, root: Path | None = None) -> str:
    """The folder as seen from where the command runs, such as `docs` or `documentation/en/docs`.

    From elsewhere it is named as seen from `root`, by default the folder with its mkdocs.yml.
    """
    return _shown(Path.cwd() / docs_dir, Path.cwd(), root)


def shown_below(docs_dir: Path, place: Path) -> str:
    """A place below the folder of articles for a message: `docs/a.md:1`."""
    within = place.is_relative_to(docs_dir)
    return f"{shown_folder(docs_dir)}/{place.relative_to(docs_dir)}:1" if within else str(place)


def path_below(docs_dir: Path, named: str) -> str:
    """The path below the folder of articles of what a writer named, with the folder before it or without."""
    plain = named.removeprefix("./")
    for folder in (shown_folder(docs_dir), docs_dir.name):
        if plain.startswith(f"{folder}/"):
            return plain.removeprefix(f"{folder}/")
    return plain


@lru_cache(200)
def _shown(folder: Path, here: Path, root: Path | None) -> str:
    docs = Path(os.path.normpath(folder))  # a folder that is a link is named as it is written
    above = [parent for parent in docs.parents if any((parent / name).is_file() for name in _CONFIGS)]
    for start in (here, *([root] if root else above[:1])):
        if docs.is_relative_to(start):
            return docs.relative_to(start).as_posix()
    return docs.name


def is_there(file: Path) -> bool:
    """Whether there is a file or folder of this name; False for a name that is too long for the disk."""
    try:
        return file.exists()
    except OSError:
        return False


def as_typed(path: Path | str) -> str:
    """A path as a word of a command: in quotes where a shell would take it apart."""
    return shlex.quote(str(path))
