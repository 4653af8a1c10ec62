"""Converts HTML and Markdown to the text that a reader sees, and makes a writer's text safe in HTML.

A title that is shown outside its page (in a list of results, in a terminal, at the desk) is plain text, without tags,
entities or asterisks.
"""

from __future__ import annotations

import re
from html import unescape

from markdown import markdown

# As in browsers: the name of a tag begins with a letter, and '<' before anything else is only a character.
_TAG = re.compile(r"</?[a-zA-Z][^<>]*+>|<[!?][^<>]*+>")
_UNFINISHED = re.compile(r"</?[a-zA-Z!?][^<>]*+>?|[<>]")
_NAME = re.compile(r"<(/?)([a-zA-Z!][a-zA-Z0-9:-]*+)([^<>]*+)")
_ACTS = re.compile(r"(?:^|[\s\"'/])on[a-z]{2,30}+\s*+=|javascript:", re.I)
_SPACE = re.compile(r"\s+")
_LINE_BREAK = re.compile(r"<br\b[^<>]*+>", re.I)
# Reading a line as Markdown takes more than linear time, and nobody reads a longer heading.
_LONGEST = 500
# Elements that only change how words look, and so are allowed in a heading.
_LOOKS = """
    a abbr b bdi bdo br cite code del dfn em i img ins kbd mark q s samp small span strong sub sup u var wbr
"""
_OTHERS = """
    address applet area article aside audio base blink blockquote body button canvas caption center col colgroup
    data datalist dd details dialog dir div dl dt embed fieldset figcaption figure font footer form frame frameset h1
    h2 h3 h4 h5 h6 head header hgroup hr html iframe input label legend li link main map marquee math menu meta meter
    nav nobr noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress rp rt
    ruby script search section select slot source strike style summary svg table tbody td template textarea tfoot th
    thead time title tr track tt ul video xmp
"""
_HARMLESS = frozenset(_LOOKS.split())
_ELEMENTS = _HARMLESS | frozenset(_OTHERS.split())


def as_seen(html: str) -> str:
    """The text that a reader sees of a line of HTML: without tags, and with entities resolved."""
    return _SPACE.sub(" ", unescape(_TAG.sub("", _LINE_BREAK.sub(" ", html)))).strip()


def heading_as_seen(line: str) -> str:
    """The text that a reader sees of a heading's Markdown: emphasis, code and links without their marks."""
    return as_seen(markdown(f"# {line}", extensions=["attr_list"])) if len(line) <= _LONGEST else as_seen(line)


def safe(words: str) -> str:
    """A writer's text, escaped for HTML. Entities stay as they are, since themes have always rendered them."""
    return words.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def without_markup(words: str) -> str:
    """The text without tags, complete or unfinished, and without characters that could begin one."""
    return _SPACE.sub(" ", _UNFINISHED.sub(" ", words)).strip()


def markup_in(title: str) -> str:
    """The first HTML tag in a title; empty if there is none. `List<String>` has none."""
    return next((_shown(tag) for tag in _NAME.finditer(title) if _is_html(tag)), "")


def acting_markup_in(heading: str) -> str:
    """The first tag in a heading that does more than change how words look; empty if there is none."""
    tags = (tag for tag in _NAME.finditer(heading) if _is_html(tag))
    return next((_shown(tag) for tag in tags if tag[2].lower() not in _HARMLESS or _ACTS.search(tag[3])), "")


def _is_html(tag: re.Match[str]) -> bool:
    return tag[2].startswith("!") or tag[2].lower() in _ELEMENTS or bool(_ACTS.search(tag[3]))


def _shown(tag: re.Match[str]) -> str:
    return f"<{tag[1]}{tag[2].lower()}>"
