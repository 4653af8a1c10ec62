"""The links and anchors of a built page, and the address it redirects to.

The built page decides whether a link is dead, because it alone shows what MkDocs, its plugins and the extensions of
Markdown made of the link. Places are paths below the site's folder, such as `guide/start/`, not percent-encoded.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from handrail_kb.addresses import file_of, location_of_path, same_letters

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_CONTENT = ("article.md-content__inner", "[role=main]", "main article", "main", "article", "body")
# Elements that the theme adds to what the writer wrote.
_THEIRS = ".headerlink, .md-content__button, .md-source-file, .md-feedback, .md-skip, form"
_SENDS_ON = re.compile(r"\s*+\d*+\s*+[;,]?\s*+url\s*+=\s*+['\"]?([^'\"]+)", re.I)


@dataclass(frozen=True)
class Place:
    """A page or a file of the site, and an anchor in it."""

    location: str
    anchor: str = ""


@dataclass(frozen=True)
class BuiltPage:
    """The addresses in a page's content as written, all its anchors, and the address it redirects to.

    `whole` is False if the file is only a fragment of HTML, which says nothing about links.
    """

    addresses: tuple[str, ...]
    anchors: frozenset[str]
    sends_on: str = ""
    whole: bool = True


class BuiltSite:
    """The built pages of a site; a page is parsed again only when it has changed."""

    def __init__(self, site_dir: Path, base_path: str = "/") -> None:
        self._site_dir, self._base_path = site_dir, base_path

    def file(self, location: str) -> Path | None:
        """The file that is served at a place, or None."""
        folder = "" if not location or location.endswith("/") else f"{location}/"
        names = (location, folder) if folder else (location,)
        found = (file_of(self._site_dir, location_of_path(name)) for name in names)
        return next((file for file in found if file is not None), None)

    def page(self, location: str) -> BuiltPage | None:
        """The built page at a place, or None."""
        file = self.file(location)
        return _read(file) if file is not None and file.suffix in (".html", ".htm") else None

    def resolved(self, here: str, address: str) -> Place | None:
        """The place that an address on the page `here` leads to; None if it leads out of the site."""
        address = address.strip()
        if not address or SCHEME.match(address):
            return None
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        path, anchor = unquote(parts.path), unquote(parts.fragment)
        if parts.netloc or address.startswith(("//", "\\")):
            return None
        if path.startswith("/"):
            if not path.startswith(self._base_path):
                return None
            path, here = path[len(self._base_path) :], ""
            # The same host may serve something else beside the site.
            if self._base_path == "/" and not path.endswith(".md") and self.file(joined("", path)) is None:
                return None
        location = joined(here, path)
        while self._base_path == "/" and location.startswith("../"):  # nothing is above the root of a host
            location = location.removeprefix("../")
        return Place(same_letters(location), anchor)


def joined(here: str, path: str) -> str:
    """The place that a relative path leads to from the page `here`."""
    if not path:
        return here
    folder = path.endswith("/") or posixpath.basename(path) in (".", "..")
    location = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
    if location in (".", "/"):
        return ""
    location = location.removesuffix("index.html") if posixpath.basename(location) == "index.html" else location
    return f"{location}/" if folder and not location.endswith("/") else location


# Keyed by a digest of the page: a build rewrites every page, and most are unchanged.
_KNOWN: dict[bytes, BuiltPage] = {}
_MOST_KNOWN = 5000


def _read(file: Path) -> BuiltPage | None:
    try:
        html = file.read_bytes()
    except OSError:
        return None
    name = hashlib.blake2b(html, digest_size=16).digest()
    if name not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[name] = _parsed(html)
    return _KNOWN[name]


def _parsed(html: bytes) -> BuiltPage:
    tree = LexborHTMLParser(html.decode("utf-8", errors="replace"))
    anchors = {node.attributes.get("id") or "" for node in tree.css("[id]")}
    anchors |= {node.attributes.get("name") or "" for node in tree.css("a[name]")}
    refresh = tree.css_first("meta[http-equiv=refresh i]")
    onward = _SENDS_ON.match((refresh.attributes.get("content") or "") if refresh is not None else "")
    return BuiltPage(
        tuple(dict.fromkeys(_addresses(tree))),
        frozenset(anchors - {""}),
        onward[1].strip() if onward else "",
        b"<body" in html[:200_000] or b"<html" in html[:2000],
    )


def _addresses(tree: LexborHTMLParser) -> list[str]:
    content = next((node for node in map(tree.css_first, _CONTENT) if node is not None), None)
    if content is None:
        return []
    for node in content.css(_THEIRS):
        node.decompose()
    return [address for node in content.css("[href], [src]") if (address := _address(node))]


def _address(node: LexborNode) -> str:
    return (node.attributes.get("href") or node.attributes.get("src") or "").strip()
