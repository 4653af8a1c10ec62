"""Compares what `handrail check` says of links with a crawl of the built pages, link by link.

    python tests/adoption/crawl.py MKDOCS_YML [BUILT_SITE]

The crawl is a reader of its own: it follows each `href` and `src` in the content of each page that an article was made
to, as a browser would, and looks for a file and for an `id`. What only the crawl finds dead is a miss, what only the
check does is a false alarm. Only standard Python and selectolax, nothing of what it judges.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

HOST = "https://site.invalid"
CONTENT = ("article.md-content__inner", "[role=main]", "main", "body")
# By the service, not by a file.
ANSWERED = re.compile(r"contact/code/$")
OF_THE_THEME = ".headerlink, .md-content__button, .md-source-file, form"


@dataclass(frozen=True)
class Dead:
    """An address in the page of an article that leads nowhere, as the browser would ask for it."""

    source: str
    address: str
    asked: str


class Crawl:
    """A built site, and what of it is dead."""

    def __init__(self, site_dir: Path) -> None:
        facts = json.loads((site_dir / "handrail" / "site.json").read_text(encoding="utf-8"))
        self.site_dir, self.base = site_dir, HOST + facts["base_path"]
        self.sources = {self._address(place): known["source"] for place, known in facts["articles"].items()}
        self.known = {unquote(page) for page in self.sources}
        self.links = 0
        self._trees: dict[Path, LexborHTMLParser] = {}
        self._ids: dict[Path, set[str]] = {}

    def dead(self) -> Iterator[Dead]:
        """Every dead address, once for each page."""
        for page, source in self.sources.items():
            file = self._file(page)
            if file is None or not source:
                continue
            for address in sorted(set(self._addresses(file))):
                asked = urljoin(page, address)
                if asked.startswith(self.base) and address.strip() and not ANSWERED.search(asked):
                    self.links += 1
                    if self._is_dead(asked, address):
                        yield Dead(source, address, unquote(asked.removeprefix(self.base)))

    def _address(self, location: str) -> str:
        return urljoin(self.base, location.replace(" ", "%20"))

    def _addresses(self, file: Path) -> Iterator[str]:
        tree = self._tree(file)
        content = next((node for node in map(tree.css_first, CONTENT) if node), None)
        for node in content.css("[href], [src]") if content else ():
            inside_theme = any(node.css_matches(one) for one in OF_THE_THEME.split(", ")) or _below_form(node)
            if not inside_theme:
                yield (node.attributes.get("href") or node.attributes.get("src") or "").strip()

    def _is_dead(self, asked: str, address: str) -> bool:
        page, anchor = urldefrag(asked)
        file = self._file(page)
        if file is None:  # at the root of a host, something else may be served
            return not (address.startswith("/") and self.base == f"{HOST}/" and not urlsplit(page).path.endswith(".md"))
        for _ in range(5):
            onward = self._sends_on(file)
            if not onward or not urljoin(page, onward).startswith(self.base):
                break
            page = urljoin(page, onward)
            file = self._file(urldefrag(page)[0])
            if file is None:
                return True
        known = unquote(urldefrag(page)[0].split("?")[0].removesuffix("index.html")) in self.known
        anchor = unquote(anchor)
        if not known or not anchor or anchor.startswith((":~:", "/", "!")) or anchor.lower() == "top":
            return False
        return anchor not in self._anchors(file)

    def _file(self, page: str) -> Path | None:
        path = self.site_dir / unquote(urlsplit(page).path.removeprefix(urlsplit(self.base).path))
        file = path / "index.html" if path.is_dir() else path
        return file if file.is_file() else None

    def _tree(self, file: Path) -> LexborHTMLParser:
        if file not in self._trees:
            self._trees[file] = LexborHTMLParser(file.read_bytes().decode("utf-8", "replace"))
        return self._trees[file]

    def _sends_on(self, file: Path) -> str:
        if file.suffix != ".html" or file.stat().st_size > 20_000:
            return ""
        found = re.search(r'http-equiv="refresh"[^>]*url=([^">]*)', file.read_text(encoding="utf-8", errors="replace"))
        return found[1] if found else ""

    def _anchors(self, file: Path) -> set[str]:
        if file not in self._ids:
            nodes = self._tree(file).css("[id], a[name]")
            self._ids[file] = {node.attributes.get(name) or "" for node in nodes for name in ("id", "name")}
        return self._ids[file]


def _below_form(node) -> bool:
    while (node := node.parent) is not None:
        if node.tag == "form":
            return True
    return False


def compared(config_file: Path, site_dir: Path | None = None) -> dict[str, object]:
    """The counts, and each false alarm and miss."""
    from handrail_search.checking import inspection

    if site_dir is not None:
        inspection.site_dir_of = lambda _: site_dir
    written = inspection.read_written(config_file)
    site = site_dir or inspection.site_dir_of(config_file)
    crawl = Crawl(site)
    dead = list(crawl.dead())
    found = [one for one in written.problems if one.code in ("dead-link", "dead-anchor")]
    per_file = Counter((one.file.removeprefix(f"{written.folder}/"), _told(one.what)) for one in found)
    told: dict[str, set[str]] = {}
    for file, address in per_file:
        told.setdefault(file, set()).add(address)
    shared = {_told(one.what) for one in found if "adds to the article" in one.what}
    misses = [one for one in dead if not _is_told(one, told.get(one.source, set()) | shared)]
    alarms = [one for one in found if "adds to" not in one.what and not _is_dead(one, dead, written.folder)]
    return {
        "articles": len(written.articles), "links": crawl.links, "dead": len(dead), "told": len(found),
        "false alarms": [str(one) for one in alarms], "misses": [str(one) for one in misses],
        "others": Counter(one.code for one in written.problems),
    }  # fmt: skip


def _told(what: str) -> str:
    return re.match(r"'(.*?)' (?:leads|stands|is)", what, re.S)[1]


def _is_told(one: Dead, told: set[str]) -> bool:
    return any(_same(one.address, address) for address in told)


def _is_dead(problem, dead: list[Dead], folder: str) -> bool:
    address, source = _told(problem.what), problem.file.removeprefix(f"{folder}/")
    return any(one.source == source and _same(one.address, address) for one in dead)


def _same(built: str, written: str) -> bool:
    """MkDocs makes `../two/#a` of `two.md#a`, or leaves what it does not know as it is."""
    built, written = unquote(built).removeprefix("./"), unquote(written)
    if built == written or built.lstrip("/") == written.lstrip("/"):
        return True
    path, _, anchor = written.partition("#")
    stem = path.rstrip("/").removesuffix(".md").rpartition("/")[2]
    if built.partition("#")[2] != anchor:
        return False
    return not built.partition("#")[0] or stem in built or stem.lower() in ("index", "readme", "", ".", "..")


def main() -> None:
    """Print the comparison."""
    result = compared(Path(sys.argv[1]).resolve(), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    sys.stdout.write(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
