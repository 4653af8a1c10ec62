"""An answer for a terminal, with the evidence that put each result where it is."""

from __future__ import annotations

import re
from html import unescape

from handrail_search.index import Manifest
from handrail_search.query import Hit, Results

_NAMES = {
    "meaning_best": "its nearest passage in meaning",
    "meaning_mean": "its three nearest passages",
    "article_words": "words in the article",
    "title_words": "words in title, description, questions",
    "passage_words": "words in one passage",
    "exact": "the code or quote to the letter",
    "same_title": "the question is the title",
}


def as_text(results: Results, manifest: Manifest) -> str:
    """The verdict with the floor it was judged by, and each result with what it scored for."""
    floor = manifest.floor
    lines = [
        f"{results.verdict}: confidence {results.confidence:.2f} "
        f"(no answer below {floor.none:.2f}, weak below {floor.confident:.2f}; mode {results.mode})"
    ]
    if results.degraded:
        lines.append(f"degraded: {results.fallback_reason}; words answer alone. Mend it: handrail doctor")
    for number, hit in enumerate(results.hits, start=1):
        lines += _hit(number, hit)
    return "\n".join(lines)


def _hit(number: int, hit: Hit) -> list[str]:
    title = f"{hit.title} › {hit.heading}" if hit.heading else hit.title
    why = sorted(hit.why.items(), key=lambda item: -item[1])
    return [
        f"\n{number}. {title}  [{hit.score:.2f}]  {hit.location}",
        f"   {_plain(hit.snippet)}",
        "   " + ", ".join(f"{value:+.2f} {_NAMES.get(name, name)}" for name, value in why),
    ]


def _plain(snippet: str) -> str:
    return unescape(re.sub(r"</?mark>", "", snippet))
