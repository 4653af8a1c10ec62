"""The text of a built page as a reader sees it, divided into sections and blocks.

Leaves out marks that are not words (line and footnote numbers, permalinks) and what browsers never show, and keeps
words separate that are separate on the page. Includes content that is shown on request: closed details, tabs. Reads
the HTML of any generator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborNode

from handrail_kb.site.built import anchors, tables
from handrail_kb.site.built.article_part import HEADING_NAMES, left_out
from handrail_kb.site.built.blocks import Block, BlockKind, OpenLists, as_written
from handrail_kb.site.built.raised_text import GAP, SEAM, beside, links_to_note
from handrail_kb.site.built.section import Section, letters
from handrail_kb.site.built.tables import label

# The deepest nesting that is followed: unclosed tags can nest without limit, Python's stack cannot.
_DEEPEST = 150

# fmt: off
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol",
    "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "caption",
])
_LEVELS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
# fmt: on
# What heads the text after it: the question of a fold-out answer, the title of a note in several generators.
_LABELS = ("summary", "figcaption", "caption", "legend")
_TITLE_OF_NOTE = re.compile("admonition-?(?:title|heading)", re.IGNORECASE)
_SHORT_CODE = re.compile(r":[\w+-]+:")
# Code annotations of Material, which readers see as buttons.
_ANNOTATION = re.compile(r"(?:#|//|--|;|%|/\*|<!--)?\s?\(\d+\)!\s?(?:\*/|-->)?$")

_WITHOUT_SPACES = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_BETWEEN_WORDS = re.compile(rf"(?<=[^\W{_WITHOUT_SPACES}])\x1f(?=[^\W{_WITHOUT_SPACES}])")
_OTHER_SEAMS = re.compile("\x1f")
SEAMS = re.compile("\x1f[\x1f]+")
_SPACE = re.compile(r"[\s\x1e]+")
_ROLES_APART = frozenset(["cell", "gridcell", "columnheader", "rowheader", "option", "tab"])
# What stands beside a word in a frame of its own, without a space: badges, buttons, and comments of CriticMarkup.
_IN_A_FRAME = re.compile(r"(?:^|[\s_-])(?:badge|btn|button|chip|pill|label)(?:[\s_-]|$)|critic comment")
# Brackets around marks that are left out, such as the numbers of sources: [1, 2].
_EMPTY_BRACKETS = re.compile("[ \xa0]?\\[[ \xa0]*+\x1f[\x1f ,;\xa0\u2013-]*+\\]")
_ROLES_BELOW = frozenset(["row", "listitem", "heading", "paragraph"])
_LAST_WORD = re.compile(r"[^\W_]{1,40}\Z")


def sections_of(main: LexborNode | None) -> list[Section]:
    """The sections of a page in reading order; each heading starts one."""
    if main is None:
        return []
    reader = _Reader(left_out(main))
    reader.read(main)
    reader.end_block()
    return reader.sections


def text_of(node: LexborNode) -> str:
    """The text of a heading or another short element, in one line."""
    return _Reader(left_out(node)).line(node)


def clean(text: str) -> str:
    """A text in one line, with single spaces."""
    text = _BETWEEN_WORDS.sub(" ", SEAMS.sub(SEAM, _EMPTY_BRACKETS.sub(SEAM, text)))
    return _SPACE.sub(" ", _OTHER_SEAMS.sub("", text)).strip()


class _Reader:
    """Gathers inline text into blocks, and blocks into sections; if `flat`, headings are blocks, too."""

    def __init__(self, left_out: frozenset[int], *, depth: int = 0, flat: bool = False) -> None:
        self.sections = [Section()]
        self._left_out = left_out
        self._flat = flat
        self._inline: list[str] = []
        self._lead = ""  # a label to put before the next block
        self._trail: list[tuple[int, str]] = []
        self._depth = depth
        self._links = 0  # the number of open ones
        self._lists = OpenLists()
        self._labels = 0  # the number of open ones
        self._under = [""]  # the label of each open element, the innermost last

    def end_block(self) -> None:
        text = clean("".join(self._inline))
        self._inline.clear()
        if text:
            self._add_block(text)

    def line(self, node: LexborNode) -> str:
        """The text of a node, in one line."""
        return tables.joined(self._read_apart(node))

    def read(self, node: LexborNode) -> None:
        if self._depth >= _DEEPEST:
            self._inline.append(node.text(separator=" "))
            return
        self._depth += 1
        for child in node.iter(include_text=True):
            self._read_child(child, child.tag or "")
        self._depth -= 1

    def _read_child(self, child: LexborNode, tag: str) -> None:
        if tag == "-text":
            self._say(child.text(deep=False))
        elif child.mem_id in self._left_out:
            self._pass_over(tag)
        elif tag in _LEVELS and not self._flat:
            self._start_section(child, _LEVELS[tag])
        elif tag in _READ_BY_OWN_RULES:
            _READ_BY_OWN_RULES[tag](self, child)
        elif tag in _BLOCKS or tag in _LEVELS or _role(child) in _ROLES_BELOW:
            self._read_block(child)
        elif _role(child) in _ROLES_APART:
            self._read_change(child)
        elif tag == "span" and _IN_A_FRAME.search(child.attributes.get("class") or ""):
            self._read_framed(child)
        else:
            self.read(child)

    def _say(self, text: str) -> None:
        self._inline.append(text)
        if self._links:
            self.sections[-1].linked += letters(text)

    def _pass_over(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
        else:
            self._inline.append(SEAM)

    def _read_block(self, node: LexborNode) -> None:
        self.end_block()
        is_list = self._lists.enter(node.tag or "", node.attributes)
        is_label = node.tag in _LABELS or any(map(_TITLE_OF_NOTE.match, _classes(node)))
        self._labels += is_label
        self._under.append("")
        if "tabbed-set" in _classes(node):
            self._read_tabs(node)
        else:
            self.read(node)
        self.end_block()
        self._under.pop()
        self._labels -= is_label
        self._lists.leave(is_list)

    def _add_block(self, text: str) -> None:
        self.sections[-1].blocks.append(f"{self._lead}{text}")
        if self._lead and self._lists:
            self._show(self._lead.strip(), "label")
            self._show(text, "text")
        else:
            self._show(f"{self._lead}{text}", "label" if self._labels else "text")
        self._lead = ""

    def _show(self, text: str, kind: BlockKind) -> None:
        under = next(filter(None, reversed(self._under)), "")
        self.sections[-1].show(self._lists.block(text, kind, under))
        if self._labels:
            self._under[-2] = text  # it heads the element that it stands in

    def _add_lines(self, lines: Sequence[str], kind: BlockKind = "text") -> None:
        """Add blocks. A waiting label becomes a block above them, instead of the beginning of the first one."""
        self._add_lead()
        self.sections[-1].blocks.extend(lines)
        for line in lines:
            self._show(line, kind)

    def _add_lead(self) -> None:
        self.end_block()
        lead, self._lead = self._lead.strip(), ""
        if lead:
            self.sections[-1].blocks.append(lead)
            self._show(lead, "label")

    def _start_section(self, node: LexborNode, level: int) -> None:
        self.end_block()
        heading = self.line(node)
        if not heading:
            return
        if self._lead:
            self._add_lines([])
        while self._trail and self._trail[-1][0] >= level:
            self._trail.pop()
        path = tuple(text for _, text in self._trail)
        self._trail.append((level, heading))
        excluded = "data-search-exclude" in node.attributes
        self.sections.append(Section(anchors.anchor_of(node), heading, path, level, excluded=excluded))

    def _read_apart(self, node: LexborNode) -> list[str]:
        """The blocks of a node, without adding them to this section; counts the node's links."""
        inner = _Reader(self._left_out, depth=min(self._depth + 2, _DEEPEST), flat=True)
        inner._links = self._links
        inner.read(node)
        inner.end_block()
        inner._add_lines([])
        if node.tag not in _LEVELS:
            self.sections[-1].linked += inner.sections[-1].linked
        return inner.sections[-1].blocks

    # ---- elements with rules of their own

    def _read_link(self, link: LexborNode) -> None:
        leads = "href" in link.attributes
        named = [link.attributes.get(name) or "" for name in ("href", "class", "id")]
        if leads and links_to_note(self.line(link), *named):
            self._inline.append(SEAM)
            return
        self._links += leads
        if _IN_A_FRAME.search(link.attributes.get("class") or ""):
            self._read_framed(link)
        else:
            self.read(link)
        self._links -= leads

    def _read_image(self, image: LexborNode) -> None:
        alt = image.attributes.get("alt") or ""
        self._inline.append(GAP if _SHORT_CODE.fullmatch(alt.strip()) else f" {alt} ")

    def _read_break(self, _: LexborNode) -> None:
        self._inline.append(GAP)

    def _read_framed(self, node: LexborNode) -> None:
        self._inline.append(SEAM)
        self.read(node)
        self._inline.append(SEAM)

    def _read_change(self, change: LexborNode) -> None:
        """Read struck-out text and options of a list: separate words, whatever is beside them."""
        self._inline.append(GAP)
        if change.tag == "optgroup":
            self._inline.append(f"{label(clean(change.attributes.get('label') or ''))} ")
        self.read(change)
        self._inline.append(GAP)

    def _read_fraction(self, fraction: LexborNode) -> None:
        """Read a fraction: two formulas, one over the other."""
        parts = [self.line(child) for child in fraction.iter()]
        self._say("/".join(part for part in parts if part))

    def _read_raised(self, raised: LexborNode) -> None:
        """Read superscript or subscript: part of the word before it (1st, m²), separate words, or a mark."""
        text = self.line(raised)
        before = _LAST_WORD.search("".join(self._inline[-8:])[-60:])
        linked = len(text) <= 8 and raised.css_first('a[href*="#"]') is not None
        self._inline.append(SEAM if linked else beside(before[0] if before else "", text))

    def _read_ruby(self, ruby: LexborNode) -> None:
        """Read signs, followed by their pronunciation."""
        above = [child for child in ruby.css("rt") if child.mem_id not in self._left_out]
        inner = _Reader(self._left_out | {child.mem_id for child in above}, depth=self._depth, flat=True)
        said = "".join(self.line(child) for child in above)
        self._say(f"{inner.line(ruby)}{GAP}{said}{GAP}" if said else inner.line(ruby))

    def _read_code(self, pre: LexborNode) -> None:
        lines = [_ANNOTATION.sub("", line.rstrip()).replace(SEAM, "") for line in self._raw(pre).splitlines()]
        self._add_lead()
        if said := [line for line in map(clean, lines) if line]:
            self.sections[-1].blocks.extend(said)
            self._show(as_written(lines), "code")

    def _raw(self, node: LexborNode, depth: int = 0) -> str:
        """The text with its line ends, as in code."""
        if depth > _DEEPEST:
            return node.text()
        said = []
        for child in node.iter(include_text=True):
            if child.tag == "-text":
                said.append(child.text(deep=False))
            elif child.mem_id in self._left_out:
                said.append(SEAM)
            elif child.tag == "br":
                said.append("\n")
            else:
                ends = "\n" if child.tag in _BLOCKS else ""
                said.append(f"{self._raw(child, depth + 1)}{ends}")
        return "".join(said)

    def _read_table(self, table: LexborNode) -> None:
        if tables.is_layout(table, self._left_out) or self._depth >= _DEEPEST:
            self._read_block(table)
        else:
            self._add_lead()
            whole = self._lists.new_whole()
            for place, line in enumerate(tables.lines_of(table, self.line, self._left_out), start=1):
                self.sections[-1].blocks.append(line.text)
                kind: BlockKind = "row" if line.cells else "label" if line.is_caption else "text"
                self.sections[-1].show(Block(kind, line.text, whole, place, line.cells, self._under[-1]))

    def _read_terms(self, terms: LexborNode) -> None:
        """Read a list of definitions: each term goes before the first of its explanations."""
        if terms.css_first(HEADING_NAMES) is not None:
            self._read_block(terms)
            return
        self.end_block()
        named: list[str] = []
        for child in _terms(terms):
            if child.mem_id in self._left_out:
                continue
            if child.tag == "dt":
                named.append(self.line(child))
                continue
            self._lead = label(", ".join(filter(None, named))) if any(named) else self._lead
            named.clear()
            self.read(child)
            self.end_block()
        if self._lead or named:
            self._add_lines([name for name in named if name], "label")

    def _read_tabs(self, tabs: LexborNode) -> None:
        """Read a set of tabs: each tab's label goes before what the tab shows."""
        labels = [self.line(one) for one in tabs.css(".tabbed-labels label")]
        blocks = tabs.css(".tabbed-block")
        if not blocks:
            self.read(tabs)
            return
        own = [block for block in blocks if _nearest_tabs(block) == tabs.mem_id]
        for name, block in zip(labels + [""] * len(own), own, strict=False):
            self._lead = label(name) if name else self._lead
            self._under.append(name)
            self.read(block)
            self.end_block()
            self._under.pop()


_READ_BY_OWN_RULES = {
    "a": _Reader._read_link,
    "br": _Reader._read_break,
    "del": _Reader._read_change,
    "dl": _Reader._read_terms,
    "img": _Reader._read_image,
    "kbd": _Reader._read_framed,
    "label": _Reader._read_change,
    "mfrac": _Reader._read_fraction,
    "optgroup": _Reader._read_change,
    "option": _Reader._read_change,
    "output": _Reader._read_change,
    "pre": _Reader._read_code,
    "ruby": _Reader._read_ruby,
    "s": _Reader._read_change,
    "select": _Reader._read_change,
    "strike": _Reader._read_change,
    "sup": _Reader._read_raised,
    "table": _Reader._read_table,
}


def _terms(terms: LexborNode) -> Iterator[LexborNode]:
    """The terms and explanations of a list; some generators wrap each pair in a `div`."""
    for child in terms.iter():
        if child.tag == "div":
            yield from (one for one in child.iter() if one.tag in ("dt", "dd"))
        else:
            yield child


def _nearest_tabs(node: LexborNode) -> int | None:
    """The set of tabs that a tab belongs to, since tabs can contain tabs; None if there is none."""
    parent = node.parent
    while parent is not None:
        if "tabbed-set" in _classes(parent):
            return parent.mem_id
        parent = parent.parent
    return None


def _role(node: LexborNode) -> str:
    return node.attributes.get("role") or ""


def _classes(node: LexborNode) -> list[str]:
    return (node.attributes.get("class") or "").split()
