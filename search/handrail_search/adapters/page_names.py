"""Finds a page of the site by any of its names: address, path, Markdown file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from handrail_kb.addresses import location_of_address, path_of, same_letters
from handrail_kb.config.settings import Settings, docs_dir_of
from handrail_kb.config.shown import shown_folder
from handrail_kb.problems import nearest
from handrail_kb.site.built.site_info import SiteInfo, site_info_or_defaults


class PageNames:
    """The pages of a site under every name that people have for them."""

    def __init__(self, locations: Iterable[str], info: SiteInfo, docs: str = "docs") -> None:
        """`locations` are pages that search can show; `docs` is the name of the folder of articles."""
        self._base = path_of(info.base_path).strip("/")
        self._names: dict[str, str] = {}  # by the form that all spellings of a name share
        known = set(locations)
        for location in known:
            self._names |= dict.fromkeys(map(same_letters, _names_of(location)), location)
        self.sources = {location: str(facts.get("source") or "") for location, facts in info.articles.items()}
        for location, source in self.sources.items():
            if source and location in known:
                names = (source, f"{docs}/{source}", f"{docs.rpartition('/')[2]}/{source}")
                self._names |= dict.fromkeys(map(same_letters, names), location)
        self._left_out = {same_letters(location) for location in info.articles if location not in known}

    def find(self, url: str) -> str:
        """The location of the page that a URL, a path or a Markdown file names. Raises LookupError with the reason."""
        asked = _page_of(url)
        if not asked and not url.strip().endswith("/"):
            raise LookupError(f"'{url[:80]}' is not an address")
        inside = self._inside(asked)
        # A file name is written as it is; in an address it is percent-encoded.
        for name in (inside, asked, path_of(inside), url.strip()):
            if same_letters(name) in self._names:
                return self._names[same_letters(name)]
        kept_out = same_letters(inside) in self._left_out or same_letters(f"{inside}/") in self._left_out
        why = "is kept out of search" if kept_out else "is not a page of this site"
        raise LookupError(f"'{inside[:80]}' {why}")

    def nearest(self, url: str) -> str:
        """' Did you mean …?' when a page has a similar name, else nothing. Slow."""
        known = [*{*self._names.values(), *self.sources.values()}]
        return nearest(self._inside(_page_of(url).strip("/")), known)

    def _inside(self, page: str) -> str:
        """The part of a path below the base path of the site."""
        return page[len(self._base) :].lstrip("/") if f"{page}/".startswith(f"{self._base}/") else page


def _page_of(url: str) -> str:
    try:
        return location_of_address(url.strip()).partition("#")[0].lstrip("/")
    except ValueError:
        return ""


def _names_of(location: str) -> Iterator[str]:
    yield location
    yield location.rstrip("/")
    if location.endswith("/") or not location:
        yield f"{location}index.html"
    if location.endswith(".html"):
        yield location.removesuffix(".html")


def names_of(locations: Iterable[str], settings: Settings) -> PageNames:
    """The pages of the site as last built; without a built site, known by their addresses alone."""
    info = site_info_or_defaults(settings.served_site)
    config = settings.config_file
    return PageNames(locations, info, shown_folder(docs_dir_of(config)) if config and config.exists() else "docs")
