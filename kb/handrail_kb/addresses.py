"""Turns files of a built site into the addresses that open them, and back; no other module does.

A *location* names a page wherever Handrail stores or compares one: the path of its file below the site, spelled as on
the disk, without `index.html`. Only `%`, `#` and `?`, which would end or change an address, are percent-encoded:
`über uns/`, `50%25/`. The anchor of a section follows after a `#`, as written in the page. An *address* is what MkDocs
writes and browsers open, percent-encoded as URLs are.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

T = TypeVar("T")

_INDEX = "index.html"
_ESCAPED = {ord("%"): "%25", ord("#"): "%23", ord("?"): "%3F"}


def html_files(site_dir: Path) -> Iterator[Path]:
    """Every HTML file below a folder, in no particular order, without folders of such names."""
    for folder, _, names in os.walk(site_dir):
        below = Path(folder)
        yield from (file for name in names if name.endswith(".html") and (file := below / name).is_file())


def location_of(file: Path, site_dir: Path) -> str:
    """The location of a built file: that of `guide/index.html` is `guide/`."""
    return location_of_path(file.relative_to(site_dir).as_posix())


def location_of_path(path: str) -> str:
    """The location of a path below the site that is not percent-encoded: of a file, or as a server decoded it."""
    folder, _, name = path.rpartition("/")
    if name == _INDEX:
        path = f"{folder}/" if folder else ""
    return path.translate(_ESCAPED)


def location_of_address(address: str) -> str:
    """The location, with its anchor, that an address relative to the site means; leaves out what follows a `?`.

    Raises ValueError if it is not an address.
    """
    parts = urlsplit(address)
    page = location_of_path(unquote(parts.path).removeprefix("./"))
    return f"{page}#{unquote(parts.fragment)}" if parts.fragment else page


def address_of(location: str) -> str:
    """The address of a location relative to the site, as MkDocs writes it."""
    page, mark, anchor = location.partition("#")
    return quote(unquote(page), errors="surrogateescape") + (f"#{quote(anchor)}" if mark else "")


def base_of(path: str) -> str:
    """The path that a site is served under, with its slashes, as browsers request it: `/`, `/my%20help/`."""
    inner = quote(unquote(path).strip("/"), errors="surrogateescape")
    return f"/{inner}/" if inner else "/"


def path_of(location: str) -> str:
    """The path below the site that a location means, decoded and without anchor; a folder ends with a slash."""
    return unquote(location.partition("#")[0])


def file_of(site_dir: Path, location: str) -> Path | None:
    """The built file of a location, however the disk spells accents (NFC or NFD); None if there is none."""
    asked = path_of(location)
    if asked.startswith("/") or ".." in asked.split("/"):
        return None
    path = spelled_on_disk(site_dir, f"{asked}{_INDEX}" if not asked or asked.endswith("/") else asked)
    return site_dir / path if path is not None and (site_dir / path).is_file() else None


def spelled_on_disk(folder: Path, path: str) -> str | None:
    """The path below the folder, with accents as the disk spells them; None if neither spelling exists."""
    for spelled in dict.fromkeys((path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD")))):
        try:
            if (folder / spelled).exists():
                return spelled
        except (OSError, ValueError):  # a name that no disk accepts
            return None
    return None


def same_letters(location: str) -> str:
    """A key that is equal for locations that differ only in how accents are encoded (NFC or NFD)."""
    return unicodedata.normalize("NFC", location)


class Known(Mapping[str, T]):
    """A mapping by location that also finds locations whose accents are encoded differently."""

    def __init__(self, known: Iterable[tuple[str, T]] = ()) -> None:
        """`known` holds pairs of a location and its value."""
        self._known = dict(known)
        self._spelled = {same_letters(location): location for location in self._known}

    def __getitem__(self, location: str) -> T:
        return self._known[self.spelled(location)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def spelled(self, location: str) -> str:
        """The location as the mapping spells it; the given one if the mapping does not have it."""
        return location if location in self._known else self._spelled.get(same_letters(location), location)
