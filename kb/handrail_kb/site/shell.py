"""Page shells: built pages that the service fills, so that its own pages look like the site.

A shell is a built page with one `<handrail-main>` element. Readers see its content when no service runs; the service
replaces it. Knows nothing of Flask or MkDocs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urljoin

_MAIN = re.compile(r"<handrail-main\b[^>]*>.*?</handrail-main>", re.S)
# Links in HTML, quoted or not, and addresses in the JSON that the theme's and Handrail's scripts read.
_LINK = re.compile(r"""(\s(?:href|src|action)=["']?|"(?:base|search|contact|find|api|asked|stand_in)":")([^"'\s>]*)""")
_RELATIVE = re.compile(r"(?![/#]|[a-zA-Z][a-zA-Z0-9+.-]*:)")
# A part that only the build knows, inside what the service replaces: `fill` puts it into the same element of `main`.
_EXPECT = re.compile(r"<handrail-expect\b[^>]*>.*?</handrail-expect>", re.S)
_HEADING = re.compile(r"\s*<h1\b.*?</h1>", re.S)
_TITLE = re.compile(r"<title>([^<]*)</title>")
_STYLESHEET = re.compile(r"""<link\b[^>]*\brel=["']?(?:stylesheet|icon)\b[^>]*>""", re.I)
_ADDRESS = re.compile(r"""\bhref=["']?([^"'\s>]+)""", re.I)
_BODY = re.compile(r"<body\b[^>]*>", re.I)
_COLOUR = re.compile(r"""\sdata-md-color-(?:primary|accent)=["']?[\w-]+["']?""", re.I)
_PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head><body><main>{main}</main></body></html>"""


@dataclass(frozen=True)
class Appearance:
    """How a site looks, for pages of another layout: its own stylesheets and icon as HTML, and its colours.

    `colours` are attributes of `<body>`. The site's scripts are left out, and whatever comes from another server.
    """

    head: str = ""
    colours: str = ""


def appearance(site_dir: Path, page: str, *, base_path: str = "/") -> Appearance:
    """How the built `page` looks; nothing, if the site has no such page."""
    for address, file in _files_of(site_dir, page):
        return _appearance(file, file.stat().st_mtime_ns, base_path + address, base_path)
    return Appearance()


@lru_cache(maxsize=8)  # every page of the desk asks
def _appearance(file: Path, _written: int, address: str, base_path: str) -> Appearance:
    shell = _with_absolute_links(file.read_text(encoding="utf-8"), address)
    own = (link for link in _STYLESHEET.findall(shell) if _is_own(link, base_path))
    body = _BODY.search(shell)
    return Appearance("".join(own), "".join(_COLOUR.findall(body[0])) if body else "")


def _files_of(site_dir: Path, page: str) -> Iterator[tuple[str, Path]]:
    """The files that a built page may be in, each with its address below the site's."""
    for address, name in ((f"{page}/", f"{page}/index.html"), (f"{page}.html", f"{page}.html")):
        if (file := site_dir / name).is_file():
            yield address, file


def _is_own(link: str, base_path: str) -> bool:
    address = _ADDRESS.search(link)
    return address is not None and address[1].startswith(base_path) and not address[1].startswith("//")


def fill(site_dir: Path, page: str, main: str, *, title: str, base_path: str = "/") -> str:
    """The built `page` (such as `find`) with `main`, a piece of safe HTML, as its content, and `title` as its title.

    Keeps what the build wrote about when to expect an answer. Makes links absolute below `base_path`, so that the page
    works at any address. If the site has no such page, because another generator built it, returns a plain page.
    """
    for address, file in _files_of(site_dir, page):
        shell = file.read_text(encoding="utf-8")
        match = _MAIN.search(shell)
        if match:
            before, after = shell[: match.start()], shell[match.end() :]
            main = _with_expectation(main, match[0])
            if "<h1" in before + after:  # the site's own page already has a heading
                main = _HEADING.sub("", main, count=1)
            before = _TITLE.sub(lambda found: _titled(title, found[1]), before, count=1)
            around = [_with_absolute_links(part, base_path + address) for part in (before, after)]
            return f"{around[0]}<handrail-main>{main}</handrail-main>{around[1]}"
    return _PLAIN.format(title=escape(title), main=main)


def _titled(title: str, built: str) -> str:
    """The `<title>`, with what the theme puts after that of the `built` page: " - Help"."""
    _, dash, site = built.partition(" - ")
    return f"<title>{escape(title)}{dash}{site}</title>"


def shell_holds(site_dir: Path, page: str, mark: str) -> bool:
    """Whether the built `page` contains `mark`; False if there is no such page, as on a site of another generator."""
    return any(mark in file.read_text(encoding="utf-8") for _, file in _files_of(site_dir, page))


def _with_expectation(main: str, built: str) -> str:
    kept = _EXPECT.search(built)
    return _EXPECT.sub(lambda _: kept[0] if kept else "", main)


def _with_absolute_links(html: str, address: str) -> str:
    def absolute(match: re.Match[str]) -> str:
        link = match[2]
        return match[1] + (urljoin(address, link) if link and _RELATIVE.match(link) else link)

    return _LINK.sub(absolute, html)
