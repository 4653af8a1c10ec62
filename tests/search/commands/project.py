"""A project as commands find it: mkdocs.yml, the articles, the built site and its index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index

from ..acme import Article, write_site
from ..conftest import MODEL


def indexed_project(
    root: Path, articles: Sequence[Article], lend_encoder: Callable[[Path], Path], *, base_path: str = "/"
) -> Path:
    """Write a project of articles that name their `source`; gives back its folder."""
    write_site(root / "site", articles, base_path=base_path)
    for one in articles:
        file = root / "docs" / one.facts["source"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: {one.title}\n---\n\ntext\n")
    (root / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    build_index(list(read_site(root / "site")), lend_encoder(root / ".handrail"), MODEL)
    return root
