"""Links and images of an article: which lead nowhere, and which images say nothing to who cannot see them.

Reads Markdown, because only there are the lines that a writer can mend. What is reached is looked up in the folder of
articles, and in the built site for what a plugin made. Addresses of other sites are nobody's business here: a check
that asks the internet fails when somebody else's server does.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown.extensions.toc import slugify

from handrail_kb.addresses import file_of
from handrail_kb.articles import Article, Problem, is_there
from handrail_kb.prose import headings, line_at, prose
from handrail_kb.settings import nearest

_INLINE = re.compile(r"\]\([ \t]*(?:<(?P<angle>[^<>\n]*)>|(?P<plain>[^\s()]*(?:\([^\s()]*\)[^\s()]*)*))")
_DEFINED = re.compile(r"^ {0,3}\[(?!\^)[^\]\n]{1,200}\]:[ \t]*<?(?P<plain>[^\s<>]+)", re.M)
_TAG = re.compile(r"<(?P<tag>a|img)\b(?P<inside>[^<>]{0,4000})>", re.I)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_NO_ALT = re.compile(r"!\[[ \t]*\]")
_UNDERLINED = re.compile(r"^[ \t]*+(?P<text>\S[^\n]*+)\n {0,3}(?:=++|-++)[ \t]*+$", re.M)
_OWN_ID = re.compile(r"\{:?[^{}\n]{0,200}?#(?P<id>[\w.:-]++)[^{}\n]{0,200}+\}")
_HTML_ID = re.compile(r"""\b(?:id|name)\s*=\s*["']?([^"'\s>]+)""")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
# Filled in by a plugin, such as macros.
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{")
# To look for the nearest of many names takes longer than all else.
_MOST_SUGGESTED_FROM, _MOST_SUGGESTED = 5000, 200


@dataclass(frozen=True)
class Link:
    """Where an article leads to, and where that stands in its text. `raw` is HTML, which MkDocs leaves as it is."""

    target: str
    place: int
    raw: bool = False


@dataclass(frozen=True)
class Ground:
    """What links can lead to: the folder of articles, what was built of it, and where each article was built to."""

    docs_dir: Path
    site_dir: Path
    built: Mapping[str, str] = field(default_factory=dict)


def links_of(text: str) -> Iterator[Link]:
    """Every link and image in an article's prose, in no order."""
    for found in _INLINE.finditer(text):
        yield Link(found["angle"] or found["plain"] or "", found.start())
    for found in _DEFINED.finditer(text):
        yield Link(found["plain"], found.start())
    for found in _TAG.finditer(text):
        attributes = _attributes(found["inside"])
        target = attributes.get("href" if found["tag"].lower() == "a" else "src")
        if target:
            yield Link(target, found.start(), raw=True)


def images_without_text(articles: Sequence[Article]) -> Iterator[Problem]:
    """Images that a screen reader has no word for, and search neither. `alt=""` says that one is only decoration."""
    for article in articles:
        text = prose(article.body)
        places = [found.start() for found in _NO_ALT.finditer(text) if text[found.end() : found.end() + 1] in "[("]
        places += [
            found.start()
            for found in _TAG.finditer(text)
            if found["tag"].lower() == "img" and "alt" not in _attributes(found["inside"])
        ]
        for place in sorted(places):
            yield Problem(
                article.path,
                line_at(text, place, article.body_line),
                "warning",
                "this image has no text for who cannot see it. Write what it shows: ![The button Save](…); one that is "
                'only decoration has <img alt="">.',
                "image-without-text",
            )


def dead_links(articles: Sequence[Article], ground: Ground) -> Iterator[Problem]:
    """Links to files and headings that are not there, each with what is nearest to it."""
    known = {article.path: article for article in articles}
    reached = _Reached(ground, known)
    for article in articles:
        text = prose(article.body)
        for link in links_of(text):
            fault = reached.fault(article, link)
            if fault:
                code, what = fault
                yield Problem(article.path, line_at(text, link.place, article.body_line), "error", what, code)


class _Reached:
    """Looks up where links lead; what an article has for anchors is read once."""

    def __init__(self, ground: Ground, known: Mapping[str, Article]) -> None:
        self._ground, self._known = ground, known
        self._sources = {location: source for source, location in ground.built.items() if location}
        self._names = sorted(known)[:_MOST_SUGGESTED_FROM]
        self._namesakes = {posixpath.basename(name): name for name in reversed(self._names)}
        self._suggested = 0
        self._nearest_name = cache(self._look_for_name)
        self._written = cache(lambda path: _anchors(known[path].body))
        self._html = lru_cache(50)(lambda page: page.read_text(encoding="utf-8", errors="replace"))

    def fault(self, article: Article, link: Link) -> tuple[str, str] | None:
        if not link.target or _TEMPLATE.search(link.target) or _SCHEME.match(link.target):
            return None
        try:
            parts = urlsplit(link.target)
        except ValueError:
            return None
        path, anchor = unquote(parts.path), unquote(parts.fragment)
        if parts.netloc or path.startswith("/"):  # an address, not a file: it may be served by something else
            return None
        target = self._article(article, path, raw=link.raw)
        if target is None and not self._is_there(article, path, raw=link.raw):
            return "dead-link", f"'{link.target}' leads to no file of the site.{self._near(article, path)}"
        if target is not None and anchor and not anchor.startswith(":~:"):
            page = self._page(target)
            if anchor in self._written(target) or page is None or _holds(self._html(page), anchor):
                return None
            near = _nearest(anchor, self._written(target))
            return "dead-anchor", f"'{link.target}' leads to no heading of {target}.{near}"
        return None

    def _article(self, article: Article, path: str, *, raw: bool) -> str | None:
        """The article that a path leads to; None where it leads to no article."""
        if not path:
            return article.path
        target = posixpath.normpath(posixpath.join(posixpath.dirname(article.path), path))
        if target in self._known:
            return target
        return self._sources.get(self._location(article, path)) if raw else None

    def _is_there(self, article: Article, path: str, *, raw: bool) -> bool:
        """Whether a file has the name, or the built site a page at the address: writers and plugins link to both."""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(article.path), path))
        by_address = self._was_built(self._location(article, path))
        if not self._ground.built and (raw or path.endswith("/")):
            return True  # what will be there is not known yet
        if target.startswith(".."):
            return by_address
        if target.endswith(".md"):  # one that a plugin made stands in the built site alone
            base = target.removesuffix(".md")
            base = base.removesuffix("index") if posixpath.basename(base) == "index" else f"{base}/"
            return is_there(self._ground.docs_dir / target) or self._was_built(base)
        return is_there(self._ground.docs_dir / target) or self._was_built(target) or by_address

    def _location(self, article: Article, path: str) -> str:
        """Where a path leads in the built site, seen from the article's page."""
        here = self._ground.built.get(article.path, article.path.removesuffix(".md") + "/")
        return posixpath.normpath(posixpath.join(posixpath.dirname(here), path)).removeprefix("./") + (
            "/" if path.endswith("/") else ""
        )

    def _was_built(self, location: str) -> bool:
        return not location.startswith("..") and is_there(self._ground.site_dir / location)

    def _near(self, article: Article, path: str) -> str:
        if posixpath.splitext(path)[1] not in ("", ".md"):  # an article is no picture
            return ""
        here = posixpath.dirname(article.path) or "."
        target = posixpath.normpath(posixpath.join(here, path))
        close = self._namesakes.get(posixpath.basename(target)) or self._nearest_name(target)
        return f" Did you mean '{posixpath.relpath(close, here)}'?" if close else ""

    def _look_for_name(self, target: str) -> str | None:
        self._suggested += 1
        if self._suggested > _MOST_SUGGESTED:
            return None
        return next(iter(difflib.get_close_matches(target, self._names, n=1, cutoff=0.7)), None)

    def _page(self, path: str) -> Path | None:
        """The built page of an article; None where there is none yet, and what its headings become is not known."""
        location = self._ground.built.get(path)
        return file_of(self._ground.site_dir, location) if location is not None else None


@lru_cache(2000)
def _anchors(markdown: str) -> frozenset[str]:
    """Where links into an article can lead, by what is written there."""
    text = prose(markdown)
    said = [
        *(one.text for one in headings(text)),
        *(_OWN_ID.sub("", one["text"]) for one in _UNDERLINED.finditer(text)),
    ]
    slugs = Counter(slugify(one, "-") for one in said)
    # As the `toc` extension tells headings of one wording apart.
    again = (f"{slug}_{number}" for slug, often in slugs.items() for number in range(1, often))
    return frozenset({*_HTML_ID.findall(text), *(one["id"] for one in _OWN_ID.finditer(text)), *slugs, *again})


@lru_cache(5000)  # slow, and the same at every save until it is mended
def _nearest(anchor: str, anchors: frozenset[str]) -> str:
    longer = sorted(one for one in anchors if anchor and one.startswith(anchor))
    return f" Did you mean '{longer[0]}'?" if longer else nearest(anchor, sorted(anchors))


def _holds(html: str, anchor: str) -> bool:
    """Whether a built page has an anchor: there, plugins and other rules for headings have had their say."""
    ends = (('"', '"'), ("'", "'"), ("", " "), ("", ">"))
    return any(f"{name}={begin}{anchor}{end}" in html for name in ("id", "name") for begin, end in ends)


def _attributes(inside: str) -> dict[str, str]:
    return {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(inside)}
