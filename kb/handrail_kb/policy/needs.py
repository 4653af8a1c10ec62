"""What a built page runs and loads: read from its HTML and from the site's own scripts and styles.

A light, linear scan of the tags, because a site may have thousands of pages. Works on the pages of any generator.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from urllib.parse import urljoin, urlsplit

from handrail_kb.policy.elements import elements
from handrail_kb.policy.policy import is_source

_ATTRIBUTE = re.compile(
    r"""([^\s"'>/=][^\s>/=]*+)(?:\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s>"']?[^\s>]*+)))?""", re.ASCII
)
_RUNS = re.compile(
    r"(?:|module|importmap|speculationrules|(?:text|application)/(?:x-)?(?:java|ecma|live)script[\d.]*)\s*(?:;.*)?",
    re.I | re.S,
)
_CHARSET = re.compile(rb"""<meta\b[^>]{0,200}charset\s{0,9}=\s{0,9}["']?([\w-]{1,40})""", re.I)
_ON = re.compile(r"on[a-z]{3,40}", re.I)
_CSS_URL = re.compile(r"""url\(\s*+["']?([^"')\s]++)|@import\s++["']([^"'\n]++)""", re.I)
_FONT = re.compile(r"\.(?:woff2?|ttf|otf|eot)\b", re.I)
_SCRIPT_URL = re.compile(r"""["'`]((?:https?:)?//[\w.-]{3,100}/[^"'`\s<>]{0,300}?\.(m?js|css))(?=["'`?#])""")
_ASKS = re.compile(
    r"""(?:fetch|open|sendBeacon|EventSource|WebSocket)\(\s{0,9}["'`](?:GET["']\s{0,9},\s{0,9}["'])?"""
    r"""((?:https?|wss?)://[\w.-]{3,100})"""
)
_IDLE = re.compile(r"(?:void\s{0,9}(?:\(\s{0,9}0\s{0,9}\)|0)|undefined)?\s{0,9};?\s*", re.I)
_INSTANT = re.compile(r"""["']navigation\.instant["']""")
_REFRESH = re.compile(r"^\s{0,9}\d{0,5}\s{0,9}[;,]\s{0,9}url\s{0,9}=", re.I)

# The attributes of an element that load something, each with its directive.
_LOADS: Mapping[str, Mapping[str, str]] = {
    "script": {"src": "script-src"},
    "img": {"src": "img-src", "srcset": "img-src"},
    "source": {"src": "media-src", "srcset": "img-src"},
    "input": {"src": "img-src"},
    "image": {"href": "img-src", "xlink:href": "img-src"},
    "video": {"src": "media-src", "poster": "img-src"},
    "audio": {"src": "media-src"},
    "track": {"src": "media-src"},
    "iframe": {"src": "frame-src"},
    "frame": {"src": "frame-src"},
    "object": {"data": "object-src"},
    "embed": {"src": "object-src"},
    "form": {"action": "form-action"},
    "button": {"formaction": "form-action"},
}
_LINKS = {
    "stylesheet": "style-src",
    "icon": "img-src",
    "apple-touch-icon": "img-src",
    "manifest": "manifest-src",
    "modulepreload": "script-src",
}
_PRELOADS = {"script": "script-src", "style": "style-src", "font": "font-src", "image": "img-src"}


# Addresses that certainly lead to the site itself, and the directives for which such an address needs nothing.
_PLAINLY_OURS = re.compile(r"(?!//)[\w./-]+", re.ASCII)
_FREE = frozenset({"img-src", "media-src", "font-src", "manifest-src", "connect-src", "form-action"})


@dataclass(frozen=True)
class Use:
    """Something that the strict policy forbids: a directive, the source that would allow it, and what it is for."""

    directive: str
    source: str
    what: str


@dataclass
class Needs:
    """What one text (a page, or a script or style of the site) runs and loads.

    `scripts` and `styles` are digests of inline code, in order. `fitted` is allowed automatically, since it lets nobody
    else in; `uses` is what a person has to allow. `files` are addresses of scripts and styles, `frames` paths of pages.
    `ours` says whether the page has an element that the service fills.
    """

    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    fitted: set[tuple[str, str]] = field(default_factory=set)
    uses: set[Use] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)
    diagrams: bool = False
    instant: bool = False
    redirect: bool = False
    ours: bool = False

    def add(self, other: Needs) -> None:
        """Add what a part of the same page needs."""
        self.scripts += other.scripts
        self.styles += other.styles
        self.fitted |= other.fitted
        self.uses |= other.uses
        self.files |= other.files
        self.frames |= other.frames
        self.diagrams |= other.diagrams
        self.instant |= other.instant
        self.redirect |= other.redirect
        self.ours |= other.ours


_NOTHING = Needs()


def decoded(raw: bytes) -> str:
    """A page as a browser reads it: decoded by the charset it declares, with line feeds as line ends."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = _CHARSET.search(raw[:2048])
        try:
            text = raw.decode(named[1].decode("ascii") if named else "cp1252", errors="replace")
        except LookupError:
            text = raw.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def needs_of_page(html: str, address: str) -> Needs:
    """What a page runs and loads. `address` is absolute."""
    return _Page(address).read(html)


def needs_of_script(text: str, address: str) -> Needs:
    """What a script of the site loads from other hosts, as far as its text shows. `address` is absolute."""
    page = _Page(address)
    page.look_into_script(text)
    return page.needs


def needs_of_style(text: str, address: str) -> Needs:
    """What a style sheet of the site loads from other hosts. `address` is absolute."""
    page = _Page(address)
    page.look_into_style(text)
    return page.needs


def inline_hashes(html: str) -> tuple[set[str], set[str]]:
    """The digests of a page's inline scripts and of its inline styles, as a Content-Security-Policy names them."""
    needs = needs_of_page(html, "https://localhost/")
    return set(needs.scripts), set(needs.styles)


@lru_cache(maxsize=20_000)
def attributes_of(text: str) -> Mapping[str, str]:
    """The attributes of a tag, the first of each name, with entities resolved."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        value = double or single or bare
        found.setdefault(name.lower(), unescape(value) if "&" in value else value)
    return found


class _Page:
    """Collects the needs of one page, or of one file that a page loads."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.host = urlsplit(address).netloc
        self.needs = Needs()

    def read(self, html: str) -> Needs:
        for element in elements(html):
            told = _wherever_it_stands(self.host, *element)
            if told is None:
                self.element(*element)
            elif told is not _NOTHING:
                self.needs.add(told)
        self.needs.ours = "<handrail-main" in html
        return self.needs

    def element(self, name: str, attributes: str, body: str) -> None:
        has = attributes_of(attributes)
        if name == "script" and not self.needs.instant and _INSTANT.search(body):
            self.needs.instant = True
        if name == "script" and "src" not in has and _RUNS.fullmatch(has.get("type", "").strip()):
            self.needs.scripts.append(_digest(body))
            self.look_into_script(body)
        elif name == "style":
            self.needs.styles.extend(dict.fromkeys(map(_digest, _as_style(body))))
            self.look_into_style(body)
        elif name == "link":
            self.link(has)
        elif name == "base" and "href" in has:
            self.use("base-uri", has["href"], "a <base> element")
        elif name == "meta" and has.get("http-equiv", "").lower() == "refresh":
            self.needs.redirect |= bool(_REFRESH.match(has.get("content", "")))
        if "mermaid" in has.get("class", "").split():
            self.needs.diagrams = True
        if has.get("data-md-component") == "source" and urlsplit(has.get("href", "")).netloc == "github.com":
            self.needs.uses.add(Use("connect-src", "https://api.github.com", "the facts beside the repository's name"))
        for attribute, directive in _LOADS.get(name, {}).items():
            for url in _urls(attribute, has.get(attribute, "")):
                self.use(directive, url, name)
        self.inline_attributes(has)

    def link(self, has: Mapping[str, str]) -> None:
        kinds = has.get("rel", "").lower().split()
        directive = next((_LINKS[kind] for kind in kinds if kind in _LINKS), "")
        if "preload" in kinds:
            directive = _PRELOADS.get(has.get("as", "").lower(), "")
        if directive:
            self.use(directive, has.get("href", ""), "link")

    def inline_attributes(self, has: Mapping[str, str]) -> None:
        for name, value in has.items():
            if name == "style":
                self.needs.fitted.add(("style-src-attr", "'unsafe-inline'"))
                self.look_into_style(value)
            elif name.startswith("on") and _ON.fullmatch(name):
                self.needs.uses.add(Use("script-src-attr", "'unsafe-inline'", name))
            elif name in ("href", "action", "src", "formaction") and _runs(value):
                self.needs.uses.add(Use("script-src", "'unsafe-inline'", "javascript: in a link"))

    def look_into_script(self, text: str) -> None:
        for url, ending in _SCRIPT_URL.findall(text):
            self.use("style-src" if ending == "css" else "script-src", url, "named in a script")
        for url in _ASKS.findall(text):
            self.use("connect-src", url, "asked by a script")

    def look_into_style(self, text: str) -> None:
        if "url(" not in text and "@import" not in text.lower():
            return
        for url, imported in _CSS_URL.findall(text):
            is_font = _FONT.search(url) or url.lower().startswith(("data:font", "data:application/"))
            directive = "style-src" if imported or ".css" in url else "font-src" if is_font else "img-src"
            self.use(directive, imported or url, "named in a style")

    def use(self, directive: str, url: str, what: str) -> None:
        """Record a file that is loaded: one of the site by its address, another one by its host."""
        if directive in _FREE and _PLAINLY_OURS.fullmatch(url):
            return
        try:
            target = urlsplit(urljoin(self.address, url.strip()))
        except ValueError:
            return
        scheme, host = target.scheme, target.netloc.rpartition("@")[2].lower()
        if scheme in ("data", "blob"):
            self.data(directive, f"{scheme}:", what)
        elif scheme not in ("http", "https", "ws", "wss") or not host or not url.strip():
            return
        elif host == self.host:
            self.own(directive, target.path)
        else:
            source = host if url.lstrip().startswith("//") else f"{scheme}://{host}"
            if is_source(source):
                self.needs.uses.add(Use(directive, source, what))
            if directive in ("script-src", "style-src"):
                self.needs.files.add(target.geturl())

    def data(self, directive: str, source: str, what: str) -> None:
        """Record a `data:` or `blob:` address: pictures, fonts and sounds are harmless, scripts and pages are not."""
        if directive in ("font-src", "media-src", "img-src"):
            self.needs.fitted.add((directive, source))
        elif directive in ("frame-src", "object-src", "script-src", "style-src"):
            self.needs.uses.add(Use(directive, source, what))

    def own(self, directive: str, path: str) -> None:
        if directive in ("script-src", "style-src"):
            self.needs.files.add(path)
        elif directive == "frame-src":
            self.needs.frames.add(path)
        elif directive == "object-src":
            self.needs.fitted.add((directive, "'self'"))
            self.needs.frames.add(path)
        elif directive == "base-uri":
            self.needs.fitted.add((directive, "'self'"))


@lru_cache(maxsize=20_000)
def _wherever_it_stands(host: str, name: str, attributes: str, body: str) -> Needs | None:
    """What an element needs on every page of a host; None if that depends on the page's address."""
    here, there = _Page(f"https://{host}/a/"), _Page(f"https://{host}/b/c/d/")
    for page in (here, there):
        page.element(name, attributes, body)
    if here.needs != there.needs:
        return None
    return _NOTHING if here.needs == _NOTHING else here.needs


def _runs(address: str) -> bool:
    """Whether a link runs code. Material's own link to share a result does nothing by itself."""
    scheme, _, code = address.strip().partition(":")
    return scheme.lower() == "javascript" and not _IDLE.fullmatch(code)


def _urls(attribute: str, value: str) -> list[str]:
    if not value:
        return []
    if attribute != "srcset":
        return [value]
    # Only a comma before a space separates addresses: `data:` addresses contain one.
    return [part.split()[0] for part in re.split(r",\s", f"{value} ") if part.split()]


def _as_style(body: str) -> Iterator[str]:
    """A style as written, and as browsers read it within SVG, where entities and CDATA sections are resolved."""
    yield body
    if "&" in body or "<![CDATA[" in body:
        yield unescape(body.replace("<![CDATA[", "").replace("]]>", ""))


def _digest(body: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(body.encode("utf-8", "replace")).digest()).decode()
