"""Divides built pages into passages: the sections that can be results, with heading and anchor.

Reads any generator's pages. What the HTML does not show (front matter) comes from `handrail/site.json` if the plugin
wrote one. Knows nothing of encoders and indexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from handrail_kb.addresses import address_of, file_of, html_files, location_of
from handrail_kb.errors import SiteError
from handrail_kb.language.html_files import html_of
from handrail_kb.site.built import anchors
from handrail_kb.site.built.article_part import main_of
from handrail_kb.site.built.blocks import Block, in_sentences
from handrail_kb.site.built.page_kinds import Traits, attribute_of, maps_of_the_site, not_articles, traits_of
from handrail_kb.site.built.page_text import clean, sections_of, text_of
from handrail_kb.site.built.section import Section
from handrail_kb.site.built.site_info import MANIFEST, SiteInfo, read_site_info
from handrail_kb.site.search_rules import INCLUDE, NO_RULES, SearchRules, paths_of_article
from handrail_kb.texts import short_language
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


# Increase it with any change that can alter a passage's text: the index then encodes all passages again.
PASSAGE_RULES = 4
# Characters of one passage: about 256 word pieces, as many as small encoders read.
PASSAGE_CHARS = 900
MAX_PAGE_BYTES = 20_000_000
_MOST_KEYWORDS = 50

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Passage:
    """A piece of an article: all under one heading, at most PASSAGE_CHARS characters.

    `location` is relative to the site (`guide/reset/#forgot`); `path` holds the headings above, without the article's
    title. `only_links` is set if the section links to other places and says nothing itself. `section` is the number of
    its section in `Page.sections`.
    """

    location: str
    heading: str
    path: tuple[str, ...]
    text: str
    only_links: bool = False
    section: int = 0


@dataclass(frozen=True)
class Page:
    """An article as search sees it. `lang` is a primary language subtag such as `de`.

    `other_titles` are its names besides the title: its first heading, its title in front matter. `sections` are the
    blocks of each section, sentence by sentence; none for one that consists of links. `answered_in` has questions
    with the location of the section that answers each, if the writer named it.
    """

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
    other_titles: tuple[str, ...] = ()
    sections: tuple[tuple[Block, ...], ...] = ()
    answered_in: tuple[tuple[str, str], ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """All its names, its title first."""
        return (self.title, *self.other_titles)


def read_site(site_dir: Path, rules: SearchRules = NO_RULES) -> Iterator[Page]:
    """Every page of a built site that search may show, in the order of their paths.

    These are the pages that the plugin recorded or, if another generator built the site, those that look like articles,
    changed by what `rules` include and exclude. Raises SiteError if the folder is missing or contains no article.
    """
    if not site_dir.is_dir():
        raise SiteError(f"There is no built site at {site_dir}.", "Build it: handrail build")
    info = read_site_info(site_dir)
    _refuse_lost_pages(site_dir, info)
    read = list(_read_all(site_dir, info, rules))
    others = _others([traits for _, traits in read if traits], info)
    pages = [page for page, traits in read if traits is None or page.location not in others]
    if not pages:
        raise SiteError(
            f"{site_dir} holds no HTML page that search may show.",
            "Build it again: handrail build (or with its own generator, then: handrail index SITE_DIR). "
            f"Pages can be taken in by their names: {INCLUDE}",
        )
    yield from pages


def _read_all(site_dir: Path, info: SiteInfo, rules: SearchRules) -> Iterator[tuple[Page, Traits | None]]:
    """The pages, each with the traits that show whether it is an article, or None if a rule includes it."""
    for file in sorted(html_files(site_dir)):
        if file.name == "404.html" or file.stat().st_size > MAX_PAGE_BYTES:
            continue
        location, facts = location_of(file, site_dir), info.articles.get(location_of(file, site_dir))
        names: tuple[str, ...] = (file.relative_to(site_dir).as_posix(), location)
        if facts is not None:
            names = paths_of_article(str(facts.get("source") or ""), location)
        taken_in = rules.includes(*names)
        copied = facts is None and bool(info.articles)  # HTML that was not built from an article
        if rules.excludes(*names) or (copied and not taken_in):
            continue
        try:
            html = html_of(file)
        except UnicodeDecodeError as error:
            log("page.left_out", file=file, encoding=error.encoding)
            continue
        found = _read(html, location, info)
        if found is not None:
            page, traits = found
            yield page, None if taken_in else traits


def _others(pages: Sequence[Traits], info: SiteInfo) -> Set[str]:
    """The locations of pages that are not articles."""
    if not info.articles:
        return not_articles(pages)
    # Whoever wrote questions for a page of links wants people to find it.
    plain = [page for page in pages if not info.articles[page.location].get("questions")]
    return {page.location for page in plain if page.is_list} | maps_of_the_site(pages) & {one.location for one in plain}


def _refuse_lost_pages(site_dir: Path, info: SiteInfo) -> None:
    """Raise SiteError if front matter belongs to no page: it would be lost, and search would show excluded pages."""
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
    """One page, or None if it is not an article: excluded from search, a redirect, or left for the service to fill."""
    found = _read(html, location, info)
    return found[0] if found is not None else None


def _read(html: str, location: str, info: SiteInfo) -> tuple[Page, Traits] | None:
    facts = info.articles.get(location, {})
    if facts.get("exclude") or "<handrail-main" in html:
        return None
    tree = LexborHTMLParser(html)
    if tree.css_first("meta[http-equiv=refresh]") is not None:
        return None
    title = str(facts.get("title") or _title(tree) or location)
    main = main_of(tree)
    sections = sections_of(main)
    titles = _titles(title, facts, sections)
    said = facts.get("lang") or attribute_of(tree.css_first("html"), "lang") or info.lang
    lang = short_language(str(said))
    page = Page(
        location=location,
        title=title,
        passages=tuple(_passages(sections, location, titles)),
        description=str(facts.get("description") or _meta(tree, "description")),
        lang=lang,
        breadcrumb=tuple(map(str, facts.get("breadcrumb") or ())),
        boost=float(facts.get("boost") or 1.0),
        questions=tuple(map(str, facts.get("questions") or ())),
        keywords=_keywords(facts, tree),
        people_only=bool(facts.get("people_only")),
        source=str(facts.get("source") or ""),
        other_titles=titles[1:],
        sections=tuple(() if section.is_links else in_sentences(section.shown, lang) for section in sections),
        answered_in=tuple(_answered_in(facts, main, location, sections, titles)),
    )
    return page, traits_of(tree, main, location, sections)


def pack(blocks: Sequence[str], limit: int = PASSAGE_CHARS) -> Iterator[str]:
    """Join blocks into pieces of at most `limit` characters, and split longer blocks between sentences or words."""
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


def _titles(title: str, facts: Mapping[str, Any], sections: Sequence[Section]) -> tuple[str, ...]:
    """The article's names, each once: the one shown, the one in its front matter, its first heading."""
    heading = next((section.heading for section in sections if section.level == 1), "")
    return tuple(dict.fromkeys(filter(None, (title, str(facts.get("own_title") or ""), heading))))


def _answered_in(
    facts: Mapping[str, Any], main: LexborNode | None, location: str, sections: Sequence[Section], own: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Questions with the place of the section that the writer named for each, as far as it is on the page."""
    named = facts.get("sections")
    if not isinstance(named, dict) or main is None:
        return
    there = {section.anchor for section in sections}
    beginning = {"", *(section.anchor for section in sections if section.heading in own)}
    for question, written in named.items():
        anchor = str(written) if written in there else anchors.section_at(main, str(written))
        if anchor is not None:
            yield str(question), location if anchor in beginning else f"{location}#{anchor}"


def _keywords(facts: Mapping[str, Any], tree: LexborHTMLParser) -> tuple[str, ...]:
    """The keywords and tags; for a page that the plugin does not know, the keywords in its head."""
    if facts:
        return tuple(dict.fromkeys(map(str, (*(facts.get("keywords") or ()), *(facts.get("tags") or ())))))
    named = (word.strip() for word in _meta(tree, "keywords").split(","))
    return tuple(dict.fromkeys(word for word in named if word))[:_MOST_KEYWORDS]


def _passages(sections: Sequence[Section], location: str, own: Sequence[str]) -> Iterator[Passage]:
    for number, section in enumerate(sections):
        if section.excluded:
            continue
        target = f"{location}#{section.anchor}" if section.anchor else location
        # Leaves out the article's own heading, which would show every introduction as a part of itself.
        heading = "" if section.heading in own else section.heading
        path = tuple(part for part in section.path if part not in own)
        pieces = list(pack(section.blocks)) or ([""] if heading else [])
        for text in pieces:
            yield Passage(location if not heading else target, heading, path, text, section.is_links, number)


def _title(tree: LexborHTMLParser) -> str:
    for selector in ("article h1", "main h1", "h1", "title"):
        node = tree.css_first(selector)
        if node is not None and (text := text_of(node)):
            return text
    return ""


def _meta(tree: LexborHTMLParser, name: str) -> str:
    return clean(attribute_of(tree.css_first(f"meta[name={name}]"), "content"))
