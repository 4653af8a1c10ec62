"""Words that would run wherever a page takes them for more than text, and what tells whether one did."""

from __future__ import annotations

import re
from html.parser import HTMLParser

EVIL = """'"></title></textarea></script></style><img src=x onerror=pwned()><script>pwned()</script>\
<svg onload=pwned()>{{7*191}}{%print 7*191%}${7*191}<a href=javascript:pwned()>"""


class Obeyed(HTMLParser):
    """What of `EVIL` has become a part of a page, instead of text in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = ["a template"] if "1337" in page else []
        self._script = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._script = tag == "script"
        for name, value in attrs:
            acts = name.startswith("on") and "pwned" in (value or "")
            leads = name in ("href", "src", "action", "formaction") and re.match(r"\s*javascript:|x$", value or "")
            if acts or leads:
                self.found.append(f"{tag} {name}")

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if self._script and "pwned" in data:
            self.found.append("script")
