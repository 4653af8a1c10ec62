"""Pages that the build leaves for the service to fill, so that they wear the site's own look.

A shell is a built page that holds one `<handrail-main>` element: what stands in it is shown when no
service runs, and is replaced when one does. Knows nothing of Flask or MkDocs.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from urllib.parse import urljoin

_MAIN = re.compile(r"<handrail-main\b[^>]*>.*?</handrail-main>", re.S)
# Links of HTML, quoted or not, and the addresses in the JSON that the theme's and our own scripts read.
_LINK = re.compile(r"""(\s(?:href|src|action)=["']?|"(?:base|search|contact|find|api)":")([^"'\s>]*)""")
_RELATIVE = re.compile(r"(?![/#]|[a-zA-Z][a-zA-Z0-9+.-]*:)")
_HEADING = re.compile(r"\s*<h1\b.*?</h1>", re.S)
_PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head><body><main>{main}</main></body></html>"""


def fill(site_dir: Path, page: str, main: str, *, title: str, base_path: str = "/") -> str:
    """The built `page` (such as `find`) with `main`, a piece of safe HTML, in its place.

    Its links are made absolute below `base_path`, so that it can be shown at any address. A site that another
    generator built has no such page: then a plain one without a look is given.
    """
    for location in (f"{page}/index.html", f"{page}.html"):
        file = site_dir / location
        shell = file.read_text(encoding="utf-8") if file.is_file() else ""
        match = _MAIN.search(shell)
        if match:
            before, after = shell[: match.start()], shell[match.end() :]
            if "<h1" in before + after:  # the site has written its own page, which begins with its own heading
                main = _HEADING.sub("", main, count=1)
            address = base_path + location.removesuffix("index.html")
            around = [_with_absolute_links(part, address) for part in (before, after)]
            return f"{around[0]}<handrail-main>{main}</handrail-main>{around[1]}"
    return _PLAIN.format(title=escape(title), main=main)


def _with_absolute_links(html: str, address: str) -> str:
    def absolute(match: re.Match[str]) -> str:
        link = match[2]
        return match[1] + (urljoin(address, link) if link and _RELATIVE.match(link) else link)

    return _LINK.sub(absolute, html)
