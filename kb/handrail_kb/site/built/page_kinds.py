"""Distinguishes the articles of a built site from lists, redirects, print copies and other pages.

Lists of tags, archives, a site's own search page, a general index, redirects, print copies and HTML that the generator
only copied contain the words of every question, and answer none. Judges the pages of any generator by their content
and by what they have in common.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from handrail_kb.addresses import location_of_path
from handrail_kb.site.built.section import Section

# Marks of lists of tags (Material) and of a general index (Sphinx), which count if most of the page is links. Then
# marks of a page for printing, and of one for the results of a search without a service.
_LISTS = '[id^="tag:"], .genindex-jumpbox, table.indextable'
_NO_TEXT = '#print-site-page, [id$="search-results"]'
# Classes with which generators mark the `html` or `body` of a list: Docusaurus, Hugo's themes.
_CLASS_OF_LIST = re.compile(r"(?:.*-)?(?:list-page|archive-page|taxonomy|term)|search-page-wrapper")
# Folders of lists, which count if most of a page in them is links.
_FOLDER_OF_LISTS = re.compile(
    r"(?:^|/)(?:tags?|categor(?:y|ies)|archives?|authors?|sitemap|page/\d+)(?:/|\.html$)", re.I
)
_MOSTLY, _NEARLY_ALL = 0.5, 0.8
# A page that links to at least this many pages, and to at least half of the site, is a map of the site.
_MAP = 12
_SCRIPT_MOVES = re.compile(r"\blocation\b")


@dataclass(frozen=True)
class Traits:
    """What distinguishes an article from other pages. `linked` holds the targets of a page that is mostly links.

    `look` holds the names of its generator and of the style sheets and scripts that it loads.
    """

    location: str
    is_list: bool = False
    moves: bool = False
    noindex: bool = False
    look: frozenset[str] = frozenset()
    linked: frozenset[str] = frozenset()


def traits_of(tree: LexborHTMLParser, main: LexborNode | None, location: str, sections: Sequence[Section]) -> Traits:
    """The traits of a page, given its parsed HTML and its sections."""
    letters = sum(len(block) for section in sections for block in section.blocks)
    share = sum(section.linked for section in sections) / letters if letters else 0.0
    return Traits(
        location,
        is_list=_is_list(tree, main, location, share),
        moves=not letters and any(_SCRIPT_MOVES.search(script.text() or "") for script in tree.css("script")),
        noindex="noindex" in _content(tree, "robots"),
        look=frozenset(_look(tree)),
        linked=frozenset(_linked(main, location)) if share >= _NEARLY_ALL and main is not None else frozenset(),
    )


def maps_of_the_site(pages: Sequence[Traits]) -> set[str]:
    """The locations of pages that are mostly links, to at least half of the other pages."""
    known = {page.location for page in pages}
    return {
        page.location
        for page in pages
        if len(there := page.linked & known - {page.location}) >= _MAP and 2 * len(there) >= len(known) - 1
    }


def not_articles(pages: Sequence[Traits]) -> set[str]:
    """The locations of pages that are not articles, in a site whose generator does not mark articles."""
    found = maps_of_the_site(pages)
    found |= {page.location for page in pages if page.is_list or page.moves or _is_hidden(page.location)}
    hidden = {page.location for page in pages if page.noindex}
    if 2 * len(hidden) < len(pages):  # otherwise the whole site is hidden, and wants to be searched here
        found |= hidden
    return found | _copied(pages)


def _is_list(tree: LexborHTMLParser, main: LexborNode | None, location: str, share: float) -> bool:
    # Looks only in the content, because MkDocs' own theme has an empty list of results in a dialog of every page.
    if main is not None and main.css_first(_NO_TEXT) is not None:
        return True
    if share >= _MOSTLY and (_FOLDER_OF_LISTS.search(location) or tree.css_first(_LISTS) is not None):
        return True
    classes = [name for tag in ("html", "body") for name in attribute_of(tree.css_first(tag), "class").split()]
    return any(map(_CLASS_OF_LIST.fullmatch, classes))


def _is_hidden(location: str) -> bool:
    """Whether it is the 404 page, or in a folder of the generator's own, such as `_modules`."""
    return location.rstrip("/").rpartition("/")[2] in ("404", "404.html") or "/_" in f"/{location}"


def _copied(pages: Sequence[Traits]) -> set[str]:
    """The locations of copied HTML: pages that share no style or script with the home page while others do."""
    home = next((page.look for page in pages if page.location in ("", "index.html")), frozenset[str]())
    alike = {page.location for page in pages if page.look & home}
    if len(alike) < 3 or 10 * len(alike) < len(pages):
        return set()
    return {page.location for page in pages} - alike


def _look(tree: LexborHTMLParser) -> set[str]:
    generator = _content(tree, "generator").split()
    links = (attribute_of(node, "href") for node in tree.css('link[rel~="stylesheet"]'))
    scripts = (attribute_of(node, "src") for node in tree.css("script[src]"))
    names = {urlsplit(link).path.rpartition("/")[2] for link in (*links, *scripts) if "//" not in link}
    return {name for name in names if name} | {f"generator {generator[0]}" for _ in generator[:1]}


def _linked(main: LexborNode, location: str) -> set[str]:
    targets = set()
    for link in main.css("a[href]"):
        try:
            target = urlsplit(urljoin(f"https://site/{location}", attribute_of(link, "href")))
        except ValueError:
            continue
        if target.netloc == "site":
            targets.add(location_of_path(unquote(target.path).lstrip("/")))
    return targets


def _content(tree: LexborHTMLParser, name: str) -> str:
    return attribute_of(tree.css_first(f'meta[name="{name}" i]'), "content").lower()


def attribute_of(node: LexborNode | None, name: str) -> str:
    """An attribute of an element; empty if it has none, or there is no element."""
    return (node.attributes.get(name) or "") if node is not None else ""
