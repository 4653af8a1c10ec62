"""What stands on the pages of a built site: whether each leads to a person with one click, and has the dialog."""

from __future__ import annotations

from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser


@dataclass(frozen=True)
class Reach:
    """`pages` are those that MkDocs made, stubs that lead on left out; `lost` have no link to a person."""

    pages: int
    lost: tuple[str, ...]
    stubs: int
    copied: int  # HTML that stands in the docs folder and is taken over as it is


def reach(site: Path, docs: Path) -> Reach:
    """Read every page, as somebody would who does not know how Handrail puts its link there."""
    trees = {}
    stubs = copied = 0
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix()
        if (docs / name).is_file() and cmp(docs / name, file, shallow=False):
            copied += 1
            continue
        tree = LexborHTMLParser(file.read_text(encoding="utf-8", errors="replace"))
        if tree.css_first("meta[http-equiv=refresh]"):
            stubs += 1
            continue
        trees[name] = tree
    contact = {name for name, tree in trees.items() if tree.css_first("form.handrail-form textarea")}
    lost = [name for name, tree in trees.items() if name not in contact and not _targets(name, tree) & contact]
    return Reach(len(trees), tuple(lost), stubs, copied)


def _targets(name: str, tree: LexborHTMLParser) -> set[str]:
    """The files of the site that a page links to. What starts with a slash is tried below every folder."""
    found = set()
    for link in tree.css("a[href]"):
        address = urlsplit(link.attributes["href"] or "")
        if address.scheme or address.netloc:
            continue
        path = unquote(urlsplit(urljoin(f"https://site/{name}", address.path)).path).lstrip("/")
        parts = path.split("/")
        for start in range(len(parts) if address.path.startswith("/") else 1):
            rest = "/".join(parts[start:])
            found |= {rest, f"{rest}index.html", f"{rest}/index.html".lstrip("/")}
    return found
