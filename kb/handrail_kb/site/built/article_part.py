"""The part of a page that is the article, and what of it is not read: menus, marks that are no words, hidden text."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from handrail_kb.site.built import anchors

_MAIN = ("article.md-content__inner", "main article", "article[role=main]", "main", "[role=main]", "article", "body")
HEADING_NAMES = "h1, h2, h3, h4, h5, h6"
# fmt: off
_NOT_SHOWN = (
    "head, title, base, script, style, noscript, template, datalist, video, audio, canvas, iframe, object, embed, "
    "noembed, noframes, progress, meter, dialog:not([open]), rp, annotation, annotation-xml, textarea, "
    "[hidden]:not([hidden=until-found], [role=tabpanel]), [aria-hidden=true]:not([role=tabpanel])"
)
_NO_ARTICLE = (
    "svg, form, nav, footer, button, [role=navigation], [role=search], [role=contentinfo], [role=banner], "
    "[role=doc-toc], div.toc, .md-content__button, .md-source-file, .md-feedback, .md-tags, .handrail-contact, "
    ".viewcode-link, .viewcode-back, .breadcrumb, .breadcrumbs, .pagination, .prev-next, .mw-editsection, div.toc2, "
    ".sr-only, .sr-only-focusable, .visually-hidden, .visually-hidden-focusable, .u-visually-hidden, .skip-link, "
    ".screen-reader-text, .screen-reader-only, .screenreader-only, .show-for-sr, .assistive-text, .MathJax_Preview, "
    ".copybtn, .copy-btn, .copy-button, .btn-clipboard, clipboard-copy, div[class*=language-] > .lang, .aui-icon, "
    "[class^=material-icons], [class*=material-symbols], "  # icons whose names are letters
    "[data-search-exclude]:not(h1, h2, h3, h4, h5, h6)"
)
_MARKS = (
    ".headerlink, .header-anchor, .heading-anchor, .hash-link, .anchor-link, .anchorjs-link, .td-heading-self-link, "
    ".footnote-ref, .footnote-reference, .footnote-backref, [data-footnote-ref], [data-footnote-backref], "
    "[role=doc-noteref], [role=doc-backlink], [rel=footnote], .footnote > .label, "
    ".linenos, .linenodiv, .lineno, .lnt, .lntable td:first-child:not(:last-child), "
    ".chroma .ln, .gutter, .rouge-gutter, .line-numbers-rows, span.line-number, .hljs-ln-numbers, .conum, .conum + b"
)
# fmt: on
_STYLED_AWAY = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)


def main_of(tree: LexborHTMLParser) -> LexborNode | None:
    """The part of a page that is the article, or None."""
    for selector in _MAIN:
        nodes = tree.css(selector)
        if nodes and not (selector == "main article" and len(nodes) > 1):
            return nodes[0]
    return None


def left_out(node: LexborNode) -> frozenset[int]:
    """The `mem_id` of each element that is not read."""
    found = {one.mem_id for one in node.css(f"{_NOT_SHOWN}, {_NO_ARTICLE}, {_MARKS}")}
    for one in node.css("[style]"):
        if (one.attributes.get("role") or "") != "tabpanel" and _STYLED_AWAY.search(one.attributes["style"] or ""):
            found.add(one.mem_id)
    for heading in node.css(HEADING_NAMES):
        found.update(link.mem_id for link in anchors.marks_of(heading))
    found.discard(node.mem_id)
    return frozenset(found)
