"""Finds dead links in articles, and images without alternative text.

Links are found in Markdown, because a writer needs the line, and checked against the built page, which shows what
MkDocs, its plugins and the extensions of Markdown made of them. An article that was changed since the build is checked
against the docs folder only. Links to other sites are not checked: such a check would fail whenever somebody else's
server does.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown.extensions.toc import slugify

from handrail_kb.addresses import path_of, same_letters
from handrail_kb.articles.article import Article
from handrail_kb.articles.built_page import SCHEME, BuiltPage, BuiltSite, Place
from handrail_kb.articles.markdown_links import Link, links_of, nameless_images
from handrail_kb.articles.prose import headings, line_at, prose
from handrail_kb.config.shown import is_there
from handrail_kb.problems import Problem, Severity, nearest

_UNDERLINED = re.compile(r"^[ \t]*+(?P<text>\S[^\n]*+)\n {0,3}(?:=++|-++)[ \t]*+$", re.M)
_OWN_ID = re.compile(r"\{:?[^{}\n]{0,200}?#(?P<id>[\w.:-]++)[^{}\n]{0,200}+\}")
_HTML_ID = re.compile(r"""\b(?:id|name)\s*=\s*["']?([^"'\s>]+)""")
# Placeholders that a plugin such as macros fills in.
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|--8<--")
# Fragments that scripts and browsers read; they name no heading.
_NO_PLACE = re.compile(r"top$|:~:|[/!]", re.I)
# Finding the nearest of many names takes longer than everything else.
_MOST_SUGGESTED_FROM, _MOST_SUGGESTED = 5000, 200
_MOST_SENT_ON = 5


@dataclass(frozen=True)
class Ground:
    """What links can lead to: the docs folder, the site built from it, and the place of each article in that site.

    `left_out` are Markdown files that the site does not publish. mkdocs.yml sets `directory_urls` and `absolute`
    (whether '/' means the docs folder). `elsewhere` are folders that the site shows under another name.
    """

    docs_dir: Path
    site_dir: Path
    built: Mapping[str, str] = field(default_factory=dict)
    base_path: str = "/"
    left_out: frozenset[str] = frozenset()
    directory_urls: bool = True
    absolute: bool = False
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    def file_of(self, path: str) -> Path:
        """The file of a path below the docs folder, or below an included folder."""
        for alias, folder in self.elsewhere.items():
            if path.startswith(f"{alias}/"):
                return folder / path.removeprefix(f"{alias}/")
        return self.docs_dir / path

    def place_of(self, path: str) -> str:
        """The place where an article was or will be built."""
        known = self.built.get(path)
        if known is not None:
            return same_letters(path_of(known))
        base = same_letters(path.removesuffix(".md"))
        if posixpath.basename(base).lower() in ("index", "readme"):
            folder = posixpath.dirname(base)
            return (f"{folder}/" if folder else "") if self.directory_urls else posixpath.join(folder, "index.html")
        return f"{base}/" if self.directory_urls else f"{base}.html"


def images_without_text(articles: Sequence[Article]) -> Iterator[Problem]:
    """Images without alternative text for screen readers and search. `alt=""` marks one as decoration."""
    for article in articles:
        text = prose(article.body)
        for place in sorted(nameless_images(text)):
            yield Problem(
                article.path,
                line_at(text, place, article.body_line),
                "warning",
                "this image has no text for who cannot see it. Write what it shows: ![The button Save](…); one that is "
                'only decoration has <img alt="">.',
                "image-without-text",
            )


def dead_links(articles: Sequence[Article], ground: Ground) -> Iterator[Problem]:
    """Links to missing files and headings, each with the nearest existing one, and links to old addresses."""
    reached = _Reached(ground, {article.path: article for article in articles})
    added: dict[str, list[tuple[Article, _Found]]] = {}
    for article in articles:
        for found in reached.faults(article):
            if found.place is None:
                added.setdefault(found.what, []).append((article, found))
            else:
                line = line_at(prose(article.body), found.place, article.body_line)
                yield Problem(article.path, line, found.severity, found.what, found.code)
    for what, where in added.items():
        article, found = where[0]
        more = f" {len(where)} articles have it." if len(where) > 1 else ""
        told = f"{what} It stands in what a plugin, a template or another file adds to the article.{more}"
        yield Problem(article.path, 1, found.severity, told, found.code)


def lost_sections(articles: Sequence[Article], ground: Ground) -> Iterator[Problem]:
    """Questions of the front matter that lead to a section which is not there."""
    reached = _Reached(ground, {article.path: article for article in articles})
    for article in articles:
        for question, anchor in article.sections.items():
            if anchor and not reached.holds(article, anchor):
                told = f"'{question}' leads to '#{anchor}', which is no heading of this article."
                mend = " If the ': ' belongs to the question, put all of it in quotes."
                near = reached.nearest(article, anchor) or mend
                yield Problem(article.path, article.line_of(question), "error", f"{told}{near}", "dead-anchor")


@dataclass(frozen=True)
class _Found:
    """A dead link. `place` is its position in the prose; None if it is not written there."""

    place: int | None
    code: str
    what: str

    @property
    def severity(self) -> Severity:
        return "warning" if self.code == "redirected-link" else "error"


class _Reached:
    """Looks up where links lead; reads the anchors of each article once."""

    def __init__(self, ground: Ground, known: Mapping[str, Article]) -> None:
        self._ground, self._known = ground, known
        self._site = BuiltSite(ground.site_dir, ground.base_path)
        # If two files have the same address, it belongs to the published one, which comes later.
        self._sources = {ground.place_of(path): path for path in (*ground.left_out, *known, *ground.built) if path}
        self._near = _Near(sorted(known))
        self._written = cache(lambda path: _anchors(known[path].body))
        self._judge = cache(self._look_at_page)

    def faults(self, article: Article) -> Iterator[_Found]:
        """The faulty links of an article, in no particular order."""
        page, text = self._judge(article.path), prose(article.body)
        if page is None:
            for link in links_of(text):
                place = None if _TEMPLATE.search(link.target) else self._meant(article, link)
                if place and (code := self._code_as_written(article, link, place)):
                    yield _Found(link.place, code, self._words(article, link, place, code))
            return
        here = self._ground.place_of(article.path)
        given = {place: address for address in page.addresses if (place := self._place_in_page(here, address))}
        dead = {place: code for place in given if (code := self._code(place))}
        written = [(place, link) for link in links_of(text) if dead and (place := self._meant(article, link)) in dead]
        for place, link in written:
            yield _Found(link.place, dead[place], self._words(article, link, place, dead[place]))
        named = {place for place, _ in written}
        for place in dead:
            if place in named or place.location.startswith("..") or not self._site.resolved(here, given[place]):
                continue
            spot = _spot(text, article.body, given[place], self._sources.get(place.location, ""))
            link = Link(given[place], spot or 0, raw=True)
            yield _Found(spot, dead[place], self._words(article, link, place, dead[place]))

    def _place_in_page(self, here: str, address: str) -> Place | None:
        """Where an address on a page leads. MkDocs leaves one from the root of the docs folder only if it is dead."""
        place = self._site.resolved(here, address)
        if place or not self._ground.absolute or not address.startswith("/"):
            return place
        path, _, anchor = unquote(address).partition("#")
        return Place(path.lstrip("/"), anchor)

    def _look_at_page(self, path: str) -> BuiltPage | None:
        """The built page that an article's links are checked against; None without one, or if it is out of date."""
        if path not in self._ground.built:
            return None
        location = self._ground.place_of(path)
        file, page = self._site.file(location), self._site.page(location)
        if file is None or page is None or not page.whole:
            return None
        try:
            return page if self._ground.file_of(path).stat().st_mtime <= file.stat().st_mtime else None
        except OSError:
            return page

    def _meant(self, article: Article, link: Link) -> Place | None:
        """The place that a link leads to once MkDocs has turned it into an address; None outside the site."""
        here = self._ground.place_of(article.path)
        as_it_is = self._site.resolved(here, link.target)
        if (
            link.raw and as_it_is and as_it_is.location.startswith("..")
        ):  # outside the site, where another service may answer
            return None
        if link.raw or SCHEME.match(link.target):
            return as_it_is
        try:
            parts = urlsplit(link.target)
        except ValueError:
            return None
        path, anchor = unquote(parts.path), unquote(parts.fragment)
        if parts.netloc or (path.startswith("/") and not self._ground.absolute):
            return as_it_is
        target = self._beside(article, path)
        if not path:
            return Place(here, anchor)
        if self._sources.get(place := self._ground.place_of(target)) == target:
            return Place(place, anchor)
        if not target.endswith(".md") and self._is_file(target):
            return Place(target, anchor)
        return as_it_is if not path.startswith("/") else Place(target, anchor)

    def _beside(self, article: Article, path: str) -> str:
        """The file that a path in the article names, relative to the docs folder."""
        folder = "" if path.startswith("/") else posixpath.dirname(article.path)
        return posixpath.normpath(posixpath.join(folder, path.lstrip("/")))

    def _is_file(self, target: str) -> bool:
        return not target.startswith("..") and is_there(self._ground.file_of(target))

    def _code_as_written(self, article: Article, link: Link, place: Place) -> str:
        """As `_code`, for an article that has changed since the build: its targets may not be built yet either."""
        if place.location in self._sources or self._site.file(place.location):
            return self._code(place)
        return "" if self._may_be_there(article, link, place) else "dead-link"

    def _may_be_there(self, article: Article, link: Link, place: Place) -> bool:
        path = unquote(urlsplit(link.target).path)
        target = self._beside(article, path)
        if target in self._ground.left_out:
            return False
        if path.startswith("/") and not self._ground.absolute:
            return not self._ground.built and not target.endswith(".md")
        if link.raw:
            if self._is_file(place.location):
                return True
            beside = target in self._known or self._is_file(target) or self._article_at(target) is not None
            return not self._ground.built and not beside and not target.endswith(".md")
        if target.endswith(".md"):  # an article that a plugin made is in the built site only
            made = self._site.page(self._ground.place_of(target))
            return is_there(self._ground.file_of(target)) or bool(made and not made.sends_on)
        if self._article_at(target) is not None:
            return False
        if self._ground.built:
            return posixpath.splitext(target)[1] != "" and self._is_file(target)
        return path.endswith("/") or self._is_file(target)  # without a built site, what a folder will hold is unknown

    def _article_at(self, target: str) -> str | None:
        """The article that a link means by the name of its page, or None."""
        names = (target, f"{target}.md", f"{target}/index.md", f"{target.removesuffix('.html')}.md")
        return next((name for name in names if name in self._known), None)

    def _code(self, place: Place) -> str:
        """The code in `problems` for what is wrong with a link to this place; empty if nothing is."""
        location, onward = self._onward(place.location)
        if location is None or (location not in self._sources and self._site.file(location) is None):
            return "dead-link"
        source = self._sources.get(location)
        if source is not None and source in self._ground.left_out:
            return "dead-link"
        leads_into = source is not None and place.anchor and not _NO_PLACE.match(place.anchor)
        if source and leads_into and not self._has(source, location, place.anchor):
            return "dead-anchor"
        return "redirected-link" if onward else ""

    def _has(self, source: str, location: str, anchor: str) -> bool:
        page = self._site.page(location) if source in self._ground.built else None
        if page is None:  # which anchors its headings get is unknown
            return True
        if anchor in page.anchors:
            return True
        return source in self._known and self._judge(source) is None and anchor in self._written(source)

    def holds(self, article: Article, anchor: str) -> bool:
        """Whether an article has an anchor; before it is built by what is written, if no plugin adds to that."""
        if article.path in self._ground.built:
            return self._has(article.path, self._ground.place_of(article.path), anchor)
        return anchor in self._written(article.path) or bool(_TEMPLATE.search(article.body))

    def nearest(self, article: Article, anchor: str) -> str:
        """' Did you mean …?' where an anchor of the article is near."""
        return _nearest(anchor, self._written(article.path))

    def _onward(self, location: str) -> tuple[str | None, bool]:
        """The place where readers end after redirects, and whether there were any; None if the redirects never end."""
        for hops in range(_MOST_SENT_ON):
            page = None if location in self._sources else self._site.page(location)
            if page is None or not page.sends_on:
                return location, hops > 0
            place = self._site.resolved(location, page.sends_on)
            if place is None:  # another site
                return location, False
            location = place.location
        return None, True

    # ---- messages

    def _words(self, article: Article, link: Link, place: Place, code: str) -> str:
        shown = f"'{link.target}'"
        source = self._sources.get(place.location)
        if code == "redirected-link":
            end = self._onward(place.location)[0] or ""
            return f"{shown} is an old address that sends readers on to '{end}'. Link there.{self._named(article, end)}"
        if code == "dead-anchor":
            end = self._sources[self._onward(place.location)[0] or place.location]
            anchors = self._written(end) if end in self._known else frozenset()
            return f"{shown} leads to no heading of {end}.{_nearest(place.anchor, anchors)}"
        if source is not None:
            return f"{shown} leads to {source}, which is left out of the site."
        path = unquote(urlsplit(link.target).path)
        target = self._beside(article, path)
        now, sent_on = self._onward(self._ground.place_of(target))
        if target.endswith(".md") and now is not None and sent_on:
            return f"{shown} is the old name of a page: nothing but its address is kept.{self._named(article, now)}"
        if link.raw and (target in self._known or self._is_file(target)):
            there = self._ground.place_of(target) if target in self._known else target
            right = posixpath.relpath(f"/{there}", f"/{posixpath.dirname(self._ground.place_of(article.path))}")
            right = f"{right}/" if there.endswith("/") else right
            return (
                f"{shown} stands in HTML, which MkDocs leaves as it is: seen from the page, nothing is there. "
                f"Write '{right}', or a link in Markdown."
            )
        return f"{shown} leads to no file of the site.{self._near.told(article.path, path, self._article_at(target))}"

    def _named(self, article: Article, location: str) -> str:
        """' Did you mean …?' with the link from this article to the one at a location; empty if there is none."""
        source = self._sources.get(location)
        here = posixpath.dirname(article.path) or "."
        return f" Did you mean '{posixpath.relpath(source, here)}'?" if source else ""


class _Near:
    """Suggests the article that a wrong name may mean. Limited to a number of names, because it is slow."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names[:_MOST_SUGGESTED_FROM]
        self._namesakes = {posixpath.basename(name): name for name in reversed(self._names)}
        self._suggested = 0
        self._nearest_name = cache(self._look_for_name)

    def told(self, path: str, written: str, meant: str | None) -> str:
        """' Did you mean …?' if an article's name is near to the link `written` in the one at `path`, else empty."""
        if posixpath.splitext(written)[1] not in ("", ".md", ".html"):  # an article is no picture
            return ""
        here = posixpath.dirname(path) or "."
        target = posixpath.normpath(posixpath.join(here, written))
        close = meant or self._namesakes.get(posixpath.basename(target)) or self._nearest_name(target)
        return f" Did you mean '{posixpath.relpath(close, here)}'?" if close else ""

    def _look_for_name(self, target: str) -> str | None:
        self._suggested += 1
        if self._suggested > _MOST_SUGGESTED:
            return None
        return next(iter(difflib.get_close_matches(target, self._names, n=1, cutoff=0.7)), None)


def _spot(text: str, body: str, address: str, source: str) -> int | None:
    """The position in the Markdown of an address on the built page: in prose or, failing that, anywhere; else None."""
    anchor = urlsplit(address).fragment
    forms = [address, unquote(address), escape(address, quote=False)]
    if source and anchor:  # as written before MkDocs turned it into an address
        forms.append(f"{posixpath.basename(source)}#{anchor}")
    for written in (text, body):
        for form in dict.fromkeys(forms):
            found = re.search(rf"(?<![\w/.#-]){re.escape(form)}(?![\w/#-])", written)
            if found:
                return found.start()
    return None


@lru_cache(2000)
def _anchors(markdown: str) -> frozenset[str]:
    """The anchors that an article's Markdown defines."""
    text = prose(markdown)
    said = [
        *(one.text for one in headings(text)),
        *(_OWN_ID.sub("", one["text"]) for one in _UNDERLINED.finditer(text)),
    ]
    slugs = Counter(slugify(one, "-") for one in said)
    # As the `toc` extension distinguishes headings with the same text.
    again = (f"{slug}_{number}" for slug, often in slugs.items() for number in range(1, often))
    return frozenset({*_HTML_ID.findall(text), *(one["id"] for one in _OWN_ID.finditer(text)), *slugs, *again})


@lru_cache(5000)  # slow, and called at every save until the link is fixed
def _nearest(anchor: str, anchors: frozenset[str]) -> str:
    longer = sorted(one for one in anchors if anchor and one.startswith(anchor))
    return f" Did you mean '{longer[0]}'?" if longer else nearest(anchor, sorted(anchors))
