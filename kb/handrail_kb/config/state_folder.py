"""Creates the folder of the index and the store, and keeps it out of git and out of the built site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_USUAL = ".handrail"
_IGNORE = "# What customers wrote, and keys: never to be committed.\n*\n"


def made(folder: Path) -> Path:
    """The folder, created if it is missing. Its contents are kept out of git from the first moment."""
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    # One that was there and has another name may hold what is somebody else's.
    if fresh or folder.name == _USUAL:
        with suppress(OSError):
            ignore = os.open(folder / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(ignore, "w", encoding="utf-8") as file:
                file.write(_IGNORE)
    return folder


def links_leading_out(docs_dir: Path, state_dir: Path) -> Iterator[tuple[Path, str]]:
    """Symbolic links below the folder of articles that MkDocs must not follow, and what to say of each.

    A link is judged by where it ends, however many links lead there, and so is one to a folder. What lies outside, or
    in the state folder, would be copied into the site for everybody to read. Markdown of the same repository, such as
    its CHANGELOG.md, may. Where a link ends nowhere, or in a folder that it lies in itself, MkDocs breaks off; of one
    that is Markdown the article's own rules tell.
    """
    docs, state = docs_dir.resolve(), state_dir.resolve()
    hidden = state.is_relative_to(docs) and any(part.startswith(".") for part in state.relative_to(docs).parts)
    if state.is_relative_to(docs) and not hidden:  # MkDocs leaves out what begins with a dot
        yield state_dir, f"the state folder {state_dir} lies among the articles, so that it would be published."
    for folder, folders, files in os.walk(docs_dir):
        for name in (*folders, *files):
            link = Path(folder, name)
            if not link.is_symlink():
                continue
            if what := _wrong_with(link, docs, state):
                yield link, what


def _wrong_with(link: Path, docs: Path, state: Path) -> str:
    # MkDocs leaves out what begins with a dot: an editor's locks are links to nothing.
    unread = link.name.startswith(".") or link.suffix == ".md"
    try:
        target = link.resolve()
        there = link.exists()
    except (OSError, RuntimeError):
        return "" if unread else "this is a link that leads to itself."
    if target.is_relative_to(state):
        return "this is a link into the state folder, whose messages and keys would be published."
    if not target.is_relative_to(docs) and not _is_of_the_repository(target, docs):
        return f"this is a link to {target}, outside of {docs.name}: it would be published."
    if not there and not unread:
        return f"this is a link to {target.relative_to(docs)}, which is not there."
    if link.parent.resolve().is_relative_to(target):
        return "this is a link to a folder that it lies in itself, so that it would never end."
    return ""


def _is_of_the_repository(target: Path, docs: Path) -> bool:
    """Whether this is Markdown of the repository that holds the articles, and not hidden in it."""
    top = next((folder for folder in docs.parents if (folder / ".git").exists()), None)
    if top is None or target.suffix != ".md" or not target.is_relative_to(top):
        return False
    return target.is_file() and not any(part.startswith(".") for part in target.relative_to(top).parts)
