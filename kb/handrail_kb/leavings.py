"""What a build leaves in the site for the service: facts about articles, digests of inline code, a light search index.

Works on a folder of built HTML; knows nothing of MkDocs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handrail_kb.pages import inline_hashes

INDEX = "search/search_index.json"
FALLBACK = "search/handrail_fallback.json"
MANY_PAGES = 500

_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")
_HALF_ENTITY = re.compile(r"&[#\w]*$")


def write_site_facts(site_dir: Path, facts: Mapping[str, Any]) -> None:
    """Write `handrail/site.json`."""
    _write_json(site_dir / "handrail" / "site.json", facts)


def write_csp(site_dir: Path) -> None:
    """Write `handrail/csp.json`: what a strict Content-Security-Policy has to allow by digest."""
    scripts: set[str] = set()
    styles: set[str] = set()
    for file in site_dir.rglob("*.html"):
        page_scripts, page_styles = inline_hashes(file.read_text(encoding="utf-8"))
        scripts |= page_scripts
        styles |= page_styles
    _write_json(site_dir / "handrail" / "csp.json", {"script": sorted(scripts), "style": sorted(styles)})


def set_index_aside(site_dir: Path, *, fallback_chars: int) -> None:
    """Keep Material's search index for when the service fails, and leave pages one without articles to load.

    The index is cut to `fallback_chars` characters a section where there are many pages, so that it can be read and
    searched within seconds. An index that was set aside before is left as it is.
    """
    index = site_dir / INDEX
    if not index.is_file():
        return
    content = json.loads(index.read_text(encoding="utf-8"))
    if not content.get("docs"):
        return
    pages = sum("#" not in section["location"] for section in content["docs"])
    cut = fallback_chars if pages > MANY_PAGES else 0
    kept = [{**section, "text": _shorten(section["text"], cut)} for section in content["docs"]]
    _write_json(site_dir / FALLBACK, {**content, "docs": kept if cut else content["docs"]})
    _write_json(index, {**content, "docs": []})


def _shorten(html: str, limit: int) -> str:
    """The beginning of a section as text, ending with a whole word and no half entity."""
    plain = _SPACE.sub(" ", _TAG.sub(" ", html)).strip()
    if len(plain) <= limit:
        return plain
    words, space, _ = plain[: limit + 1].rpartition(" ")
    return words if space else _HALF_ENTITY.sub("", plain[:limit])


def _write_json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
