"""Passages out of built HTML: what can be a result, by heading and anchor.

Reads any generator's pages; what the build knows beside the HTML (front matter) comes from
`handrail/site.json` when the plugin wrote one. Knows nothing of encoders and indexes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from handrail_kb.addresses import Known, address_of, file_of, html_files, location_of, location_of_address
from handrail_kb.errors import SiteError
from handrail_kb.opening import Opening, read_opening

# Bump on any change that can alter a passage's text: the index then encodes all of them again.
PASSAGE_RULES = 1
# Characters of one passage: about the 256 word pieces that small encoders read.
PASSAGE_CHARS = 900
MAX_PAGE_BYTES = 20_000_000
# Elements inside elements that are told apart: unclosed tags nest without end, and Python's stack has one.
_DEEPEST = 150
MANIFEST = "handrail/site.json"

_MAIN = ("article.md-content__inner", "main article", "article[role=main]", "main", "[role=main]", "article", "body")
_LEFT_OUT = (
    "script, style, noscript, template, svg, form, nav, footer, iframe, button, "
    "[hidden], [aria-hidden=true], [data-search-exclude]:not(h1):not(h2):not(h3):not(h4):not(h5):not(h6), "
    ".headerlink, .linenos, .linenodiv, .md-content__button, .md-source-file, .md-feedback, .md-tags, "
    ".handrail-contact, .footnote-backref, [role=navigation], [role=search], [role=contentinfo], [role=banner]"
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
# fmt: off
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "header", "hgroup", "hr", "li", "main", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "caption",
])
# fmt: on
_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Passage:
    """A piece of an article: all under one heading, at most PASSAGE_CHARS characters.

    `location` is relative to the site (`guide/reset/#forgot`); `path` holds the headings above, article title left out.
    """

    location: str
    heading: str
    path: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Page:
    """An article as search sees it. `lang` is a primary language subtag such as `de`."""

    location: str
    title: str
    passages: tuple[Passage, ...]
    description: str = ""
    lang: str = "en"
    breadcrumb: tuple[str, ...] = ()
    boost: float = 1.0
    questions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    people_only: bool = False
    source: str = ""


@dataclass(frozen=True)
class SiteInfo:
    """What is true of the whole site. `contact_url` and `find_url` are relative to the site.

    `contact_ways` are the other ways to reach a person, as one line; `opening` says when somebody answers at once.
    """

    name: str = ""
    base_path: str = "/"
    lang: str = "en"
    contact_url: str = "contact/"
    contact_label: str = ""
    contact_ways: str = ""
    opening: Opening = field(default_factory=Opening)
    find_url: str = "find/"
    articles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_site_info(site_dir: Path) -> SiteInfo:
    """What the plugin wrote beside the pages, or defaults for a site that another generator built."""
    file = site_dir / MANIFEST
    if not file.is_file():
        return SiteInfo()
    try:
        data = json.loads(whole(json.dumps(json.loads(file.read_text(encoding="utf-8")), ensure_ascii=False)))
        contact = data.get("contact", {})
        return SiteInfo(
            name=str(data.get("site_name", "")),
            base_path=str(data.get("base_path", "/")),
            lang=str(data.get("lang", "en")),
            contact_url=str(contact.get("url", "contact/")),
            contact_label=str(contact.get("label", "")),
            contact_ways=str(contact.get("ways", "")),
            opening=read_opening(contact.get("opening")),
            find_url=str(data.get("find", "find/")),
            articles=Known((location_of_address(url), facts) for url, facts in data.get("articles", {}).items()),
        )
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise SiteError(f"{file} is not what the plugin writes: {error}.", "Build it again: handrail build") from error


def read_site(site_dir: Path) -> Iterator[Page]:
    """Every page of a built site that search may show, in the order of their paths.

    Raises SiteError when the folder is missing or holds no page.
    """
    if not site_dir.is_dir():
        raise SiteError(f"There is no built site at {site_dir}.", "Build it: handrail build")
    info = read_site_info(site_dir)
    _refuse_lost_pages(site_dir, info)
    found = False
    for file in sorted(html_files(site_dir)):
        if file.name == "404.html" or file.stat().st_size > MAX_PAGE_BYTES:
            continue
        page = read_page(file.read_text(encoding="utf-8", errors="replace"), location_of(file, site_dir), info)
        if page is not None:
            found = True
            yield page
    if not found:
        raise SiteError(f"{site_dir} holds no HTML page that search may show.", "Build it again: handrail build")


def _refuse_lost_pages(site_dir: Path, info: SiteInfo) -> None:
    """Front matter that belongs to no page would be lost in silence: an excluded page would be found."""
    lost = [location for location in info.articles if file_of(site_dir, location) is None]
    if not lost:
        return
    source = info.articles[lost[0]].get("source") or lost[0]
    more = f", nor those of {len(lost) - 1} others" if len(lost) > 1 else ""
    raise SiteError(
        f"{site_dir} has no page at '{address_of(lost[0])}', where {MANIFEST} says that {source} was built{more}.",
        "Build it again: handrail build",
    )


def read_page(html: str, location: str, info: SiteInfo) -> Page | None:
    """One page, or None where it is no article: excluded from search, a redirect, or left for the service to fill."""
    facts = info.articles.get(location, {})
    if facts.get("exclude") or "<handrail-main" in html:
        return None
    tree = LexborHTMLParser(html)
    if tree.css_first("meta[http-equiv=refresh]") is not None:
        return None
    title = str(facts.get("title") or _title(tree) or location)
    sections = list(_sections(_main(tree)))
    return Page(
        location=location,
        title=title,
        passages=tuple(_passages(sections, location, title)),
        description=str(facts.get("description") or _meta(tree, "description")),
        lang=str(facts.get("lang") or _attribute(tree.css_first("html"), "lang") or info.lang).split("-")[0].lower(),
        breadcrumb=tuple(map(str, facts.get("breadcrumb") or ())),
        boost=float(facts.get("boost") or 1.0),
        questions=tuple(map(str, facts.get("questions") or ())),
        keywords=tuple(map(str, facts.get("keywords") or ())),
        people_only=bool(facts.get("people_only")),
        source=str(facts.get("source") or ""),
    )


def whole(text: str) -> str:
    """The text with half characters, which JSON can hold and SQLite cannot, made question marks."""
    return text.encode("utf-8", "replace").decode()


def pack(blocks: Sequence[str], limit: int = PASSAGE_CHARS) -> Iterator[str]:
    """Join blocks of text into pieces of at most `limit` characters, cutting longer ones between sentences or words."""
    piece = ""
    for block in blocks:
        for part in _cut(block, limit):
            if piece and len(piece) + 1 + len(part) > limit:
                yield piece
                piece = part
            else:
                piece = f"{piece}\n{part}" if piece else part
    if piece:
        yield piece


def _cut(block: str, limit: int) -> Iterator[str]:
    if len(block) <= limit:
        yield block
        return
    piece = ""
    for sentence in _SENTENCE_END.split(block):
        if piece and len(piece) + 1 + len(sentence) > limit:
            yield piece
            piece = ""
        piece = f"{piece} {sentence}" if piece else sentence
        while len(piece) > limit:
            end = piece.rfind(" ", limit // 2, limit)
            end = end if end > 0 else limit
            yield piece[:end]
            piece = piece[end:].lstrip()
    if piece:
        yield piece


@dataclass
class _Section:
    """What stands under one heading, while it is being read."""

    anchor: str = ""
    heading: str = ""
    path: tuple[str, ...] = ()
    level: int = 0
    blocks: list[str] = field(default_factory=list)
    excluded: bool = False


def _passages(sections: Sequence[_Section], location: str, title: str) -> Iterator[Passage]:
    own = {title, next((section.heading for section in sections if section.level == 1), title)}
    for section in sections:
        if section.excluded:
            continue
        target = f"{location}#{section.anchor}" if section.anchor else location
        # The article's own heading as one of a section would show every intro as a part of itself.
        heading = "" if section.heading in own else section.heading
        path = tuple(part for part in section.path if part not in own)
        pieces = list(pack(section.blocks)) or ([""] if heading else [])
        for text in pieces:
            yield Passage(location if not heading else target, heading, path, text)


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    for selector in _MAIN:
        node = tree.css_first(selector)
        if node is not None:
            for unwanted in node.css(_LEFT_OUT):
                unwanted.decompose()
            return node
    return None


def _sections(main: LexborNode | None) -> Iterator[_Section]:
    """Walk the content in reading order and start a section at every heading that has an anchor."""
    if main is None:
        return
    reader = _Reader()
    reader.read(main)
    reader.end_block()
    yield from reader.sections


class _Reader:
    """Gathers inline text into blocks, and blocks into sections."""

    def __init__(self) -> None:
        self.sections = [_Section()]
        self._inline: list[str] = []
        self._trail: list[tuple[int, str]] = []
        self._depth = 0

    def end_block(self) -> None:
        text = _clean("".join(self._inline))
        self._inline.clear()
        if text:
            self.sections[-1].blocks.append(text)

    def read(self, node: LexborNode) -> None:
        if self._depth >= _DEEPEST:
            self._inline.append(node.text(separator=" "))
            return
        self._depth += 1
        for child in node.iter(include_text=True):
            self._read_child(child)
        self._depth -= 1

    def _read_child(self, child: LexborNode) -> None:
        tag = child.tag or ""
        if tag == "-text":
            self._inline.append(child.text(deep=False))
        elif tag in _HEADINGS:
            self._start_section(child, _HEADINGS[tag])
        elif tag == "table":
            self._read_table(child)
        elif tag == "pre":
            self._add_blocks(_code(child))
        elif tag == "br":
            self._inline.append(" ")
        elif tag == "img":
            self._inline.append(f" {_attribute(child, 'alt')} ")
        elif "tabbed-set" in _attribute(child, "class").split():
            self._read_tabs(child)
        else:
            self._read_element(child, tag)

    def _read_element(self, node: LexborNode, tag: str) -> None:
        if tag not in _BLOCKS:
            self.read(node)
            return
        self.end_block()
        self.read(node)
        self.end_block()

    def _start_section(self, node: LexborNode, level: int) -> None:
        self.end_block()
        heading = _clean(node.text())
        if not heading:
            return
        while self._trail and self._trail[-1][0] >= level:
            self._trail.pop()
        path = tuple(text for _, text in self._trail)
        self._trail.append((level, heading))
        excluded = "data-search-exclude" in node.attributes
        self.sections.append(_Section(_attribute(node, "id"), heading, path, level, excluded=excluded))

    def _add_blocks(self, blocks: Sequence[str]) -> None:
        self.end_block()
        self.sections[-1].blocks.extend(blocks)

    def _read_table(self, table: LexborNode) -> None:
        """A row stands by itself: `Field: title; Needed: yes`."""
        if table.css_first(".highlighttable, .code, .highlight") is not None:
            self._add_blocks([line for pre in table.css("pre") for line in _code(pre)])
            return
        names: list[str] = []
        rows = []
        for row in table.css("tr"):
            cells = [_clean(cell.text(separator=" ")) for cell in row.css("th, td")]
            if row.css_first("td") is None and len(cells) > 1:
                names = cells
                continue
            padded = names + [""] * (len(cells) - len(names))
            named = [f"{name}: {cell}" if name else cell for name, cell in zip(padded, cells, strict=False) if cell]
            rows.append("; ".join(named))
        self._add_blocks([row for row in rows if row] or ["; ".join(name for name in names if name)])

    def _read_tabs(self, tabs: LexborNode) -> None:
        """Each tab's label goes in front of what the tab shows."""
        self.end_block()
        labels = [_clean(label.text()) for label in tabs.css(".tabbed-labels label")]
        blocks = tabs.css(".tabbed-block")
        if not blocks:
            self.read(tabs)
            return
        own = [block for block in blocks if _nearest_tabs(block) == tabs.mem_id]
        for label, block in zip(labels + [""] * len(own), own, strict=False):
            if label:
                self._inline.append(f"{label}: ")
            self.read(block)
            self.end_block()


def _nearest_tabs(node: LexborNode) -> int | None:
    """Which set of tabs a tab belongs to: tabs can hold tabs."""
    parent = node.parent
    while parent is not None:
        if "tabbed-set" in _attribute(parent, "class").split():
            return parent.mem_id
        parent = parent.parent
    return None


def _code(pre: LexborNode) -> list[str]:
    return [_clean(line) for line in pre.text().splitlines() if line.strip()]


def _clean(text: str) -> str:
    return _SPACE.sub(" ", text.replace("¶", "")).strip()


def _attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node is not None else ""


def _title(tree: LexborHTMLParser) -> str:
    for selector in ("article h1", "main h1", "h1", "title"):
        node = tree.css_first(selector)
        if node is not None:
            for mark in node.css(".headerlink"):
                mark.decompose()
            if text := _clean(node.text()):
                return text
    return ""


def _meta(tree: LexborHTMLParser, name: str) -> str:
    return _clean(_attribute(tree.css_first(f"meta[name={name}]"), "content"))
