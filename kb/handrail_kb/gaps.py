"""Where a draft still waits for words. The build asks it too, on a machine that has nothing but MkDocs."""

from __future__ import annotations

import re

from handrail_kb.articles import Article
from handrail_kb.prose import line_at, prose

_GAP = re.compile(r"^ {0,3}(?:\d+\. +|[-*] +)?…[ \t]*$", re.M)


def first_gap(article: Article) -> int | None:
    """The line on which a draft still has '…' where words should be; None in an article that is written."""
    text = prose(article.body)
    gap = _GAP.search(text)
    return line_at(text, gap.start(), article.body_line) if gap else None
