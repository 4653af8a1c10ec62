"""Creates the folder of the index and the store, keeps it out of git and the built site, and looks through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from handrail_kb.config.durable_files import write_whole
from handrail_kb.config.generations import CURRENT, SITE
from handrail_kb.config.plain_files import make_folder, standing_at

_USUAL = ".handrail"
_FOLDERS = ("index", "encoder", "backups", "tuned")
_FILES, _SUFFIXES = (CURRENT, ".lock", ".gitignore"), (".lock", ".db", ".key")
NO_FOLDER = "is not a folder"
OF_ANOTHER_USER = "cannot be used by the user of the service"
_IGNORE = "# What customers wrote, and keys: never to be committed.\n*\n"


def made(folder: Path) -> Path:
    """The folder, created if it is missing. Its contents are kept out of git from the first moment.

    Raises OSError where it can be neither used nor made, see `no_folder`; what is new does not stay without its
    `.gitignore`.
    """
    fresh = not folder.exists()
    make_folder(folder)
    if fresh:
        try:
            _keep_out_of_git(folder)
        except OSError:  # a full disk: the next try finds it as fresh
            with suppress(OSError):
                folder.rmdir()
            raise
    elif folder.name == _USUAL:  # one that was there and has another name may hold what is somebody else's
        with suppress(OSError):
            _keep_out_of_git(folder)
    return folder


def _keep_out_of_git(folder: Path) -> None:
    """Have git ignore the folder, unless somebody wrote rules of their own; an empty file is what a full disk left."""
    ignore = folder / ".gitignore"
    if not os.path.lexists(ignore) or (ignore.is_file() and not ignore.stat().st_size):
        write_whole(ignore, _IGNORE)
        ignore.chmod(0o600)  # as all that lies there


def out_of_place(state_dir: Path, index_dir: Path) -> Iterator[tuple[Path, str]]:
    """What lies in these folders and cannot be used as what it should be, and what is wrong with it.

    A pipe, a folder or a link to nothing in the place of a file, a file in the place of a folder, and what this user
    may not use, or, asked by root, what the owner of the folder may not.
    """
    for top in dict.fromkeys((state_dir, *(state_dir / name for name in _FOLDERS), index_dir)):
        if os.path.lexists(top) and not top.is_dir():
            yield top, NO_FOLDER
    for top in dict.fromkeys((state_dir, index_dir)):
        for folder, folders, files in os.walk(top):
            for path in (Path(folder, name) for name in (*folders, *files)):
                if path == index_dir / SITE:  # made anew by each build, and nothing of ours reads it
                    continue
                own = path.parent == top and (path.suffix in _SUFFIXES or path.name in _FILES)
                if (kind := standing_at(path)) and (own or not path.is_dir()):
                    yield path, f"is {kind}, not a file"
                elif not _is_of_use(path, top, written=own or path.parent == state_dir):
                    yield path, OF_ANOTHER_USER
            if top != index_dir and Path(folder) == index_dir.parent and index_dir.name in folders:
                folders.remove(index_dir.name)  # a walk of its own


def _is_of_use(path: Path, top: Path, *, written: bool) -> bool:
    """Whether whoever uses the folder `top` can read this, and write it where it is `written` by the service."""
    try:
        found, above = path.lstat(), top.stat()
    except OSError:  # gone meanwhile
        return True
    needed = (os.X_OK if path.is_dir() else 0) | (os.W_OK if written and os.access(top, os.W_OK) else 0)
    if not os.access(path, os.R_OK | needed):
        return False
    # Root may use everything, unlike the service. Where others may write into the folder as well, nobody can tell.
    if os.geteuid() != 0 or above.st_uid in (0, found.st_uid) or above.st_mode & 0o022:
        return True
    return not written and bool(found.st_mode & 0o004)


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
