"""Replaces the existing site by a new one, in one step with whatever belongs to it, or leaves everything as it was.

Two renames, where the folder may be renamed: the time without a site is too short to notice. A folder that is a mount,
as in a container, cannot be renamed: its contents are exchanged one by one.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from handrail_kb.config.durable_files import NO_ROOM, show_room, write_down, write_down_all
from handrail_kb.config.plain_files import no_folder
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import SiteError

# Names used inside a site while its contents are exchanged; never part of it.
NEW, OLD = ".handrail-new", ".handrail-old"
# A mount, another disk, or a folder whose parent cannot be written.
_CANNOT_BE_RENAMED = {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS}

_Undo = Callable[[], None]


def workplace(site_dir: Path) -> Path:
    """An empty folder for a new site: beside the existing one, or inside it where its parent cannot be written.

    What an earlier switch left behind when it was killed is repaired first. Raises SiteError.
    """
    site = _real(site_dir)
    if known := no_folder(site, written=False):
        raise SiteError(*known)
    _recover(site)
    for place in (site.with_name(f".{site.name}.new"), site / NEW):
        shutil.rmtree(place, ignore_errors=True)
        try:
            place.mkdir(parents=True)
            place.rmdir()
        except OSError as error:
            full = error.errno in NO_ROOM
        else:
            return place
    if full:
        raise SiteError(f"The disk has no room for the site at {site}.", f"Make room: {show_room(site.parent)}")
    raise SiteError(
        f"The site cannot be written to {site}.",
        f"Give whoever builds the folder: ls -ld {as_typed(site)} {as_typed(site.parent)}",
    )


@contextmanager
def switched(new: Path, site_dir: Path) -> Iterator[None]:
    """Inside the context the new site is in place, and stays; if an error is raised there, the old one is put back.

    Raises SiteError when the new one cannot be put in place; the old one stays.
    """
    site = _real(site_dir)
    undo = _switch(new, site)
    try:
        write_down(site)
        write_down(site.parent)
        yield
    except BaseException:
        undo()
        raise
    for old in (_old(site), site / OLD, site / NEW):
        shutil.rmtree(old, ignore_errors=True)


def _switch(new: Path, site: Path) -> _Undo:
    try:
        try:
            write_down_all(new)
            return _whole(new, site)
        except OSError as error:
            if error.errno not in _CANNOT_BE_RENAMED or not site.is_dir():
                raise
            return _by_parts(new, site)
    except OSError as error:
        raise SiteError(
            f"The new site cannot be put into {site}: {error.strerror or error}. The old one stands, with its index.",
            f"See what holds it, and whose it is: findmnt --target {as_typed(site)}; ls -ld {as_typed(site)}",
        ) from error


def _whole(new: Path, site: Path) -> _Undo:
    old = _old(site)
    shutil.rmtree(old, ignore_errors=True)
    had = site.exists()
    if had:
        site.rename(old)

    def back() -> None:
        if had:
            old.rename(site)

    try:
        new.rename(site)
    except BaseException:
        back()
        raise

    def undo() -> None:
        site.rename(new)
        back()

    return undo


def _by_parts(new: Path, site: Path) -> _Undo:
    """Exchange the contents of the folder, name by name."""
    inside, old = site / NEW, site / OLD
    if new != inside:  # the source may be on another disk
        shutil.rmtree(inside, ignore_errors=True)
        shutil.copytree(new, inside, symlinks=True)
        write_down_all(inside)
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    done: list[tuple[Path, Path]] = []

    def move(here: Path, there: Path) -> None:
        if os.path.lexists(here):
            here.rename(there)
            done.append((here, there))

    def undo() -> None:
        for here, there in reversed(done):
            there.rename(here)
        shutil.rmtree(inside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)

    names = {entry.name for folder in (site, inside) for entry in folder.iterdir()} - {NEW, OLD}
    try:
        for name in sorted(names):
            move(site / name, old / name)
            move(inside / name, site / name)
    except BaseException:
        undo()
        raise
    return undo


def _recover(site: Path) -> None:
    """Put back what a switch had moved away when it was killed."""
    if not site.exists() and _old(site).is_dir():
        _old(site).rename(site)
    if (site / OLD).is_dir():
        for entry in (site / OLD).iterdir():
            if not os.path.lexists(site / entry.name):
                entry.rename(site / entry.name)
        shutil.rmtree(site / OLD, ignore_errors=True)


def _old(site: Path) -> Path:
    return site.with_name(f".{site.name}.old")


def _real(site_dir: Path) -> Path:
    """The real path of the folder: a link to it stays a link."""
    return Path(os.path.realpath(site_dir))
