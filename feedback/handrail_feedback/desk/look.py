"""Renders pages of the desk in the site's own look, kept out of search engines and caches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from flask import Response, make_response, render_template, url_for

from handrail_kb.site.shell import fill

_TITLE = re.compile(r"<title>.*?</title>", re.S)
DESK_STYLES = ("desk", "weekly")
_HEAD_END = re.compile(r"</head>", re.I)


@dataclass(frozen=True)
class Look:
    """Renders the desk's templates as whole pages."""

    site_folder: Callable[[], Path]
    base_path: str
    site_name: Callable[[], str]

    @property
    def site_dir(self) -> Path:
        """The folder of built HTML for this request."""
        return self.site_folder()

    @property
    def home(self) -> str:
        """The address of the desk's first page, below which all its addresses are."""
        return f"{self.base_path}desk/"

    def page(self, template: str, title: str, status: int = 200, **values: Any) -> Response:
        """A page of the desk. Its texts are in English, whatever the site's language is."""
        main = render_template(f"desk/{template}.html", title=title, base=self.base_path, **values)
        shell = fill(self.site_dir, "find", main, title=title, base_path=self.base_path)
        name = self.site_name()
        whole = escape(f"{title} · {name}" if name else title)
        shell = _TITLE.sub(lambda _: f"<title>{whole}</title>", shell, count=1)
        addresses = (escape(url_for("desk.static", filename=f"{name}.css")) for name in DESK_STYLES)
        styles = "".join(f'<link rel="stylesheet" href="{address}">' for address in addresses)
        head = f'<meta name="robots" content="noindex">{styles}'
        return make_response(_HEAD_END.sub(lambda _: f"{head}</head>", shell, count=1), status)


def clock(at: datetime) -> str:
    """A moment as the desk shows it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
