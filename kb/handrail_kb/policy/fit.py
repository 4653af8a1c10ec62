"""Fits a Content-Security-Policy to each page of a built site, and reports what stays blocked.

Allows automatically what a page loads from its own site. A person has to allow what comes from other hosts, or lets
markup run as code. Works on the pages of any generator.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from handrail_kb.addresses import html_files
from handrail_kb.policy import policy
from handrail_kb.policy.needs import Needs, Use, decoded, needs_of_page, needs_of_script, needs_of_style
from handrail_kb.policy.policy import Sources

_MOST_PAGE_BYTES = 20_000_000
_MOST_FILE_BYTES = 400_000  # larger files are libraries, and most addresses in them are never requested
_MOST_FILES = 200  # scripts and styles of one page
_MOST_DIGESTS = policy.MOST_CHARACTERS // 53  # more than this never fit
# Files of Material and Handrail, which load nothing from other hosts that their pages do not show.
_KNOWN_TO_BE_OURS = re.compile(r"(?:^|/)assets/(?:handrail/|javascripts/(?:bundle\.|workers/|lunr/)|stylesheets/)")
_UNPKG = Use("script-src", "https://unpkg.com", "Mermaid, which Material fetches for diagrams")

Pair = tuple[str, str]
_STYLES: Pair = ("style-src", "'unsafe-inline'")
_STYLE_ATTRIBUTES: Pair = ("style-src-attr", "'unsafe-inline'")


@dataclass(frozen=True)
class _Library:
    """A script that is known to need more than itself, recognised by its file name on any host."""

    name: re.Pattern[str]
    fits: tuple[Pair, ...] = ()
    asks: tuple[Use, ...] = ()


def _library(pattern: str, *fits: Pair, asks: tuple[Pair, ...] = ()) -> _Library:
    name = re.compile(rf"(?:^|[/.@_-])(?:{pattern})(?=[/.@_-]|$)", re.IGNORECASE)
    return _Library(name, fits, tuple(Use(*pair, f"needed by {pattern.partition('|')[0]}") for pair in asks))


_LIBRARIES = (
    _library("mermaid", _STYLES),
    _library(r"mathjax|tex-(?:mml-)?(?:chtml|svg)(?:-full)?|mml-chtml|tex-mml-chtml", _STYLES),
    _library("katex|auto-render", _STYLE_ATTRIBUTES),
    _library("glightbox", _STYLE_ATTRIBUTES),
    _library("swagger-ui|swagger-ui-bundle", _STYLES),
    _library("plotly", _STYLES, ("img-src", "blob:")),
    _library("redoc", _STYLES, ("worker-src", "blob:")),
    _library("asciinema-player", _STYLES, asks=(("script-src", "'wasm-unsafe-eval'"),)),
    _library("vega", _STYLES, asks=(("script-src", "'unsafe-eval'"),)),
    _library("alpine|alpinejs", asks=(("script-src", "'unsafe-eval'"),)),
    _library("pyodide|pyscript", asks=(("script-src", "'wasm-unsafe-eval'"), ("script-src", "'unsafe-eval'"))),
)
# Sources that are useless without another one.
_COMPANIONS = {
    ("style-src", "https://fonts.googleapis.com"): (Use("font-src", "https://fonts.gstatic.com", "Google's fonts"),),
    ("script-src", "https://www.googletagmanager.com"): (
        Use("connect-src", "https://*.google-analytics.com", "Google Analytics"),
        Use("connect-src", "https://*.analytics.google.com", "Google Analytics"),
    ),
}


@dataclass(frozen=True)
class Blocked:
    """A source that the policy blocks, what it is for, and the pages that need it."""

    directive: str
    source: str
    what: tuple[str, ...]
    pages: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """What the policy of a site blocks.

    `crowded` are pages with more inline scripts and styles than a header holds, each with the number that do not fit;
    `blocked_by_instant` are pages whose inline scripts do not run when a reader comes by instant navigation, because
    the site has too many; `unread` are pages that cannot be read, or are too large.
    """

    mode: str = policy.ENFORCE
    blocked: tuple[Blocked, ...] = ()
    crowded: tuple[tuple[str, int], ...] = ()
    blocked_by_instant: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def write_csp(
    site_dir: Path, *, allow: Sources | None = None, mode: str = policy.ENFORCE, site_url: str = ""
) -> Findings:
    """Write `handrail/csp.json`, from which the service sends each page its policy, and return what stays blocked.

    `allow` holds sources by directive, as in `csp_allow` in mkdocs.yml; `mode` is one of `policy.MODES`. Files on the
    host of `site_url` count as the site's own.
    """
    allow = allow or {}
    site = _Site(site_dir, site_url or "https://localhost/", allow)
    policy.write_policies(site_dir, mode, allow, site.needs(), [name for name, page in site.pages.items() if page.ours])
    if mode == policy.OFF:
        return Findings(mode)
    return Findings(
        mode, tuple(site.blocked()), tuple(site.crowded()), tuple(site.blocked_by_instant), tuple(site.unread)
    )


class _Site:
    """All pages of a site with what they need, read once."""

    def __init__(self, site_dir: Path, site_url: str, allow: Sources) -> None:
        self.folder, self.allow = site_dir, allow
        self.root = urljoin(site_url, "/")
        self.base = urlsplit(site_url).path.rstrip("/") + "/"
        self.files: dict[str, Needs] = {}
        self.unread: list[str] = []
        self.blocked_by_instant: list[str] = []
        self.pages = dict(self._read())
        # The number of pages with each digest, without redirects.
        self.common = Counter(digest for page in self._real() for digest in {*page.scripts, *page.styles})

    def _real(self) -> list[Needs]:
        return [page for page in self.pages.values() if not page.redirect]

    def _read(self) -> Iterator[tuple[str, Needs]]:
        for file in sorted(html_files(self.folder)):
            name = file.relative_to(self.folder).as_posix()
            try:
                raw = file.read_bytes() if file.stat().st_size <= _MOST_PAGE_BYTES else None
            except OSError:
                raw = None
            if raw is None:
                self.unread.append(name)
                continue
            page = needs_of_page(decoded(raw), urljoin(self.root, quote(self.base + name, errors="surrogateescape")))
            self._add_files(page)
            yield name, page

    def _add_files(self, page: Needs) -> None:
        """Add to a page what the scripts and styles that it loads need, and those that they load in turn."""
        waiting, seen = sorted(page.files), set(page.files)
        while waiting and len(seen) <= _MOST_FILES:
            address = waiting.pop()
            known = [library for library in _LIBRARIES if library.name.search(address.partition("?")[0])]
            for library in known:
                page.fitted.update(library.fits)
                page.uses.update(library.asks)
            needs = Needs() if known else self._file(address)
            page.uses |= needs.uses
            page.fitted |= needs.fitted
            waiting.extend(sorted(needs.files - seen))
            seen |= needs.files
        if page.diagrams and not any("mermaid" in address.lower() for address in seen):
            page.uses.add(_UNPKG)
            if policy.allows(self.allow, _UNPKG.directive, _UNPKG.source):
                page.fitted.add(_STYLES)
        for use in list(page.uses):
            page.uses.update(_COMPANIONS.get((use.directive, use.source), ()))

    def _file(self, address: str) -> Needs:
        """What a script or style of the site needs by itself; nothing for one of another host, which is not read."""
        if address not in self.files:
            self.files[address] = Needs()
            name = self._name_of(address)
            if name and not _KNOWN_TO_BE_OURS.search(name) and name.endswith((".js", ".mjs", ".css")):
                read = needs_of_style if name.endswith(".css") else needs_of_script
                try:
                    file = self.folder / name
                    if file.stat().st_size <= _MOST_FILE_BYTES:
                        self.files[address] = read(decoded(file.read_bytes()), urljoin(self.root, address))
                except (OSError, ValueError):
                    pass
        return self.files[address]

    def _name_of(self, path: str) -> str:
        """The file of an absolute path, relative to the site; empty for a path outside the site."""
        if not path.startswith(self.base):
            return ""
        name = unquote(path.removeprefix(self.base))
        return "" if ".." in name.split("/") else f"{name}index.html" if name.endswith("/") or not name else name

    # ---- what is written

    def needs(self) -> Iterator[tuple[str, Sources]]:
        """Every file that needs something, with what it needs."""
        instant = any(page.instant for page in self._real())
        shared = self._shared() if instant else {}
        framed = {self._name_of(path) for page in self.pages.values() for path in page.frames} - {""}
        for name, page in self.pages.items():
            own = self.own(page)
            needs = own if page.redirect else policy.merged(own, shared)
            yield name, self._trimmed(needs, name in framed)
            if instant and not page.redirect and self._is_blocked_by_instant(own, shared):
                self.blocked_by_instant.append(name)
        for name in sorted(framed - set(self.pages)):
            yield name, {"frame-ancestors": ("'self'",)}

    def own(self, page: Needs) -> Sources:
        """What one page needs. The digests that most pages share, such as those of the theme's scripts, come first."""

        def listed(digests: Iterable[str]) -> tuple[str, ...]:
            ordered = sorted(dict.fromkeys(digests), key=lambda digest: -self.common[digest])
            return tuple(f"'{digest}'" for digest in ordered)

        fitted: dict[str, list[str]] = defaultdict(list)
        for directive, source in sorted(page.fitted):
            fitted[directive].append(source)
        return policy.merged(
            {name: tuple(values) for name, values in fitted.items()},
            {
                name: values
                for name, values in (("script-src", listed(page.scripts)), ("style-src", listed(page.styles)))
                if values
            },
        )

    def _shared(self) -> Sources:
        """What all pages together need, because instant navigation keeps the policy of the page loaded first."""
        together = Needs()
        for page in self._real():
            together.fitted |= page.fitted
        counted = [digest for digest, _ in self.common.most_common()]
        of_scripts = {digest for page in self._real() for digest in page.scripts}
        together.scripts = [digest for digest in counted if digest in of_scripts][:_MOST_DIGESTS]
        together.styles = [digest for digest in counted if digest not in of_scripts][:_MOST_DIGESTS]
        return self.own(together)

    def _is_blocked_by_instant(self, own: Sources, shared: Sources) -> bool:
        let_in = policy.header_of(shared, self.allow)
        scripts = own.get("script-src", ())
        inline = policy.allows(self.allow, "script-src", "'unsafe-inline'")
        return not inline and any(policy.is_digest(one) and one not in let_in for one in scripts)

    def _trimmed(self, needs: Sources, framed: bool) -> Sources:
        """The needs without digests that could never be sent; the site itself may frame a `framed` page."""
        kept = {}
        for name, values in needs.items():
            digests = [value for value in values if policy.is_digest(value)][:_MOST_DIGESTS]
            kept[name] = (*(value for value in values if not policy.is_digest(value)), *digests)
        return policy.merged(kept, {"frame-ancestors": ("'self'",)} if framed else {})

    # ---- findings

    def crowded(self) -> Iterator[tuple[str, int]]:
        """Pages whose own digests do not all fit into the header, with the number that do not."""
        for name, page in self.pages.items():
            if len(page.scripts) + len(page.styles) > _MOST_DIGESTS // 2:
                over = policy.too_many(self.own(page), self.allow)
                if over:
                    yield name, over

    def blocked(self) -> Iterator[Blocked]:
        """What stays blocked, most frequent first."""
        pages: dict[tuple[str, str], list[str]] = defaultdict(list)
        what: dict[tuple[str, str], set[str]] = defaultdict(set)
        for name, page in self.pages.items():
            if page.redirect:
                continue
            for key in {(use.directive, use.source) for use in page.uses}:
                pages[key].append(name)
            for use in page.uses:
                what[use.directive, use.source].add(use.what)
        for key in sorted(pages, key=lambda key: (-len(pages[key]), key)):
            if not policy.allows(self.allow, *key):
                yield Blocked(*key, tuple(sorted(what[key])), tuple(pages[key]))
