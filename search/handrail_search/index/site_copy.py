"""The built site inside a generation: pages and index are one, brought to a node and replaced together.

index/<generation>/site/           the pages as they were indexed
index/<generation>/site.list       each file with its size; its digest stands in the manifest
index/<generation>/site.sha256     each file with its digest, as `sha256sum --check` reads it from within site/

A service that starts compares sizes, which takes no time; `handrail doctor` reads every file.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from handrail_kb.config.generations import LISTING, SITE
from handrail_kb.errors import IndexUnusable
from handrail_search.embedding.weights import sha256_of
from handrail_search.index.manifest import REBUILD, SUMS, unreadable
from handrail_search.index.site_switch import NEW, OLD


def keep_site(
    site_dir: Path, generation: Path, former: Path | None = None, *, without: Set[Path] = frozenset()
) -> None:
    """Copy a built site into a generation. Folders in `without` (real paths) and our own leavings are left out.

    Files that a former generation has as well, byte by byte, are linked to its own: neither is ever changed. Those of
    `site_dir` are always copied, because whoever built it may write into them.
    """
    target, earlier = generation / SITE, former / SITE if former else None
    target.mkdir()
    lines, sums = [], []
    for name in sorted(_files(site_dir, without)):
        source, copy = site_dir / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, copy, earlier / name if earlier else None)
        lines.append(f"{copy.stat().st_size} {name}\n")
        sums.append(f"{sha256_of(copy)}  {name}\n")
    for listing, listed in ((LISTING, lines), (SUMS, sums)):
        (generation / listing).write_text("".join(listed), encoding="utf-8", errors="surrogateescape")


def read_whole_site(generation: Path, files: Mapping[str, str]) -> None:
    """Raise IndexUnusable where a file of the site, or the list of their digests, has other bytes than were written.

    `files` are the digests of the manifest. A generation of an older version has no such list, so that nobody knows.
    """
    if SUMS not in files:
        return
    sums = generation / SUMS
    if not sums.is_file() or sha256_of(sums) != files[SUMS]:
        raise IndexUnusable(f"{sums} is not the file the manifest names: it is damaged.", REBUILD)
    for line in filter(None, sums.read_text(encoding="utf-8", errors="surrogateescape").split("\n")):
        digest, _, name = line.partition("  ")
        file = generation / SITE / name
        if not file.is_file() or sha256_of(file) != digest:
            raise IndexUnusable(f"{file} is not the file that was built: it is damaged.", REBUILD)


def check_site(generation: Path) -> None:
    """Raise IndexUnusable where a file of the site is missing or cut short, as while it is being copied."""
    listing = generation / LISTING
    if not listing.is_file():
        return
    listed = listing.read_text(encoding="utf-8", errors="surrogateescape")
    # Not by `splitlines`: names may hold other ends of lines.
    for line in filter(None, listed.split("\n")):
        size, _, name = line.partition(" ")
        file = generation / SITE / name
        try:
            whole = str(file.stat().st_size) == size
        except PermissionError as error:
            raise unreadable(file, error) from error
        except OSError:
            whole = False
        if whole and not os.access(file, os.R_OK):
            raise unreadable(file, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        if not whole:
            # How much has arrived is left out: each second it would be another reason to log.
            raise IndexUnusable(
                f"{file} is not the file of {size} bytes in {LISTING}: this site is half-copied.",
                f"Copy it again: rsync -a {generation.name} to {generation.parent}. {REBUILD}",
            )


def _files(site_dir: Path, without: Set[Path]) -> Iterator[str]:
    """Names of all files below a folder, relative to it; links are followed, each folder once on its way down."""

    def below(folder: Path, name: str, above: Set[Path]) -> Iterator[str]:
        real = folder.resolve()
        if real in above or real in without:
            return
        for entry in os.scandir(folder):
            inner = f"{name}{entry.name}"
            if "\n" in inner or "\r" in inner or (not name and entry.name in (NEW, OLD)):
                continue
            if entry.is_dir():
                yield from below(folder / entry.name, f"{inner}/", above | {real})
            elif entry.is_file():
                yield inner

    return below(site_dir, "", frozenset())


def _copy(source: Path, copy: Path, earlier: Path | None) -> None:
    if earlier and earlier.is_file() and filecmp.cmp(source, earlier, shallow=False):
        try:
            os.link(earlier, copy)
        except OSError:  # another disk, or too many links
            pass
        else:
            return
    shutil.copyfile(source, copy)
