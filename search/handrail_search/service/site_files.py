"""The built site as it is now: what the build recorded about it, and its files and pages over HTTP."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flask import Flask, g, has_request_context, redirect, request, send_file
from werkzeug.exceptions import NotFound, ServiceUnavailable
from werkzeug.routing import Rule
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from handrail_kb.addresses import address_of, base_of, file_of, location_of_path, spelled_on_disk
from handrail_kb.config.generations import LISTING, current_site
from handrail_kb.config.settings import Settings
from handrail_kb.errors import HandrailError
from handrail_kb.language.html_files import content_type
from handrail_kb.policy.policy import FILE, Policies, read_policies
from handrail_kb.site.built.site_info import MANIFEST, SiteInfo, read_site_info
from handrail_kb.texts.log.logger import Log
from handrail_search.index import site_switch
from handrail_search.index.generation import sites_beside
from handrail_search.index.other_generators import base_path_of
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.searcher import Searcher

log = Log(__name__)


_ASSETS = "assets/"
# A digest of the contents in a name: hexadecimal digits, letters among them, or else a date and a version would do; and
# Material's form, in which they may be digits alone.
_DIGEST = re.compile(r"[.-](?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,128}(?=[.-])|\.[0-9a-f]{8}\.min\.(?:js|css)$")
# In seconds: processes look for a new generation every second, and a list of results is open for a while.
_AROUND_SWITCH = 30.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What the build records for the service, such as who maintains an article: no page loads it, and it is never served.
_NOTES = "handrail"
# Fixed, because the tables of different machines differ.
_TYPES = {
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".webmanifest": "application/manifest+json",
}


class DecodedRule(Rule):
    """A rule that is written as addresses are, `/my%20help/contact/`: it is compared with what a server decoded."""

    def __init__(self, string: str, **options: Any) -> None:
        super().__init__(unquote(string), **options)


class BuiltSite:
    """The built site; a new build is noticed without a restart.

    A request sees one site from its beginning to its end: that of the generation whose index answers it.
    """

    def __init__(self, settings: Settings, live: LiveIndex) -> None:
        self._settings = settings
        self._live = live
        self.base_path = base_path_in(settings, self.folder, self.info())

    @property
    def folder(self) -> Path:
        """The folder of built HTML that serves: of the generation in use, or `site_dir` where it has none."""
        return self._served()[1]

    def searcher(self) -> Searcher | None:
        """The Searcher of the same generation; None where there is no usable index."""
        return self._served()[0]

    def _served(self) -> tuple[Searcher | None, Path]:
        if not has_request_context():
            return self._served_now()
        if "served" not in g:
            g.served = self._served_now()
        served: tuple[Searcher | None, Path] = g.served
        return served

    def _served_now(self) -> tuple[Searcher | None, Path]:
        searcher = self._live.searcher()
        of_generation = searcher.index.site if searcher else self._live.site()
        chosen = None if self._settings.serves_folder else of_generation
        return searcher, chosen or self._settings.site_dir

    def hashed_file(self, path: str) -> Path | None:
        """A file whose name changes with its contents, from another generation at hand.

        A page that is still open asks for the former one's; one that another process or node has just sent, for the
        next one's.
        """
        found = (_file_in(site, path) for site in self._sites_at_hand())
        return next((file for file in found if file is not None and file.is_file()), None)

    def page_at_hand(self, path: str) -> Path | None:
        """A page that this generation has lost; or that the one before or after it has, around the moment of a switch.

        Each process changes over by itself: the list of results may be another one's, with a page that is new or gone.
        What was lost is taken from any other generation, or from the folder that was built.
        """
        of_generation = None if self._settings.serves_folder else self._live.site()
        if of_generation is None:
            return None
        newest = current_site(self._settings.index_dir)
        sites = [newest] if newest and newest != of_generation else []
        if self.has_lost(path):
            sites += [*sites_beside(of_generation.parent), self._settings.site_dir]
        elif self._live.seconds_since_switch() < _AROUND_SWITCH:
            sites += sites_beside(of_generation.parent)[:1]  # the one before
        for site in sites:
            file = _file_in(site, path)
            if file is not None and file.is_file():
                g.served = (self.searcher(), site)  # with the policy of its own build
                return file
        return None

    def has_lost(self, path: str) -> bool:
        """Whether a file was built for an address, and is not there, or may not be read."""
        of_generation = None if self._settings.serves_folder else self._live.site()
        if of_generation is None:
            return False
        listing = of_generation.parent / LISTING
        name = f"{path}index.html" if path.endswith("/") or not path else path
        return name in _listed(listing, _stamp(listing)) and _file_in(of_generation, path) is None

    def info(self) -> SiteInfo:
        """What the plugin recorded about the site."""
        return _info(self.folder, _stamp(self.folder / _NOTES / "site.json"))

    def is_page(self, location: str) -> bool:
        """Whether there is a page at a location; without a site here, any may exist."""
        file = file_of(self.folder, location)
        return file.suffix == ".html" if file else not self.folder.is_dir()

    def is_page_at_hand(self, location: str) -> bool:
        """As `is_page`, or in another generation at hand: a page that another node sent may be judged here."""
        if self.is_page(location):
            return True
        files = (file_of(site, location) for site in self._sites_at_hand())
        return any(file is not None and file.suffix == ".html" for file in files)

    def _sites_at_hand(self) -> list[Path]:
        """The sites of other generations; none where a folder is served that was asked for by name."""
        of_generation = None if self._settings.serves_folder else self._live.site()
        return sites_beside(of_generation.parent) if of_generation else []

    def title_of(self, location: str) -> str:
        """The title of a page, or its address where it is unknown."""
        return str(self.info().articles.get(location, {}).get("title") or location)

    def protection(self, file: str = "") -> Mapping[str, str]:
        """The headers that protect a `file` of the site, such as `guide/index.html`, or pages that the service creates.

        Pages on which customers write have the strict policy, whatever is allowed on others.
        """
        policies = _policies(self.folder, _stamp(self.folder / FILE))
        return policies.headers(file) if file else policies.strict()


@lru_cache(maxsize=2)
def _listed(listing: Path, _stamp_of_file: int) -> frozenset[str]:
    """The names of the files that a site was built of."""
    try:
        listed = listing.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return frozenset()
    return frozenset(line.partition(" ")[2] for line in listed.split("\n"))


@lru_cache(maxsize=8)
def _info(folder: Path, _stamp_of_file: int) -> SiteInfo:
    try:
        return read_site_info(folder)
    except HandrailError as error:
        log("site.unreadable", reason=error)
        return SiteInfo()


@lru_cache(maxsize=8)
def _policies(folder: Path, _stamp_of_file: int) -> Policies:
    return read_policies(folder)


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def base_path_in(settings: Settings, folder: Path, info: SiteInfo) -> str:
    """The path that the site in `folder` is served under, with a slash at both ends."""
    known = info.base_path if (folder / MANIFEST).is_file() else base_path_of(settings, folder)
    return base_of(settings.text("base_path") or known)


def add_site(app: Flask, site: BuiltSite) -> None:
    """Serve the files and pages of the site."""
    # A request is freed when Python next looks for cycles: till then it would keep a former generation's files open.
    app.teardown_appcontext(lambda _error: g.pop("served", None))

    def page(path: str = "") -> AnyResponse:
        """A file of the built site; folders show their index.html."""
        hashed = _is_named_by_contents(path)
        folder, file = site.folder, _file_in(site.folder, path)
        if file is None:
            file = site.hashed_file(path) if hashed else site.page_at_hand(path)
            folder = site.folder
        if file is None:
            raise ServiceUnavailable("This file of the site is gone.") if site.has_lost(path) else NotFound()
        if file.is_dir():
            location = location_of_path(file.relative_to(folder).as_posix())
            asked = request.query_string.decode("ascii", "ignore")
            return redirect(f"{site.base_path}{address_of(location)}/{asked and f'?{asked}'}", 301)
        if "Range" in request.headers:  # a part is one of the file as it is, and never compressed by itself
            request.environ.pop("HTTP_ACCEPT_ENCODING", None)
        g.site_file = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else path
        response = send_file(file, mimetype=_mimetype(file), conditional=True, etag=_etag(file))
        if response.mimetype == "text/html":
            response.headers["Content-Type"] = content_type(file)
        # Flask-Compress drops the file without closing it.
        response.call_on_close(getattr(response.response, "close", lambda: None))
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response

    app.add_url_rule(site.base_path, "site_home", page)
    app.add_url_rule(f"{site.base_path}<path:path>", "site", page)
    if site.base_path != "/":
        app.add_url_rule("/", "to_base", lambda: redirect(site.base_path))
        app.add_url_rule(site.base_path.rstrip("/"), "to_base_path", lambda: redirect(site.base_path))


def _file_in(site: Path, path: str) -> Path | None:
    """The file or folder at an address of the site; the address of a folder may lack its final slash."""
    # A path that names a file only after its dots are resolved is no real link, and as a redirect could lead elsewhere.
    if _CONTROL.search(path) or ".." in path.split("/"):
        return None
    spelled = spelled_on_disk(site, path)
    found = safe_join(str(site), spelled) if spelled is not None else None
    if found is None:
        return None
    file = Path(found)
    if file.parent == site / _NOTES and file.suffix == ".json":
        return None
    if path.startswith((site_switch.NEW, site_switch.OLD)):
        return None
    try:
        if file.is_dir() and not path.endswith("/") and path:
            return file
        file = file / "index.html" if file.is_dir() else file
        return file if file.is_file() and os.access(file, os.R_OK) else None
    except OSError:  # a name longer than the file system allows
        return None


def _is_named_by_contents(path: str) -> bool:
    """Whether a file has another name as soon as it has other contents, so that browsers never need to ask again."""
    name = path.rpartition("/")[2]
    return path.startswith(_ASSETS) and not name.endswith((".html", ".htm")) and bool(_DIGEST.search(name))


def _etag(file: Path) -> str:
    """The same in every generation that holds the file unchanged: where it stands is no part of it."""
    found = file.stat()
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _mimetype(file: Path) -> str:
    return _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
