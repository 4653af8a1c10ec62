"""The pages of a site under every name that people have for them: addresses, paths, Markdown files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from handrail_kb.errors import HandrailError
from handrail_kb.passages import SiteInfo, read_site_info
from handrail_kb.settings import Settings, docs_dir_of, nearest


class Places:
    """The pages of a site under every name that people have for them."""

    def __init__(self, locations: Iterable[str], info: SiteInfo, docs: str = "docs") -> None:
        """`locations` are pages that search can show; `docs` is the name of the folder of articles."""
        self._base = info.base_path.strip("/")
        self._names: dict[str, str] = {}
        known = set(locations)
        for location in known:
            self._names |= dict.fromkeys(_names_of(location), location)
        # MkDocs writes addresses as browsers do.
        self.sources = {unquote(url): str(facts.get("source") or "") for url, facts in info.articles.items()}
        for location, source in self.sources.items():
            if source and location in known:
                self._names |= {source: location, f"{docs}/{source}": location}
        self._left_out = {unquote(url) for url in info.articles} - known

    def find(self, url: str) -> str:
        """The location of the page that a URL, a path or a Markdown file means. Raises LookupError saying why not."""
        try:
            path = unquote(urlsplit(url.strip()).path).lstrip("/")
        except ValueError:
            path = ""
        if not path and not url.strip().endswith("/"):
            raise LookupError(f"'{url[:80]}' is not an address")
        inside = path[len(self._base) :].lstrip("/") if f"{path}/".startswith(f"{self._base}/") else path
        for name in (inside, path):
            if name in self._names:
                return self._names[name]
        kept_out = inside in self._left_out or f"{inside}/" in self._left_out
        why = "is kept out of search" if kept_out else "is not a page of this site"
        raise LookupError(f"'{inside[:80]}' {why}")

    def nearest(self, url: str) -> str:
        """' Did you mean …?' when a page has a similar name, else nothing. Slow."""
        path = unquote(urlsplit(url.strip()).path).strip("/")
        return nearest(path.removeprefix(f"{self._base}/"), [*{*self._names.values(), *self.sources.values()}])


def _names_of(location: str) -> Iterator[str]:
    yield location
    yield location.rstrip("/")
    if location.endswith("/") or not location:
        yield f"{location}index.html"
    if location.endswith(".html"):
        yield location.removesuffix(".html")


def names_of(locations: Iterable[str], settings: Settings) -> Places:
    """The pages of the site as built now; without a built site, by their addresses alone."""
    try:
        info = read_site_info(settings.site_dir)
    except HandrailError:
        info = SiteInfo()
    config = settings.config_file
    return Places(locations, info, docs_dir_of(config).name if config and config.exists() else "docs")
