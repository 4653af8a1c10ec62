"""Pages that the build leaves for the service to fill, so that they wear the site's own look.

A shell is a built page that holds one `<handrail-main>` element: what stands in it is shown when no
service runs, and is replaced when one does. Knows nothing of Flask or MkDocs.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

_MAIN = re.compile(r"<handrail-main\b[^>]*>.*?</handrail-main>", re.S)
_PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head><body><main>{main}</main></body></html>"""


def fill(site_dir: Path, page: str, main: str, *, title: str) -> str:
    """The built `page` (such as `find`) with `main`, a piece of safe HTML, in its place.

    A site that another generator built has no such page: then a plain one without a look is given.
    """
    for file in (site_dir / page / "index.html", site_dir / f"{page}.html"):
        if file.is_file():
            shell = file.read_text(encoding="utf-8")
            if _MAIN.search(shell):
                return _MAIN.sub(lambda _: f"<handrail-main>{main}</handrail-main>", shell, count=1)
    return _PLAIN.format(title=escape(title), main=main)
