"""Handrail's scripts and style, as browsers load them: comments left out, and what every page runs in one file.

Customers on a phone pay for each byte and wait for each request. The files in `assets/` stay as they are written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from handrail_kb.site.patch import WORKER_FOLDER

ASSETS = Path(__file__).parent / "assets"
STYLE = "handrail.css"
PAGES_STYLE = "handrail-pages.css"  # beside it on the find, contact and home pages
STAND_IN = "handrail-stand-in.js"  # loaded where the service is slow, or the theme has stopped
WORKER = "handrail-worker.js"
# One of these runs before the theme reads its configuration.
_TAB, _TAB_CHOICES = "handrail-tab.js", "handrail-tab-choices.js"
BUNDLE = "handrail.js"
# What every page runs, in this order: the first one shares with the others, and the dialog tells those before it.
_BUNDLED = (
    "handrail.js",
    "dialog/handrail-start.js",
    "dialog/handrail-dialog.js",
    "article/handrail-article.js",
    "handrail-visit.js",
    "article/handrail-vote.js",
    "handrail-notice.js",
)
_IN_NEED = ("dialog/handrail-wait.js", f"dialog/{STAND_IN}")
# Scripts that only the contact page loads.
HOURS = "handrail-hours.js"  # says whether somebody is there now
CONTACT = (HOURS, "handrail-along.js", "handrail-contact.js", "handrail-draft.js")
# Scripts that only home pages load.
_OF_HOME = ("handrail-home.js",)
HOME = (HOURS, *_OF_HOME)
PREFERENCES = ("handrail-preferences.css", "handrail-preferences.js")  # where customers choose products or languages
_ALONE = (
    STYLE,
    PAGES_STYLE,
    *(f"dialog/{name}" for name in PREFERENCES),
    _TAB,
    f"dialog/{WORKER}",
    *(f"contact/{name}" for name in CONTACT),
    *(f"home/{name}" for name in _OF_HOME),
)

# As we write them: a comment has lines of its own, or ends its line four spaces after the code.
_BLOCK = re.compile(r"^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n", re.M)
# Spaces that a style sheet does not need; one before a colon may matter, in selectors.
_LOOSE = re.compile(r"\s*([{}])\s*|([:;,])\s+")
_REST = re.compile(r"^[ \t]*//.*\n| {4}//[^\n\"'`]*$|^[ \t]+|^\n", re.M)


def of_every_page(*, choices: bool) -> tuple[str, ...]:
    """The names of the style and the scripts that every page loads; `choices` is whether customers have any."""
    return (STYLE, BUNDLE, *PREFERENCES) if choices else (STYLE, BUNDLE)


def early(*, choices: bool) -> str:
    """The name of the script that runs before the theme's; `choices` as above."""
    return _TAB_CHOICES if choices else _TAB


@cache
def browser_files() -> Mapping[str, tuple[str, str]]:
    """The place in the site and the text of each file, by its name.

    A file's name changes with its content, so that caches may keep it.
    """
    texts = {name.rpartition("/")[2]: _light(name) for name in _ALONE}
    texts[BUNDLE] = "".join(map(_guarded, _BUNDLED))
    texts[_TAB_CHOICES] = _guarded("dialog/handrail-chosen.js") + _light(_TAB)
    texts[STAND_IN] = "".join(map(_guarded, _IN_NEED))
    return {name: (_place(name, text), text) for name, text in texts.items()}


def _guarded(name: str) -> str:
    """A script whose failure does not keep those after it from running; the browser reports it all the same."""
    return f"try {{\n{_light(name)}}} catch (error) {{ setTimeout(() => {{ throw error }}) }}\n"


def _light(name: str) -> str:
    """The text of a file without comments, indentation and empty lines."""
    text = _REST.sub("", _BLOCK.sub("", (ASSETS / name).read_text(encoding="utf-8")))
    return _LOOSE.sub(lambda found: found[1] or found[2], text) if name.endswith(".css") else text


def _place(name: str, text: str) -> str:
    stem, _, suffix = name.rpartition(".")
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    # Material's worker finds its language files relative to its own folder, so Handrail's worker is beside it.
    return f"{WORKER_FOLDER if name == WORKER else 'assets/handrail'}/{stem}.{digest}.{suffix}"
