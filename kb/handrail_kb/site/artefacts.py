"""The files that a build writes into the site for the service and the browser: site.json and the fallback index.

Works on a folder of built HTML; knows nothing of MkDocs.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handrail_kb.language.segments import between

INDEX = "search/search_index.json"
FALLBACK_INDEX = "search/handrail_fallback.json"
MANY_PAGES = 500
# Characters of titles and texts in the fallback index. Customers wait while Material's worker reads it, which takes
# about a second of processor time for a million characters, and another second for 10,000 sections.
FALLBACK_BUDGET = 1_600_000

IndexedSection = Mapping[str, Any]  # an entry of Material's index: location, title, text, perhaps tags and boost

_APART = "\u200b"
_SPACES = r"[\s\-]+"
# Languages for which Material's worker loads a program that splits words.
_CUT_BY_MATERIAL = ("ja", "th", "zh")
_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")
_HALF_ENTITY = re.compile(r"&[#\w]*$")


def write_site_facts(site_dir: Path, facts: Mapping[str, Any]) -> None:
    """Write `handrail/site.json`."""
    _write_json(site_dir / "handrail" / "site.json", facts)


def place_of_asked(lang: str) -> str:
    """The file with what people ask most in a language, which the home page and the search dialog read."""
    return f"assets/handrail/asked.{lang}.json"


def write_asked(site_dir: Path, lang: str, content: Mapping[str, Any]) -> None:
    """Write what people ask most in a language."""
    _write_json(site_dir / place_of_asked(lang), content)


def set_index_aside(site_dir: Path, *, fallback_chars: int) -> None:
    """Move Material's search index aside, for use when the service fails, and let pages load one without articles.

    Unless `fallback_chars` is 0, shortens the index until it can be read and searched within seconds; if there are many
    pages, to at most that many characters a section. Leaves an index alone that was set aside before.
    """
    index = site_dir / INDEX
    if not index.is_file():
        return
    content = json.loads(index.read_text(encoding="utf-8"))
    if not content.get("docs"):
        return
    kept = _light(content["docs"], fallback_chars) if fallback_chars else content["docs"]
    _write_json(site_dir / FALLBACK_INDEX, _with_words_apart({**content, "docs": kept}))
    _write_json(index, {**content, "docs": []})


def _with_words_apart(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The index with an invisible sign around the words of scripts without spaces, and with that sign as a separator.

    Material's worker splits Japanese differently in the index than in the question, and does not split Thai and Khmer.
    """
    config, sections = content.get("config") or {}, content["docs"]
    apart = [{**one, **{field: between(one[field], _APART) for field in ("title", "text")}} for one in sections]
    if not any(_APART in f"{one['title']}{one['text']}" for one in apart):
        return content
    languages = [lang for lang in config.get("lang") or [] if lang not in _CUT_BY_MATERIAL]
    changed = {
        "lang": languages or ["en"],
        "separator": f"{config.get('separator') or _SPACES}|{_APART}+",
        "pipeline": [step for step in config.get("pipeline") or [] if step != "trimmer"],  # it drops all but ASCII
    }
    return {**content, "config": {**config, **changed}, "docs": apart}


def _light(sections: Sequence[IndexedSection], limit: int) -> Sequence[IndexedSection]:
    """The sections with all their titles and as much of their texts as the budget allows.

    If the titles alone exceed the budget, keeps only the entries of whole articles, not those of their sections.
    """
    articles = [section for section in sections if "#" not in section["location"]]
    room = FALLBACK_BUDGET - sum(len(section["title"]) for section in sections)
    if room < 0 and len(articles) < len(sections):
        return _light(articles, limit)
    texts = [_SPACE.sub(" ", _TAG.sub(" ", section["text"])).strip() for section in sections]
    longest = max(map(len, texts))
    cut = _cut_for(texts, max(room, 0))
    if len(articles) > MANY_PAGES:
        cut = min(cut, limit)
    if cut >= longest:
        return sections
    return [{**section, "text": _shorten(text, cut)} for section, text in zip(sections, texts, strict=True)]


def _cut_for(texts: Sequence[str], room: int) -> int:
    """How many characters each text may keep so that all fit: long texts use what short ones leave."""
    lengths = [len(text) for text in texts]
    cuts = range(max(lengths) + 1)
    return bisect_right(cuts, room, key=lambda cut: sum(min(length, cut) for length in lengths)) - 1


def _shorten(plain: str, limit: int) -> str:
    """The beginning of a text, cut after a whole word and not within an entity."""
    if len(plain) <= limit:
        return plain
    words, space, _ = plain[: limit + 1].rpartition(" ")
    return words if space else _HALF_ENTITY.sub("", plain[:limit])


def _write_json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
